#!/bin/bash
# SPDX-License-Identifier: MIT
# The command under valgrind: the unit tests that run it, and whole runs of it, good and bad, on the fake machine. An
# error, a leak or a descriptor left open fails.
#   valgrind.sh FAKE_COMMAND    the test programs are beside it; a build without sanitizers
set -u
bin=${1%/*}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
# Blocks that are "possibly lost" belong to the libraries' own start.
memcheck="valgrind --vgdb=no --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect
	--errors-for-leak-kinds=definite,indirect"

result() { # NAME LOG CONDITION...
	local name=$1 log=$2
	shift 2
	if "$@"; then
		echo "ok - valgrind: $name"
	else
		echo "not ok - valgrind: $name"
		tail -n 40 "$log"
		status=1
	fi
}

# Its TAP lines are those of the other run of the same program.
unit_test() { # PROGRAM
	$memcheck -q "$bin/$1" >"$work/$1" 2>&1
	echo $? >"$work/$1.status"
}

# By the log, not by the exit status: valgrind of Debian 12 reports open descriptors without
# counting them as errors.
nothing_open() { # LOG
	local open='^==[0-9]+== Open (file descriptor|.* socket) '
	grep -q 'FILE DESCRIPTORS' "$1" || return 1
	! grep -E -A 1 "$open" "$1" | grep -vE -e "$open" -e '^--' | grep -v 'inherited from parent'
}

whole_run() { # EXIT_STATUS WORD...
	local want=$1 got=0
	shift
	$memcheck --track-fds=yes "$bin/fake_command" "$@" >"$work/run" 2>&1 || got=$?
	result "tphbuf $*" "$work/run" test "$got" = "$want"
	result "tphbuf $* leaves nothing open" "$work/run" nothing_open "$work/run"
}

whole_runs() {
	whole_run 0 list --json
	whole_run 0 info 03:00.0
	whole_run 1 topo 03:00.0 mlx5_0
	whole_run 1 doctor 03:00.0 mlx5_0
	whole_run 0 show $$
	whole_run 0 export 03:00.0 --bar 2 --backend group --tag st=0x5a,ph=2
	whole_run 0 tag 03:00.0 --bar 2 --set st=1 --set xst=2,ph=1 --clear
	whole_run 0 register 03:00.0 --bar 2 --ibdev mlx5_0 --tag st=0x5a,ph=2 --require --json
	whole_run 1 register 03:00.0 --bar 2 --ibdev mlx5_0 --tag xst=0x5a,ph=2 --require
	whole_run 1 serve 03:00.0 --bar 2 --socket /nonexistent/socket
	whole_run 1 attach /nonexistent/socket
	whole_run 2 export 03:00.0 --bar 2 --tag st=0x5a,ph=4
	whole_run 2 export 03:00.0 --bar 2 --range 1+4K
	whole_run 2 info 03:00
	whole_run 2 frobnicate
	whole_run 4 export 05:00.0 --bar 0
}

unit_tests="cli_test cli_machine_test cli_doctor_test cli_share_test cli_selftest_test cli_output_test"
(for test in $unit_tests; do unit_test "$test"; done) &
whole_runs
wait
for test in $unit_tests; do
	result "$test" "$work/$test" test "$(cat "$work/$test.status")" = 0
done
exit $status
