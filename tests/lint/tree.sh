#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Rules about the source tree. TAP.
. "$(dirname "$0")/../../rig/lib/common.sh"
cd "$TOP"
. tests/harness/tap.sh

# check NAME FINDINGS: passes when there are no findings
check() {
	[ -z "$2" ] || printf '%s: %s\n' "$1" "$2" >&2
	tap ${#2} "$1" "$(head -n 20 <<<"$2")"
}

files() { git ls-files -- "$@" 2>/dev/null || find "$@" -type f; }

# Allowed includes: "folder forbidden-pattern"
include_edges() {
	local folder pattern
	while read -r folder pattern; do
		[ -d "$folder" ] || continue
		grep -rnE "^#include .*$pattern" "$folder" --include='*.[ch]' || true
	done <<-'EDGES'
		userspace/lib fabric/
		userspace/cli fabric/
		userspace/cli ("|/)internal\.h
		userspace/fabric tphbuf/
		userspace/fabric/core fabric/(nic|endpoint|engine|server|subnet)/
		userspace/fabric/subnet fabric/(core|nic|endpoint|engine|server)/
		userspace/fabric/nic fabric/(endpoint|engine|server)/
		userspace/fabric/endpoint fabric/(nic|engine|server|subnet)/
		userspace/fabric/engine fabric/(nic|endpoint|server|subnet)/
		benchmarks/micro fabric/
	EDGES
}

long_files() {
	files '*.c' '*.h' '*.sh' | grep -v '^kernel/.*/patches/' | while read -r file; do
		lines=$(wc -l <"$file")
		[ "$lines" -le 900 ] || echo "$file: $lines lines (900 at most)"
	done
}

long_functions() {
	files '*.c' | while read -r file; do
		awk -v file="$file" '/^{/ { start = NR } /^}/ { if (start && NR - start > 100)
			print file ":" start ": function of " NR - start " lines (100 at most)"; start = 0 }' "$file"
	done
}

without_licence() {
	files '*.c' '*.h' '*.sh' '*.asl' '*.jq' Makefile '*/Makefile' | while read -r file; do
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier' || echo "$file"
	done
}

machine_traces() {
	local host
	apt-get indextargets --format '$(SITE)' 2>/dev/null | sed 's,^[a-z]*://,,; s,/.*,,' | sort -u | while read -r host; do
		[ -z "$host" ] || git grep -nF "$host" || true
	done
	git grep -nE '/(root|home)/[a-z]+/|/tmp/w[/t]' -- ':!tests/lint' || true
}

series_and_patches() {
	local topic
	# A series may be there before the kernels are built with it, but none is built that is not there.
	comm -23 <(sort kernel/topics kernel/independent) <(cd kernel && dirname */series | sort)
	for topic in $(cd kernel && dirname */series); do
		diff <(grep -v -e '^#' -e '^$' "kernel/$topic/series" | sort) \
			<(cd "kernel/$topic/patches" && ls ./*.patch 2>/dev/null | sed 's,^\./,,' | grep -v '^0000-' | sort) || true
	done
	grep -ln '^Signed-off-by:' kernel/*/patches/*.patch 2>/dev/null || true
}

options_without_reason() { grep -nE '^CONFIG' kernel/config/*.config | grep -v '#' || true; }

broken_scripts() {
	files '*.sh' .ci/run | while read -r file; do bash -n "$file" 2>&1 || true; done
}

doc_targets() { # kernel/ names targets of Linux
	local file target
	files '*.md' | grep -v '^kernel/' | while read -r file; do
		grep -oE '(`|^    )make [a-z-]+' "$file" | awk '{ print $2 }' | sort -u | while read -r target; do
			grep -qE "^$target:" Makefile || echo "$file names 'make $target', the Makefile does not have it"
		done
	done
}

# Links, and paths of this tree between backticks; NAME stands for any.
doc_paths() {
	local file path
	files '*.md' | while read -r file; do
		{
			grep -oE '\]\([^):# ]+' "$file" | sed -e '/^](https\?$/d' -e "s,^](,$(dirname "$file")/,"
			grep -oE '`(benchmarks|demo|docs|kernel|packaging|rig|tests|userspace)/[A-Za-z0-9_./*-]+' "$file" | tr -d '`'
		} | sort -u | while read -r path; do
			compgen -G "${path//NAME/*}" >/dev/null || echo "$file names $path, which does not exist"
		done
	done
}

# Tests have names of four words or more, as the list of field reports gives them.
doc_tests() {
	local name='[a-z0-9]+(_[a-z0-9]+){3,}'
	comm -23 <(grep -oE "$name" docs/field-reports.md | sort -u) \
		<(files tests userspace benchmarks | xargs grep -hoE "$name" 2>/dev/null | sed 's/^test_//' | sort -u) |
		sed 's/.*/docs\/field-reports.md names &, which is nowhere in the tests/'
}

check "include edges hold" "$(include_edges)"
check "files are at most 900 lines" "$(long_files)"
check "functions are at most 100 lines" "$(long_functions)"
check "every source file names its licence" "$(without_licence)"
check "no host name or path of a machine" "$(machine_traces)"
check "every series lists its patches, none is signed off" "$(series_and_patches)"
check "every kernel option has a reason" "$(options_without_reason)"
check "scripts parse" "$(broken_scripts)"
check "documentation names only targets that exist" "$(doc_targets)"
check "documentation names only paths that exist" "$(doc_paths)"
check "the list of field reports names only tests that exist" "$(doc_tests)"
exit $bad
