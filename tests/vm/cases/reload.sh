# SPDX-License-Identifier: MIT
# Modules unloaded and loaded again while a process writes through a tagged MR: mlx5_ib, mlx5_ib and mlx5_core, the
# driver of a NIC, vfio-pci (whose device must be closed first: the process is killed). Not a case of make check:
# RELOADS comes from make soak.
. /opt/tphbuf/tests/cases/unload.sh # hold, release, again

# What the kernel holds for us: open files, buffers, objects of RDMA.
kernel_objects() {
	awk '{ print "files " $1 }' /proc/sys/fs/file-nr
	echo "buffers $(grep -c vfio /sys/kernel/debug/dma_buf/bufinfo || true)"
	echo "mrs $(rdma resource show mr | wc -l)"
	echo "qps $(rdma resource show qp | wc -l)"
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(SUnreclaim|KernelStack|PageTables|Percpu|VmallocUsed):/ { n += $2 } END { print "kbytes " n }' /proc/meminfo
}

# No more than before, but for what is freed late: some files, and a twentieth of the memory.
objects_are_back() { # BEFORE AFTER
	note "before: $(tr '\n' ' ' <<<"$1")"
	note "after:  $(tr '\n' ' ' <<<"$2")"
	echo "$1" >/tmp/before
	echo "$2" >/tmp/after
	paste -d ' ' /tmp/before /tmp/after | awk '
		$1 != $3 || NF != 4 { print "other lines"; bad = 1; next }
		{ room = $1 == "files" ? 32 : $1 == "kbytes" ? $2 / 20 + 2048 : 0 }
		$4 > $2 + room { print $1 ": " $2 " before, " $4 " after"; bad = 1 }
		END { exit bad || NR != 5 }'
}

writer() { # NIC PEER ext|8bit: holds tagged MRs and writes
	rm -f /tmp/hold.in /tmp/hold.out
	mkfifo /tmp/hold.in
	hold_mr "$endpoint" "$1" "$2" "$3" write </tmp/hold.in >/tmp/hold.out 2>&1 &
	holder=$!
	exec 3>/tmp/hold.in
	wait_for 30 grep -q ready /tmp/hold.out || { cat /tmp/hold.out; return 1; }
	sleep 0.$((RANDOM % 10))
}

killed() {
	kill -KILL "$holder"
	wait "$holder" || true
	exec 3>&-
}

reload_once() { # NUMBER
	local bdf
	if [ $(($1 % 2)) = 0 ]; then writer "$nic_ext" "$nic_8bit" ext; else writer "$nic_8bit" "$nic_ext" 8bit; fi
	case $(($1 % 4)) in
	0) rmmod ib_umad mlx5_ib && release ;;
	1) rmmod ib_umad mlx5_ib mlx5_core && release ;;
	2)
		bdf=$(nics | sed -n 1p)
		echo "$bdf" >/sys/bus/pci/drivers/mlx5_core/unbind
		release
		echo "$bdf" >/sys/bus/pci/drivers/mlx5_core/bind
		;;
	3)
		killed
		for bdf in $(endpoints); do unbind "$bdf"; done
		rmmod vfio-pci vfio-pci-core
		load_vfio
		for bdf in $(endpoints); do bind_vfio "$bdf"; done
		;;
	esac
	load_mlx5
	again >/dev/null
}

test_reload_under_writes() {
	local before i rounds=${RELOADS:-4}
	reload_once 0 # what is allocated once
	before=$(kernel_objects)
	for i in $(seq "$rounds"); do reload_once "$i"; done
	echo "$rounds reloads"
	objects_are_back "$before" "$(kernel_objects)"
}
