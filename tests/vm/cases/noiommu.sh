# SPDX-License-Identifier: MIT
# A machine without an IOMMU: refused by every back end, works when forced, and only for root.

export4k() { tphbuf export "$endpoint" --bar 2 --length 4K "$@"; }

test_vfio_reports_noiommu() {
	ls /sys/bus/pci/devices/"$endpoint"/vfio-dev /dev/vfio /dev/vfio/devices
	equal "name of the group" "$(cat "/sys/bus/pci/devices/$endpoint/iommu_group/name")" vfio-noiommu
}

test_refused() {
	local backend
	for backend in auto iommufd group; do
		expect_fail 4 'no IOMMU isolates.*noiommu-.*refused.*--noiommu' export4k --backend "$backend"
		expect_fail 4 'no IOMMU isolates' tphbuf info "$endpoint" --backend "$backend"
	done
}

test_forced() {
	local backend
	for backend in iommufd group; do
		expect_text "open through $backend" export4k --backend "$backend" --noiommu --tag st=0x5a,ph=2
		expect_text '"state":[[:space:]]*"yes"' tphbuf register --json "$endpoint" --bar 2 --length 1M --noiommu \
			--backend "$backend" --ibdev "$nic_8bit" --tag st=0x5a,ph=2 --require
	done
}

test_doctor_reports_noiommu() {
	expect_fail 1 'error +group +no IOMMU isolates' tphbuf doctor "$endpoint" --no-open
	expect_fail 3 'warning +group +no IOMMU isolates' tphbuf doctor "$endpoint" --noiommu
	expect_fail 3 'ok +node .*/dev/vfio/noiommu-' tphbuf doctor "$endpoint" --noiommu --backend group
}

# The kernel requires CAP_SYS_RAWIO, whatever the permissions of the nodes.
test_forced_by_a_user() {
	chmod 0666 /dev/iommu /dev/vfio/* /dev/vfio/devices/* 2>/dev/null || true
	chmod 0755 /dev/vfio/devices
	local backend
	for backend in auto iommufd group; do
		expect_fail 1 'CAP_SYS_RAWIO' setpriv --reuid 1234 --regid 1234 --clear-groups --bounding-set=-all \
			tphbuf export "$endpoint" --bar 2 --length 4K --noiommu --backend "$backend"
	done
}
