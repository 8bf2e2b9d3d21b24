#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make demo: set up from nothing, boot the VM with the demo fabric, run the story, judge and report.
. "$(dirname "$0")/../rig/lib/common.sh"
. "$TOP/demo/fabric.sh"
arguments 0 0 "" "$@"

# Prints the VM's log while the VM runs, to show the progress of the story.
run_story() {
	local pid rc=0
	"$TOP/rig/vm.sh" -n demo -d 600 "${DEMO_FABRIC[@]/#/-f}" demo/story.sh 2>"$BUILD/log/demo-vm.err" &
	pid=$!
	(
		while [ ! -f "$BUILD/vm/demo/console.log" ] || [ "$BUILD/vm/demo/console.log" -ot "$marker" ]; do sleep 0.2; done
		tail -n +1 -f --pid="$pid" "$BUILD/vm/demo/console.log" | sed -u -n 's/\r//; s/^.*STORY: /      /p'
	) &
	wait "$pid" || rc=$?
	sleep 0.3
	return $rc
}

start=$SECONDS
"$TOP/rig/all.sh" 2
mkdir -p "$BUILD/log" "$BUILD/report"
marker=$BUILD/log/demo.marker
touch "$marker"
say "[6/7] tagged and untagged runs, in the VM"
if ! run_story; then
	cat "$BUILD/log/demo-vm.err" >&2
	tail -n 20 "$BUILD/vm/demo/console.log" | sed 's/^/    | /' >&2
	die "the runs in the VM did not finish: the end of the console is above, all logs are in build/vm/demo"
fi
say "[7/7] report"
"$TOP/demo/report.sh" "$BUILD/vm/demo" "$BUILD/report/demo.json"
say "done in $((SECONDS - start)) s"
