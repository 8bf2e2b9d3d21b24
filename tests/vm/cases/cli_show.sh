# SPDX-License-Identifier: MIT
# tphbuf show: dma-bufs of this and of another process.

test_of_another_process() {
	local pid
	tphbuf export "$endpoint" --bar 2 --length 64K --hold >/tmp/hold.out 2>&1 &
	pid=$!
	wait_for 10 grep -q 'held by' /tmp/hold.out
	expect_text 'vfio.* 64 KiB' tphbuf show $pid
	expect_text '"length":[[:space:]]*65536' tphbuf show --json $pid
	expect_fail 1 'is not a dma-buf' tphbuf show $pid/0
	kill $pid
	wait $pid
	expect_fail 1 "process $pid" tphbuf show $pid
}

test_of_an_inherited_descriptor() {
	expect_text 'vfio.* 64 KiB' tphbuf export "$endpoint" --bar 2 --length 64K --exec sh -c 'tphbuf show $TPHBUF_FD'
	# The example of the help.
	expect_text 'vfio.* 64 KiB' tphbuf export "$endpoint" --bar 2 --length 64K --exec sh -c 'tphbuf show $PPID'
}

test_without_buffers() {
	expect_text 'holds no dma-buf' tphbuf show $$
	expect_fail 2 'neither a process' tphbuf show x
}

test_tag_and_device_of_another_process() {
	local pid
	tphbuf export "$endpoint" --bar 2 --length 64K --tag st=0x5a,ph=2 --hold >/tmp/hold.out 2>&1 &
	pid=$!
	wait_for 10 grep -q 'held by' /tmp/hold.out
	expect_text "64 KiB .* $endpoint +st=0x5a,ph=2" tphbuf show $pid
	expect_text '"text":[[:space:]]*"st=0x5a,ph=2"' tphbuf show --json $pid
	kill $pid
	wait $pid
}
