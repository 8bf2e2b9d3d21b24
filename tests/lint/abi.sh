#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The public ABI is that of the last release: functions keep their types, structures their layout, constants their
# values; functions, and fields at the end of a structure that begins with its size, may be added. The reference is
# packaging/abi as the last tag v* has it, or as it is here before the first tag. TAP.
#   abi.sh             compare
#   abi.sh --update    make packaging/abi from the headers (a step of a release, see CONTRIBUTING.md)
set -eu
top=$(readlink -f "$(dirname "$0")/../..")
reference=packaging/abi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$top/tests/harness/tap.sh"

# declarations FOLDER: the public headers without comments, except those that only have inline functions over others
declarations() {
	local header
	mkdir -p "$1/tphbuf"
	for header in "$top"/userspace/include/tphbuf/*.h "$top"/userspace/transports/include/tphbuf/*.h; do
		[ "${header##*/}" != libfabric.h ] || continue
		{
			echo "/* SPDX-License-Identifier: MIT */"
			gcc -w -fpreprocessed -dD -E -P "$header"
		} >"$1/tphbuf/${header##*/}"
	done
}

# probe FOLDER LIBRARY: a library with a pointer to each public structure, enumeration and function
probe() {
	(
		cd "$1/tphbuf"
		printf '#include <tphbuf/%s>\n' *.h
		sed -nE 's/^((struct|enum) (tphbuf_[a-z0-9_]+)) \{.*/\1 *abi_\3;/p' *.h
		cat ./*.h | tr '\n' ' ' | grep -oE 'TPHBUF_API [^;]*;' | grep -oE '\btphbuf_[a-z0-9_]+\(' |
			sed -E 's/(.*)\(/__typeof__(\&\1) abi_\1;/'
	) >"$work/probe.c"
	gcc -g -O0 -shared -fPIC -I"$1" -o "$2" "$work/probe.c"
}

# Structures that begin with their size; a caller with an old one passes a smaller size.
growing() {
	echo '[suppress_type]'
	echo 'type_kind = struct'
	echo "name_regexp = ^($(cat "$1"/tphbuf/*.h | tr '\n' ' ' |
		grep -oE 'struct tphbuf_[a-z0-9_]+ \{ *size_t size;' | cut -d ' ' -f 2 | paste -sd '|'))\$"
	echo 'has_size_change = yes'
	echo 'has_data_member_inserted_at = end'
}

# Guards and versions aside
constants() { cat "$1"/tphbuf/*.h | grep '^#define' | grep -vE '^#define (TPHBUF_VERSION_|[A-Z_]+_H )' | sort; }

# same_abi OLD NEW: status 0 if programs made with OLD work with NEW
same_abi() {
	probe "$1" "$work/old.so" && probe "$2" "$work/new.so" && growing "$1" >"$work/growing" || return
	abidiff --no-added-syms --suppressions "$work/growing" "$work/old.so" "$work/new.so" || return
	comm -23 <(constants "$1") <(constants "$2") >"$work/constants"
	[ ! -s "$work/constants" ] || { echo "gone or changed:"; cat "$work/constants"; return 1; }
}

check() { # NAME COMMAND...
	local status=0
	"${@:2}" >"$work/said" 2>&1 || status=$?
	tap $status "$1" "$(cat "$work/said")"
}

# after EDIT: compares the headers with themselves after an edit by sed
after() {
	rm -rf "$work/edited"
	cp -r "$work/now" "$work/edited"
	sed -i -E "$1" "$work"/edited/tphbuf/*.h
	! diff -rq "$work/now" "$work/edited" >/dev/null || { echo "the edit changes nothing"; return 2; }
	same_abi "$work/now" "$work/edited"
}
refused() { # EDIT: the comparison ran, and found a difference
	local status=0
	after "$1" || status=$?
	[ "$status" != 2 ] && [ "$status" != 0 ] && grep -qE "changed|Removed|removed|gone" "$work/said"
}

[ "${1---update}" = --update ] || { echo "abi.sh: OPTION '$1' is not --update" >&2; exit 2; }
if [ "${1:-}" = --update ]; then
	rm -rf "${top:?}/$reference/tphbuf"
	declarations "$top/$reference"
	exit
fi
declarations "$work/now"
mkdir "$work/then"
tag=$(git -C "$top" describe --tags --abbrev=0 --match 'v*' 2>/dev/null || true)
if [ -n "$tag" ]; then
	git -C "$top" archive "$tag" "$reference" | tar -x -C "$work/then" --strip-components=2
else
	cp -r "$top/$reference/." "$work/then"
fi
check "the public ABI is that of ${tag:-$reference}" same_abi "$work/then" "$work/now"
check "a removed function is refused" refused '/tphbuf_tag_parse\(/d'
check "a changed parameter is refused" refused 's/(tphbuf_buffer_fd\(const struct tphbuf_buffer \*buf)\)/\1, int more)/'
check "a field in the middle is refused" refused 's/^ uint64_t offset;/ uint64_t more;\n&/'
check "a field at the end of a structure without a size is refused" refused 's/^ uint8_t ph;/&\n uint64_t more;/'
check "a field at the end of a structure with a size is allowed" after '/^struct tphbuf_export_opts/,/^};/s/^\};/ uint64_t more;\n&/'
check "another value of a constant is refused" refused 's/^(#define TPHBUF_TAG_XST).*/\1 (1u << 7)/'
check "another value of an enumerator is refused" refused 's/^ TPHBUF_STAGE_NONE,/ TPHBUF_STAGE_MORE,\n&/'
check "an enumerator at the end is allowed" after '/^enum tphbuf_stage/,/^\};/s/^\};/ TPHBUF_STAGE_MORE,\n\};/'
check "a new function is allowed" after 's/^TPHBUF_API int tphbuf_tag_parse\(/TPHBUF_API int tphbuf_more(void);\n&/'
tap_plan
exit $bad
