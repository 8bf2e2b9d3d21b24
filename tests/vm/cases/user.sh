# SPDX-License-Identifier: MIT
# A user who is not root, with access to the nodes by a group only, as userspace/share/60-tphbuf.rules gives it.

gid=4711
as_user() { setpriv --reuid 1234 --regid 1234 --groups $gid --inh-caps=-all --bounding-set=-all "$@"; }
vfio_of() { basename /sys/bus/pci/devices/"$1"/vfio-dev/*; }
cdev=/dev/vfio/devices/$(vfio_of "$endpoint")
group=/dev/vfio/$(basename "$(readlink "/sys/bus/pci/devices/$endpoint/iommu_group")")
export4k() { as_user tphbuf export "$endpoint" --bar 2 --length 4K "$@"; }

give() { chgrp $gid "$@"; chmod 0660 "$@"; }
take() { chgrp 0 "$@"; chmod 0600 "$@"; }

test_no_access() {
	take "$cdev" "$group" /dev/iommu
	expect_fail 1 "$cdev .*no permission.*udev" export4k
	expect_fail 1 "$group .*no permission.*udev" export4k --backend group
}

test_character_device_only() {
	take "$group"
	give "$cdev" /dev/iommu
	expect_text 'open through iommufd' export4k --tag st=0x5a,ph=2
	expect_fail 1 "$group .*no permission" export4k --backend group
	take /dev/iommu
	expect_fail 1 '/dev/iommu .*no permission' export4k
	take "$cdev"
}

test_group_only() {
	give "$group"
	take "$cdev" /dev/iommu
	expect_text 'open through group' export4k --tag st=0x5a,ph=2
	expect_fail 1 "$cdev .*no permission" export4k --backend iommufd
	# the way that is permitted has the reason that counts
	tphbuf export "$endpoint" --bar 2 --length 4K --backend group --exec sleep 60 >/tmp/held 2>&1 &
	trap "kill $!" EXIT
	wait_for 10 grep -q 'open through' /tmp/held
	expect_fail 1 "$group .*in use" export4k
	take "$group"
}

test_register() {
	local backend
	give "$cdev" "$group" /dev/iommu
	for backend in iommufd group; do
		expect_text '"state":[[:space:]]*"yes"' as_user tphbuf register --json "$endpoint" --bar 2 --length 1M \
			--backend "$backend" --ibdev "$nic_8bit" --tag st=0x5a,ph=2 --require
	done
	take "$cdev" "$group" /dev/iommu
}

# BARs are not charged to RLIMIT_MEMLOCK.
test_no_locked_memory() {
	give "$cdev" /dev/iommu
	expect_text '"state":[[:space:]]*"yes"' as_user bash -c "ulimit -l 0 && tphbuf register --json $endpoint --bar 2 \
		--length 16M --ibdev $nic_8bit --tag st=0x5a,ph=2 --require"
	take "$cdev" /dev/iommu
}
