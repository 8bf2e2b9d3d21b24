# SPDX-License-Identifier: MIT
# A tagged buffer is sent from the process that owns the accelerator to the one that owns the NIC.

examples=/opt/tphbuf/examples
socket=/tmp/handover.sock

# The two programs wait on FIFOs.
setup_fifos() {
	rm -f /tmp/sender.in /tmp/receiver.in
	mkfifo /tmp/sender.in /tmp/receiver.in
	exec 8<>/tmp/sender.in 9<>/tmp/receiver.in
}

send() { # [device]
	rm -f $socket
	$examples/share_send "$endpoint" 2 st=0x5a,ph=2 $socket "$@" </tmp/sender.in 8>&- 9>&- >/tmp/sender.out 2>&1 &
	sender=$!
	wait_for 10 test -S $socket
}

test_the_receiver_registers_with_the_claimed_tag() {
	setup_fifos
	send
	timeout 150 $examples/share_receive $socket "$nic_8bit" >/tmp/receiver.out 2>&1
	cat /tmp/receiver.out
	grep -q "received: $endpoint BAR2 'example', 1048576 bytes, tag st=0x5a,ph=2 (claimed), from process $sender" /tmp/receiver.out
	grep -q 'registered: rkey' /tmp/receiver.out
	exec 8>&-
	wait $sender
}

# The NIC that sends the other namespace does not apply the claimed tag, as the receiver reports.
test_a_claim_that_is_not_applied_is_refused() {
	setup_fifos
	send
	expect_fail 1 'tag is required but not applied' timeout 150 $examples/share_receive $socket "$nic_ext"
	exec 8>&-
	wait $sender
}

# Sent with the device, the buffer stays valid: the receiver registers after the sender has exited.
test_registered_after_the_sender_has_gone() {
	setup_fifos
	send device
	timeout 150 $examples/share_receive $socket "$nic_8bit" wait </tmp/receiver.in 8>&- 9>&- >/tmp/receiver.out 2>&1 &
	receiver=$!
	wait_for 10 grep -q received: /tmp/receiver.out
	wait $sender
	[ ! -e /proc/$sender ]
	exec 9>&-
	wait $receiver || { cat /tmp/receiver.out; return 1; }
	cat /tmp/receiver.out
	grep -q '(confirmed)' /tmp/receiver.out
	grep -q 'registered: rkey' /tmp/receiver.out
}

# Sent without the device, the buffer is revoked when the sender exits, and registration reports
# that.
test_without_the_device_the_buffer_dies_with_its_sender() {
	setup_fifos
	send
	timeout 150 $examples/share_receive $socket "$nic_8bit" wait </tmp/receiver.in 8>&- 9>&- >/tmp/receiver.out 2>&1 &
	receiver=$!
	wait_for 10 grep -q received: /tmp/receiver.out
	exec 8>&-
	wait $sender
	exec 9>&-
	if wait $receiver; then echo "it was registered"; return 1; fi
	cat /tmp/receiver.out
	grep -q 'the buffer is revoked' /tmp/receiver.out
}

test_no_server() {
	expect_fail 1 'no such file' $examples/share_receive /tmp/nowhere.sock "$nic_8bit"
	expect_fail 2 'usage' $examples/share_receive /tmp/nowhere.sock
	expect_fail 2 'usage' $examples/share_send "$endpoint" 2 st=1
	expect_fail 2 '8.bit|255|0xff' $examples/share_send "$endpoint" 2 st=256 $socket
}
