# SPDX-License-Identifier: MIT
# Transports of Debian as they are, over the fabric's NICs: in host memory, then in BAR memory, whose registrations by
# address libtphbuf-preload.so makes ones of the dma-buf. Each rank has a NIC, an endpoint and a tag of its own; the
# endpoint's tally shows what arrived.

preload=/opt/tphbuf/usr/lib/libtphbuf-preload.so
alloc=/opt/tphbuf/usr/lib/libtphbuf-alloc.so
memory=("$endpoint,st=0x5a,ph=2" "$endpoint2,xst=0x1234,ph=1") # of rank 0 on the 8-bit NIC, and of rank 1
nic=("$nic_8bit" "$nic_ext")
export UCX_WARN_UNUSED_ENV_VARS=n

clear_tallies() { fabric-tally "$endpoint" --clear >/dev/null; fabric-tally "$endpoint2" --clear >/dev/null; }

# only_tag BDF TAG: every write that arrived carries it, and there is one at least
only_tag() {
	local tally
	tally=$(fabric-tally "$1")
	note "$1: $tally"
	if ! grep -qE '"writes": ([1-9][0-9]*), "writes_tagged": \1,' <<<"$tally" || ! grep -q '"kind": "write", '"$2" <<<"$tally" ||
		[ "$(grep -o '"kind": "write"' <<<"$tally" | wc -l)" != 1 ]; then
		echo "$1: not all writes carry $2: $tally"
		return 1
	fi
}
only_own_tags() {
	only_tag "$endpoint" '"width": 8, "st": "0x5a", "ph": 2'
	only_tag "$endpoint2" '"width": 16, "st": "0x1234", "ph": 1'
}

# both_ranks COMMAND [PORT]: a shell command for ranks 0 and 1 with $rank set; rank 1 begins when rank 0 listens on PORT
both_ranks() {
	local rc=0 pid
	rank=0 timeout 150 bash -c "$1" </dev/null >/tmp/rank0.out 2>&1 &
	pid=$!
	[ -z "${2-}" ] || wait_for 15 listening_or_ended "$2" $pid || rc=1
	rank=1 timeout 150 bash -c "$1" </dev/null >/tmp/rank1.out 2>&1 || rc=1
	wait $pid || rc=1
	tail -n 30 /tmp/rank0.out /tmp/rank1.out
	return $rc
}

