#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Debian packages build, install over a throw-away overlay of this system, work, and leave no
# files when removed. Prints TAP. Needs root (mount namespace, overlay, dpkg).
#   packages.sh [RELEASE]    RELEASE: built for, and installed into, a root of that Debian release instead
. "$(dirname "$0")/../rig/lib/common.sh"
. "$TOP/rig/lib/root.sh"
arguments 0 1 "[RELEASE]" "$@"

. "$TOP/tests/harness/tap.sh"
check() { # TITLE COMMAND...
	local status=0
	"${@:2}" >&2 || status=$?
	tap $status "$1"
}
release=${1:-}
deb=$BUILD/deb${release:+-$release}
root=/
[ -z "$release" ] || root=$("$TOP/packaging/root.sh" "$release")
rm -f "$deb"/*.deb
# An address that no one has; without these variables the packages name the account that builds them.
export DEBFULLNAME="Package test" DEBEMAIL=packages@example.org
check "packages build" "$TOP/packaging/deb.sh" userspace $release
check "the maintainer is whom the builder names" test \
	"$(dpkg-deb -f "$deb"/libtphbuf1_*.deb Maintainer)" = "$DEBFULLNAME <$DEBEMAIL>"
check "all of them are there" test "$(ls "$deb" | sed -n 's/_.*\.deb$//p' | grep -v -e dbgsym | sort | tr '\n' ' ')" = \
	"$(sed -n 's/^Package: //p' "$TOP/packaging/debian/control" | sort | tr '\n' ' ')"

# symbols_fit EDIT: debian/libtphbuf1.symbols after an edit by sed is still what the library has
symbols_fit() {
	(cd "$deb/src" && sed "$1" debian/libtphbuf1.symbols >debian/edited &&
		dpkg-gensymbols -plibtphbuf1 -Pdebian/libtphbuf1 -Idebian/edited -c4 -O/dev/null)
}
refused() { ! symbols_fit "$1"; }
check "the listed symbols are those of the library" symbols_fit ''
check "a symbol that is gone is refused" refused 's/^ tphbuf_tag_parse@.*/&\n tphbuf_gone@TPHBUF_1.0 1.0.0~/'
check "a symbol that is not listed is refused" refused /tphbuf_tag_parse/d

lintian_clean() {
	if [ -z "$release" ]; then
		lintian --fail-on error "$deb"/*.deb
	else
		inside_root "$root" "$deb:/mnt:ro" -- sh -c 'lintian --fail-on error /mnt/*.deb'
	fi
}
check "lintian finds no error" lintian_clean

# inside SCRIPT: run SCRIPT on a temporary overlay of the root; the packages are in /mnt.
inside() {
	deb=$deb top=$TOP root=$root script=$1 unshare -m --propagation private bash -c '
		set -e
		mount -t tmpfs tmpfs /mnt
		mkdir /mnt/up /mnt/work /mnt/merged
		mount -t overlay overlay -o "lowerdir=$root,upperdir=/mnt/up,workdir=/mnt/work" /mnt/merged
		mount -t tmpfs tmpfs /mnt/merged/mnt
		cp "$deb"/*.deb "$top"/userspace/examples/*.c /mnt/merged/mnt/
		mount -t proc proc /mnt/merged/proc
		mount --bind /dev /mnt/merged/dev
		mount --bind /sys /mnt/merged/sys
		chroot /mnt/merged bash -e -c "cd /mnt; $script"'
}
install='export DEBIAN_FRONTEND=noninteractive; dpkg -i $(ls *.deb | grep -v -e dbgsym -e linux-);'
check "install and run the command" inside "$install tphbuf --version; tphbuf --help; tphbuf list --json"
check "install and run the fabric" inside "$install tphbuf-fabric --help; test -s /usr/share/man/man1/tphbuf-fabric.1.gz"
# fi_tagged_mr.c needs libfabric-dev, which the packages do not: the guest's build has it, boot 13-tools runs it.
check "examples build with pkg-config alone" inside "$install
	for f in \$(ls *.c | grep -v '^fi_'); do
		gcc -Wall -Werror \$f -o /tmp/x \$(pkg-config --cflags --libs tphbuf tphbuf-verbs libibverbs); ldd /tmp/x; done"
check "manual pages are found" inside "$install for p in 1 7; do test -s /usr/share/man/man\$p/tphbuf.\$p.gz; done
	test -s /usr/share/man/man3/tphbuf_buffer.3.gz"
ours='find /usr /etc /var/lib/dpkg/info -xdev -name \*tphbuf\*'
check "removal leaves nothing" inside "$ours | sort >before; $install $ours | sort >during
	dpkg --purge \$(dpkg-query -W -f '\${Package}\n' '*tphbuf*')
	$ours | sort >after; diff before after; ! diff -q before during"
tap_plan
exit $bad
