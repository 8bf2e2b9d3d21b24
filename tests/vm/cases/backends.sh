# SPDX-License-Identifier: MIT
# Both vfio back ends against the fabric's endpoint: open, export, tag, register; and blockers.

edu=$(pci_by_id 0x1234 0x11e8)

group_of() { basename "$(readlink "/sys/bus/pci/devices/$1/iommu_group")"; }
export4k() { tphbuf export "$endpoint" --bar 2 --length 4K "$@"; }

with_each_backend() { "$@" --backend iommufd; "$@" --backend group; }

test_both_export_and_tag() {
	local backend
	for backend in iommufd group; do
		expect_text "\"backend\":[[:space:]]*\"$backend\"" export4k --json --backend "$backend" --tag st=0x5a,ph=2
		expect_text 'set.*st=0x5a,ph=2' tphbuf tag "$endpoint" --bar 2 --length 64K --backend "$backend" \
			--set st=0x5a,ph=2 --set xst=0x1234,ph=1 --clear
		expect_text 'can be set' tphbuf info "$endpoint" --backend "$backend"
	done
}

test_both_register() {
	local backend
	for backend in iommufd group; do
		expect_text '"state":[[:space:]]*"yes"' tphbuf register --json "$endpoint" --bar 2 --length 1M \
			--backend "$backend" --ibdev "$nic_8bit" --tag st=0x5a,ph=2 --require
		expect_text '"state":[[:space:]]*"yes"' tphbuf register --json "$endpoint" --bar 2 --length 1M \
			--backend "$backend" --ibdev "$nic_ext" --tag xst=0x1234,ph=1 --require
	done
}

# away NODE...: removes the nodes until the test ends, or until back
away() { local node; for node in "$@"; do mv "$node" "$node.away"; done; trap "back $*" EXIT; }
back() { local node; for node in "$@"; do mv "$node.away" "$node"; done; trap - EXIT; }

test_automatic_choice() {
	expect_text 'open through iommufd' export4k
	away /dev/iommu
	expect_text 'open through group' export4k
	back /dev/iommu
	expect_text 'open through iommufd' export4k
}

test_missing_nodes_are_named() {
	local group
	group=/dev/vfio/$(group_of "$endpoint")
	away "$group" /dev/iommu
	expect_fail 1 "$group.*missing" export4k --backend group
	expect_fail 1 '/dev/iommu.*missing' export4k
	expect_fail 1 '/dev/iommu.*missing' export4k --backend iommufd
	back "$group" /dev/iommu
}

# Each back end while the device is open by each back end.
test_open_elsewhere() {
	local holder
	for holder in iommufd group; do
		tphbuf export "$endpoint" --bar 2 --length 4K --backend "$holder" --exec sleep 1000 >/tmp/held 2>&1 &
		trap "kill $!" EXIT
		wait_for 10 grep -q 'open through' /tmp/held
		expect_fail 1 'in use|open in another program' export4k --backend iommufd
		expect_fail 1 "/dev/vfio/$(group_of "$endpoint").*in use" export4k --backend group
		expect_fail 1 'in use|open in another program' export4k
		kill $!
		wait $! || true
		trap - EXIT
	done
	export4k
}

test_group_not_viable() {
	local peer text
	bind_vfio "$edu"
	peer=$(pci_by_id 0x1af4 0x1044)
	[ -n "$peer" ] || peer=$(pci_by_id 0x1af4 0x1005)
	equal "group of the peer" "$(group_of "$peer")" "$(group_of "$edu")"
	text="not viable.*$peer \(virtio-pci\)"
	expect_fail 1 "$text" tphbuf export "$edu" --bar 0 --length 4K --backend group
	expect_fail 1 "$text" tphbuf export "$edu" --bar 0 --length 4K --backend iommufd
	expect_fail 1 "$text" tphbuf export "$edu" --bar 0 --length 4K
	echo "$peer" >"/sys/bus/pci/devices/$peer/driver/unbind"
	with_each_backend tphbuf export "$edu" --bar 0 --length 4K
	unbind "$edu"
}

test_token_for_a_function_that_takes_none() {
	local token=01234567-89ab-cdef-0123-456789abcdef
	with_each_backend expect_fail 1 'takes no VF token, because it is neither' export4k --vf-token "$token"
	with_each_backend expect_fail 2 'not a UUID' export4k --vf-token nonsense
}

test_device_shared_with_the_caller() {
	share_ops cdev "$endpoint" "$endpoint2"
	share_ops group "$endpoint" "$(nics | head -n 1)"
}
