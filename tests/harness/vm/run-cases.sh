#!/bin/bash
# SPDX-License-Identifier: MIT
# Run test cases inside the guest: each is cases/NAME.sh, a list of functions test_*. TAP goes to /srv/tap.
# A test is a function in a subshell of its own with a deadline; after each one the kernel log is scanned.
# A function that runs another suite reports each test of the suite by part(); these count as
# tests in addition to the function, which represents the suite as a whole.
. /opt/tphbuf/rig/lib.sh
. /opt/tphbuf/tests/lib.sh
. /opt/tphbuf/tests/debug.sh
. /opt/tphbuf/tests/kernel-log.sh

number=0 bad=0
report() { # ok|not ok, text
	number=$((number + 1))
	echo "$1 $number - $2" >>/srv/tap
	echo "TEST: $1 $number - $2"
	[ "$1" = ok ] || bad=1
}

# Lines "ok NAME", "not ok NAME", "ok NAME # SKIP REASON" that a function left by part()
report_parts() { # NAME
	local line
	while read -r line; do
		case $line in
		"ok "*) report ok "$1: ${line#ok }" ;;
		*) report "not ok" "$1: ${line#not ok }" ;;
		esac
	done <"$PARTS"
}

run_test() { # CASE FUNCTION [FILE]
	local name="$1: ${2#*_}" log="/srv/log/$1.${2#*_}.log" file=${3:-cases/$1.sh} rc splat new_log
	: >"$PARTS"
	echo "rig: case $name" >/dev/kmsg
	timeout --foreground "${TEST_DEADLINE:-300}" bash -c "
		. /opt/tphbuf/rig/lib.sh; . /opt/tphbuf/tests/lib.sh; . /opt/tphbuf/tests/$file
		set -e; $2" >"$log" 2>&1 </dev/null
	rc=$?
	read_log
	find_splat
	report_parts "$name"
	if [ -n "$splat" ]; then
		printf '%s\n' "--- kernel log:" "${new_log[@]}" >>"$log"
		report "not ok" "$name (kernel: $splat)"
	elif [ $rc = 0 ]; then
		report ok "$name"
	elif [ $rc = 4 ]; then
		report ok "$name # SKIP $(tail -n 1 "$log")"
	else
		[ $rc != 124 ] || { echo "--- deadline passed; tasks:"; echo w >/proc/sysrq-trigger; dmesg | tail -n 60; } >>"$log"
		report "not ok" "$name (exit $rc: $(grep -v '^+' "$log" | tail -n 1 | tr -d '#'))"
	fi
}

export PARTS=/tmp/parts
echo on >/proc/sys/kernel/printk_devkmsg # no rate limit: every mark of read_log reaches the log
mkdir -p /srv/log
: >/srv/tap
setup >/srv/log/setup.log 2>&1 || { report "not ok" "setup: $(tail -n 1 /srv/log/setup.log)"; exit 1; }
read_log
find_splat
[ -z "$splat" ] || report "not ok" "setup (kernel: $splat)"
remember_devices
for case in "$@"; do
	for function in $(sed -n 's/^\(test_[a-z0-9_]*\)().*/\1/p' "/opt/tphbuf/tests/cases/$case.sh"); do
		run_test "$case" "$function"
	done
done
for check in $(debug_checks); do run_test kernel "$check" debug.sh; done
echo "1..$number" >>/srv/tap
exit $bad
