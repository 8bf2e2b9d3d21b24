// SPDX-License-Identifier: MIT
// Steering tags of the platform, as firmware would give them.
//
// QEMU's host bridge has no _DSM. This SSDT adds function 0xF ("Query Cache Locality TPH Features",
// PCI Firmware Specification 3.3, 4.6.15) to it, so that pcie_tph_get_cpu_st() has something to ask.
// It stands in for platform firmware; the numbers mean nothing beyond being recognisable in a trace:
// CPU n has tag 0x20 + n (8 bit) and 0x120 + n (16 bit) for volatile memory, 0x40 / 0x240 for persistent.
DefinitionBlock ("tph.aml", "SSDT", 2, "TPHBUF", "STEERTAG", 1)
{
    External (\_SB.PCI0, DeviceObj)

    Scope (\_SB.PCI0)
    {
        Method (_DSM, 4, Serialized)
        {
            If (LNotEqual (Arg0, ToUUID ("E5C937D0-3553-4D7A-9117-EA4D19C3434D")))
            {
                Return (Buffer (1) { 0x00 })
            }

            // function 0: bit 0 (this query) and bit 15 (function 0xF)
            If (LEqual (Arg2, 0))
            {
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
                Store (3, VFLG)
                Store (Add (0x20, Local0), VST)
                Store (Add (0x0120, Local0), VXST)
                Store (3, PFLG)
                Store (Add (0x40, Local0), PST)
                Store (Add (0x0240, Local0), PXST)
                Return (TAGS)
            }

            Return (Buffer (1) { 0x00 })
        }
    }
}
