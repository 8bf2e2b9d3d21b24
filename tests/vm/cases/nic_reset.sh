# SPDX-License-Identifier: MIT
# A NIC is reset or reloaded while a process writes through a tagged MR on it. No TLP may arrive without its tag, and
# the same MR parameters registered again must carry the tag on every TLP: with Extended TPH, with 8-bit TPH,
# and without a steering tag table.

bdfs=(${NICS-})
targets=(${ENDPOINTS-}) # one for each NIC
kinds=(ext 8bit ext) # the third has no table
holders=()

peer() { echo "${bdfs[$(((1 - $1) & 1))]}"; } # N: the NIC at the other end of the Nth one's traffic

ready() { # BDF: its RDMA device is there and its port is up
	wait_for 60 has_ib "$1" && wait_for 60 port_active "$(ib_of "$1")"
}

all_ready() {
	local bdf
	for bdf in "${bdfs[@]}"; do wait_for 60 ready "$bdf"; done
}

# Differs once the driver has made the RDMA device anew.
instance() { stat -c %i "/sys/bus/pci/devices/$1/infiniband" 2>/dev/null; }
made_anew() { # BDF OLD
	local now
	now=$(instance "$1") && [ "$now" != "$2" ]
}

# hold N...: for each of these NICs a process that writes through a tagged MR; the NIC may go, the process must end
hold() {
	local i
	rm -f /tmp/hold.*
	mkfifo /tmp/hold.in
	exec 3<>/tmp/hold.in
	for i in "$@"; do
		hold_mr "${targets[i]}" "$(ib_of "${bdfs[i]}")" "$(ib_of "$(peer "$i")")" "${kinds[i]}" write \
			</tmp/hold.in >"/tmp/hold.$i" 2>&1 3>&- &
		holders[i]=$!
		wait_for 30 grep -q ready "/tmp/hold.$i" || { cat "/tmp/hold.$i"; return 1; }
	done
	sleep 0.5
}

release() { # N...
	local i rc=0
	exec 3>&-
	for i in "$@"; do
		wait "${holders[i]}" || rc=1
		cat "/tmp/hold.$i"
	done
	return $rc
}

traffic() { # N
	bar_ops tag_on_every_tlp "${targets[$1]}" "$(ib_of "${bdfs[$1]}")" "$(ib_of "$(peer "$1")")" "${kinds[$1]}"
}

# The driver recovers by itself once a minute at most.
recover_always() {
	local bdf
	for bdf in "${bdfs[@]}"; do devlink health set "pci/$bdf" reporter fw_fatal grace_period 0; done
}

# on_each COMMAND...: with the number of each NIC, one after the other
on_each() {
	local i before
	all_ready
	recover_always
	for i in 0 1 2; do
		note "$1 of ${bdfs[i]}"
		hold "$i"
		before=$(instance "${bdfs[i]}")
		"$@" "$i"
		wait_for 60 made_anew "${bdfs[i]}" "$before"
		release "$i"
		all_ready
		traffic "$i"
	done
}

devlink_reload() { devlink dev reload "pci/${bdfs[$1]}"; }
driver_rebind() {
	echo "${bdfs[$1]}" >/sys/bus/pci/drivers/mlx5_core/unbind
	echo "${bdfs[$1]}" >/sys/bus/pci/drivers/mlx5_core/bind
}

# The driver is not told: it finds the command interface disabled when it looks at the NIC's health.
function_level_reset() { echo 1 >"/sys/bus/pci/devices/${bdfs[$1]}/reset"; }

# Firmware reports a fatal error; the driver restarts firmware and itself.
fatal_health() { fabric_control health "nic$1" fatal; }

# A fatal error at the port above the NIC: the kernel resets the link, the driver's error handlers run.
port_error() { qemu_monitor 'OK id' "pcie_aer_inject_error dn$(($1 + 1)) DLP"; }

test_devlink_reload() { on_each devlink_reload; }
test_driver_rebind() { on_each driver_rebind; }
test_function_level_reset() { on_each function_level_reset; }
test_health_recovery() { on_each fatal_health; }
test_slot_reset_after_an_error() { on_each port_error; }

# All devices suspend and resume as for suspend to idle; pm_test ends it without a wakeup source.
test_suspend() {
	local i before
	all_ready
	insert keep_awake
	echo 1 >/sys/module/suspend/parameters/pm_test_delay
	echo platform >/sys/power/pm_test
	hold 0 1 2
	before=$(instance "${bdfs[0]}")
	echo freeze >/sys/power/state
	echo none >/sys/power/pm_test
	wait_for 60 made_anew "${bdfs[0]}" "$before"
	release 0 1 2
	all_ready
	for i in 0 1 2; do traffic "$i"; done
}
