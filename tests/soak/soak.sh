#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make soak: the random tests with new seeds until the time is over. Each turn adds a line to a ledger in the cache, so
# that runs add up; the run is resumed by starting it again.
#   soak.sh HOURS [PART...]    PARTS: below, or fuzz: every target; without any, all in turn
#   soak.sh --sums             sums of this machine's ledger and of docs/endurance.tsv, as a table
#   soak.sh --merge            adds this machine's ledger to docs/endurance.tsv and to the table of docs/endurance.md;
#                              what has been added is kept beside the ledger and not added again
. "$(dirname "$0")/../../rig/lib/common.sh"
ledger=${SOAK_LEDGER:-$CACHE/soak.tsv}
fuzz_parts=($(ls "$TOP/tests/fuzz/corpus" | sed 's/^/fuzz_/'))
vm_parts=(stress stress_debug stress_kcsan bad_inputs bad_inputs_debug retag retag_debug
	nic_reset nic_reset_debug transports transports_debug reload reload_debug fabric_killed vm_killed perftest_options)
host_parts=(guest_killed)
parts=("${fuzz_parts[@]}" "${host_parts[@]}" "${vm_parts[@]}")
total=${SOAK_TOTAL:-$TOP/docs/endurance.tsv} text=${SOAK_TEXT:-$TOP/docs/endurance.md}

FUZZ_SECONDS=${FUZZ_SECONDS:-120} STRESS_SECONDS=${STRESS_SECONDS:-300}
BAD_INPUTS=${BAD_INPUTS:-10000000} RETAG_CYCLES=${RETAG_CYCLES:-10000}

# Each part runs for some minutes and sets amount (what it did, in its unit); a part that fails may have done some, too.
fuzz() { # TARGET: libFuzzer takes seeds of 32 bits
	local log=$work/fuzz.log rc=0
	TARGET=$1 SECONDS_EACH=$FUZZ_SECONDS FUZZ_SEED=$((seed & 0x7fffffff)) "$TOP/tests/harness/fuzz.sh" >"$log" 2>&1 || rc=$?
	amount=$(awk '/stat::number_of_executed_units/ { n += $2 } END { print n + 0 }' "$log")
	return $rc
}

# boot NAME KERNEL CASE ARGUMENT...: one case of a boot, with kernel arguments. The case has nearly all of the machine's
# time: how long a number of operations takes depends on what else the host does.
boot() {
	local name=$1 kernel=$2
	ONLY=$3 BOOT_ARGS="SEED=$seed TEST_DEADLINE=1600 ${*:4}" BOOT_DEADLINE=1700 "$TOP/tests/harness/vm-boot.sh" "$name" "$kernel" >"$work/tap" 2>"$work/err"
	[ "$(grep -c '^ok' "$work/tap")" -gt 0 ] && ! grep -q '^not ok' "$work/tap" || return
	logs=$BUILD/vm/check-$name-$kernel/out/log
}

unit_fuzz=executions unit_stress=operations unit_stress_debug=operations unit_stress_kcsan=operations
stress_on() { # BOOT KERNEL
	boot "$1" "$2" stress STRESS_SECONDS=$STRESS_SECONDS || return
	amount=$(awk '/ operations in .* rounds/ { print $1 }' "$logs"/stress.*.log)
}
stress() { stress_on 40-stress patched; }
stress_debug() { stress_on 40-stress debug; }
stress_kcsan() { stress_on 50-kcsan kcsan; }

unit_bad_inputs=inputs unit_bad_inputs_debug=inputs
bad_inputs_on() { # KERNEL COUNT
	boot 40-stress "$1" bad_inputs BAD_INPUTS="$2" || return
	amount=$(awk '/ inputs in / { print $1 }' "$logs"/bad_inputs.*.log)
}
bad_inputs() { bad_inputs_on patched "$BAD_INPUTS"; }
bad_inputs_debug() { bad_inputs_on debug 1000000; }

unit_retag=cycles unit_retag_debug=cycles
retag_on() { # KERNEL COUNT: half of them on each NIC
	boot 11-life-cycle "$1" retag CYCLES="$(($2 / 2))" || return
	amount=$(awk '/ cycles of / { n += $1 } END { print n + 0 }' "$logs"/retag.*.log)
}
retag() { retag_on patched "$RETAG_CYCLES"; }
retag_debug() { retag_on debug 1000; }

