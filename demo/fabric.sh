# SPDX-License-Identifier: MIT
# The demo fabric: a NIC that can send Extended TPH, a NIC that can send 8-bit tags only, and an endpoint
# that completes both. The MR's NIC decides which namespace is used.
DEMO_FABRIC=(
	"--nic=nic0,lid=1,tph=ext"
	"--nic=nic1,lid=2,tph=8bit"
	"--endpoint=ep0,bar-mb=64,completer=ext"
)
