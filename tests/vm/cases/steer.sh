# SPDX-License-Identifier: MIT
# The steering tags that a device of vfio-pci itself sends (kernel/tph-st), on the fabric's DMA engines.
# STEER_BAD, a kernel argument: random bad inputs.

. /opt/tphbuf/tests/ktap.sh
insert tph_root_port tph_engine
level=/sys/module/vfio_pci/parameters/tph_st
all=($(engines))
cap=${all[0]} msix=${all[1]} told=${all[2]} soft=${all[3]} both=${all[4]} none=${all[5]}

# at LEVEL BDF...: bind the functions to vfio-pci, whose parameter is read then
at() {
	local bdf
	echo "$1" >$level
	shift
	for bdf in "$@"; do bind_vfio "$bdf"; done
}
steer() { steer_ops "$@"; }

test_level_is_one_of_three() {
	expect_fail 1 'nvalid argument' bash -c "echo on >$level"
	expect_fail 1 'nvalid argument' bash -c "echo >$level"
	at off
	equal level "$(cat $level)" off
	at unsafe
	equal level "$(cat $level)" unsafe
}

# Bit 6: TAINT_USER. The first test that binds a device at level unsafe.
test_level_unsafe_taints() {
	at confined "$cap"
	equal "taint at level confined" $(($(</proc/sys/kernel/tainted) >> 6 & 1)) 0
	at unsafe "$cap"
	equal "taint at level unsafe" $(($(</proc/sys/kernel/tainted) >> 6 & 1)) 1
}

test_off_is_the_kernel_of_before() {
	at off "$cap" "$msix" "$told" "$none"
	for bdf in "$cap" "$msix" "$told"; do steer off "$bdf"; done
	steer absent "$none"
}

latched() { cat "/sys/kernel/debug/vfio/$1/pci/tph_st"; }

# A device keeps the level that it was bound with.
test_level_is_latched() {
	at off "$cap"
	at confined
	steer off "$cap"
	equal debugfs "$(latched "$cap")" off
	at confined "$cap"
	at off
	steer wire "$cap"
	equal debugfs "$(latched "$cap")" confined
}

test_bad_inputs() {
	at confined "$cap"
	steer bad "$cap" confined
	at unsafe "$cap"
	steer bad "$cap" unsafe
}

test_random_inputs() {
	local n=${STEER_BAD:-20000}
	at confined "$cap"
	steer random "$cap" $((n / 2))
	at unsafe "$cap"
	steer random "$cap" $((n / 2))
}

test_modes_of_each_level_and_location() {
	local bdf
	for level_now in confined unsafe; do
		at $level_now "$cap" "$msix" "$told"
		for bdf in "$cap" "$msix" "$told"; do steer matrix "$bdf" $level_now; done
	done
}

test_function_without_capability() {
	at unsafe "$none"
	steer no_capability "$none"
}

test_tag_of_every_tlp() { at confined "$cap"; steer wire "$cap"; }
test_control_register_by_bytes_and_words() { at confined "$cap"; steer widths "$cap"; }
test_writes_do_not_reach_the_table() { at confined "$cap"; steer writes "$cap"; }
test_confined_shows_no_tag() { at confined "$cap"; steer secret "$cap"; }
test_unsafe_shows_the_table() { at unsafe "$cap"; steer no_secret "$cap"; }
test_unsafe_device_sends_any_tag() { at unsafe "$cap"; steer disobedient "$cap"; }
test_device_that_is_told_its_tags() { at unsafe "$told"; steer told "$told"; }
test_cpus_of_the_caller_only() { at confined "$cap"; steer affinity "$cap"; }

test_table_in_msix() { at unsafe "$msix"; steer msix "$msix"; }
# While the NIC writes into its memory with the tag of a dma-buf
test_completer_and_requester() { at confined "$both"; steer both_roles "$both" "$nic_ext"; }

test_selftest() {
	at unsafe "$told"
	selftest vfio_pci_tph_st_test "$told" -T device_without
	at off "$cap"
	selftest vfio_pci_tph_st_test "$cap" -t device_without
}