unit_nic_reset=tests unit_nic_reset_debug=tests unit_transports=tests unit_transports_debug=tests
whole_boot() { # BOOT KERNEL: all of its cases
	"$TOP/tests/harness/vm-boot.sh" "$1" "$2" >"$work/tap" 2>"$work/err" && ! grep -q '^not ok' "$work/tap" || return
	amount=$(grep -c '^ok' "$work/tap")
}
nic_reset() { whole_boot 24-nic-reset patched; }
nic_reset_debug() { whole_boot 24-nic-reset debug; }
transports() { whole_boot 14-net-plugin patched; }
transports_debug() { whole_boot 14-net-plugin debug; }

unit_reload=reloads unit_reload_debug=reloads
reload_on() { # KERNEL COUNT
	boot 11-life-cycle "$1" reload RELOADS="$2" || return
	amount=$(awk '/ reloads$/ { print $1 }' "$logs"/reload.*.log)
}
reload() { reload_on patched 12; }
reload_debug() { reload_on debug 4; }

# Guests of a client of the tests, and whole ones.
unit_guest_killed=kills unit_vm_killed=kills
guest_killed() {
	"$TOP/rig/configure.sh" asan >"$work/build" 2>&1 && meson compile -C "$BUILD/asan" guest_killed_test >>"$work/build" 2>&1 || return
	KILLS=300 SEED=$seed timeout 1200 "$BUILD/asan/tests/fabric/guest_killed_test" >"$work/tap" 2>&1 || return
	amount=$(awk '/ guests killed/ { print $2 }' "$work/tap")
}
vm_killed() {
	SEED=$seed "$TOP/tests/guest-killed.sh" 4 >"$work/tap" 2>"$work/err" && ! grep -q '^not ok' "$work/tap" || return
	amount=$(grep -c '^ok.* is killed$' "$work/tap")
}

unit_fabric_killed=kills
fabric_killed() {
	"$TOP/tests/fabric-killed.sh" >"$work/tap" 2>"$work/err" && ! grep -q '^not ok' "$work/tap" || return
	amount=$(grep -c '^ok 1 ' "$work/tap")
}

# The seed does not matter: the table of options is fixed.
unit_perftest_options=pairs
perftest_options() {
	ONLY=perftest_long BOOT_ARGS=TEST_DEADLINE=1800 BOOT_DEADLINE=7200 "$TOP/tests/harness/vm-boot.sh" 13-tools patched >"$work/tap" 2>"$work/err"
	[ "$(grep -c '^ok' "$work/tap")" -gt 0 ] && ! grep -q '^not ok' "$work/tap" || return
	amount=$(grep -c '^ok.*: ib_' "$work/tap")
}

# A commit that is an ancestor of this one: it may have had another hash when the turn ran.
known_commit() {
	local commit=${1%-dirty} subject
	if git -C "$TOP" merge-base --is-ancestor "$commit" HEAD 2>/dev/null; then echo "$commit"; return; fi
	subject=$(git -C "$TOP" log -1 --format=%s "$commit" 2>/dev/null) || { echo unknown; return; }
	git -C "$TOP" log --format='%h%x09%s' HEAD | awk -F '\t' -v subject="$subject" '
		$2 == subject && !found { print $1; found = 1 } END { if (!found) print "unknown" }'
}

# Lines "part amount unit seconds turns failed commit" of the committed sums and of the ledger, one for each part
totals() {
	local part amount unit seconds turns failed commit
	{
		[ ! -e "$total" ] || grep -v '^#' "$total" || true
		[ ! -e "$ledger" ] || awk -F '\t' -v OFS='\t' '{ print $3, $5, $6, $8, 1, $7 != "ok", $2 }' "$ledger"
	} | awk -F '\t' -v OFS='\t' '{ amount[$1] += $2; unit[$1] = $3; seconds[$1] += $4; turns[$1] += $5; failed[$1] += $6; last[$1] = $7 }
		END { for (part in turns) print part, sprintf("%d", amount[part]), unit[part], seconds[part], turns[part], failed[part], last[part] }' |
		sort | while IFS=$'\t' read -r part amount unit seconds turns failed commit; do
		printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$part" "$amount" "$unit" "$seconds" "$turns" "$failed" "$(known_commit "$commit")"
	done
}

