#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs on the host beside the VM: kills the fabric when the guest asks for it.
#   kill-fabric.sh VM_FOLDER
for _ in $(seq 1200); do
	if [ -e "$1/work/kill-me" ]; then
		kill -KILL "$(cat "$1/fabric.pid")"
		touch "$1/work/killed"
		exit 0
	fi
	sleep 0.1
done
