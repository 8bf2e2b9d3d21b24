#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The library's table of host bridges (lib/topo/p2p_hosts.c) is that of the kernel: pci_p2pdma_whitelist of
# drivers/pci/p2pdma.c, with the symbolic ids of include/linux/pci_ids.h. TAP.
#   p2p-hosts.sh [KERNEL-SOURCE]
# Without an argument: the work tree of the guest kernel, or the archive that it is unpacked from.
. "$(dirname "$0")/../../rig/lib/common.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files=(drivers/pci/p2pdma.c include/linux/pci_ids.h)

# find_source [KERNEL-SOURCE]: the two files, in $work
find_source() {
	local archive tree
	for tree in ${1:+"$1"} "$CACHE/kernel-work/src"; do
		cp "${files[@]/#/$tree/}" "$work" 2>/dev/null && return
	done
	for archive in "$CACHE"/source/linux-source-*.tar.xz; do
		[ -e "$archive" ] || break
		tar -xJf "$archive" -C "$work" --strip-components=1 --wildcards "${files[@]/#/*/}" &&
			cp "${files[@]/#/$work/}" "$work" && return
	done
	return 1
}

# kernel_table: "vendor device same|any" for each entry, ids as numbers
kernel_table() {
	awk '
		FNR == NR { if ($1 == "#define" && $2 ~ /^PCI_(VENDOR|DEVICE)_ID_/) id[$2] = tolower($3); next }
		/pci_p2pdma_whitelist\[\] = \{/ { inside = 1; next }
		inside && /^};/ { exit }
		inside && /^[ \t]*\{[^}]/ {
			gsub(/[{},\t]/, " ")
			print ($1 in id ? id[$1] : $1), ($2 in id ? id[$2] : $2), ($3 ~ /REQ_SAME_HOST_BRIDGE/ ? "same" : "any")
		}' "$work/pci_ids.h" "$work/p2pdma.c" | sed 's/PCI_ANY_ID/any/' | sort
}

library_table() {
	sed -nE 's/^\t\{ (0x[0-9a-f]+), (0x[0-9a-f]+|ANY_DEVICE), P2P_HOST_(WITHIN|BETWEEN) \},$/\1 \2 \3/p' \
		"$TOP/userspace/lib/topo/p2p_hosts.c" |
		sed 's/ANY_DEVICE/any/; s/WITHIN/same/; s/BETWEEN/any/' | sort
}

if ! find_source "$@"; then
	echo "not ok - the kernel's source is available (give its folder, or build the guest kernel)"
	exit 1
fi
kernel_table >"$work/kernel"
library_table >"$work/library"
# Fails if the parser finds no entry.
if [ "$(wc -l <"$work/kernel")" -lt 20 ]; then
	echo "not ok - the kernel's table can be read"
	exit 1
fi
if diff "$work/kernel" "$work/library" >"$work/diff"; then
	echo "ok - the $(wc -l <"$work/library") host bridges are those of the kernel"
else
	echo "not ok - the host bridges are those of the kernel (<: only the kernel, >: only the library)"
	sed 's/^/# /' "$work/diff"
	exit 1
fi
