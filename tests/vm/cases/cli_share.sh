# SPDX-License-Identifier: MIT
# tphbuf serve and attach: a tagged buffer is sent to another process, which registers it.

sock=/tmp/acc.sock

start_serve() { # OPTIONS...
	tphbuf serve "$endpoint" --bar 2 --length 64K --socket $sock "$@" >/tmp/serve.out 2>&1 &
	serve_pid=$!
	wait_for 10 test -S $sock
}

stop_serve() {
	kill $serve_pid
	wait $serve_pid
	[ ! -e $sock ]
}

test_receiver_registers_with_the_tag() {
	start_serve --tag st=0x5a,ph=2 --label slice
	expect_text 'applied +yes, st=0x5a,ph=2' tphbuf attach $sock --ibdev "$nic_8bit" --require
	expect_text 'tag +st=0x5a,ph=2, claimed by the sender' tphbuf attach $sock
	expect_fail 1 'applied' tphbuf attach $sock --ibdev "$nic_ext" --require
	stop_serve
}

# The sender has exited when the receiver registers.
test_buffer_outlives_its_sender_with_the_device() {
	start_serve --tag xst=0x1234,ph=1 --device --count 1
	expect_text 'applied +yes, xst=0x1234,ph=1' \
		tphbuf attach $sock --exec sh -c 'while kill -0 '$serve_pid' 2>/dev/null; do sleep 0.1; done
			echo "applied yes, $TPHBUF_TAG"; test -e /proc/self/fd/$TPHBUF_FD'
	wait $serve_pid
}

# attach, once it has the buffer, finds the NIC only after the sender has exited.
late_attach() { # SERVE_OPTION...
	start_serve --count 1 --tag st=0x5a,ph=2 "$@"
	LD_PRELOAD=late_verbs.so LATE_UNTIL_GONE=$serve_pid \
		tphbuf attach $sock --ibdev "$nic_8bit" --require >/tmp/attach.out 2>&1 &
	attach_pid=$!
	wait $serve_pid
	[ ! -e /proc/$serve_pid ]
	attach_status=0
	wait $attach_pid || attach_status=$?
	cat /tmp/attach.out
	grep -q "process $serve_pid has ended" /tmp/attach.out
}

test_registered_after_the_sender_has_gone() {
	late_attach --device
	equal "exit status" $attach_status 0
	grep -qE 'applied +yes, st=0x5a,ph=2' /tmp/attach.out
}

test_buffer_without_device_cannot_be_tagged_afterwards() {
	late_attach
	equal "exit status" $attach_status 1
	grep -q 'revoked' /tmp/attach.out
}

test_buffer_without_device_ends_with_its_sender() {
	start_serve --count 1
	tphbuf attach $sock --hold >/tmp/attach.out 2>&1 &
	wait_for 10 grep -q 'held by' /tmp/attach.out
	wait $serve_pid
	grep -q '64 KiB' /tmp/attach.out
	kill $!
	wait $!
}

test_permissions_are_the_access_control() {
	start_serve --mode 0600
	expect_fail 1 'ermission' setpriv --reuid 65534 --regid 65534 --clear-groups tphbuf attach $sock
	stop_serve
}

test_bad_input() {
	expect_fail 2 '--socket is missing' tphbuf serve "$endpoint" --bar 2
	expect_fail 1 'share failed' tphbuf attach /nonexistent
	expect_fail 2 'permission bits' tphbuf serve "$endpoint" --bar 2 --socket $sock --mode 9
}
