# SPDX-License-Identifier: MIT
# rdma-core's VFIO provider, a driver of its own, on the NIC model: it starts the NIC and declines, because the NIC has
# no capability umem_uid_0 (docs/models.md). mlx5_core takes the NIC again afterwards.

test_provider_declines() {
	local bdf=${NICS##*$'\n'} nic
	expect_text 'mlx5_core' readlink "/sys/bus/pci/devices/$bdf/driver"
	bind_vfio "$bdf"
	expect_fail 1 'Operation not supported|Errno: 95' python3 -c "
from pyverbs.providers.mlx5.mlx5_vfio import Mlx5VfioAttr, Mlx5VfioContext
Mlx5VfioContext(attr=Mlx5VfioAttr(pci_name='$bdf'))"
	unbind "$bdf"
	echo "$bdf" >/sys/bus/pci/drivers_probe
	wait_for 20 has_ib "$bdf" || true
	nic=$(ib_of "$bdf")
	wait_for 20 port_active "$nic"
	rc_ops write "$nic_ext" "$nic"
}