table() { # lines of totals
	echo "| part | amount | hours | turns | failed | last commit |"
	echo "|---|---|---|---|---|---|"
	awk -F '\t' '{ printf "| %s | %d %s | %.2f | %d | %d | %s |\n", $1, $2, $3, $4 / 3600, $5, $6, $7; sum += $4 }
		END { printf "| all | | %.2f | | | |\n", sum / 3600 }'
}

sums() { totals | table; }

merge() {
	local now
	now=$(totals)
	{ printf '# part\tamount\tunit\tseconds\tturns\tfailed\tcommit\n'; printf '%s\n' "$now"; } >"$total"
	awk -v table="$(table <<<"$now")" '/^<!-- sums/ { print; print table; skip = 1 } /^<!-- end/ { skip = 0 } !skip || /^<!-- end/ { if (!/^<!-- sums/) print }' \
		"$text" >"$text.new"
	mv "$text.new" "$text"
	[ ! -e "$ledger" ] || { mv "$ledger" "$ledger.now" && cat "$ledger.now" >>"$ledger.merged" && rm "$ledger.now"; }
}

# One turn of a part, and its line: time, commit, part, seed, amount, unit, result, seconds
turn() {
	local part=$1 began=$SECONDS result=ok unit
	seed=0x$(od -An -N7 -tx8 /dev/urandom | tr -d ' ')
	work=$BUILD/soak/$part
	rm -rf "$work"
	mkdir -p "$work"
	amount=0
	case $part in
	fuzz_*) unit=unit_fuzz; fuzz "${part#fuzz_}" || result=FAILED ;;
	*) unit=unit_$part; "$part" || result=FAILED ;;
	esac
	[ "${amount:-0}" -gt 0 ] || result=FAILED
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$(date -u +%FT%TZ)" "$(git -C "$TOP" describe --always --dirty)" "$part" "$seed" \
		"${amount:-0}" "${!unit}" "$result" "$((SECONDS - began))" | tee -a "$ledger"
	[ "$result" = ok ] || { failures=$((failures + 1)); say "$part failed with seed $seed: see ${work#"$TOP"/} and build/vm"; }
}

# Only what the parts need: fuzz targets have a build of their own.
build_for() {
	local kernels=(base) part vm=no
	for part; do
		case $part in
		fuzz_* | guest_killed) continue ;;
		*_debug) kernels+=(debug) ;;
		*_kcsan) kernels+=(kcsan) ;;
		esac
		vm=yes
	done
	[ $vm = no ] || "$TOP/rig/all.sh" 0 "${kernels[@]}"
}

arguments 1 1000 "HOURS [PART...] | --sums | --merge; parts: fuzz ${parts[*]}" "$@"
case $1 in
--sums | --merge)
	arguments 1 1 "$1" "$@"
	"${1#--}"
	exit
	;;
esac
limit=0
[[ ! $1 =~ ^[0-9]+(\.[0-9]+)?$ ]] || limit=$(awk -v hours="$1" 'BEGIN { print int(hours * 3600) }')
[ "$limit" -gt 0 ] || misused "HOURS '$1' is not a number of hours, such as 1 or 0.5"
whole_number FUZZ_SECONDS "$FUZZ_SECONDS" 1 86400
whole_number STRESS_SECONDS "$STRESS_SECONDS" 1 86400
whole_number BAD_INPUTS "$BAD_INPUTS" 1 1000000000
whole_number RETAG_CYCLES "$RETAG_CYCLES" 2 1000000000
shift
chosen=()
for part; do
	case " fuzz ${parts[*]} " in
	*" $part "*) if [ "$part" = fuzz ]; then chosen+=("${fuzz_parts[@]}"); else chosen+=("$part"); fi ;;
	*) misused "PART '$part' is not one of fuzz ${parts[*]}" ;;
	esac
done
[ $# -gt 0 ] || chosen=("${parts[@]}")
set -- "${chosen[@]}"
mkdir -p "$(dirname "$ledger")"
build_for "$@"
failures=0 start=$SECONDS
while :; do
	for part; do
		[ "$((SECONDS - start))" -lt "$limit" ] || break 2
		turn "$part"
	done
done
say "sums of all runs ($ledger):"
sums
[ "$failures" = 0 ] || die "$failures turns failed"
