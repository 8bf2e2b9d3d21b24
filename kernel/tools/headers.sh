#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Headers of the patched kernel for builds on this machine, without building a kernel:
#   build/headers/uapi   include/ as headers_install makes it
#   build/headers/mlx5   linux/mlx5/mlx5_ifc*.h, for the fabric
# Unpacks only what headers_install reads and what the series touches. Kept in the cache by a hash of its inputs.
. "$(dirname "$0")/all-series.sh"

# The kernel's name for the architecture of this machine, and its folder in arch/
arch=$(uname -m | sed -e 's/^i.86$/x86/; s/^x86_64$/x86/; s/^aarch64.*/arm64/; s/^ppc.*/powerpc/; s/^s390x/s390/' \
	-e 's/^riscv.*/riscv/; s/^mips.*/mips/; s/^loongarch.*/loongarch/; s/^sparc.*/sparc/')

# What to unpack: folders that headers_install reads, and further files that the series changes but does not add
parts() {
	printf '%s\n' Kbuild scripts include "arch/$arch"
	comm -23 <(series_text | sed -n 's,^--- a/,,p' | sort -u) \
		<(series_text | sed -n '/^--- \/dev\/null$/ { n; s,^+++ b/,,p }' | sort -u) |
		grep -vE "^(scripts|include|arch/$arch)/"
}

make_headers() {
	local out=$1 src=$BUILD/headers-src
	[ ! -d "$out" ] || return 0
	mapfile -t wanted < <(parts)
	"$TOP/kernel/tools/fetch.sh" unpack "$src" "${wanted[@]}"
	apply_series "$src"
	rm -rf "$out.part"
	mkdir -p "$out.part/mlx5/linux/mlx5"
	make -s -C "$src" ARCH="$arch" INSTALL_HDR_PATH="$out.part/uapi" headers_install
	cp "$src"/include/linux/mlx5/mlx5_ifc*.h "$out.part/mlx5/linux/mlx5/"
	rm -rf "$src"
	mv "$out.part" "$out"
}

key=$(hash_text "$(. "$TOP/kernel/BASE"; echo "$version") ${KERNEL_SRC:-} $arch $(series_text | sha256sum) $(hash_of "$0")")
out=$CACHE/headers-$key
[ -d "$out" ] || with_lock headers make_headers "$out"
ln -sfn "$out" "$BUILD/headers"