test_command() {
	at confined "$cap"
	expect_text 'modes ns iv, up to 16-bit tags, table of 5 entries' tphbuf steer "$cap"
	expect_text 'enabled +iv, 16-bit tags' tphbuf steer "$cap" --entry 0 --cpu 1 --enable iv
	expect_text '"enabled_width":[[:space:]]*8' tphbuf steer --json "$cap" --entry 0 --cpu 1 --enable iv --width 8
	expect_fail 1 'taskset' taskset -c 0 tphbuf steer "$cap" --entry 0 --cpu 1
	expect_fail 1 'unsafe' tphbuf steer "$cap" --entry 0 --cpu 0 --tags
	expect_fail 4 'cannot be enabled' tphbuf steer "$cap" --enable ds
	expect_fail 2 'has no CPU' tphbuf steer "$cap" --entry 0
	at unsafe "$told"
	expect_text 'st=0x21,xst=0x0121' tphbuf steer "$told" --entry 5 --cpu 1 --tags
	at off "$cap"
	expect_fail 4 'tph_st' tphbuf steer "$cap"
	expect_text 'steering +no' tphbuf info "$cap"
}

test_offline_cpu() {
	at confined "$cap"
	echo 0 >/sys/devices/system/cpu/cpu1/online
	trap 'echo 1 >/sys/devices/system/cpu/cpu1/online' EXIT
	steer offline "$cap"
}

test_cpu_goes_and_comes() {
	at confined "$cap"
	trap 'echo 1 >/sys/devices/system/cpu/cpu1/online' EXIT
	steer hotplug "$cap" "${STEER_SECONDS:-4}"
}

test_plain_user() {
	local node
	at confined "$cap"
	node=/dev/vfio/devices/$(basename /sys/bus/pci/devices/"$cap"/vfio-dev/*)
	chown 1234 "$node" /dev/iommu
	trap "chown 0 $node /dev/iommu" EXIT
	setpriv --reuid 1234 --regid 1234 --clear-groups --inh-caps=-all --bounding-set=-all steer_ops wire "$cap"
}

test_resets() {
	at confined "$cap" "$soft"
	for how in vfio flr sysfs; do steer reset "$cap" $how; done
	for how in vfio d3hot; do steer reset "$soft" $how; done
	steer d3hot "$soft"
}

# A fatal error at the port above the device
test_slot_reset_after_an_error() {
	at confined "$cap"
	steer error "$cap" '. /opt/tphbuf/rig/lib.sh; qemu_monitor "OK id" "pcie_aer_inject_error dn1 DLP"'
}

test_two_openers() {
	at confined "$cap" "$soft"
	steer two_openers "$cap"
	steer two_openers "$soft"
}

test_registers_that_do_not_answer() { at confined "$cap"; steer no_answer "$cap"; }

without_reset() { # BDF: until the end of the test
	echo >"/sys/bus/pci/devices/$1/reset_method"
	trap "echo default >/sys/bus/pci/devices/$1/reset_method" EXIT
}

test_two_openers_without_reset() {
	at confined "$cap"
	without_reset "$cap"
	steer two_openers "$cap"
}

# Control register and first entry, as the device has them
tph_of() { setpci -s "$1" ECAP17+8.l ECAP17+c.w | xargs; }

test_close_clears() {
	at confined "$cap"
	without_reset "$cap"
	steer leave "$cap"
	equal "after close" "$(tph_of "$cap")" "00000000 0000"
}

test_open_clears_what_others_have_left() {
	at confined "$cap"
	without_reset "$cap"
	setpci -s "$cap" ECAP17+c.w=5a5a ECAP17+8.l=00000301
	equal "before open" "$(tph_of "$cap")" "00000301 5a5a"
	steer two_openers "$cap"
}

# A driver that enables TPH itself finds it off, and works.
test_other_driver_afterwards() {
	at confined "$cap"
	steer wire "$cap"
	unbind "$cap"
	echo "$cap" >/sys/bus/pci/drivers/tph_engine/bind
	equal enabled $((0x$(setpci -s "$cap" ECAP17+8.l) >> 8 & 3)) 3
	echo "$cap" >/sys/bus/pci/drivers/tph_engine/unbind
}

firmware() { setpci -s 0:0.0 dc.b="$1"; }

test_kinds_of_firmware() {
	at confined "$cap"
	trap 'firmware 0' EXIT
	firmware 1; steer firmware "$cap" errno=61
	firmware 2; steer firmware "$cap" width=8,st=0x21,flags=0,only
	firmware 3; steer firmware "$cap" width=16,st=0x121,flags=0,only
	firmware 4; steer firmware "$cap" errno=61
	firmware 4; steer firmware "$cap" width=16,st=0x241,flags=1
	firmware 5; steer firmware "$cap" width=16,st=0x120,flags=0
	firmware 6; steer firmware "$cap" width=16,st=0,flags=0
	firmware 7; steer firmware "$cap" errno=22
	firmware 8; steer firmware "$cap" errno=22
	firmware 9; steer firmware "$cap" errno=22
}
