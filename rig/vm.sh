#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Run one script in one virtual machine with one fabric, and wait for its end.
#
#   rig/vm.sh [-k base|patched] [-d SECONDS] [-n NAME] [-f FABRIC_OPTION]... [-a KERNEL_ARG]...
#             [-q QEMU_ARG]... [-m MEMORY] [-r | -l DEVICES] [-F FOLDER] [-i] SCRIPT [ARG...]
#
# -r: each device of the fabric below a root port of its own, not all below one switch.
# -l: two levels of switches, DEVICES of the fabric below each switch of the second level.
# -F: a fabric with the options of -f runs already and has its sockets in FOLDER; it is left alone.
# -i: the console is this terminal. SCRIPT is a path below build/stage; it runs in the guest as root with ARGs (no spaces or commas in them).
# Files that the script writes to /srv are in build/vm/NAME/out; console.log, fabric.log,
# fabric.json are in build/vm/NAME.
# Exit status: that of the script; 124 past the deadline; 125 when the VM or the fabric could not be run or died.
. "$(dirname "$0")/lib/common.sh"
. "$TOP/rig/lib/qemu.sh"

kernel=patched deadline=120 name=vm memory=1G running=
fabric_options=() kernel_args=() qemu_args=() console= switch=yes
unset leaf
while getopts 'k:d:n:f:a:q:m:l:F:ri' option; do
	case $option in
	k) kernel=$OPTARG ;;
	d) deadline=$OPTARG ;;
	n) name=$OPTARG ;;
	f) fabric_options+=("$OPTARG") ;;
	a) kernel_args+=("$OPTARG") ;;
	q) qemu_args+=("$OPTARG") ;;
	m) memory=$OPTARG ;;
	r) switch= ;;
	l) leaf=$OPTARG ;;
	F) running=$OPTARG ;;
	i) console=terminal ;;
	*) misused "usage: see the head of rig/vm.sh" ;;
	esac
done
shift $((OPTIND - 1))
whole_number -d "$deadline" 1 1000000
[ -z "${leaf+set}" ] || whole_number -l "$leaf" 1 100
[[ $memory =~ ^[1-9][0-9]*[MG]$ ]] || misused "-m '$memory' is not a size of memory such as 512M or 1G"
arguments 1 1000 "[OPTION...] SCRIPT [ARG...]" "$@"
script=$1
shift
args=$(IFS=,; echo "$*")
[ -f "$BUILD/stage/$script" ] || die "build/stage/$script does not exist; run make all"
[ -f "$BUILD/kernel/$kernel/bzImage" ] || die "kernel '$kernel' is not built; run kernel/tools/build.sh $kernel"

