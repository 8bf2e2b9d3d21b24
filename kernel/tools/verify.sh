#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Check that the series is fit to be sent:
#   - every patch applies in order, passes checkpatch --strict, and builds with W=1 and sparse without a warning
#     that the base does not have;
#   - kernel-doc and the syntax of Documentation/ of the files it touches have no fault that the base does not have;
#   - the whole series builds so, too, with options around it switched off, and for arm64; so do its selftests.
# Prints TAP and ends with "N passed, N failed, N skipped". Success is recorded in kernel/verified, to be committed
# with the series: CI runs this when kernel/ is not what was verified last. When only late patches changed since the
# last run, the early ones are not built again.
#   verify.sh [--known]    --known: build nothing; status 0 if kernel/ is as last verified
. "$(dirname "$0")/lib.sh"
. "$TOP/rig/lib/apt.sh"

WORK=$CACHE/kernel-verify
SRC=$WORK/src
CHECK=$TOP/kernel/tools/sparse

# Built after each patch: the files that the series touches, and users of the headers it touches; not all of mlx5.
OBJECTS="drivers/pci/ drivers/dma-buf/ drivers/vfio/pci/
	drivers/net/ethernet/mellanox/mlx5/core/main.o drivers/net/ethernet/mellanox/mlx5/core/fw.o
	drivers/net/ethernet/broadcom/bnxt/bnxt.o
	drivers/infiniband/core/umem_dmabuf.o drivers/infiniband/core/frmr_pools.o drivers/infiniband/core/nldev.o
	drivers/infiniband/core/uverbs_std_types_mr.o drivers/infiniband/core/uverbs_std_types_device.o
	drivers/infiniband/core/verbs.o drivers/infiniband/core/device.o drivers/infiniband/hw/mlx5/main.o
	drivers/infiniband/hw/mlx5/mr.o drivers/infiniband/hw/mlx5/dmah.o drivers/infiniband/hw/mlx5/odp.o
	drivers/infiniband/hw/mlx5/umr.o drivers/infiniband/hw/mlx5/devx.o"
TPH_OBJECTS="drivers/net/ethernet/mellanox/mlx5/core/lib/st.o"
# Built once, with the whole series and without sparse: all of the drivers touched.
ALL_OBJECTS="$OBJECTS drivers/net/ethernet/mellanox/mlx5/core/ drivers/infiniband/core/ drivers/infiniband/hw/mlx5/"
# On top of vm.config: another user of TPH, and what the series adds.
OPTIONS="CONFIG_BNXT=m CONFIG_NET_VENDOR_BROADCOM=y CONFIG_DMABUF_KUNIT_TEST=m CONFIG_PCIE_TPH_KUNIT_TEST=m"
# The base has neither of these: an option is ignored there, a folder is built as soon as a patch has made it.
SERIES_OPTIONS="CONFIG_INFINIBAND_DMABUF_TPH_KUNIT_TEST=m"
SERIES_FOLDERS="drivers/infiniband/core/tests/"

passed=0 failed=0 skipped=0
number() { echo $((passed + failed + skipped)); }
pass() { passed=$((passed + 1)); say "ok $(number) - $*"; }
fail() { failed=$((failed + 1)); say "not ok $(number) - $*"; }
skip() { skipped=$((skipped + 1)); say "ok $(number) - $1 # SKIP $2"; }

# kmake OBJ ARGUMENT...: one make for all, so that nothing is rebuilt for a changed command line.
kmake() {
	local obj=$1 arch=()
	shift
	[ "$(basename "$obj")" != arm64 ] || arch=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-)
	make -C "$SRC" O="$obj" -j"$JOBS" "${arch[@]}" W=1 CHECK="$CHECK" "$@" </dev/null
}

# configure OBJ OPTION=VALUE...: vm.config with some options changed.
configure() {
	local obj=$1
	shift
	mkdir -p "$obj"
	config_merge vm.config <(printf '%s\n' $OPTIONS $SERIES_OPTIONS "$@") >"$obj.config"
	kmake "$obj" KCONFIG_ALLCONFIG="$obj.config" allnoconfig >"$obj.log" 2>&1 &&
		kmake "$obj" prepare modules_prepare >>"$obj.log" 2>&1
}

