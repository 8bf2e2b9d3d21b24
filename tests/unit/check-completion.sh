#!/bin/bash
# SPDX-License-Identifier: MIT
# The bash completion offers every subcommand and every option of each, and nothing else.
# Needs the command built in $BUILD/product/bin.
set -u
us=../../userspace
status=0
export PATH=$BUILD/product/bin:$PATH LD_LIBRARY_PATH=$BUILD/product/lib
. "$us/completion/tphbuf"

complete_line() { # WORD...: sorted words offered for the last one
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	_tphbuf
	printf '%s\n' ${COMPREPLY[@]+"${COMPREPLY[@]}"} | sort -u
}

same() { # NAME GOT WANT
	if [ -n "$3" ] && [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		diff <(echo "$2") <(echo "$3")
		status=1
	fi
}

commands=$(ls "$us"/cli/cmd_*.c | sed 's,.*/cmd_\(.*\)\.c,\1,' | sort)
same "subcommands are completed" "$(complete_line tphbuf '')" "$commands"
for command in $commands; do
	want=$({ tphbuf "$command" --help | grep -E '^  --' | grep -oE -- '(^  | )--[a-z-]+( |$)' | tr -d ' '
		printf '%s\n' --json --verbose --help; } | sort -u)
	same "options of $command are completed" "$(complete_line tphbuf "$command" --)" "$want"
done
same "a prefix narrows it" "$(complete_line tphbuf exp)" export
same "tags are completed" "$(complete_line tphbuf export 0000:03:00.0 --tag x)" xst=
exit $status
