# SPDX-License-Identifier: MIT
# Run commands inside another root file system: guest, checkers, packages. Source it; it runs nothing.

# inside_root ROOT MOUNT... -- COMMAND...: as root, with /proc, /dev, an empty /tmp, and each MOUNT: SOURCE:TARGET
# (writable), SOURCE:TARGET:ro, or tmpfs:TARGET. Only COMMAND sees the mounts.
inside_root() {
	[ "$(id -u)" = 0 ] || die "root is needed for chroot and bind mounts; run this as root"
	unshare -m --propagation private bash -c '
		set -e
		root=$1
		shift
		mount --bind "$root" "$root"
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs tmpfs "$root/tmp"
		while [ "$1" != -- ]; do
			IFS=: read -r source target mode <<<"$1"
			[ -d "$root$target" ] || mkdir -p "$root$target"
			if [ "$source" = tmpfs ]; then
				mount -t tmpfs tmpfs "$root$target"
			else
				mount --bind "$source" "$root$target"
				[ -z "$mode" ] || mount -o "remount,bind,$mode" "$root$target"
			fi
			shift
		done
		shift
		exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C "$@"
	' bash "$@"
}
