#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Build the vfio selftests that the series adds (tools/testing/selftests/vfio), for the guest -> build/selftests
# Only the parts of the tree that they need are unpacked; the result is cached. Needs the patched kernel's headers.
. "$(dirname "$0")/all-series.sh"

PARTS=(scripts/subarch.include include/linux/pci_ids.h tools/include tools/arch/x86
	tools/testing/selftests/lib.mk tools/testing/selftests/kselftest.h tools/testing/selftests/kselftest_harness.h
	tools/testing/selftests/vfio
	drivers/dma/{idxd,ioat} drivers/net/ethernet/intel/igb) # headers of its drivers link to these
# Those of the series, and those that 7.3 has for any device.
PROGRAMS=(vfio_pci_dma_buf_test vfio_pci_dma_buf_tph_test vfio_pci_sriov_uapi_test vfio_pci_tph_st_test
	vfio_pci_device_test vfio_dma_mapping_test vfio_dma_mapping_mmio_test vfio_iommufd_setup_test)

headers=$BUILD/kernel/patched/uapi/include
[ -d "$headers" ] || die "no headers of the patched kernel; run kernel/tools/build.sh patched"

build() {
	local out=$1 work=$1.work
	[ ! -d "$out" ] || return 0
	"$TOP/kernel/tools/fetch.sh" unpack "$work" "${PARTS[@]}"
	# Not inside another repository, else git would leave the files alone.
	(cd "$work" && GIT_CEILING_DIRECTORIES=$(dirname "$work") \
		git apply --include='tools/testing/selftests/vfio/*' $(series_patches | sed "s,^,$TOP/kernel/,"))
	# Debug kernels under emulation need more than the harness's 30 s for a test.
	sed -i 's/^\(#define TEST_TIMEOUT_DEFAULT\) 30$/\1 300/' "$work/tools/testing/selftests/kselftest_harness.h"
	grep -q '^#define TEST_TIMEOUT_DEFAULT 300$' "$work/tools/testing/selftests/kselftest_harness.h"
	mkdir -p "$work/out" "$out.part"
	make -C "$work/tools/testing/selftests/vfio" -j"$JOBS" OUTPUT="$work/out" KHDR_INCLUDES="-isystem $headers" \
		"${PROGRAMS[@]/#/$work/out/}"
	cp "${PROGRAMS[@]/#/$work/out/}" "$out.part/"
	mv "$out.part" "$out"
	rm -rf "$work"
}

tarball=$("$TOP/kernel/tools/fetch.sh" tarball)
out=$CACHE/selftests-$(hash_text "$(stat -c %s "$tarball") $(series_text | sha256sum) $(hash_of "$0")")
with_lock selftests build "$out"
ln -sfn "$out" "$BUILD/selftests"
say "selftests: $out"
