# SPDX-License-Identifier: MIT
# The long form of perftest_matrix.sh: each program with each set of options below, on host memory and with the server's
# buffer in the endpoint's BAR, 352 pairs. Whether a pair works or is refused is perftest's decision; a row fails if a
# side hangs or dies by a signal, or if one side works and the other one does not. Not part of make check, but of make soak:
#   ONLY=perftest_long BOOT_ARGS=TEST_DEADLINE=1800 BOOT_DEADLINE=7200 tests/harness/vm-boot.sh 13-tools
. /opt/tphbuf/tests/cases/perftest_matrix.sh

# Option sets of every program
SETS='-s 1 -n 100
-s 65536 -n 50 -q 4
-s 4096 -n 100 -e
-s 64 -n 100 -I 64
-s 64 -n 100 -I 0
-s 4096 -n 100 -c UC
-s 2048 -n 600 -c UD
-s 4096 -n 600 -c XRC
-s 4096 -D 1
-s 4096 -D 1 --cpu_util
-s 4096 -n 100 -m 256 -u 20 -S 1
-s 4096 -n 100 --use_old_post_send
-s 4096 -n 100 --perform_warm_up
-s 4096 -n 100 --mr_per_qp -q 2
-s 4096 -n 100 --use_hugepages
-s 4096 -n 100 --verify_payload
-s 4096 -n 100 --odp
-s 4096 -n 100 --out_json --out_json_file=/tmp/long.json
-n 5 -a'

# Of the bandwidth tests only
BW_SETS='-s 4096 -n 200 -b -q 2
-s 4096 -n 100 -l 4 -Q 2
-s 4096 -n 100 -t 1 -Q 1
-s 4096 -n 600 -r 600 --use-srq -q 2
-s 4096 -n 100 -N --report_gbits
-s 4096 -n 100 --rate_limit=100 --rate_units=M --rate_limit_type=SW'

rows() { # PROGRAM
	local sets=$SETS
	[[ $1 != *_bw ]] || sets+=$'\n'$BW_SETS
	sed "s/.*/$1|&|ends/" <<<"$sets"
}

both_memories() { # PROGRAM
	local failed=0
	echo 32 >/proc/sys/vm/nr_hugepages
	rows "$1" | table host || failed=1
	rows "$1" | table bar || failed=1
	return $failed
}

test_write_bw() { both_memories ib_write_bw; }
test_write_lat() { both_memories ib_write_lat; }
test_read_bw() { both_memories ib_read_bw; }
test_read_lat() { both_memories ib_read_lat; }
test_send_bw() { both_memories ib_send_bw; }
test_send_lat() { both_memories ib_send_lat; }
test_atomic_bw() { both_memories ib_atomic_bw; }
test_atomic_lat() { both_memories ib_atomic_lat; }
