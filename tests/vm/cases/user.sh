# SPDX-License-Identifier: MIT
# An unprivileged user with access to the nodes by a group only, as granted by
# userspace/share/60-tphbuf.rules.

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
	expect_fail 1 "$cdev.*no permission.*udev" export4k
	expect_fail 1 "$group.*no permission.*udev" export4k --backend group
}

test_character_device_only() {
	take "$group"
	give "$cdev" /dev/iommu
	expect_text 'open through iommufd' export4k --tag st=0x5a,ph=2
	expect_fail 1 "$group.*no permission" export4k --backend group
	take /dev/iommu
	expect_fail 1 '/dev/iommu.*no permission' export4k
	take "$cdev"
}

test_group_only() {
	give "$group"
	take "$cdev" /dev/iommu
	expect_text 'open through group' export4k --tag st=0x5a,ph=2
	expect_fail 1 "$cdev.*no permission" export4k --backend iommufd
	# the error of the permitted back end is the one reported
	tphbuf export "$endpoint" --bar 2 --length 4K --backend group --exec sleep 1000 >/tmp/held 2>&1 &
	trap "kill $!" EXIT
	wait_for 10 grep -q 'open through' /tmp/held
	expect_fail 1 "$group.*in use" export4k
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

# The sample rules under udev: every key is valid, and each kind of node is assigned to the group.
test_udev_rule_sample() {
	local path said
	mkdir -p /run/udev/rules.d
	cp /opt/tphbuf/usr/share/tphbuf/60-tphbuf.rules /run/udev/rules.d/
	{ cat /etc/group; echo "tphbuf:x:$gid:"; } >/tmp/group
	mount --bind /tmp/group /etc/group
	trap 'umount /etc/group; rm /run/udev/rules.d/60-tphbuf.rules' EXIT
	udevadm verify /run/udev/rules.d/60-tphbuf.rules
	for path in "$(echo /sys/bus/pci/devices/"$endpoint"/vfio-dev/*)" "/sys/class/vfio/${group##*/}" \
		/sys/class/misc/iommu; do
		said=$(udevadm test --action=add "$path" 2>&1)
		grep -E "GROUP|MODE|owner|mode" <<<"$said"
		grep -qE "60-tphbuf.rules:[0-9]+ .*GROUP.*$gid" <<<"$said"
		grep -qE "60-tphbuf.rules:[0-9]+ .*MODE.*0660" <<<"$said"
	done
}

uverbs=/dev/infiniband/$(basename /sys/class/infiniband/"$nic_8bit"/device/infiniband_verbs/*)

# contained NODE... -- COMMAND...: as that user with a /dev of these nodes alone, and /sys read-only
contained() {
	local node nodes=()
	while [ "$1" != -- ]; do nodes+=("$1"); shift; done
	shift
	mkdir -p /tmp/dev
	unshare -m -n bash -e -c '
		mount -n --make-rprivate /
		mount -n -t tmpfs tmpfs /tmp/dev
		for node in /dev/null '"${nodes[*]}"'; do
			mkdir -p "/tmp/dev/$(dirname "${node#/dev/}")"
			touch "/tmp/dev/${node#/dev/}"
			mount -n --bind "$node" "/tmp/dev/${node#/dev/}"
		done
		mount -n --move /tmp/dev /dev
		mount -n -t sysfs -o ro sysfs /sys
		exec "$@"' contained setpriv --reuid 1234 --regid 1234 --groups $gid --inh-caps=-all --bounding-set=-all "$@"
}

test_container() {
	local register="tphbuf register --json $endpoint --bar 2 --length 1M --ibdev $nic_8bit --tag st=0x5a,ph=2 --require"
	give "$cdev" "$group" /dev/iommu
	expect_text '"state":[[:space:]]*"yes"' contained "$cdev" /dev/iommu "$uverbs" -- $register
	expect_text '"state":[[:space:]]*"yes"' contained /dev/vfio/vfio "$group" "$uverbs" -- $register
	# one node is missing
	expect_fail 1 '/dev/iommu' contained "$cdev" "$uverbs" -- $register
	expect_fail 1 '/dev/vfio/vfio' contained "$group" "$uverbs" -- $register --backend group
	expect_fail '[14]' "$nic_8bit|uverbs" contained "$cdev" /dev/iommu -- $register
	take "$cdev" "$group" /dev/iommu
}

# The buffer is exported outside and passed in.
test_container_with_uverbs_only() {
	tphbuf serve "$endpoint" --bar 2 --length 64K --tag st=0x5a,ph=2 --socket /tmp/in.sock --mode 0666 &
	trap "kill $!" EXIT
	wait_for 10 test -S /tmp/in.sock
	expect_text 'applied +yes, st=0x5a,ph=2' contained "$uverbs" -- \
		tphbuf attach /tmp/in.sock --ibdev "$nic_8bit" --require
}

# in_cgroup DIRECTORY COMMAND...
in_cgroup() { bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$@"; }

# cgroup CONTROLLER: a fresh group of it, in $cgroup until the test ends
cgroup() {
	mkdir -p "/tmp/$1"
	mount -n -t cgroup -o "$1" none "/tmp/$1"
	cgroup=/tmp/$1/contained
	mkdir "$cgroup"
	trap "rmdir $cgroup; umount /tmp/$1" EXIT
}

test_device_list_of_a_container() {
	cgroup devices
	stat -c 'c %Hr:%Lr rwm' "$cdev" >"$cgroup/devices.deny"
	expect_fail 1 "$cdev.*device cgroup" in_cgroup "$cgroup" tphbuf export "$endpoint" --bar 2 --length 4K --backend iommufd
	stat -c 'c %Hr:%Lr rwm' "$cdev" >"$cgroup/devices.allow"
	expect_text 'open through iommufd' in_cgroup "$cgroup" tphbuf export "$endpoint" --bar 2 --length 4K
}

# The region is one object, the protection domain another, and the NIC's driver needs more.
test_rdma_limits_of_a_container() {
	local objects said register="tphbuf register --json $endpoint --bar 2 --length 1M --ibdev $nic_8bit --tag st=0x5a,ph=2 --require"
	cgroup rdma
	echo "$nic_8bit hca_handle=0" >"$cgroup/rdma.max"
	expect_fail 1 'hca_handle' in_cgroup "$cgroup" $register
	for objects in {0..8}; do
		echo "$nic_8bit hca_handle=1 hca_object=$objects" >"$cgroup/rdma.max"
		said=$(in_cgroup "$cgroup" $register 2>&1) && break
		echo "$objects objects: $said" | tee -a /tmp/said
	done
	grep -q 'no protection domain .*hca_object' /tmp/said
	grep -q 'register failed: .*hca_object' /tmp/said
	grep -q '"state":[[:space:]]*"yes"' <<<"$said"
}
