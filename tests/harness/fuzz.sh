#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make fuzz: libFuzzer on every parser, or on TARGET, for SECONDS each; findings are in build/fuzz/found.
. "$(dirname "$0")/../../rig/lib/common.sh"
seconds=${SECONDS_EACH:-60} seed=${FUZZ_SEED:-0} # seed 0: a random one
arguments 0 0 "(SECONDS_EACH, TARGET, FUZZ_SEED are variables)" "$@"
whole_number SECONDS_EACH "$seconds" 1 1000000
whole_number FUZZ_SEED "$seed" 0 $((0xffffffff))
corpora=$TOP/tests/fuzz/corpus
"$TOP/rig/setup.sh" tests
"$TOP/rig/configure.sh" fuzz >/dev/null
targets=${TARGET:-$(ls "$corpora")}
# Freed memory is kept from reuse far longer than an input lasts, without the page faults of the default, 256 MiB. A
# finding shows its allocations completely when its input runs again without these options.
export ASAN_OPTIONS=quarantine_size_mb=4:malloc_context_size=2${ASAN_OPTIONS:+:$ASAN_OPTIONS}
# Longest input: short texts, a config space, or what fills the operations of an input.
max_len() {
	case $1 in
	bdf | range | tag) echo 128 ;;
	fdinfo | net) echo 512 ;;
	command | wqe) echo 1024 ;;
	*) echo 4096 ;;
	esac
}
meson compile -C "$BUILD/fuzz" $(printf 'fuzz_%s ' $targets)
for target in $targets; do
	found=$BUILD/fuzz/found/$target
	mkdir -p "$found"
	say "== $target"
	"$BUILD/fuzz/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -seed="$seed" -max_len="$(max_len "$target")" -print_final_stats=1 \
		-reload=0 -artifact_prefix="$found/" "$found" "$corpora/$target"
done
