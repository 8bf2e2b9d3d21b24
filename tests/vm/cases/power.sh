# SPDX-License-Identifier: MIT
# Power states of the endpoint: vfio-pci lets an unused device go to D3hot, an open wakes it, and a process that has
# it open can send it there.

power_is() { [ "$(cat "/sys/bus/pci/devices/$endpoint/power_state")" = "$1" ]; }

test_unused_device_sleeps_and_is_woken() {
	local pid
	wait_for 10 power_is D3hot
	tphbuf export "$endpoint" --bar 2 --length 64K --hold >/tmp/hold.out 2>&1 &
	pid=$!
	wait_for 10 grep -q 'held by' /tmp/hold.out
	power_is D0
	kill $pid
	wait $pid || true
	wait_for 10 power_is D3hot
}

test_doctor_reports_d3hot() {
	wait_for 10 power_is D3hot
	expect_text '^note +power .*D3hot' tphbuf doctor --no-open "$endpoint"
	expect_text 'power/control keeps it in D0' tphbuf doctor --no-open "$endpoint"
}

test_remedy_of_doctor() {
	echo on >"/sys/bus/pci/devices/$endpoint/power/control"
	wait_for 10 power_is D0
	expect_text '^ok +power ' tphbuf doctor --no-open "$endpoint"
	echo auto >"/sys/bus/pci/devices/$endpoint/power/control"
	wait_for 10 power_is D3hot
}

test_traffic_into_a_device_that_slept() {
	wait_for 10 power_is D3hot
	both bar_ops sizes
}

test_low_power_under_traffic() { both reset_ops low_power; }
test_d3hot_under_traffic() { both reset_ops d3hot; }
