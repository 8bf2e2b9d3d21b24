#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Real NCCL on one GPU over the plugin's loop back end: two processes with different NCCL_HOSTID, so
# that all data goes through the network. TAP on stdout. docs/transports.md, "On a GPU".
#
#   tests/gpu/run.sh BUILD OUT [SECONDS]
#
# BUILD holds lib/ and bin/ of tests/gpu/build.sh. OUT gets traces and logs. Needs an NVIDIA GPU with its
# driver and libnccl.so.2; NCCL_LIB=DIR names the folder of the latter, by default that of the
# python package nvidia-nccl.
set -u
BUILD=$(readlink -f "$1") OUT=$(readlink -f "$2") LIMIT=${3-290}
[[ $LIMIT =~ ^[1-9][0-9]{0,5}$ ]] || { echo "run.sh: SECONDS '$LIMIT' is not a whole number from 1 to 999999" >&2; exit 2; }
START=$SECONDS
. "$(dirname "$0")/../harness/tap.sh"
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$OUT/log" "$OUT/trace"

find_nccl() {
	local dir
	for dir in "${NCCL_LIB:-}" \
		"$(python3 -c 'import nvidia.nccl as n; print(list(n.__path__)[0] + "/lib")' 2>/dev/null)" \
		/usr/local/cuda/lib64 /usr/lib/x86_64-linux-gnu; do
		[ -n "$dir" ] && [ -e "$dir/libnccl.so.2" ] && echo "$dir" && return
	done
}

result() { # result OK NAME [DIAGNOSTIC-FILE]
	tap "$1" "$2" "${3:+$(tail -n 12 "$3")}"
}

# ranks NAME CASE [VAR=VALUE...]: two ranks; output of both sorted in $OUT/NAME.txt. Status 0:
# both exited with 0.
ranks() {
	local name=$1 case=$2 dir="$WORK/$1" rank status=0
	shift 2
	mkdir -p "$dir"
	for rank in 0 1; do
		env NCCL_HOSTID="host$rank" NCCL_SOCKET_IFNAME=lo NCCL_DEBUG=INFO NCCL_DEBUG_SUBSYS=INIT,NET,ENV,REG \
			NCCL_MAX_NCHANNELS=2 NCCL_MIN_NCHANNELS=1 NCCL_CUMEM_HOST_ENABLE=0 NCCL_IB_DISABLE=1 \
			TPHBUF_NET_BACKEND=loop LD_LIBRARY_PATH="$BUILD/lib:$NCCL:${LD_LIBRARY_PATH:-}" "$@" \
			timeout -k 2 "${CASE_LIMIT:-40}" "$BUILD/bin/nccl_rank" "$case" "$rank" 2 "$dir" \
			>"$dir/out.$rank" 2>"$OUT/log/$name.$rank.err" &
	done
	for rank in 1 2; do
		wait -n || status=1
	done
	cat "$dir"/out.? >"$OUT/log/$name.out"
	grep -hE '^(all_|reduce_|end )[a-z_]* *[0-9]+ [01] [0-9a-z]+$' "$dir"/out.? | sort >"$WORK/$name.digests"
	cat "$OUT/log/$name".?.err >>"$OUT/log/$name.out"
	rm -f "$OUT/log/$name".?.err
	return $status
}

out_of_time() {
	[ $((SECONDS - START)) -lt "$LIMIT" ] && return 1
	tap 1 "$1: not run, $LIMIT s are over"
}

# used NAME NETWORK: true if NCCL's log names that network
used() { grep -qE "Using network $2|Assigned NET plugin $2 to comm" "$OUT/log/$1.out"; }

# compare NAME TITLE CASE [VAR=VALUE...]: over the plugin; results equal to those over NCCL_NET=Socket
compare() {
	local name=$1 title=$2 case=$3 status=0
	shift 3
	out_of_time "$title" && return
	ranks "$name" "$case" NCCL_NET_PLUGIN="$BUILD/lib/libnccl-net-tphbuf.so" NCCL_NET=tphbuf \
		TPHBUF_NET_TRACE="$OUT/trace/$name.%p" "$@" || status=1
	used "$name" tphbuf || status=1
	if [ -e "$WORK/socket-$case.digests" ]; then
		cmp -s "$WORK/socket-$case.digests" "$WORK/$name.digests" || status=1
	fi
	result $status "$title" "$OUT/log/$name.out"
}

# loader NAME TITLE NETWORK PATTERN [VAR=VALUE...]: the network that is used, and a pattern of
# NCCL's log
loader() {
	local name=$1 title=$2 network=$3 pattern=$4 status=0
	shift 4
	out_of_time "$title" && return
	ranks "$name" once "$@" || status=1
	used "$name" "$network" || status=1
	grep -qE "$pattern" "$OUT/log/$name.out" || status=1
	result $status "$title" "$OUT/log/$name.out"
}

NCCL=$(find_nccl)
[ -n "$NCCL" ] || { echo "Bail out! no libnccl.so.2; set NCCL_LIB to its directory"; exit 1; }
if ! nvidia-smi -L >"$OUT/gpu.txt" 2>&1; then
	echo "1..0 # SKIP no NVIDIA GPU: $(head -n 1 "$OUT/gpu.txt")"
	exit 0
fi
nvidia-smi --query-gpu=name,driver_version,compute_mode --format=csv,noheader >>"$OUT/gpu.txt" 2>&1
P="$BUILD/lib"

