# SPDX-License-Identifier: MIT
# For cases that run tests of the kernel's own tree, KUnit and selftests: both print KTAP.
# See Documentation/dev-tools/ktap.rst.

# ktap_parts: KTAP of one level on standard input, each result becomes a part. Fails unless the
# number of tests matches the plan and is at least one.
ktap_parts() {
	local line planned=0 ran=0
	while IFS= read -r line; do
		if [[ $line =~ ^1\.\.([0-9]+) ]]; then
			planned=${BASH_REMATCH[1]}
		elif [[ $line =~ ^((not )?ok)\ [0-9]+\ (-\ )?(.*)$ ]]; then
			ran=$((ran + 1))
			part "${BASH_REMATCH[1]}" "${BASH_REMATCH[4]}"
		fi
	done
	[ "$planned" -gt 0 ] || { echo "the suite planned no test"; return 1; }
	[ "$ran" = "$planned" ] || { echo "the suite ran $ran of $planned tests"; return 1; }
}

# selftest PROGRAM BDF [OPTION...]: a program of tools/testing/selftests/vfio on a device bound to vfio-pci.
# OPTION as of kselftest_harness.h: "-t NAME" only this test, "-T NAME" all but this one.
selftest() {
	local program=/opt/tphbuf/selftests/$1 bdf=$2 out=/tmp/selftest.out rc=0
	shift 2
	timeout 600 "$program" "$@" "$bdf" >"$out" 2>&1 || rc=$?
	cat "$out"
	ktap_parts <"$out"
	[ "$rc" = 0 ] || { echo "$program: exit $rc"; return 1; }
}

# kunit MODULE SUITE: of the suites in the module, which run when it is loaded, only this one. Its results are in
# the kernel log: the suite's own not indented, those of its tests by one level.
kunit() {
	local mark out=/tmp/kunit.out
	grep -q 'kunit.enable=1' /proc/cmdline || { echo "the boot has no kunit.enable=1"; return 1; }
	printf %s "$2" >/sys/module/kunit/parameters/filter_glob # without line end, which would be part of the pattern
	mark=$(dmesg | wc -l)
	insert "$1"
	dmesg | tail -n +"$((mark + 1))" | sed 's/^\[[^]]*\] //' >"$out"
	cat "$out"
	grep -qx "    # Subtest: $2" "$out" || { echo "suite $2 did not run"; return 1; }
	sed -n 's/^    \([^ ].*\)/\1/p' "$out" | ktap_parts
	grep -qE "^ok [0-9]+ $2\$" "$out" || { echo "suite $2 did not pass"; return 1; }
	rmmod "$1"
}
