# SPDX-License-Identifier: MIT
# For test cases in the guest. A test fails by a non-zero status (set -e is on), skips by `skip REASON`.

skip() { echo "$*"; exit 4; }
note() { echo "+ $*"; }

# part RESULT NAME: a test inside this test, counted on its own. RESULT is "ok" or "not ok"; NAME may end in "# SKIP REASON".
part() { echo "$1 $2" >>"$PARTS"; }

# expect_fail STATUS TEXT COMMAND...: the command must fail with a status that matches STATUS and say TEXT
expect_fail() {
	local want=$1 text=$2 rc=0 said
	shift 2
	said=$("$@" 2>&1) || rc=$?
	if [ "$rc" = 0 ] || ! [[ $rc =~ ^($want)$ ]]; then echo "$*: exit $rc instead of $want: $said"; return 1; fi
	if ! grep -qiE -- "$text" <<<"$said"; then echo "$*: does not say '$text': $said"; return 1; fi
	note "$* -> $rc: $said"
}

# expect_text TEXT COMMAND...: the command must succeed and print TEXT (extended regular expression)
expect_text() {
	local text=$1 said
	shift
	said=$("$@" 2>&1) || { echo "$*: exit $?: $said"; return 1; }
	note "$* -> $said"
	grep -qE -- "$text" <<<"$said" || { echo "$*: does not print '$text'"; return 1; }
}

# perftest_server_fails TEXT SERVER_OPTION...: an ib_write_bw server that must fail once a client connects, saying TEXT
perftest_server_fails() {
	local text=$1 out=/tmp/server.out
	shift
	timeout 150 ib_write_bw -F -s 64 -n 5 -p 18601 "$@" >$out 2>&1 &
	wait_for 10 listening 18601
	timeout 150 ib_write_bw -F -s 64 -n 5 -p 18601 -d "$nic_ext" 127.0.0.1 >/dev/null 2>&1 || true
	if wait $!; then echo "the server did not fail"; return 1; fi
	cat $out
	grep -qiE "$text" $out
}

equal() { # WHAT GOT WANT
	[ "$2" = "$3" ] || { echo "$1: got '$2', want '$3'"; return 1; }
	note "$1 = $2"
}

# both PROGRAM TEST: with the MR on the Extended NIC and the peer on the 8-bit one, then the other way round
both() {
	"$1" "$2" "$endpoint" "$nic_ext" "$nic_8bit" ext
	"$1" "$2" "$endpoint" "$nic_8bit" "$nic_ext" 8bit
}

# Drivers and devices that every case can rely on; variables for each test's shell.
setup() {
	load_mlx5
	load_vfio
	local bdf
	for bdf in $(endpoints); do bind_vfio "$bdf"; done
	for bdf in $(nics); do
		wait_for 10 has_ib "$bdf"
		wait_for 10 port_active "$(ib_of "$bdf")"
	done
}

# Called once, by run-cases.sh. The code below starts no process: it runs before every test, and
# on debug kernels a process takes 0.1 to 0.3 s. BDFs are stable; the name of an RDMA device may
# change when its driver is bound again.
remember_devices() {
	ENDPOINTS=$(endpoints)
	NICS=$(nics)
	export ENDPOINTS NICS
}

bdfs=(${ENDPOINTS-})
endpoint=${bdfs[0]-} endpoint2=${bdfs[1]-}
bdfs=(${NICS-})
name_ib nic_ext "${bdfs[0]-}"
name_ib nic_8bit "${bdfs[1]-}"

# Expected output of `source_ops make` for each kind of host memory; the NIC registers all of them.
makes() { # SOURCE
	local out
	out=$(source_ops make "$1" "$nic_ext")
	echo "$out"
	grep -qx 'compare: ok' <<<"$out"
	grep -q '^tag: -95 (.*without its device' <<<"$out"
	grep -qx 'register: ok' <<<"$out"
	grep -qx 'deregister: ok' <<<"$out"
}

# ipoib_of NIC: the IPoIB interface of mlx5_N, or an empty line
ipoib_of() { ls "/sys/class/infiniband/$1/device/net" 2>/dev/null | head -n 1; }

# ipoib_up NIC ADDRESS [NAMESPACE]: the interface with that address, in a network namespace if one is given; it has
# joined its broadcast group when the carrier is there
ipoib_up() {
	local dev in=()
	insert ib_ipoib
	wait_for 10 has_ipoib "$1"
	dev=$(ipoib_of "$1")
	if [ -n "${3-}" ]; then
		ip link set "$dev" netns "$3"
		in=(ip netns exec "$3")
	fi
	"${in[@]}" ip addr add "$2/24" dev "$dev"
	"${in[@]}" ip link set "$dev" up
	wait_for 10 "${in[@]}" grep -q 1 "/sys/class/net/$dev/carrier"
}

# A CM ID listens: readiness of a server of rdma_cm, which has no TCP port
cm_listens() { rdma resource show cm_id | grep -q LISTEN; }

has_ipoib() { [ -n "$(ipoib_of "$1")" ]; }

# inject KIND: fault injection of this kind. Allocations that may sleep fail too, without a message for each; the
# program selects the failing one.
inject() {
	local dir=/sys/kernel/debug/$1
	echo 0 >"$dir/verbose"
	for file in ignore-gfp-wait ignore-gfp-highmem cache-filter; do
		[ ! -e "$dir/$file" ] || echo N >"$dir/$file"
	done
	[ ! -e "$dir/min-order" ] || echo 0 >"$dir/min-order"
}
