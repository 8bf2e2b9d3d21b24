# SPDX-License-Identifier: MIT
# VF tokens through the library: QEMU's igb, its PF bound to vfio-pci, by both back ends.

pf=$(pci_by_id 0x8086 0x10c9)
token=01234567-89ab-cdef-0123-456789abcdef
other=11111111-2222-3333-4444-555555555555

# A PF that is bound again has no VFs, and a random token.
fresh() {
	echo 1 >/sys/module/vfio_pci/parameters/enable_sriov
	bind_vfio "$pf"
	echo 2 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
	vf=$(basename "$(readlink "/sys/bus/pci/devices/$pf/virtfn0")")
	equal "driver of the VF" "$(basename "$(readlink "/sys/bus/pci/devices/$vf/driver")")" vfio-pci
}

gone() { echo 0 >"/sys/bus/pci/devices/$pf/sriov_numvfs"; }
export4k() { tphbuf export "$1" --bar 0 --length 4K "${@:2}"; }
hold() { # BACKEND: the VF is open until release
	tphbuf export "$vf" --bar 0 --length 4K --backend "$1" --vf-token $token --exec sleep 1000 >/tmp/held 2>&1 &
	trap "kill $!" EXIT
	wait_for 10 grep -q 'open through' /tmp/held
}
release() { kill $!; wait $! || true; trap - EXIT; }

tokens() { # BACKEND
	local by="--backend $1"
	fresh
	# a VF whose PF is bound to vfio-pci
	expect_fail 1 "VF token is needed, because its PF $pf is bound to vfio-pci" export4k "$vf" $by
	expect_fail 1 'not the VF token in force' export4k "$vf" $by --vf-token $token
	# a PF whose VFs are not in use: any token, which becomes that of the VFs; or none, which
	# keeps the old one
	export4k "$pf" $by --vf-token $token
	export4k "$pf" $by
	expect_fail 1 'not the VF token in force' export4k "$vf" $by --vf-token $other
	export4k "$vf" $by --vf-token $token
	# a PF whose VFs are in use
	hold "$1"
	expect_fail 1 'VF token is needed, because VFs of it are in use' export4k "$pf" $by
	expect_fail 1 'not the VF token in force' export4k "$pf" $by --vf-token $other
	export4k "$pf" $by --vf-token $token
	release
	export4k "$pf" $by --vf-token $other
	expect_fail 1 'not the VF token in force' export4k "$vf" $by --vf-token $token
	export4k "$vf" $by --vf-token $other
	# no message contains a token
	if export4k "$vf" $by --vf-token $token --verbose 2>&1 | grep -E "$token|$other"; then return 1; fi
	gone
}

test_tokens_by_iommufd() { tokens iommufd; }
test_tokens_by_group() { tokens group; }

test_no_tph_is_said() {
	fresh
	expect_fail 4 'not a TPH completer' tphbuf tag "$pf" --bar 0 --length 4K --set st=1
	gone
}
