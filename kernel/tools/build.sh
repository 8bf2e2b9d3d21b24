#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Build the guest kernels and cache the parts that the rig needs.
#   build.sh base       Linux 7.3 as released                   -> build/kernel/base
#   build.sh patched    the same plus the series                 -> build/kernel/patched
#   build.sh debug      series, KASAN, lockdep, fault injection  -> build/kernel/debug
#   build.sh kcsan      series, data race detector               -> build/kernel/kcsan
#   build.sh --made KIND    build nothing; status 0 if the cache has this kernel
# Each of these folders holds bzImage, modules/*.ko, release, uapi/ (headers for user space), config,
# mlx5/ (mlx5_ifc*.h, for the fabric); kcsan also touched-functions, those of the files that the series
# changes. Base and patched share a work tree under the cache, so that the second one costs only the files
# that the series touches; so do the debug kernels, in two object folders.
. "$(dirname "$0")/all-series.sh"

GUEST_MODULES=$TOP/rig/modules
FORMAT=2 # of the folders made here: increment when their content changes

ask=
[ "${1:-}" != --made ] || { ask=yes && shift; }
kind=${1:-}
fragments=(vm.config)
case $kind in
base) WORK=$CACHE/kernel-work OBJ=$WORK/obj fragments+=(containers.config) ;;
patched) WORK=$CACHE/kernel-work OBJ=$WORK/obj fragments+=(containers.config series.config) ;;
debug | kcsan) WORK=$CACHE/kernel-work-debug OBJ=$WORK/obj-$kind fragments+=(series.config "$kind.config") ;;
*) die "usage: build.sh [--made] base | patched | debug | kcsan" ;;
esac
SRC=$WORK/src

# Bring the work tree to the state that the kernel KIND needs: none or all of the series. Applied
# patches are stored beside the tree; the unchanged ones at the head of the new series stay
# applied, so that only changed files get a new time stamp.
set_series() {
	local want=() file keep=0 drop=() name
	mkdir -p "$WORK/applied"
	[ "$1" = base ] || mapfile -t want < <(series_patches)
	for file in "$WORK"/applied/*.patch; do # numbered: in the order they were applied
		[ -e "$file" ] || break
		if [ ${#drop[@]} = 0 ] && [ -n "${want[keep]:-}" ] && cmp -s "$file" "$TOP/kernel/${want[keep]}"; then
			keep=$((keep + 1))
		else
			drop=("$file" ${drop[@]+"${drop[@]}"})
		fi
	done
	for file in ${drop[@]+"${drop[@]}"}; do
		patch -d "$SRC" -p1 -R -s -f <"$file" || die "cannot take $(basename "$file") back; remove $WORK"
		rm "$file"
	done
	for name in "${want[@]:$keep}"; do
		apply_patch "$SRC" "$name"
		cp "$TOP/kernel/$name" "$WORK/applied/$(printf '%04d.patch' "$keep")"
		keep=$((keep + 1))
	done
}

configure() {
	mkdir -p "$OBJ"
	config_merge "${fragments[@]}" >"$OBJ.config"
	make -C "$SRC" O="$OBJ" KCONFIG_ALLCONFIG="$OBJ.config" allnoconfig
	local lost
	lost=$(grep -v -e '=n$' "$OBJ.config" | grep -vxF -f "$OBJ/.config" || true)
	[ -z "$lost" ] || die "kernel/config: options dropped by Kconfig:" $lost
}

compile() { # KIND: the release string of the patched kernel has a suffix
	local version= series=
	[ "$1" = base ] || version=-tphbuf series=m
	make -C "$SRC" O="$OBJ" LOCALVERSION=$version -j"$JOBS" bzImage modules
	make -C "$SRC" O="$OBJ" INSTALL_HDR_PATH="$OBJ.uapi" headers_install
	[ ! -d "$GUEST_MODULES" ] || {
		rm -rf "$OBJ.guest-modules"
		cp -r "$GUEST_MODULES" "$OBJ.guest-modules"
		make -C "$OBJ" LOCALVERSION=$version TPHBUF_SERIES="${series:-n}" M="$OBJ.guest-modules" modules
	}
}

# A KCSAN report names functions only, without debug info that would give their files.
touched_functions() {
	local file
	series_text | sed -n 's,^+++ b/\(drivers/.*\)\.c$,\1,p' | sort -u |
		while read -r file; do
			[ ! -f "$OBJ/$file.o" ] || nm "$OBJ/$file.o" | awk '$2 ~ /^[tT]$/ { print $3 }'
		done | sort -u
}

collect() {
	local out=$1.part
	rm -rf "$out"
	mkdir -p "$out/modules" "$out/mlx5/linux/mlx5"
	cp "$OBJ/arch/x86/boot/bzImage" "$out/"
	cp "$OBJ/.config" "$out/config"
	cp "$OBJ/include/config/kernel.release" "$out/release"
	find "$OBJ" "$OBJ.guest-modules" -name '*.ko' -exec cp {} "$out/modules/" \;
	cp -r "$OBJ.uapi" "$out/uapi"
	cp "$GUEST_MODULES"/*.h "$out/uapi/include/" # user interfaces of modules
	cp "$SRC"/include/linux/mlx5/mlx5_ifc*.h "$out/mlx5/linux/mlx5/"
	[ "$kind" != kcsan ] || touched_functions >"$out/touched-functions"
	mv "$out" "$1"
}

build() {
	local kind=$1 out=$2
	[ ! -d "$out" ] || return 0
	if [ ! -d "$SRC" ] || [ "$(cat "$WORK/source-id" 2>/dev/null)" != "$source_id" ]; then
		rm -rf "$WORK"
		mkdir -p "$WORK"
		"$TOP/kernel/tools/fetch.sh" unpack "$SRC"
		printf '%s\n' "$source_id" >"$WORK/source-id"
	fi
	set_series "$kind"
	configure
	compile "$kind"
	collect "$out"
}

inputs=
[ "$kind" = base ] || inputs=$(series_text | sha256sum)
tarball=$("$TOP/kernel/tools/fetch.sh" tarball)
source_id="$tarball $(stat -c '%s %Y' "$tarball")"
# Comments of the guest's modules do not count.
guest_key=$(hash_text "$(cat "$GUEST_MODULES/Kbuild" && cd "$GUEST_MODULES" && for file in *.[ch]; do
	gcc -w -fpreprocessed -dD -E -P "$file"; done)")
key=$(hash_text "$FORMAT $(stat -c %s "$tarball") $(config_merge "${fragments[@]}") $guest_key $inputs")
out=$CACHE/kernel-$kind-$key
[ -z "$ask" ] || exec test -d "$out"
[ -d "$out" ] || with_lock "$(basename "$WORK")" build "$kind" "$out"
mkdir -p "$BUILD/kernel"
ln -sfn "$out" "$BUILD/kernel/$kind"
say "$kind kernel: $(cat "$out/release") in $out"
