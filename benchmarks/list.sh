#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Time of `tphbuf list --all` on a generated sysfs tree with many PCI functions. Prints the median
# and the fastest run in ms; no test depends on it.
#   benchmarks/list.sh [TPHBUF [FUNCTIONS [RUNS]]]
. "$(dirname "$0")/../rig/lib/common.sh"
arguments 0 3 "[TPHBUF [FUNCTIONS [RUNS]]]" "$@"
command=${1:-tphbuf} functions=${2-256} runs=${3-21}
whole_number FUNCTIONS "$functions" 1 4096 # of 64 buses
whole_number RUNS "$runs" 1 100000
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

le() { # OFFSET BYTES...: put bytes into the config space
	local offset=$1
	shift
	printf "$(printf '\\x%s' "$@")" | dd of="$root/config" bs=1 seek=$((offset)) conv=notrunc status=none
}

# An endpoint with a PCI Express capability at 0x40 (TPH completer) and a TPH requester at 0x100.
make_config() {
	truncate -s 4096 "$root/config"
	le 0x00 b3 15 23 10 06 00 10 00
	le 0x34 40
	le 0x40 10 00 02 00
	le 0x64 00 30 00 00
	le 0x100 17 00 01 00 04 03 3f 00 00 03 00 00
}

make_function() { # NUMBER
	local bdf dir
	bdf=$(printf '0000:%02x:%02x.%u' $(($1 / 64 + 1)) $(($1 / 8 % 8)) $(($1 % 8)))
	dir=$root/sys/devices/pci0000:00/$bdf
	mkdir -p "$dir"
	echo 0x15b3 >"$dir/vendor"
	echo 0x1023 >"$dir/device"
	echo 0x020000 >"$dir/class"
	echo "0x0000000$1f0000000 0x0000000$1f1ffffff 0x000000000014220c" >"$dir/resource"
	cp "$root/config" "$dir/config"
	ln -s ../../../bus/pci/drivers/mlx5_core "$dir/driver"
	ln -s "../../../kernel/iommu_groups/$1" "$dir/iommu_group"
	ln -s "../../../devices/pci0000:00/$bdf" "$root/sys/bus/pci/devices/$bdf"
}

mkdir -p "$root/sys/bus/pci/devices"
make_config
for ((i = 0; i < functions; i++)); do make_function $i; done
[ "$("$command" list --all --root "$root" | wc -l)" = $((functions + 1)) ] ||
	{ echo "list does not show $functions functions" >&2; exit 1; }
for ((i = 0; i < runs; i++)); do
	start=${EPOCHREALTIME/[.,]/}
	"$command" list --all --root "$root" >/dev/null
	echo $((${EPOCHREALTIME/[.,]/} - start))
done | sort -n | awk -v n="$functions" '{ us[NR] = $1 }
	END { printf "tphbuf list, %d functions: median %.1f ms, fastest %.1f ms of %d runs (target: below 50)\n",
		n, us[int((NR + 1) / 2)] / 1000, us[1] / 1000, NR }'
