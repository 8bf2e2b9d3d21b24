#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Run suites of a Meson build and print every result of their programs as TAP; their other output
# goes to standard error when they fail.
#   meson-tap.sh NAME[:TARGET] SUITE...    NAME: a build of rig/configure.sh; it, or only TARGET, is rebuilt first
. "$(dirname "$0")/../../rig/lib/common.sh"
name=${1%%:*} target=${1#"${1%%:*}"}
shift
log=tap-$(printf '%s-' "$@")$$
"$TOP/rig/configure.sh" "$name" >&2
if ! meson compile -C "$BUILD/$name" ${target:+"${target#:}"} >&2; then
	say "not ok - build '$name' compiles without a warning"
	exit 1
fi
say "ok - build '$name' compiles without a warning"
rc=0
meson test -C "$BUILD/$name" --no-rebuild --logbase "$log" --timeout-multiplier 3 $(printf -- '--suite %s ' "$@") >&2 || rc=$?
# A crash, a timeout or a program without tests is a failure without a TAP line.
jq -r '
	(.stdout // "" | split("\n") | map(select(test("^(not )?ok\\b")))) as $lines
	| $lines[],
	  if .result == "SKIP" and ($lines | length) == 0 then "ok - \(.name) # SKIP"
	  elif .result != "OK" and .result != "SKIP" and ($lines | any(startswith("not ok")) | not) then "not ok - \(.name): \(.result)"
	  elif ($lines | length) == 0 then "not ok - \(.name) tests nothing"
	  else empty end' "$BUILD/$name/meson-logs/$log.json"
jq -r 'select(.result != "OK" and .result != "SKIP") | "\(.name): \(.result)", .stdout // "", .stderr // ""' \
	"$BUILD/$name/meson-logs/$log.json" | grep -v '^ok' >&2 || true
rm -f "$BUILD/$name/meson-logs/$log".*
exit $rc
