# SPDX-License-Identifier: MIT
# QEMU's QMP monitor on the fourth serial port of the guest (rig/guest/lib.sh: qmp). A boot adds "${MONITOR[@]}" to QEMU.
monitor=tphbuf-monitor-$$
MONITOR=(-chardev "socket,id=monitor,path=$monitor,abstract=on,server=on,wait=off" -mon "chardev=monitor,mode=control"
	-chardev "socket,id=line,path=$monitor,abstract=on" -device "isa-serial,chardev=line,index=3")
