# SPDX-License-Identifier: MIT
# A NIC is reset, recovers or is reloaded while a process holds tagged MRs on it. The same MR parameters registered
# again must carry the tag on every TLP: with Extended TPH, with 8-bit TPH, and without a steering
# tag table.

bdfs=(${NICS-})
kinds=(ext 8bit ext) # the third has no table

ready() { # BDF: its RDMA device is there and its port is up
	wait_for 60 test -n "$(ib_of "$1")" && wait_for 60 port_active "$(ib_of "$1")"
}

all_ready() {
	local bdf
	for bdf in "${bdfs[@]}"; do wait_for 60 ready "$bdf"; done
}

# traffic N: through the Nth NIC, from another one
traffic() {
	bar_ops tag_on_every_tlp "$endpoint" "$(ib_of "${bdfs[$1]}")" "$(ib_of "${bdfs[$(((1 - $1) & 1))]}")" "${kinds[$1]}"
}

# on_each COMMAND...: with the BDF of each NIC, with a tagged MR alive; the MR need not survive, its process must end
on_each() {
	local i
	all_ready
	for i in 0 1 2; do
		note "$1 of ${bdfs[i]}"
		traffic "$i"
		rm -f /tmp/hold.in
		mkfifo /tmp/hold.in
		hold_mr "$endpoint" "$(ib_of "${bdfs[i]}")" "$(ib_of "${bdfs[$(((1 - i) & 1))]}")" "${kinds[i]}" low \
			</tmp/hold.in >/tmp/hold.out 2>&1 &
		exec 3>/tmp/hold.in
		wait_for 30 grep -q ready /tmp/hold.out || { cat /tmp/hold.out; return 1; }
		"$@" "${bdfs[i]}"
		exec 3>&-
		wait $! || { cat /tmp/hold.out; return 1; }
		all_ready
		traffic "$i"
	done
}

devlink_reload() { devlink dev reload "pci/$1"; }
health_recovery() { devlink health recover "pci/$1" reporter fw_fatal; }
driver_rebind() {
	echo "$1" >/sys/bus/pci/drivers/mlx5_core/unbind
	echo "$1" >/sys/bus/pci/drivers/mlx5_core/bind
}

# The driver gets no notification: its health poll detects the reset and recovers.
sysfs_reset() {
	echo 1 >"/sys/bus/pci/devices/$1/reset"
	health_recovery "$1"
}

bytes() { # VALUE SIZE: little endian, for printf
	local i
	for ((i = 0; i < $2; i++)); do printf '\\x%02x' $((($1 >> (8 * i)) & 0xff)); done
}

# A fatal error at the port above the NIC: the link is reset, and the driver's error handlers run.
aer_error() {
	local port bus dev fn
	port=$(basename "$(readlink -f "/sys/bus/pci/devices/$1/..")")
	IFS=:. read -r _ bus dev fn <<<"$port"
	insert aer_inject
	printf "$(bytes 0x$bus 1)$(bytes 0x$dev 1)$(bytes 0x$fn 1)\\x00$(bytes 0x10 4)$(bytes 0 4)$(bytes 0 16)$(bytes 0 4)" \
		>/dev/aer_inject
	wait_for 30 grep -q "$1: .*slot_reset\|AER: device recovery" <(dmesg)
}

test_devlink_reload() { on_each devlink_reload; }
test_health_recovery() { on_each health_recovery; }
test_sysfs_reset() { on_each sysfs_reset; }
test_driver_rebind() { on_each driver_rebind; }
test_aer_slot_reset() { on_each aer_error; }

# All devices at once, the device phase only: the machine has no wake-up source.
test_suspend() {
	local i
	all_ready
	for i in 0 1 2; do traffic "$i"; done
	echo devices >/sys/power/pm_test
	echo freeze >/sys/power/state
	echo none >/sys/power/pm_test
	all_ready
	for i in 0 1 2; do traffic "$i"; done
}
