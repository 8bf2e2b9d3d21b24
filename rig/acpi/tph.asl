// SPDX-License-Identifier: MIT
// Steering tags of the platform, as firmware would give them.
//
// QEMU's host bridge has no _DSM. This SSDT adds function 0xF ("Query Cache Locality TPH Features",
// PCI Firmware Specification 3.3, 4.6.15) to it, so that pcie_tph_get_cpu_st() has something to ask.
// It stands in for platform firmware; the numbers mean nothing beyond being recognisable in a trace:
// CPU n has tag 0x20 + n (8 bit) and 0x120 + n (16 bit) for volatile memory, 0x40 / 0x240 for persistent.
//
// The scratchpad register of the host bridge (config space, 0xdc) chooses a variant, so that one boot can
// show several kinds of firmware: `setpci -s 0:0.0 dc.b=N`.
//   0 as above               3 16-bit tags only           6 tags are 0                  9 no function 0xF
//   1 no tag valid           4 persistent memory only     7 reply of 4 bytes
//   2 8-bit tags only        5 all CPUs have one tag      8 reply is an integer
DefinitionBlock ("tph.aml", "SSDT", 2, "TPHBUF", "STEERTAG", 1)
{
    External (\_SB.PCI0, DeviceObj)

    Scope (\_SB.PCI0)
    {
        Device (TPHV)
        {
            Name (_ADR, 0)
            OperationRegion (SKPD, PCI_Config, 0xDC, 1)
            Field (SKPD, ByteAcc, NoLock, Preserve)
            {
                VRNT, 8
            }
        }

        Method (_DSM, 4, Serialized)
        {
            If (LNotEqual (Arg0, ToUUID ("E5C937D0-3553-4D7A-9117-EA4D19C3434D")))
            {
                Return (Buffer (1) { 0x00 })
            }

            Store (\_SB.PCI0.TPHV.VRNT, Local1)

            // function 0: bit 0 (this query) and bit 15 (function 0xF)
            If (LEqual (Arg2, 0))
            {
                If (LEqual (Local1, 9))
                {
                    Return (Buffer (2) { 0x01, 0x00 })
                }
                Return (Buffer (2) { 0x01, 0x80 })
            }

            If (LEqual (Arg2, 0x0F))
            {
                Name (TAGS, Buffer (8) {})
                CreateByteField (TAGS, 0, VFLG)   // bit 0: 8-bit tag valid, bit 1: 16-bit tag valid
                CreateByteField (TAGS, 1, VST)
                CreateWordField (TAGS, 2, VXST)
                CreateByteField (TAGS, 4, PFLG)
                CreateByteField (TAGS, 5, PST)
                CreateWordField (TAGS, 6, PXST)
                Store (DerefOf (Index (Arg3, 1)), Local0)   // processor UID
                If (LEqual (Local1, 5))
                {
                    Store (0, Local0)
                }
                Store (3, VFLG)
                Store (Add (0x20, Local0), VST)
                Store (Add (0x0120, Local0), VXST)
                Store (3, PFLG)
                Store (Add (0x40, Local0), PST)
                Store (Add (0x0240, Local0), PXST)
                If (LEqual (Local1, 1))
                {
                    Store (0, VFLG)
                    Store (0, PFLG)
                }
                If (LEqual (Local1, 2))
                {
                    Store (1, VFLG)
                    Store (1, PFLG)
                }
                If (LEqual (Local1, 3))
                {
                    Store (2, VFLG)
                    Store (2, PFLG)
                }
                If (LEqual (Local1, 4))
                {
                    Store (0, VFLG)
                }
                If (LEqual (Local1, 6))
                {
                    Store (0, VST)
                    Store (0, VXST)
                }
                If (LEqual (Local1, 7))
                {
                    Return (Buffer (4) { 0x03, 0x21, 0x21, 0x01 })
                }
                If (LEqual (Local1, 8))
                {
                    Return (3)
                }
                Return (TAGS)
            }

            Return (Buffer (1) { 0x00 })
        }
    }
}