# ucx TRANSPORT TEST:SIZE...: the tests of ucx_perftest, one after the other on the same connections: a start of two
# programs takes longer than all tests. With $in_bar the buffers are device memory; they are told by their size.
ucx_port=13500
ucx() {
	local transport=$1 row ended result=ok
	shift
	for row in "$@"; do echo "$row -t ${row%:*} -n 20 -w 2 -s ${row#*:}"; done >/tmp/ucx.tests
	export port=$((++ucx_port)) in_bar size=${1#*:} preload alloc nic0=${nic[0]} nic1=${nic[1]} memory0=${memory[0]} memory1=${memory[1]}
	export UCX_TLS=$transport,tcp UCX_ALLOC_PRIO=heap
	# -P 0: no MPI. It ends with 0 after a failed test, too.
	both_ranks 'net=nic$rank memory=memory$rank peer=; [ $rank = 0 ] || peer=127.0.0.1
		[ -z "$in_bar" ] || export LD_PRELOAD=$preload:$alloc TPHBUF_ALLOC=${!memory},min=$size,max=$((size + 4095))
		UCX_NET_DEVICES=${!net}:1,lo exec ucx_perftest -P 0 -p $port -b /tmp/ucx.tests $peer' $port || result="not ok"
	ended=$(cat /tmp/rank?.out | grep -c '^Final:' || true)
	[ "$ended" = $# ] || result="not ok"
	[ "$result" = ok ] || cp /tmp/rank?.out /srv/log/
	for row in "$@"; do part "$result" "$transport: ${row%:*}, ${row#*:} bytes${in_bar:+ of a BAR}"; done
	[ "$result" = ok ]
}

test_ucx_finds_both_nics() {
	ucx_info -d >/tmp/ucx.out 2>&1
	local transport device
	for transport in rc_verbs rc_mlx5 ud_verbs ud_mlx5; do
		for device in "$nic_ext" "$nic_8bit"; do
			grep -A 1 "Transport: $transport\$" /tmp/ucx.out | grep -q "Device: $device:1\$"
		done
	done
}

test_ucx_host_memory() {
	local failed=0 transport
	for transport in rc_v rc_x; do
		ucx $transport tag_lat:64 ucp_am_lat:64 ucp_put_lat:64 ucp_get:64 tag_bw:65536 ucp_am_bw:65536 ucp_put_bw:65536 \
			ucp_get:65536 || failed=1
	done
	[ $failed = 0 ]
}

# Messages that are sent by rendezvous: the transfer is of the buffers themselves.
test_ucx_bar_memory() {
	local failed=0 transport
	export in_bar=yes TPHBUF_PRELOAD_TAG=require
	for transport in rc_v rc_x; do
		clear_tallies
		ucx $transport tag_bw:200000 ucp_put_bw:200000 ucp_get:200000 || failed=1
		only_own_tags || failed=1
	done
	[ $failed = 0 ]
}

# mpi MEMORY: mpi_ops on both NICs. Its environment differs between ranks, so a shell starts it.
mpi() {
	local name
	export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_pml=ucx OMPI_MCA_osc=ucx OMPI_MCA_btl=self
	export nic0=${nic[0]} nic1=${nic[1]}
	hostname guest
	note "$UCX_TLS $1"
	timeout 150 mpirun -n 2 --oversubscribe bash -c 'name=nic$OMPI_COMM_WORLD_RANK
		LD_PRELOAD=$rank_preload UCX_NET_DEVICES=${!name}:1,lo exec mpi_ops '"$1" </dev/null 2>&1 | tee /tmp/mpi.out
	grep -qx 'mpi_ops: ok' /tmp/mpi.out
}

test_mpi_host_memory() {
	UCX_TLS=rc_x,tcp,self mpi host
}

mpi_bar_memory() { # TRANSPORT
	export rank_preload=$preload TPHBUF_PRELOAD_TAG=require
	clear_tallies
	UCX_TLS=$1,tcp,self mpi "${memory[0]}/${memory[1]}"
	only_own_tags
}
test_mpi_bar_memory_rc_verbs() { mpi_bar_memory rc_v; }
test_mpi_bar_memory_rc_mlx5() { mpi_bar_memory rc_x; }

test_mpi_without_the_library() {
	if UCX_TLS=rc_v,tcp,self mpi "${memory[0]}/${memory[1]}"; then echo "a BAR was registered by its address"; return 1; fi
}

gloo() { # FOLDER MEMORY0 MEMORY1
	mkdir "$1"
	export nic0=${nic[0]} nic1=${nic[1]} folder=$1 memory0=$2 memory1=$3
	both_ranks 'name=nic$rank memory=memory$rank; LD_PRELOAD=$rank_preload exec gloo_ops $rank ${!name} $folder ${!memory}'
}

test_gloo_host_memory() { gloo /tmp/gloo-host host host; }

test_gloo_bar_memory() {
	clear_tallies
	export rank_preload=$preload TPHBUF_PRELOAD_TAG=require
	gloo /tmp/gloo-bar "${memory[@]}"
	only_own_tags
}

test_libfabric_registers_dma_bufs() {
	local i
	for i in 0 1; do expect_text 'fi_ops register: ok' fi_ops register "${nic[i]}" "${memory[i]}"; done
}

test_libfabric_example() {
	local example=/opt/tphbuf/examples/fi_tagged_mr
	expect_text 'registered: key 0x[0-9a-f]+, address 0, 1048576 bytes, tagged' $example "$endpoint" 2 st=0x5a,ph=2 "$nic_8bit"
	expect_fail 1 'the tag is not applied' $example "$endpoint" 2 xst=0x1234,ph=2 "$nic_8bit"
	expect_fail 1 'absent: No such device' $example "$endpoint" 2 st=0x5a,ph=2 absent
	expect_fail 2 'usage' $example "$endpoint"
}

# Send, write and read between connected endpoints; the server in a network namespace of its own, see rdma_cm.sh
test_libfabric_connected_endpoints() {
	local rc=0
	ipoib_up "$nic_ext" 10.9.1.1
	ip netns add remote
	ip netns exec remote ip link set lo up
	ipoib_up "$nic_8bit" 10.9.1.2 remote
	clear_tallies
	ip netns exec remote timeout 150 fi_ops server 10.9.1.2 "${memory[0]}" >/tmp/server.out 2>&1 &
	wait_for 20 grep -q listening /tmp/server.out
	timeout 150 fi_ops client 10.9.1.2 "${memory[1]}" || rc=1
	wait $! || rc=1
	cat /tmp/server.out
	ip netns del remote
	wait_for 20 has_ipoib "$nic_8bit"
	rmmod ib_ipoib
	[ $rc = 0 ]
	only_own_tags
}

# perftest_by_address SERVER_ENVIRONMENT...: Debian's ib_write_bw; the server's buffer is what its environment makes it
perftest_by_address() {
	local rc=0 server
	env "$@" timeout 150 /usr/bin/ib_write_bw -F -d "$nic_8bit" -p 18950 -s 65536 -n 50 >/tmp/server.out 2>&1 &
	server=$!
	if wait_for 15 listening_or_ended 18950 $server && ! ended $server; then
		timeout 150 /usr/bin/ib_write_bw -F -d "$nic_ext" -p 18950 -s 65536 -n 50 127.0.0.1 >/tmp/client.out 2>&1 || rc=1
	fi
	wait $server || rc=1
	cat /tmp/server.out
	return $rc
}

test_perftest_bar_memory() {
	clear_tallies
	perftest_by_address LD_PRELOAD=$preload:$alloc TPHBUF_PRELOAD_VERBOSE=1 TPHBUF_PRELOAD_TAG=require \
		TPHBUF_ALLOC="${memory[0]},min=128K,max=1M"
	grep -q 'tphbuf-preload: .* tag applied: st=0x5a,ph=2' /tmp/server.out
	only_tag "$endpoint" '"width": 8, "st": "0x5a", "ph": 2'
}

# Each mistake is an error with its reason; nothing falls back to host memory or goes without a tag.
test_mistakes() {
	fails() { # TEXT ENVIRONMENT...
		if perftest_by_address LD_PRELOAD=$preload:$alloc "${@:2}"; then echo "succeeds with ${*:2}"; return 1; fi
		grep -qE "$1" /tmp/server.out
	}
	fails 'tag of the width the NIC sends' TPHBUF_PRELOAD_TAG=require TPHBUF_ALLOC="${memory[1]},min=128K"
	fails 'TPHBUF_PRELOAD_TAG=yes: use require' TPHBUF_PRELOAD_TAG=yes TPHBUF_ALLOC="${memory[0]},min=128K"
	fails 'tphbuf-alloc: .*no room left' TPHBUF_ALLOC="${memory[0]},min=128K,length=64K"
	fails "TPHBUF_ALLOC: 'size=4'" TPHBUF_ALLOC="$endpoint,size=4,min=128K"
}
