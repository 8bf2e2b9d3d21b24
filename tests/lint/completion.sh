#!/bin/bash
# SPDX-License-Identifier: MIT
# The bash completion offers every subcommand and every option of each, and nothing else; and the result of TAB in an
# interactive bash. The command is in $CLI_DIR; needs the package bash-completion.
set -u
us=$(cd "$(dirname "$0")/../../userspace" && pwd)
status=0
export PATH=$CLI_DIR:$PATH LD_LIBRARY_PATH=$LIB_DIR
bash_completion=/usr/share/bash-completion/bash_completion
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -e $bash_completion ] || { echo "not ok - the package bash-completion is installed"; exit 1; }

same() { # NAME GOT WANT
	if [ -n "$3" ] && [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		diff <(echo "$2") <(echo "$3")
		status=1
	fi
}

# Candidates come from the command on the fake machine; otherwise the command prints its arguments.
cat >"$work/rc" <<RC
. $bash_completion
. $us/completion/tphbuf
tphbuf() {
	case "\$*" in
	__complete*) $FAKE_COMMAND "\$@" ;;
	*) printf '<%s>' "\$@" >>$work/got; echo >>$work/got ;;
	esac
}
cd $work/files
PS1=
unset HISTFILE
RC

# Each line is typed into one shell, with \t where TAB is pressed.
press() { # LINE...
	rm -f "$work/got"
	{ printf '%b\n' "$@"; echo exit; } |
		INPUTRC=$work/inputrc TERM=dumb timeout 60 script -qec "bash --noprofile --rcfile $work/rc -i" "$work/typescript" >"$work/screen" 2>&1
	cat "$work/got" 2>&1
}

typed() { # LINE WANT
	lines+=("$1") wanted+=("$2")
}

offered() { tphbuf __complete "$@" | sort; }

commands=$(ls "$us"/cli/commands/*.c | sed "s,.*/\(.*\)\.c,\1," | sort)
same "subcommands are offered" "$(offered '')" "$commands"
for command in $commands; do
	same "options of $command are offered" "$(offered "$command" --)" \
		"$(tphbuf "$command" --help | grep -oE '^  --[a-z-]+' | tr -d ' ' | sort)"
done
same "tags are offered" "$(offered export 0000:03:00.0 --tag '')" "$(printf '%s\n' none st= xst=)"

touch "$work/inputrc"
mkdir -p "$work/files/good/one" "$work/files/with blank"
touch "$work/files/good.txt" "$work/files/a.sock" "$work/files/with blank/x.so"
lines=() wanted=()
typed 'tphbuf info 0000:03\t' '<info><0000:03:00.0>'
typed 'tphbuf info 0000:\t3\t' '<info><0000:03:00.0>'
typed 'tphbuf info 0000:05\t--no-\t' '<info><0000:05:00.0><--no-open>'
typed 'tphbuf topo 0000:05\tmlx\t' '<topo><0000:05:00.0><mlx5_0>'
typed 'tphbuf export 0000:05\t--tag st\t0x5a,ph=2' '<export><0000:05:00.0><--tag><st=0x5a,ph=2>'
typed 'tphbuf export 0000:05\t--tag no\t--hold' '<export><0000:05:00.0><--tag><none><--hold>'
typed 'tphbuf export --tag=xs\t0x5a' '<export><--tag=xst=0x5a>'
typed 'tphbuf info --backend io\t' '<info><--backend><iommufd>'
typed 'tphbuf info --backend=gr\t' '<info><--backend=group>'
typed 'tphbuf export --bar 0000:0\tx' '<export><--bar><0000:0x>'
typed 'tphbuf serve --count 0000:0\tx' '<serve><--count><0000:0x>'
typed 'tphbuf attach a.s\t--ibdev ml\t' '<attach><a.sock><--ibdev><mlx5_0>'
typed 'tphbuf list --root goo\to\t' '<list><--root><good/one/>'
typed 'tphbuf list --root=goo\to\t' '<list><--root=good/one/>'
typed 'tphbuf serve --socket wi\tx\t--json' '<serve><--socket><with blank/x.so><--json>'
typed 'tphbuf export --exec dirn\tgood.t\t' '<export><--exec><dirname><good.txt>'
typed 'tphbuf export --exec ls --hel\t' '<export><--exec><ls><--help>'
typed 'tphbuf export -- ls --hel\t' '<export><--><ls><--help>'
typed 'tphbuf show --roo\tgo\to\t' '<show><--root><good/one/>'
mapfile -t got < <(press "${lines[@]}")
for i in "${!lines[@]}"; do
	same "TAB: ${lines[i]}" "${got[i]-}" "${wanted[i]}"
done
exit $status
