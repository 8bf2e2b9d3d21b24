# SPDX-License-Identifier: MIT
# What a debug kernel has seen, looked at when all cases of a VM have run: memory that leaked, DMA mappings that
# drivers left behind, data races. Each check prints what it found and fails for what the series may have caused.

KMEMLEAK=/sys/kernel/debug/kmemleak

# Leaks as one line each: functions of the back trace, innermost first. Stack addresses have no meaning here.
leak_lines() {
	awk 'BEGIN { RS = "unreferenced object " } NR > 1 {
		n = split($0, line, "\n"); trace = ""; on = 0
		for (i = 1; i <= n; i++) {
			if (line[i] ~ /backtrace/) { on = 1; continue }
			if (on && line[i] ~ /[^ ]/) {
				sub(/^ +/, "", line[i]); sub(/\+0x.*\[/, " [", line[i]); sub(/\+0x.*/, "", line[i])
				trace = trace " < " line[i]
			}
		}
		print trace }' /srv/kmemleak.txt
}

# Lines of standard input that match no pattern of known-leaks; all of it when that has none
without_known() {
	local patterns=/tmp/known-leaks
	sed 's/[[:space:]]*#.*//; /^$/d' /opt/tphbuf/tests/known-leaks >$patterns
	grep -v -E -f $patterns || [ $? = 1 ]
}

# Every leak fails, unless known-leaks has it. Only what two scans see counts, and only after some age.
debug_memory_leaks() {
	local all unknown
	sleep 6
	echo scan >$KMEMLEAK
	echo scan >$KMEMLEAK
	cp $KMEMLEAK /srv/kmemleak.txt
	all=$(leak_lines | sort | uniq -c)
	echo "$all"
	[ -n "$all" ] || return 0
	unknown=$(without_known <<<"$all")
	[ -z "$unknown" ] || { echo "leak: $(head -n 1 <<<"$unknown")"; return 1; }
}

# DMA_API_DEBUG warns when a driver that still has mappings lets its device go; the caller scans the log.
debug_drivers_unload() {
	local bdf
	for bdf in $(endpoints); do unbind "$bdf"; done
	rmmod vfio-pci vfio-pci-core ib_umad mlx5_ib mlx5_core
}

# KCSAN reports as "FUNCTION of one side / FUNCTION of the other", without what the compiler appended.
race_lines() {
	dmesg | sed -E 's/^\[[^]]*\] ?//' | awk '
		/BUG: KCSAN/ { if (pair) print pair; pair = ""; on = 1; next }
		on && /^(read|write|race|assert).*(by task|by interrupt|at unknown)/ { top = 1; next }
		on && top && /^ / { sub(/^ +/, ""); sub(/[+.].*/, ""); pair = pair (pair ? " / " : "") $0; top = 0; next }
		on && /^=====/ { if (pair) print pair; pair = ""; on = 0 }
		END { if (pair) print pair }'
}

# A race fails if one side is in a file that the series changes; the others are counted.
debug_data_races() {
	local races ours functions=/tmp/touched-functions
	sed 's/\..*//' /mnt/kernel/touched-functions >$functions
	races=$(race_lines | sort | uniq -c | sort -rn)
	ours=$(grep -wF -f $functions <<<"$races" || [ $? = 1 ])
	echo "KCSAN reports, all files: ${races:-none}"
	[ -z "$ours" ] || { echo "data race in a file of the series: $ours"; return 1; }
}

# The checks that this kernel can do
debug_checks() {
	[ ! -e $KMEMLEAK ] || echo debug_memory_leaks debug_drivers_unload
	[ ! -e /mnt/kernel/touched-functions ] || echo debug_data_races
}
