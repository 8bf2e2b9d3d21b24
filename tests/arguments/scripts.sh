#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Scripts and their bad arguments. TAP. Packages, compilers and virtual machines are out of reach here: a script that
# accepts what it should refuse ends with another status.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
. "$TOP/tests/arguments/rows.sh"
away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT
mkdir "$away/bin"
for command in apt-get dpkg-query gcc git meson mmdebstrap ninja nvidia-smi unshare; do
	printf '#!/bin/sh\nexit 9\n' >"$away/bin/$command"
done
chmod +x "$away"/bin/*
NUMBERS=$'x\n-1\n1.5\n18446744073709551616' # a shell takes its time
export PATH=$away/bin:$PATH BUILD=$away/build XDG_CACHE_HOME=$away/cache

soak=$TOP/tests/soak/soak.sh
lacks HOURS "$soak"
range HOURS "x -1 0 0.0 . 1.2.3 1x 1e3" "$soak" @
word PART "$soak" 1 @
superfluous "$soak" --sums 1
superfluous "$soak" --merge 1
for name in FUZZ_SECONDS STRESS_SECONDS BAD_INPUTS RETAG_CYCLES; do setting $name "$soak" 1 guest_killed; done

cd "$TOP/tests/harness" || exit 1
count_most ./fuzz.sh
setting SECONDS_EACH ./fuzz.sh
setting FUZZ_SEED ./fuzz.sh
range FUZZ_SEED 4294967296 env FUZZ_SEED=@ ./fuzz.sh
setting JOBS ./fuzz.sh
count ./vm-boot.sh 10-demo-fabric
word BOOT ./vm-boot.sh @
setting BOOT_DEADLINE ./vm-boot.sh 10-demo-fabric
word KIND ./check.sh @
superfluous ./check.sh unit 1
count_most ./coverage.sh

cd "$TOP/rig" || exit 1
number -d ./vm.sh -d @ rig/shell.sh
number -l ./vm.sh -l @ rig/shell.sh
range -m "x 1 1g -1G 0G" ./vm.sh -m @ rig/shell.sh
lacks SCRIPT ./vm.sh -d 1
number STAGES_AFTER ./all.sh @
word KERNEL ./all.sh 0 @
word WHAT ./build.sh @
superfluous ./build.sh fabric 1
word WHAT ./setup.sh @
lacks NAME ./configure.sh
lacks COMMAND ./in-root.sh
count_most ./shell.sh

cd "$TOP/tests" || exit 1
number GUESTS ./guest-killed.sh @
range GUESTS 0 ./guest-killed.sh @
setting SEED ./guest-killed.sh
count_most ./fabric-killed.sh
superfluous ./packages.sh trixie 1
number SECONDS ./gpu/run.sh build out @
range SECONDS 0 ./gpu/run.sh build out @
word OPTION ./lint/lint.sh @
word OPTION ./lint/abi.sh @
number --count ./mutate/mutate.py --count @
range --count 0 ./mutate/mutate.py --count @
number --seed ./mutate/mutate.py --seed @
number --limit ./fuzz/detect.py --limit @
range --limit 0 ./fuzz/detect.py --limit @
number --seed ./fuzz/detect.py --seed @

cd "$TOP/benchmarks" || exit 1
count_most ./bench.sh
setting PAIRS ./bench.sh
range PAIRS 0 env PAIRS=@ ./bench.sh
range PART "absent rxe,bar" env PARTS=@ ./bench.sh
number FUNCTIONS ./list.sh true @
range FUNCTIONS "0 16384" ./list.sh true @
number RUNS ./list.sh true 1 @
range RUNS 0 ./list.sh true 1 @
superfluous ./list.sh true 1 1 1
usage ./scale/study.py program folder
usage ./report/page.py folder
usage ./report/trace_page.py in out

ab=(./ab/tphbuf_ab.py --endpoint e --nic n --peer p --tag st=1)
for name in bar size iterations rounds seed timeout; do number --$name "${ab[@]}" --$name @; done
for name in size iterations rounds timeout; do range --$name 0 "${ab[@]}" --$name @; done
range --bar 6 "${ab[@]}" --bar @

cd "$TOP" || exit 1
count_most demo/demo.sh
word WHAT packaging/deb.sh @
superfluous packaging/deb.sh userspace trixie 1
superfluous benchmarks/perftest/test/options.sh folder 1
rows_end
