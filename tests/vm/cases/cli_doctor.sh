# SPDX-License-Identifier: MIT
# tphbuf doctor: the rig is healthy; then one fault after the other is made, reported, and
# repaired by its remedy.

# finding ID ARGS...: severity and remedy of a finding, from the text output
finding() {
	local id=$1
	shift
	{ tphbuf doctor "$@" || true; } | awk -v id="$id" '
		found { if (!sub(/^ *-> /, "")) $0 = ""; print severity, $0; exit }
		$2 == id { found = 1; severity = $1 }'
}

test_rig_is_healthy() {
	expect_text '^0 errors, 0 unsupported, 0 warnings' tphbuf doctor "$endpoint" "$nic_8bit"
	expect_text '^0 errors, 0 unsupported, 0 warnings' tphbuf doctor --no-open "$endpoint" "$nic_ext"
}

test_tags_are_probed() {
	[[ $(finding tags "$endpoint") == ok* ]]
	[[ $(finding export "$endpoint") == ok* ]]
	[[ $(finding delivery "$endpoint" "$nic_8bit") == ok* ]]
}

test_wrong_driver_is_found_and_mended() {
	local remedy
	unbind "$endpoint"
	remedy=$(finding driver "$endpoint")
	note "$remedy"
	[[ $remedy == error* ]]
	bash -c "${remedy#error }"
	[[ $(finding driver "$endpoint") == ok* ]]
}

test_other_user_is_found() {
	local pid remedy
	tphbuf export "$endpoint" --bar 2 --length 64K --hold >/tmp/hold.out 2>&1 &
	pid=$!
	wait_for 10 grep -q 'held by' /tmp/hold.out
	remedy=$(finding busy --no-open "$endpoint")
	note "$remedy"
	[[ $remedy == "error stop process $pid "* ]]
	kill "$pid"
	wait $pid
	[[ $(finding busy --no-open "$endpoint") == ok* ]]
}

test_bad_input() {
	expect_fail 1 'no such PCI function' tphbuf doctor 0000:ff:1f.7
	expect_fail 2 'neither a PCI address' tphbuf doctor x:y
	expect_fail 2 'unexpected argument' tphbuf doctor "$endpoint" "$nic_ext" x
}
