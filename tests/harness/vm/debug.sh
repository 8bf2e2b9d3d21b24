# SPDX-License-Identifier: MIT
# Reports of a debug kernel, checked after all cases of a VM: memory leaks, DMA mappings that
# drivers did not release, data races. Each check prints its findings and fails for those that the
# series may have caused, or if the detector does not report the deliberate faults of the module
# detector_probe.

KMEMLEAK=/sys/kernel/debug/kmemleak
KCSAN=/sys/kernel/debug/kcsan
KNOWN_LEAKS=/opt/tphbuf/tests/known-leaks
TOUCHED=/mnt/kernel/touched-functions

built_with() { zcat /proc/config.gz | grep -qx "CONFIG_$1=y"; }

# A report of kmemleak (standard input) as a line for each leak: functions of the back trace, innermost first.
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
		print trace }'
}

# Lines of standard input that match no pattern of known-leaks; all lines if known-leaks is empty
without_known() {
	local patterns
	patterns=$(sed 's/[[:space:]]*#.*//; /^$/d' "$KNOWN_LEAKS")
	if [ -n "$patterns" ]; then grep -v -E -e "$patterns" || [ $? = 1 ]; else cat; fi
}

probe_detector() { insmod /mnt/kernel/modules/detector_probe.ko "$@"; }

# Drops the lines of the probe; fails if there are none
without_probe() { # TEXT
	grep -q detector_probe <<<"$1" || { echo "the detector is inactive: it did not report the faults of detector_probe" >&2; return 1; }
	grep -v detector_probe <<<"$1" || [ $? = 1 ]
}

# Every leak fails unless known-leaks lists it. The first scan records checksums of the objects,
# the second one reports. Objects must have a minimum age. A few leaks may stay unreported, since
# the allocator's caches still point at the objects; hence 1000.
debug_memory_leaks() {
	local all unknown
	probe_detector leaks=1000
	sleep 6
	echo scan >$KMEMLEAK
	echo scan >$KMEMLEAK
	cp $KMEMLEAK /srv/kmemleak.txt
	rmmod detector_probe
	all=$(without_probe "$(leak_lines </srv/kmemleak.txt | sort | uniq -c)")
	echo "${all:-no leak}"
	[ -n "$all" ] || return 0
	unknown=$(without_known <<<"$all")
	[ -z "$unknown" ] || { echo "leak: $(head -n 1 <<<"$unknown")"; return 1; }
}

# DMA_API_DEBUG warns when a driver is unbound with active mappings; the caller scans the log.
debug_drivers_unload() {
	local bdf
	for bdf in $(endpoints); do unbind "$bdf"; done
	rmmod vfio-pci vfio-pci-core ib_umad mlx5_ib mlx5_core
}

# lockdep switches itself off after its first report and when it runs out of space.
debug_lockdep_is_on() { grep -E 'debug_locks: +1$' /proc/lockdep_stats; }

# KCSAN reports of a kernel log (standard input) as "FUNCTION / FUNCTION", the two sides, without suffixes that the
# compiler appended; one function when the other side is unknown.
race_lines() {
	sed -E 's/^\[[^]]*\] ?//' | awk '
		/BUG: KCSAN/ { if (pair) print pair; pair = ""; on = 1; next }
		on && /^(read|write|race|assert).*(by task|by interrupt|at unknown)/ { top = 1; next }
		on && top && /^ / { sub(/^ +/, ""); sub(/[+.].*/, ""); pair = pair (pair ? " / " : "") $0; top = 0; next }
		on && /^=====/ { if (pair) print pair; pair = ""; on = 0 }
		END { if (pair) print pair }'
}

# The races on standard input with a side in a file that the series changes
races_of_the_series() { grep -wF -e "$(sed 's/\..*//' "$TOUCHED")" || [ $? = 1 ]; }

# A race fails if one side is in a file that the series changes; the others are counted.
debug_data_races() {
	local races ours
	grep -E '^setup_watchpoints: +[1-9]' $KCSAN
	[ -s "$TOUCHED" ]
	probe_detector race_ms=2000
	rmmod detector_probe
	races=$(without_probe "$(dmesg | race_lines | sort | uniq -c | sort -rn)")
	echo "reports in all files: ${races:-none}"
	[ -n "$races" ] || return 0
	ours=$(races_of_the_series <<<"$races")
	[ -z "$ours" ] || { echo "data race in a file of the series: $(head -n 1 <<<"$ours")"; return 1; }
}

# The checks for which this kernel was built
debug_checks() {
	! built_with PROVE_LOCKING || echo debug_lockdep_is_on
	! built_with DEBUG_KMEMLEAK || echo debug_memory_leaks
	! built_with DMA_API_DEBUG || echo debug_drivers_unload
	! built_with KCSAN || echo debug_data_races
}
