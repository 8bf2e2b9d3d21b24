# SPDX-License-Identifier: MIT
# rdma-core's own tests on both NICs, and its dma-buf tests on BAR memory (tests/rdma-core). Each of them is a test here.

RUN="python3 /opt/tphbuf/rdma-core/run.py"

# report COMMAND...: run.py, each of its lines a part; the skips, each listed with its reason in tests/rdma-core/expected,
# are one
report() {
	local line rc=0
	"$@" >/tmp/results 2>/tmp/errors || rc=$?
	! grep -q '# SKIP' /tmp/results || part ok "tests that do not apply # SKIP $(tail -n 1 /tmp/results | tr -d '#')"
	while read -r line; do
		case $line in
		"ok "*"# SKIP"*) echo "$line" ;;
		"ok "*) part ok "${line#ok }" ;;
		"not ok "*) part "not ok" "${line#not ok }" ;;
		*) echo "$line" ;;
		esac
	done </tmp/results
	tail -n 20 /tmp/errors
	return $rc
}

test_extended_nic() {
	echo 16 >/proc/sys/vm/nr_hugepages # of 2 MiB, for the tests on huge pages
	ipoib_up "$nic_ext" 10.9.1.1 # for those of rdma_cm
	report $RUN --dev "$nic_ext"
}

test_8bit_nic() {
	ipoib_up "$nic_8bit" 10.9.2.1
	report $RUN --dev "$nic_8bit"
}

# dmabuf NIC [TAG OPTIONS]: the dma-buf tests on the endpoint's BAR, by its descriptor
dmabuf() {
	local nic=$1
	shift
	fabric-tally "$endpoint" --clear
	report tphbuf export "$endpoint" --bar 2 --offset 0 --length 32M "$@" --exec \
		sh -c "exec $RUN --dev $nic --only 'test_mr.DmaBuf*' --dmabuf-fd \$TPHBUF_FD --bar $endpoint:2"
	fabric-tally "$endpoint" >/tmp/tally
	cat /tmp/tally
}

test_dmabuf_untagged() {
	dmabuf "$nic_ext"
	grep -q '"writes_tagged": 0,' /tmp/tally
}

test_dmabuf_8bit() {
	dmabuf "$nic_8bit" --tag st=0x5a,ph=2
	! grep -q '"writes_tagged": 0,' /tmp/tally
}

test_dmabuf_extended() {
	dmabuf "$nic_ext" --tag xst=0x1234,ph=1
	! grep -q '"writes_tagged": 0,' /tmp/tally
}