for case in collectives register split; do
	ranks "socket-$case" $case NCCL_NET=Socket
	result $? "NCCL_NET=Socket: $case" "$OUT/log/socket-$case.out"
done
VERSION=$(grep -hoE '^NCCL [0-9]+' "$OUT/log/socket-collectives.out" | head -n 1 | cut -d' ' -f2)
echo "# NCCL $VERSION from $NCCL"

compare host-collectives "host memory: every collective, results as over Socket" collectives TPHBUF_NET_PTR=host
compare host-ll "host memory, protocol LL" collectives TPHBUF_NET_PTR=host NCCL_PROTO=LL
compare host-simple "host memory, protocol Simple" collectives TPHBUF_NET_PTR=host NCCL_PROTO=Simple
DEVICE="TPHBUF_NET_COPY=cuda NCCL_NET_GDR_LEVEL=SYS"
# shellcheck disable=SC2086
{
	compare cuda-collectives "device memory by address, staged" collectives $DEVICE TPHBUF_NET_PTR=host,cuda
	compare cuda-simple "device memory, protocol Simple, flush forced" collectives $DEVICE \
		TPHBUF_NET_PTR=host,cuda NCCL_PROTO=Simple NCCL_NET_FORCE_FLUSH=1
	compare dmabuf-collectives "device memory by dma-buf" collectives $DEVICE TPHBUF_NET_PTR=host,cuda,dmabuf
	compare register "user buffers registered" register $DEVICE TPHBUF_NET_PTR=host,cuda,dmabuf
}
compare split "a split communicator" split TPHBUF_NET_PTR=host
# 2.28 forgets the plugin's name when it unloads the library: a later communicator needs the reference count.
compare again "three communicators, one after another, library kept" again TPHBUF_NET_PTR=host NCCL_NET_PLUGIN_REF_COUNT=1
compare unload "the library is unloaded after the last communicator" once TPHBUF_NET_PTR=host
grep -q 'Unloading plugin' "$OUT/log/unload.out"
result $? "NCCL says that it unloads the library" "$OUT/log/unload.out"
compare abort "abort of a collective that the peer does not join" abort TPHBUF_NET_PTR=host
grep -q '^abort 0 0 returned' "$OUT/log/abort.out"
result $? "abort returned" "$OUT/log/abort.out"
compare killed "a killed peer is an error at the other rank" killed TPHBUF_NET_PTR=host
grep -q '^killed 0 0 ' "$OUT/log/killed.out"
result $? "the error is said: $(grep -h '^killed 0 0' "$OUT/log/killed.out" | cut -d' ' -f4-)" "$OUT/log/killed.out"

for v in 6 7 8 9 10; do
	loader "only-v$v" "a plugin with table v$v alone is used" tphbuf "plugin" NCCL_NET=tphbuf TPHBUF_NET_PTR=host \
		NCCL_NET_PLUGIN="$P/libnccl-net-tphbuf-v$v.so" TPHBUF_NET_TRACE="$OUT/trace/only-v$v.%p"
done
loader suffix "the name tphbuf finds libnccl-net-tphbuf.so" tphbuf "." NCCL_NET_PLUGIN=tphbuf TPHBUF_NET_PTR=host
loader list "the second of a list is used when the first does not exist" tphbuf "." \
	NCCL_NET_PLUGIN=absent,tphbuf TPHBUF_NET_PTR=host
if [ "${VERSION:-0}" -lt 23000 ]; then
	loader only-v12 "table v12 alone is unsupported before 2.30" Socket "is unsupported" \
		NCCL_NET_PLUGIN="$P/libnccl-net-tphbuf-v12.so"
else
	loader only-v12 "table v12 alone is used" tphbuf "." NCCL_NET_PLUGIN="$P/libnccl-net-tphbuf-v12.so" TPHBUF_NET_PTR=host
fi
loader bad-option "a wrong option fails init, the reason is in the log" Socket "TPHBUF_NET_TAG=maybe: not require" \
	NCCL_NET_PLUGIN=tphbuf TPHBUF_NET_TAG=maybe
loader no-rdma "no RDMA device fails init, the reason is in the log" Socket "NET/tphbuf: .*(RDMA|back end)" \
	NCCL_NET_PLUGIN=tphbuf TPHBUF_NET_BACKEND=verbs
if ! out_of_time "require"; then
	CASE_LIMIT=20 ranks require once NCCL_NET_PLUGIN=tphbuf NCCL_NET=tphbuf NCCL_NET_GDR_LEVEL=SYS TPHBUF_NET_COPY=cuda \
		TPHBUF_NET_PTR=host,cuda,dmabuf TPHBUF_NET_TAG=require
	failed=$?
	grep -q 'applies no tag' "$OUT/log/require.out" && [ $failed != 0 ]
	result $? "TPHBUF_NET_TAG=require: a dma-buf without a tag is refused, the reason is in the log" "$OUT/log/require.out"
fi

# Traced registrations of dma-bufs, whatever the result
echo "# regMrDmaBuf calls traced: $(cat "$OUT"/trace/* | grep -c '"call":"regMrDmaBuf"')," \
	"well: $(cat "$OUT"/trace/* | grep '"call":"regMrDmaBuf"' | grep -c '"result":0')"
mkdir -p "$OUT/golden"
for name in host-collectives host-simple cuda-simple dmabuf-collectives register split only-v8; do
	cat "$OUT/trace/$name".* >"$OUT/golden/nccl-$VERSION-$name.jsonl" 2>/dev/null
done
tap_plan
echo "# $((SECONDS - START)) s"
exit $bad
