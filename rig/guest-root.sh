#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Make the guest root (Debian 13 with QEMU 11 from backports) in the cache and link it to build/root.
# The guest mounts it read-only over 9p; QEMU is run from it by its own dynamic loader; user space for
# the guest is built inside it by chroot(8).
. "$(dirname "$0")/lib/common.sh"
. "$TOP/rig/lib/apt.sh"

make_root() {
	local root=$1 mirror packages backports
	mirror=$(debian_mirror)
	packages=$(grep -v -e '^#' -e '/' "$TOP/rig/guest-packages" | tr -s '\n' ',')
	backports=$(grep -v '^#' "$TOP/rig/guest-packages" | sed -n 's,/trixie-backports$,,p' | tr '\n' ' ')
	rm -rf "$root.part"
	mmdebstrap --mode=root --variant=minbase --skip=check/empty \
		--aptopt='APT::Install-Recommends "false"' \
		--include="${packages%,}" \
		--customize-hook="chroot \"\$1\" apt-get install -y --no-install-recommends -t trixie-backports $backports" \
		--customize-hook="rm -f \"\$1\"/etc/resolv.conf" \
		trixie "$root.part" \
		"deb $mirror trixie main" "deb $mirror trixie-backports main"
	mkdir -p "$root.part"/{work,opt/tphbuf,mnt}
	mv "$root.part" "$root"
}

key=$(hash_of "$TOP/rig/guest-packages" "$TOP/rig/guest-root.sh")
root=$CACHE/root-$key
[ -d "$root" ] || with_lock root make_root "$root"
ln -sfn "$root" "$BUILD/root"
say "guest root: $root"
