# SPDX-License-Identifier: MIT
# The steering tags that a device of vfio-pci itself sends, under random operations. STEER_SECONDS and SEED come from
# the boot (kernel arguments).
insert tph_root_port
level=/sys/module/vfio_pci/parameters/tph_st
all=($(engines))

stress_at() { # LEVEL BDF
	echo "$1" >$level
	bind_vfio "$2"
	steer_ops stress "$2" "${STEER_SECONDS:-4}"
}

test_confined_table_in_the_capability() { stress_at confined "${all[0]}"; }
test_unsafe_table_in_msix() { stress_at unsafe "${all[1]}"; }