run=$BUILD/vm/$name
rm -rf "$run"
mkdir -p "$run/out"
sock=${running:-$(mktemp -d /tmp/tphbuf.XXXXXX)} # unix socket paths are limited to 107 bytes
fabric_pid= qemu_pid=
cleanup() {
	[ -z "$qemu_pid" ] || kill -KILL "$qemu_pid" 2>/dev/null || true
	[ -z "$fabric_pid" ] || kill -TERM "$fabric_pid" 2>/dev/null || true
	[ -z "$fabric_pid" ] || wait "$fabric_pid" 2>/dev/null || true
	[ -n "$running" ] || rm -rf "$sock"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

start_fabric() {
	local device
	[ ${#fabric_options[@]} -gt 0 ] && [ -z "$running" ] || return 0
	"$BUILD/host/userspace/fabric/tphbuf-fabric" --dir "$sock" --report "$run/fabric.json" $(realtime) "${fabric_options[@]}" \
		>"$run/fabric.log" 2>&1 &
	fabric_pid=$!
	printf '%s\n' "$fabric_pid" >"$run/fabric.pid"
	for device in $(fabric_devices) control; do
		wait_until 10 test -S "$sock/$device.sock" || die_here "the fabric did not start"
	done
	ln -sfn "$sock" "$run/sock"
}

# Two polling virtual CPUs leave no core idle: without priority the fabric waits milliseconds for
# a core.
realtime() { if chrt -f 1 true 2>/dev/null; then echo --realtime; fi; }

# Names of the devices in the order of the options: --nic=NAME,... --endpoint=NAME,... --engine=NAME,...
fabric_devices() {
	printf '%s\n' ${fabric_options[@]+"${fabric_options[@]}"} | sed -n -E 's/^--(nic|endpoint|engine)=([^,]+).*/\2/p'
}

# The guest can send commands to the fabric, by its second serial port.
control() {
	[ ${#fabric_options[@]} = 0 ] || printf '%s\n' -chardev "socket,id=control,path=$sock/control.sock" -serial chardev:control
}

switch_at() { # ID BUS: a switch, whose upstream port is on BUS
	printf '%s\n' -device "x3130-upstream,id=$1,bus=$2"
}
port() { # TYPE ID NUMBER
	printf '%s\n' -device "$1,id=$2,chassis=$3,slot=$3"
}

# One switch: a root port, an upstream port, and a downstream port for each device. With -r root ports only, with -l
# switches below that switch.
topology() {
	local device slot=0 type=pcie-root-port number
	if [ -n "$switch" ]; then
		type=xio3130-downstream,bus=up0
		port pcie-root-port rp0 1
		switch_at up0 rp0
	fi
	for device in $(fabric_devices); do
		if [ -n "${leaf:-}" ] && [ $((slot % leaf)) = 0 ]; then
			number=$((slot / leaf + 1))
			port xio3130-downstream,bus=up0 "leaf$number" $((100 + number))
			switch_at "up$number" "leaf$number"
			type=xio3130-downstream,bus=up$number
		fi
		slot=$((slot + 1))
		port "$type" "dn$slot" $((slot + 1))
		printf '%s\n' -device \
			"{\"driver\":\"vfio-user-pci\",\"id\":\"$device\",\"socket\":{\"type\":\"unix\",\"path\":\"$sock/$device.sock\"},\"bus\":\"dn$slot\"}"
	done
}

die_here() {
	tail -n 5 "$run/fabric.log" >&2 || true
	printf 'error: %s (logs in %s)\n' "$*" "$run" >&2
	exit 125
}

start_qemu() {
	local devices QEMU_PRELOAD=
	[[ " ${qemu_args[*]-}" != *blob=on* ]] || QEMU_PRELOAD=$(no_udmabuf)
	mapfile -t devices < <(control && topology)
	qemu -accel "$(accelerator)" -cpu max -M q35,kernel-irqchip=split,memory-backend=ram -m "$memory" -smp 2 \
		-object "memory-backend-memfd,id=ram,size=$memory,share=on" \
		-nographic -no-reboot -nodefaults -serial "chardev:console" \
		-chardev "$(console_backend)" -monitor none \
		-device intel-iommu,intremap=on,caching-mode=on -acpitable "file=$(ssdt)" \
		-kernel "$BUILD/kernel/$kernel/bzImage" -initrd "$(initrd)" \
		-append "console=ttyS0 panic=-1 intel_iommu=on iommu=pt tsc=reliable clocksource=tsc no_timer_check rig.run=$script rig.args=$args rig.deadline=$deadline rig.sockets=$sock ${kernel_args[*]-}" \
		"${devices[@]}" $(share root "$BUILD/root/" on) $(share stage "$BUILD/stage" on) \
		$(share kernel "$BUILD/kernel/$kernel/" on) $(share work "$run/out" off) \
		${qemu_args[@]+"${qemu_args[@]}"}
}

console_backend() {
	if [ "$console" = terminal ]; then
		echo "stdio,id=console,signal=off,logfile=$run/console.log"
	else
		echo "file,id=console,path=$run/console.log"
	fi
}

start_fabric
if [ "$console" = terminal ]; then
	(start_qemu)
	exit
fi
start_qemu >"$run/qemu.log" 2>&1 </dev/null &
qemu_pid=$!
printf '%s\n' "$qemu_pid" >"$run/qemu.pid"
end=$((SECONDS + deadline + 30))
while kill -0 "$qemu_pid" 2>/dev/null && [ $SECONDS -lt $end ]; do sleep 0.1; done
if kill -0 "$qemu_pid" 2>/dev/null; then
	die_here "the VM exceeded its deadline of $deadline s and did not power off; last lines: $(tail -n 3 "$run/console.log")"
fi
qemu_rc=0
wait "$qemu_pid" || qemu_rc=$?
qemu_pid=
if [ $qemu_rc != 0 ]; then
	tail -n 3 "$run/qemu.log" >&2
	[ -z "$fabric_pid" ] || kill -0 "$fabric_pid" 2>/dev/null ||
		die_here "the fabric died while the VM ran, and QEMU with it (status $qemu_rc)"
	die_here "QEMU failed (status $qemu_rc)"
fi
if [ -n "$fabric_pid" ]; then
	if kill -0 "$fabric_pid" 2>/dev/null; then
		kill -TERM "$fabric_pid"
		wait "$fabric_pid" || die_here "the fabric ended with status $?"
	elif [ ! -e "$run/out/fabric-may-die" ]; then
		fabric_pid=
		die_here "the fabric died while the VM ran"
	fi
	fabric_pid=
fi
status=$(tr -d '\r' <"$run/console.log" | sed -n 's/^.*RIG: exit //p' | tail -n 1)
[ -n "$status" ] || die_here "the guest ended without a status; last lines: $(tail -n 5 "$run/console.log")"
exit "$status"
