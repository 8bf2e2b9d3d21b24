#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Debian packages, in build/deb (build/deb-RELEASE for another release).
#   deb.sh userspace [RELEASE] libtphbuf1, libtphbuf-verbs1, libtphbuf-drm1, libtphbuf-dev, tphbuf,
#                              tphbuf-fabric, libnccl-net-tphbuf, libtphbuf-preload. For the release that this machine runs,
#                              or for RELEASE (bookworm, trixie) in a root of its own
#   deb.sh kernel [CONFIG]     linux-image and linux-headers of 7.3 with the series. CONFIG is a kernel
#                              configuration to start from: by default the one of the running kernel;
#                              "vm": that of the test VMs (small, quick). LOCALMOD=1: only modules that
#                              are loaded now.
# The maintainer of the packages is the person who builds them: DEBFULLNAME and DEBEMAIL, else user.name and user.email of git,
# else the account on this machine.
. "$(dirname "$0")/../kernel/tools/all-series.sh"
. "$TOP/rig/lib/apt.sh"
. "$TOP/rig/lib/root.sh"

OUT=$BUILD/deb
# What the series and its users need, whatever CONFIG says.
NEEDED="PCIE_TPH PCI_P2PDMA ZONE_DEVICE DMA_SHARED_BUFFER IOMMUFD VFIO VFIO_DEVICE_CDEV INFINIBAND_USER_ACCESS
	INFINIBAND_ON_DEMAND_PAGING"
NEEDED_MODULES="VFIO_PCI MLX5_CORE MLX5_INFINIBAND"

maintainer() {
	local name=${DEBFULLNAME:-$(git -C "$TOP" config user.name || true)}
	local email=${DEBEMAIL:-$(git -C "$TOP" config user.email || true)}
	if [ -z "$name" ] || [ -z "$email" ]; then
		name="local build" email="$(id -un)@$(hostname -f 2>/dev/null || hostname)"
		say "note: the packages name \"$name <$email>\" as maintainer; set DEBFULLNAME and DEBEMAIL before you publish them" >&2
	fi
	say "$name <$email>"
}

# The source that dpkg-buildpackage reads, in $OUT/src
debian_source() {
	local src=$OUT/src who
	who=$(maintainer)
	rm -rf "$src"
	mkdir -p "$src"
	cp -r "$TOP"/{meson.build,meson_options.txt,VERSION,userspace} "$TOP/packaging/debian" "$src/"
	(cd "$TOP" && cp -r --parents benchmarks/{ab,report} "$src/")
	who=${who//\\/} who=${who//|/}
	sed -i "s|@MAINTAINER@|${who//&/\\&}|" "$src"/debian/{control,changelog}
}

userspace() {
	local release=${1:-} root headers build=(dpkg-buildpackage --build=binary --unsigned-changes --no-pre-clean)
	[ -n "$release" ] || "$TOP/rig/setup.sh" build
	"$TOP/kernel/tools/headers.sh"
	headers=$(readlink -f "$BUILD/headers")
	if [ -z "$release" ]; then
		host_packages debhelper
		debian_source
		(cd "$OUT/src" && HEADERS=$headers "${build[@]}")
	else
		OUT=$BUILD/deb-$release
		root=$("$TOP/packaging/root.sh" "$release")
		debian_source
		inside_root "$root" "$OUT:/srv" "$headers:/mnt:ro" -- sh -c 'cd /srv/src && HEADERS=/mnt exec "$@"' sh "${build[@]}"
	fi
	ls "$OUT"/*.deb
}

kernel() {
	local from=${1:-/boot/config-$(uname -r)} src=$OUT/linux obj=$OUT/linux-obj option
	"$TOP/rig/setup.sh" >&2
	host_packages debhelper libdw-dev python3
	[ "$from" = vm ] || [ -r "$from" ] ||
		die "$from cannot be read; name a kernel configuration: make deb-kernel CONFIG=FILE (or CONFIG=vm)"
	[ -d "$src" ] || {
		"$TOP/kernel/tools/fetch.sh" unpack "$src.part"
		apply_series "$src.part"
		mv "$src.part" "$src"
	}
	mkdir -p "$obj"
	if [ "$from" = vm ]; then
		config_merge vm.config series.config >"$obj.config"
		make -C "$src" O="$obj" KCONFIG_ALLCONFIG="$obj.config" allnoconfig
	else
		cp "$from" "$obj/.config"
		[ -z "${LOCALMOD:-}" ] || yes '' | make -C "$src" O="$obj" localmodconfig
		# The distribution's keys are not available here, and BTF is not needed.
		"$src/scripts/config" --file "$obj/.config" --set-str SYSTEM_TRUSTED_KEYS '' --disable DEBUG_INFO_BTF \
			--set-str LOCALVERSION '' $(printf -- '--enable %s ' $NEEDED) $(printf -- '--module %s ' $NEEDED_MODULES)
		make -C "$src" O="$obj" olddefconfig
	fi
	for option in $NEEDED $NEEDED_MODULES; do
		grep -qE "^CONFIG_$option=[ym]" "$obj/.config" || die "$from: CONFIG_$option cannot be switched on"
	done
	make -C "$src" O="$obj" LOCALVERSION=-tphbuf -j"$JOBS" bindeb-pkg
	ls "$OUT"/*.deb
}

arguments 1 2 "userspace [RELEASE] | kernel [CONFIG]" "$@"
one_of WHAT "$1" userspace kernel
"$@"
