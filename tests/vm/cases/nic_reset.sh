# SPDX-License-Identifier: MIT
# A NIC is reset or reloaded while a process holds tagged MRs on it. The same MR parameters registered
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
driver_rebind() {
	echo "$1" >/sys/bus/pci/drivers/mlx5_core/unbind
	echo "$1" >/sys/bus/pci/drivers/mlx5_core/bind
}

test_devlink_reload() { on_each devlink_reload; }
test_driver_rebind() { on_each driver_rebind; }
