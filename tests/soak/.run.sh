#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make soak: the random tests with new seeds until the time is over. Each turn adds a line to a ledger in the cache, so
# that runs add up; the run is resumed by starting it again.
#   soak.sh HOURS [PART...]    PARTS: below, or fuzz: every target; without any, all in turn
#   soak.sh --sums             the ledger's sums, as the table of docs/endurance.md
. "$(dirname "$0")/../../rig/lib/common.sh"
ledger=${SOAK_LEDGER:-$CACHE/soak.tsv}
fuzz_parts=($(ls "$TOP/tests/fuzz/corpus" | sed 's/^/fuzz_/'))
vm_parts=(stress stress_debug stress_kcsan bad_inputs bad_inputs_debug retag retag_debug
	nic_reset nic_reset_debug transports transports_debug fabric_killed perftest_options)
parts=("${fuzz_parts[@]}" "${vm_parts[@]}")

# Each part runs for some minutes and sets amount (what it did, in its unit); a part that fails may have done some, too.
fuzz() { # TARGET: libFuzzer takes seeds of 32 bits
	local log=$work/fuzz.log rc=0
	TARGET=$1 SECONDS_EACH=120 FUZZ_SEED=$((seed & 0x7fffffff)) "$TOP/tests/harness/fuzz.sh" >"$log" 2>&1 || rc=$?
	amount=$(awk '/stat::number_of_executed_units/ { n += $2 } END { print n + 0 }' "$log")
	return $rc
}

# boot NAME KERNEL CASE ARGUMENT...: one case of a boot, with kernel arguments
boot() {
	local name=$1 kernel=$2
	ONLY=$3 BOOT_ARGS="SEED=$seed ${*:4}" BOOT_DEADLINE=1500 "$TOP/tests/harness/vm-boot.sh" "$name" "$kernel" >"$work/tap" 2>"$work/err"
	[ "$(grep -c '^ok' "$work/tap")" -gt 0 ] && ! grep -q '^not ok' "$work/tap" || return
	logs=$BUILD/vm/check-$name-$kernel/out/log
}

unit_fuzz=executions unit_stress=operations unit_stress_debug=operations unit_stress_kcsan=operations
stress_on() { # BOOT KERNEL
	boot "$1" "$2" stress STRESS_SECONDS=300 || return
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
bad_inputs() { bad_inputs_on patched 10000000; }
bad_inputs_debug() { bad_inputs_on debug 1000000; }

unit_retag=cycles unit_retag_debug=cycles
retag_on() { # KERNEL COUNT: half of them on each NIC
	boot 11-life-cycle "$1" retag CYCLES="$(($2 / 2))" TEST_DEADLINE=1200 || return
	amount=$(awk '/ cycles of / { n += $1 } END { print n + 0 }' "$logs"/retag.*.log)
}
retag() { retag_on patched "${RETAG_CYCLES:-10000}"; }
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

unit_fabric_killed=kills
fabric_killed() {
	"$TOP/tests/fabric-killed.sh" >"$work/tap" 2>"$work/err" && ! grep -q '^not ok' "$work/tap" || return
	amount=$(grep -c '^ok' "$work/tap")
}

# The seed does not matter: the table of options is fixed.
unit_perftest_options=pairs
perftest_options() {
	ONLY=perftest_long BOOT_ARGS=TEST_DEADLINE=1800 BOOT_DEADLINE=7200 "$TOP/tests/harness/vm-boot.sh" 13-tools patched >"$work/tap" 2>"$work/err"
	[ "$(grep -c '^ok' "$work/tap")" -gt 0 ] && ! grep -q '^not ok' "$work/tap" || return
	amount=$(grep -c '^ok.*: ib_' "$work/tap")
}

sums() {
	echo "| part | amount | hours | turns | failed | last commit |"
	echo "|---|---|---|---|---|---|"
	[ ! -e "$ledger" ] || awk -F '\t' '{ amount[$3] += $5; unit[$3] = $6; seconds[$3] += $8; turns[$3]++; failed[$3] += $7 != "ok"; last[$3] = $2 }
		END { for (part in turns) printf "| %s | %d %s | %.2f | %d | %d | %s |\n", part, amount[part], unit[part],
			seconds[part] / 3600, turns[part], failed[part], last[part] }' "$ledger" | sort
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
		fuzz_*) continue ;;
		*_debug) kernels+=(debug) ;;
		*_kcsan) kernels+=(kcsan) ;;
		esac
		vm=yes
	done
	[ $vm = no ] || "$TOP/rig/all.sh" 0 "${kernels[@]}"
}

case ${1:-} in
--sums) sums; exit ;;
'' | *[!0-9.]*) die "usage: soak.sh HOURS [PART...] | --sums; parts: ${parts[*]}" ;;
esac
limit=$(awk -v hours="$1" 'BEGIN { print int(hours * 3600) }')
shift
chosen=()
for part; do
	case " fuzz ${parts[*]} " in
	*" $part "*) if [ "$part" = fuzz ]; then chosen+=("${fuzz_parts[@]}"); else chosen+=("$part"); fi ;;
	*) die "no part '$part'; parts: fuzz ${parts[*]}" ;;
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