# Warnings and errors of a log, without line numbers: moved code is not a new complaint.
complaints() { grep -E '(warning|error|undefined)[: ]' "$1" | sed -E "s#$SRC/##; s/:[0-9]+(:[0-9]+)?:/:/" | sort -u; }

# build TITLE OBJ ARGUMENT...: passes if make succeeds without a complaint that the base does not have.
build() {
	local title=$1 obj=$2 log=$WORK/log/${1//[^a-zA-Z0-9=]/-}.log new
	shift 2
	if ! kmake "$obj" "$@" >"$log" 2>&1; then
		fail "$title: does not build"
		grep -E 'error|Error|No rule' "$log" | head -n 10 | sed 's/^/      | /'
		return
	fi
	new=$(comm -13 "$WORK/base.complaints" <(complaints "$log"))
	if [ -n "$new" ]; then
		fail "$title: new warnings"
		sed 's/^/      | /' <<<"$new"
	else
		pass "$title"
	fi
}

# Build the base with the same options once, for its own complaints.
build_base() {
	local log=$WORK/log/base.log
	rm -rf "$WORK"
	mkdir -p "$WORK/log"
	say "unpacking and building the base (once)"
	"$TOP/kernel/tools/fetch.sh" unpack "$SRC" >"$log" 2>&1
	configure "$WORK/x86" || die "the base cannot be configured: $WORK/x86.log"
	kmake "$WORK/x86" C=1 $OBJECTS $TPH_OBJECTS >>"$log" 2>&1 || die "the base does not build: $log"
	kmake "$WORK/x86" $ALL_OBJECTS >>"$log" 2>&1 || die "the base does not build: $log"
	complaints "$log" >"$WORK/base.complaints"
	printf '%s\n' "$base_id" >"$WORK/base-id"
	: >"$WORK/applied"
}

# True if the series up to this patch has been built before without a complaint.
built_before() { grep -qxF "$(series_id "$1")" "$WORK/built" 2>/dev/null; }
series_id() { (cd "$TOP/kernel" && cat $(series_patches | sed "\\,^$1\$,q")) | sha256sum | cut -c1-16; }

# Take the applied patches back, except unchanged ones at the head of the series.
unapply() {
	local name keep=0 names
	mapfile -t names < <(series_patches)
	while read -r name; do
		[ "$name" = "${names[keep]:-}" ] && built_before "$name" || break
		keep=$((keep + 1))
	done <"$WORK/applied"
	tail -n +$((keep + 1)) "$WORK/applied" | tac | while read -r name; do
		patch -d "$SRC" -p1 -R -s -f <"$WORK/patches/$name" || die "$name cannot be taken back; remove $WORK"
	done
	sed -i "$((keep + 1)),\$d" "$WORK/applied"
	rm -rf "$WORK/patches"
	mkdir "$WORK/patches"
	(cd "$TOP/kernel" && cp --parents -t "$WORK/patches" $(series_patches))
}

# Signed-off-by is not required here; the sender adds it. Two checks replace those of checkpatch, which needs a git
# history: MAINTAINERS covers each new file (get_maintainer.pl), and the commit of each Fixes: tag exists
# (kernel/TOPIC/fixes lists them, from the public history).
check_patch() {
	local out file line said= # FILE TITLE; FILE is $WORK/patches/TOPIC/patches/NAME
	local fixes=$TOP/kernel/${1#"$WORK/patches/"}
	fixes=${fixes%/patches/*}/fixes
	out=$(PATH=/usr/bin:$PATH perl "$SRC/scripts/checkpatch.pl" --root="$WORK/lint" --strict --terse --no-summary --no-signoff --codespell \
		--codespellfile="$(codespell_words)" "$1" 2>&1 |
		grep -v -e 'does MAINTAINERS need updating?$' -e 'WARNING: Unknown commit id ') || true
	for file in $(sed -n '/^new file mode/,/^+++/ s,^+++ b/,,p' "$1"); do
		covered "$file" || said+="$file has no maintainer"$'\n'
	done
	while read -r line; do
		grep -qxF "$line" "$fixes" || said+="unknown commit: Fixes: $line"$'\n'
	done < <(sed -n '1,/^---$/ s/^Fixes: //p' "$1")
	[ -n "$out$said" ] || { pass "checkpatch $2"; return; }
	fail "checkpatch $2"
	sed '/^$/d; s/^/      | /' <<<"$out"$'\n'"$said" | head -n 30
}

# The tree for checkpatch, whose check of licences reads them from git.
lint_tree() {
	rm -rf "$WORK/lint"
	mkdir "$WORK/lint"
	ln -s "$SRC"/* "$WORK/lint/"
	rm "$WORK/lint/LICENSES"
	cp -r "$SRC/LICENSES" "$WORK/lint/"
	git -C "$WORK/lint" init --quiet
	git -C "$WORK/lint" add LICENSES
	git -C "$WORK/lint" -c user.name=base -c user.email=base@invalid commit --quiet -m LICENSES
}

# True if an entry of MAINTAINERS covers the file; the last one, which covers everything, does not count.
covered() {
	(cd "$SRC" && perl scripts/get_maintainer.pl --no-git --no-git-fallback --no-l --no-n -f "$1" 2>/dev/null) |
		grep -q '(maintainer\|(supporter\|(reviewer'
}

codespell_words() {
	/usr/bin/python3 -c 'import codespell_lib; print(codespell_lib.__path__[0] + "/data/dictionary.txt")'
}

# The files that the series touches, with it in docs/new and without in docs/old.
documented_files() {
	local file name
	rm -rf "$WORK/docs"
	mkdir -p "$WORK/docs/new"
	(cd "$SRC" && series_text | sed -n 's,^+++ b/,,p' | sort -u | xargs -r ls -d 2>/dev/null |
		xargs -r cp --parents -t "$WORK/docs/new")
	cp -r "$WORK/docs/new" "$WORK/docs/old"
	for name in $(series_patches | tac); do
		patch -d "$WORK/docs/old" -p1 -R -s -f --no-backup-if-mismatch <"$WORK/patches/$name" || return 1
	done
}

# doc_complaints old|new, without line numbers
doc_complaints() {
	(
		cd "$WORK/docs/$1"
		find . -name '*.[ch]' -not -path './tools/*' -print0 |
			xargs -0 -r -n 1 /usr/bin/python3 "$SRC/tools/docs/kernel-doc" -none -Wall 2>&1
		find . -name '*.rst' -print0 | xargs -0 -r /usr/bin/python3 "$TOP/kernel/tools/check-rst.py" 2>&1
	) | sed -E '/^$/d; s/:[0-9]+ /: /' | sort
}

documentation() {
	local new
	documented_files || { fail "documentation: patches cannot be taken back"; return; }
	new=$(comm -13 <(doc_complaints old) <(doc_complaints new))
	[ -n "$new" ] || { pass "kernel-doc and Documentation"; return; }
	fail "kernel-doc and Documentation: new complaints"
	sed 's/^/      | /' <<<"$new" | head -n 30
}

series_folders() {
	local folder
	for folder in $SERIES_FOLDERS; do [ ! -d "$SRC/$folder" ] || echo "$folder"; done
}

each_patch() {
	local name title before
	lint_tree
	configure "$WORK/x86" || { fail "configure"; return 1; }
	for name in $(series_patches); do
		title=$(basename "$name" .patch)
		title=${title:0:48}
		if grep -qxF "$name" "$WORK/applied"; then
			check_patch "$WORK/patches/$name" "$title"
			pass "build $title (as before)"
			continue
		fi
		if ! patch -d "$SRC" -p1 -s -f --fuzz=0 --no-backup-if-mismatch <"$WORK/patches/$name"; then
			fail "$title: does not apply"
			return 1
		fi
		printf '%s\n' "$name" >>"$WORK/applied"
		check_patch "$WORK/patches/$name" "$title"
		! grep -q '^+++ b/.*Kconfig' "$WORK/patches/$name" || configure "$WORK/x86" || fail "configure after $title"
		before=$failed
		build "build $title" "$WORK/x86" C=1 $OBJECTS $TPH_OBJECTS $(series_folders)
		[ "$failed" != "$before" ] || series_id "$name" >>"$WORK/built"
	done
	build "build all drivers with the series" "$WORK/x86" $ALL_OBJECTS
}

variants() {
	local option
	for option in CONFIG_PCIE_TPH=n CONFIG_PCI_P2PDMA=n CONFIG_INFINIBAND_ON_DEMAND_PAGING=n \
		CONFIG_INFINIBAND_USER_ACCESS=n CONFIG_MLX5_INFINIBAND=y; do
		local more=()
		[ "$option" != CONFIG_MLX5_INFINIBAND=y ] || more=(CONFIG_MLX5_CORE=y)
		if configure "$WORK/x86" "$option" "${more[@]}"; then
			build "build with $option" "$WORK/x86" drivers/pci/ drivers/dma-buf/ drivers/vfio/pci/ \
				drivers/net/ethernet/mellanox/mlx5/core/main.o drivers/infiniband/core/ drivers/infiniband/hw/mlx5/
		else
			fail "configure $option"
		fi
	done
}

# The selftests are user space: built on the headers of the patched tree.
selftests() {
	local log=$WORK/log/selftests.log
	mkdir -p "$WORK/selftests"
	if ! host_packages uuid-dev >"$WORK/log/packages.log" 2>&1; then
		skip "build vfio selftests" "uuid-dev cannot be installed ($WORK/log/packages.log)"
	elif kmake "$WORK/x86" INSTALL_HDR_PATH="$WORK/headers" headers_install >"$log" 2>&1 &&
		make -C "$SRC/tools/testing/selftests/vfio" OUTPUT="$WORK/selftests" \
			KHDR_INCLUDES="-isystem $WORK/headers/include" >>"$log" 2>&1 </dev/null; then
		pass "build vfio selftests"
	else
		fail "build vfio selftests: $log"
	fi
}

cross() {
	if ! host_packages gcc-aarch64-linux-gnu >"$WORK/log/packages.log" 2>&1; then
		skip "build for arm64" "gcc-aarch64-linux-gnu cannot be installed ($WORK/log/packages.log)"
	elif configure "$WORK/arm64"; then
		build "build for arm64" "$WORK/arm64" $OBJECTS $TPH_OBJECTS $(series_folders)
	else
		fail "configure arm64"
	fi
}

verify() {
	host_packages sparse codespell perl patch git python3-docutils python3-ply python3-git >"$CACHE/kernel-verify.packages.log" 2>&1 ||
		die "packages are missing: $CACHE/kernel-verify.packages.log"
	[ -s "$WORK/base-id" ] && [ "$(cat "$WORK/base-id")" = "$base_id" ] || build_base
	unapply
	if each_patch; then
		documentation
		selftests
		variants
		cross
	fi
	say "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
}

# What the result depends on: comments of the tools do not count.
tools=$(cd "$TOP/kernel/tools" && sed '/^[[:space:]]*#/d; /^[[:space:]]*$/d' fetch.sh lib.sh sparse check-rst.py verify.sh)
state=$(hash_text "$(series_text | sha256sum) $(hash_of "$TOP"/kernel/{BASE,topics,config/vm.config}) $tools $(cat "$TOP"/kernel/*/fixes)")
record=$TOP/kernel/verified
if [ "${1:-}" = --known ]; then
	[ "$(cut -d ' ' -f 1 "$record" 2>/dev/null)" = "$state" ]
	exit
fi
tarball=$("$TOP/kernel/tools/fetch.sh" tarball)
base_id=$(hash_text "$(stat -c '%s %Y' "$tarball") $(hash_of "$TOP/kernel/config/vm.config" "$CHECK") \
	$OBJECTS $TPH_OBJECTS $ALL_OBJECTS $OPTIONS")
with_lock kernel-verify verify | tee "$WORK.log"
say "$state $(tail -n 1 "$WORK.log")" >"$record"
