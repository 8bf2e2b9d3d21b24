# SPDX-License-Identifier: MIT
# For scripts that run inside the guest: drivers, devices, fabric. Source it.

# insert MODULE...: load modules that are not loaded yet, from the kernel that runs, with their parameters on its
# command line (MODULE.PARAMETER=VALUE)
insert() {
	local name word words parameters
	read -ra words </proc/cmdline
	for name in "$@"; do
		parameters=()
		for word in "${words[@]}"; do [[ $word != "$name".* ]] || parameters+=("${word#*.}"); done
		[ -d "/sys/module/${name//-/_}" ] || insmod "/mnt/kernel/modules/$name.ko" ${parameters[@]+"${parameters[@]}"} || return 1
	done
}

# tph_root_port first: it enumerates the devices again (rig/modules).
load_vfio() { insert tph_root_port irqbypass vfio-pci-core vfio-pci; }

load_mlx5() {
	insert tph_root_port mlx5_core mlx5_ib ib_umad
}

# line DEVICE TEXT COMMAND: send a line to what QEMU has on a serial port; true once an answer has TEXT
line() {
	local fd rc=0
	exec {fd}<>"$1"
	stty raw -echo <&"$fd"
	printf '%s\n' "$3" >&"$fd"
	timeout 60 grep -m 1 -e "$2" <&"$fd" || rc=1
	exec {fd}>&-
	return $rc
}

# qmp COMMAND ARGUMENTS: to QEMU's monitor, which is on the fourth serial port (tests/vm/monitor.sh); ARGUMENTS are JSON.
# Prints the answer; true if it is no error. 0xff resets QEMU's parser.
qmp() {
	local answer
	answer=$(line /dev/ttyS3 '"id": "asked"' $'\xff{"execute":"qmp_capabilities"}\n{"execute":"'"$1"'","arguments":'"$2"',"id":"asked"}')
	printf '%s\n' "$answer"
	[[ $answer = *'"return":'* ]]
}

# qemu_monitor TEXT COMMAND: the same by the commands for humans; true if the answer has TEXT
qemu_monitor() { qmp human-monitor-command '{"command-line":"'"$2"'"}' | grep -e "$1"; }

# The fabric's control socket is on the second serial port (rig/vm.sh).
fabric_control() { line /dev/ttyS1 '"ok":true' "$*"; }

# BDFs of the fabric's functions by their PCI ids.
endpoints() { pci_by_id 0x1234 0x5448; }
nics() { pci_by_id 0x15b3 0x1023; }
engines() { pci_by_id 0x1234 0x5445; }
pci_by_id() { # starts no process: runs before every test, and processes are slow on debug kernels
	local dir vendor device
	for dir in /sys/bus/pci/devices/*; do
		read -r vendor <"$dir/vendor"
		read -r device <"$dir/device"
		[ "$vendor $device" != "$1 $2" ] || echo "${dir##*/}"
	done
}

bind_vfio() { # BDF
	local dir=/sys/bus/pci/devices/$1
	[ ! -e "$dir/driver" ] || echo "$1" >"$dir/driver/unbind"
	echo vfio-pci >"$dir/driver_override"
	echo "$1" >/sys/bus/pci/drivers_probe
	[ "$(basename "$(readlink "$dir/driver")")" = vfio-pci ]
}

unbind() { # BDF
	echo "$1" >"/sys/bus/pci/devices/$1/driver/unbind"
	echo >"/sys/bus/pci/devices/$1/driver_override"
}

# wait_for SECONDS COMMAND...: repeat the command until it succeeds; 1 if it never does. SECONDS is a generous limit on an
# idle machine: six times as long is allowed, because a loaded machine must not fail a test.
wait_for() {
	local end=$((SECONDS + 6 * $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

ib_of() { local name; name_ib name "$1"; echo "$name"; } # BDF -> mlx5_N, or an empty line
name_ib() { # VARIABLE BDF: the same into a variable, without a process
	local dirs=("/sys/bus/pci/devices/$2/infiniband/"*)
	if [ -e "${dirs[0]}" ]; then printf -v "$1" %s "${dirs[0]##*/}"; else printf -v "$1" ''; fi
}
has_ib() { local name; name_ib name "$1"; [ -n "$name" ]; } # BDF: it has an RDMA device
port_active() { grep -q ACTIVE "/sys/class/infiniband/$1/ports/1/state"; }

# listening PORT: true if a TCP socket listens on the port
listening() { grep -qi ":$(printf '%04X' "$1") [0-9A-F:]* 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null; }
ended() { ! kill -0 "$1" 2>/dev/null; } # PID
listening_or_ended() { listening "$1" || ended "$2"; } # PORT PID
