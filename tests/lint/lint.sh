#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make lint: rules about the sources, with checkers of fixed versions from the lint root
# (rig/tools-root.sh). TAP.
. "$(dirname "$0")/../../rig/lib/common.sh"
. "$TOP/rig/lib/root.sh"
[ $# = 0 ] || one_of OPTION "$1" --in-root
[ -d "$BUILD/lint-root/usr" ] || "$TOP/rig/tools-root.sh" lint >&2
root=$(readlink -f "$BUILD/lint-root")
. "$TOP/tests/harness/tap.sh"

# in_lint_root COMMAND...: with this checkout on /mnt, read-only
in_lint_root() {
	inside_root "$root" "$TOP:/mnt:ro" -- env LC_ALL=C.UTF-8 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory \
		GIT_CONFIG_VALUE_0=/mnt sh -c 'cd /mnt && exec "$@"' sh "$@"
}

check() { # NAME COMMAND...
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then
		tap 0 "$name"
	else
		tap 1 "$name" "$(head -n 40 <<<"$said")"
		head -n 200 <<<"$said" >&2
	fi
}

files() { git -C "$TOP" ls-files -- "$@" | (cd "$TOP" && while read -r file; do [ ! -f "$file" ] || echo "$file"; done); }

formatted() { files '*.c' '*.h' | xargs "$0" --in-root clang-format-19 --dry-run --Werror; }
shell_clean() { files '*.sh' .ci/run rig/guest/init userspace/completion/tphbuf tests/vm/boot | grep -v '\.conf$' | xargs "$0" --in-root shellcheck --severity=warning; }
# Uninitialised variables are left to gcc -O3 and valgrind, which have fewer false positives.
cpp_clean() {
	in_lint_root cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr \
		--suppress=missingIncludeSystem \
		--suppress=normalCheckLevelMaxBranches --suppress=uninitvar --suppress=unknownMacro -I userspace -I userspace/include userspace
}
spelled() {
	files | grep -vE '^(tests/fuzz/corpus/|LICENSES/|kernel/.*/patches/|benchmarks/perftest/patches/)' |
		xargs "$0" --in-root codespell --ignore-words-list=te,fo,ist,inout,afile,ba,aer,offsetp,nd
}
manual_pages() { files 'userspace/man/*' | grep '\.[1-8]$' | xargs "$0" --in-root mandoc -T lint -W warning; }
# On the files under version control alone: build/ has files of other projects.
licences() {
	git -C "$TOP" ls-files -z | tar -C "$TOP" -c --null -T - |
		in_lint_root sh -c 'mkdir /tmp/tree && tar -x -C /tmp/tree && cd /tmp/tree && reuse lint --quiet'
}
documented() { files 'userspace/include/tphbuf/*.h' | (cd "$TOP" && xargs tests/lint/kernel-doc.awk); }

one_version() {
	local version
	version=$(cat "$TOP/VERSION")
	grep -q "^#define TPHBUF_VERSION_MAJOR ${version%%.*}\$" "$TOP/userspace/include/tphbuf/ctx.h" &&
		grep -q "^#define TPHBUF_VERSION_MINOR $(cut -d. -f2 <<<"$version")\$" "$TOP/userspace/include/tphbuf/ctx.h" ||
		{ echo "userspace/include/tphbuf/ctx.h: TPHBUF_VERSION_* is not $version"; return 1; }
	[ "$(sed -n '1s/.*(\(.*\)).*/\1/p' "$TOP/packaging/debian/changelog")" = "$version" ] ||
		{ echo "packaging/debian/changelog: the newest entry is not $version"; return 1; }
	grep -q "^## $version" "$TOP/CHANGELOG.md" || { echo "CHANGELOG.md: no entry for $version"; return 1; }
}

if [ "${1:-}" = --in-root ]; then
	in_lint_root "${@:2}"
	exit
fi
check "clang-format 19 changes nothing" formatted
check "shellcheck finds nothing" shell_clean
check "cppcheck finds nothing" cpp_clean
check "codespell finds nothing" spelled
check "mandoc finds nothing" manual_pages
check "public functions and their parameters are documented" documented
check "REUSE: every file has a licence, with its text" licences
check "VERSION, headers, changelogs agree" one_version
say "1..$number"
exit $bad
