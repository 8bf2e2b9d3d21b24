#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Check each series of kernel/independent as verify.sh checks those of kernel/topics, but on the release alone, and only
# the objects of the C files that it changes, without other options than CONFIG_INFINIBAND_USER_ACCESS=n.
# Success is recorded in kernel/TOPIC/verified.
#   verify-independent.sh [--known] [TOPIC...]    without TOPIC all; --known: build nothing; status 0 if all are as verified
# The functions are those of verify.sh, whose own text must stay as it is, or kernel/verified would not hold any more.
. <(sed '/^# What the result depends on/,$d' "$(dirname "$0")/verify.sh")

topics() { say "$independent"; } # for series_patches: this series and no other

objects() {
	local file
	series_text | sed -n 's,^+++ b/,,p' | sort -u | while read -r file; do
		[ "${file%.c}" != "$file" ] || die "$independent changes $file: only C files; list the series in kernel/topics"
		say "${file%.c}.o"
	done
}

# The base of a few objects may have none.
eval "some_$(declare -f complaints)"
complaints() { some_complaints "$1" || true; }

selftests() { :; }

variants() {
	configure "$WORK/x86" CONFIG_INFINIBAND_USER_ACCESS=n || { fail "configure without user access"; return; }
	build "build with CONFIG_INFINIBAND_USER_ACCESS=n" "$WORK/x86" $OBJECTS
}

# What the results depend on, as in verify.sh
tools=$(cd "$TOP/kernel/tools" &&
	sed '/^[[:space:]]*#/d; /^[[:space:]]*$/d' fetch.sh lib.sh sparse check-rst.py verify.sh verify-independent.sh)
state_of() { # TOPIC
	local fixes=$TOP/kernel/$1/fixes
	[ -e "$fixes" ] || fixes=/dev/null
	hash_text "$(series_text | sha256sum) $(hash_of "$TOP"/kernel/{BASE,config/vm.config} "$fixes") $tools"
}

known=
[ "${1:-}" != --known ] || { known=yes && shift; }
[ $# -gt 0 ] || set -- $(cat "$TOP/kernel/independent")
for independent in "$@"; do
	state=$(state_of "$independent")
	record=$TOP/kernel/$independent/verified
	if [ -n "$known" ]; then
		[ "$(cut -d ' ' -f 1 "$record" 2>/dev/null)" = "$state" ] || exit 1
		continue
	fi
	WORK=$CACHE/kernel-verify-$independent SRC=$CACHE/kernel-verify-$independent/src
	OBJECTS=$(objects)
	ALL_OBJECTS=$OBJECTS TPH_OBJECTS='' SERIES_OPTIONS='' SERIES_FOLDERS=''
	tarball=$("$TOP/kernel/tools/fetch.sh" tarball)
	base_id=$(hash_text "$(stat -c '%s %Y' "$tarball") $(hash_of "$TOP/kernel/config/vm.config" "$CHECK") $OBJECTS $OPTIONS")
	with_lock "kernel-verify-$independent" verify | tee "$WORK.log"
	say "$state $(tail -n 1 "$WORK.log")" >"$record"
done
