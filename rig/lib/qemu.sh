# SPDX-License-Identifier: MIT
# QEMU from the guest root, its inputs, and the choice of accelerator. Source it after common.sh.

# Run the guest root's QEMU on any host, with the dynamic loader and libraries of that root.
qemu() {
	local root lib
	root=$(readlink -f "$BUILD/root")
	lib=$root/usr/lib/x86_64-linux-gnu
	QEMU_MODULE_DIR=$lib/qemu exec "$root/lib64/ld-linux-x86-64.so.2" ${QEMU_PRELOAD:+--preload "$QEMU_PRELOAD"} --library-path "$lib:$lib/pulseaudio" \
		"$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" \
		-L "$root/usr/lib/ipxe/qemu" "$@"
}

qemu_version() { (qemu --version) | sed -n '1s/.*version \([0-9.]*\).*/\1/p'; }

share() { # TAG PATH READONLY(on|off)
	printf '%s\n' -fsdev "local,id=fs-$1,path=$2,security_model=none,readonly=$3" \
		-device "virtio-9p-pci,fsdev=fs-$1,mount_tag=$1,bus=pcie.0"
}

# A first root of busybox and rig/guest/init, made again when either changes.
initrd() {
	local out dir
	out=$BUILD/initrd-$(hash_of "$TOP/rig/guest/init" /bin/busybox).gz
	if [ ! -f "$out" ]; then
		dir=$(mktemp -d)
		mkdir -p "$dir"/{bin,dev,proc,sys,tmp,newroot}
		cp /bin/busybox "$dir/bin/"
		/bin/busybox --list | grep -vx busybox | while read -r applet; do ln -s busybox "$dir/bin/$applet"; done
		cp "$TOP/rig/guest/init" "$dir/init"
		chmod +x "$dir/init"
		(cd "$dir" && find . | cpio -o -H newc --quiet | gzip -1) >"$out.$$"
		mv "$out.$$" "$out"
		rm -rf "$dir"
	fi
	printf '%s\n' "$out"
}

ssdt() {
	local out
	out=$BUILD/ssdt-$(hash_of "$TOP/rig/acpi/tph.asl").aml
	if [ ! -f "$out" ]; then
		iasl -p "${out%.aml}.$$" "$TOP/rig/acpi/tph.asl" >"${out%.aml}.log" 2>&1 || die "iasl failed: ${out%.aml}.log"
		mv "${out%.aml}.$$.aml" "$out"
	fi
	printf '%s\n' "$out"
}

# Preloaded library for a virtio-gpu with blob resources, see the source.
no_udmabuf() {
	local source=$TOP/rig/qemu/no_udmabuf.c out
	out=$BUILD/no-udmabuf-$(hash_of "$source").so
	[ -f "$out" ] || { gcc -O2 -Wall -Wextra -Werror -shared -fPIC -o "$out.$$" "$source" && mv "$out.$$" "$out"; }
	printf '%s\n' "$out"
}

# kvm or tcg. KVM is used only if a kernel boots with it; an open of /dev/kvm is not sufficient.
# ACCEL= overrides.
accelerator() {
	local cached
	[ -z "${ACCEL:-}" ] || { printf '%s\n' "$ACCEL"; return; }
	cached=$BUILD/accel-$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -f "$cached" ]; then
		if [ -w /dev/kvm ] && kvm_boots; then echo kvm; else echo tcg,thread=multi,tb-size=512; fi >"$cached.$$"
		mv "$cached.$$" "$cached"
	fi
	cat "$cached"
}

kvm_boots() {
	local kernel log=$BUILD/kvm-probe.log
	kernel=$(ls -d "$BUILD"/kernel/*/bzImage | head -n 1)
	(
		ulimit -t 60
		timeout 12 bash -c ". '$TOP/rig/lib/common.sh'; . '$TOP/rig/lib/qemu.sh'; qemu -accel kvm -cpu host -M q35 -m 256M \
			-nographic -no-reboot -nodefaults -serial stdio -monitor none -kernel '$kernel' -initrd '$(initrd)' \
			-append 'console=ttyS0 panic=-1 rig.probe'"
	) >"$log" 2>&1 </dev/null || true
	grep -q 'RIG: alive' "$log"
}

wait_until() { # SECONDS COMMAND...
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}
