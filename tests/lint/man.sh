#!/bin/bash
# SPDX-License-Identifier: MIT
# Every public function, every subcommand, and every option of each program is documented in a man page, and the
# pages are free of mandoc warnings where mandoc is installed. Needs the command built in $CLI_DIR, nccl-net-check,
# fabric-tally and, unless it is not built, tphbuf-fabric ($NCCL_NET_CHECK, $FABRIC_TALLY, $FABRIC).
set -u
export PATH="$CLI_DIR:$PATH" LD_LIBRARY_PATH="$LIB_DIR"
us=$(cd "$(dirname "$0")/../../userspace" && pwd)
status=0
result() { # CONDITION-STATUS NAME
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		status=1
	fi
}

for header in "$us"/include/tphbuf/*.h "$us"/transports/include/tphbuf/*.h; do
	name=${header##*/}
	name=${name%.h}
	[ "$name" = tphbuf ] && continue
	page=$us/man/tphbuf_$name.3
	for function in $(tr '\n' ' ' <"$header" | grep -oE '(TPHBUF_API|static inline) [^;{]*' |
			  grep -oE '\btphbuf_[a-z0-9_]+\(' | tr -d '('); do
		grep -q "^\.Fo $function\$\|^\.Fn $function " "$page"
		result $? "$function is in tphbuf_$name.3"
		grep -q "^\.Nm $function\( ,\)*\$" "$page" &&
			grep -q "^    '$function',\$" "$us/man/meson.build"
		result $? "man $function finds tphbuf_$name.3"
	done
done
for command in "$us"/cli/commands/*.c; do
	name=${command##*/}
	name=${name%.c}
	grep -q "^\.Nm tphbuf $name" "$us/man/tphbuf.1"
	result $? "tphbuf $name is in tphbuf.1"
	options=$(tphbuf __complete "$name" --)
	grep -q . <<<"$options"
	result $? "tphbuf $name has options"
	for option in $options; do
		grep -qE "Fl ${option#-}( |\$)" "$us/man/tphbuf.1"
		result $? "tphbuf $name $option is in tphbuf.1"
	done
done
# Options of the page that no command accepts.
known=$(echo --version; for command in $(tphbuf __complete ''); do tphbuf __complete "$command" --; done)
for option in $(grep -oE 'Fl -[a-z-]+' "$us/man/tphbuf.1" | sed 's/^Fl //' | sort -u); do
	echo "$known" | grep -qx -e "-$option"
	result $? "-$option of tphbuf.1 is an option"
done

same_options() { # PROGRAM: its help and its page have the same options
	local name page help option
	name=$(basename "$1" .py)
	name=${name//_/-}
	page=$us/man/$name.1
	help=$("$1" --help)
	for option in $(grep -oE '^ *--[a-z-]+|[[(|] ?--[a-z-]+' <<<"$help" | grep -oE -e '--[a-z-]+' | sort -u); do
		grep -qE "Fl ${option#-}( |\$)" "$page"
		result $? "$name $option is in $name.1"
	done
	for option in $(grep -oE '(^\.It|,) Fl -[a-z-]+' "$page" | grep -oE -e '-[a-z-]+$' | sort -u); do
		grep -qE -e "-$option\b" <<<"$help"
		result $? "-$option of $name.1 is an option"
	done
}

# The keys of a function of the fabric, as the help and the page have them. "prefix" is that of all functions.
help_keys() { "$FABRIC" --help | awk -v kind="--$1" '$1 == kind { on = 1 } on && !/\[,/ { exit } on' | grep -oE '\[,[a-z-]+' | tr -d '[,' | sort; }
page_keys() {
	awk -v kind="-$1" '/^\.It Fl / { on = $3 == kind } on && /^\.It Cm / { print $3 }' "$us/man/tphbuf-fabric.1" | cat - <(echo prefix) | sort
}

for program in "$NCCL_NET_CHECK" "$FABRIC_TALLY" "$us/../benchmarks/ab/tphbuf_ab.py" ${FABRIC:+"$FABRIC"}; do same_options "$program"; done
for kind in ${FABRIC:+nic endpoint engine}; do
	[ "$(help_keys $kind)" = "$(page_keys $kind)" ]
	result $? "the keys of --$kind are those of tphbuf-fabric.1"
done
if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning "$us"/man/*.[137]
	result $? "mandoc finds no fault"
else
	echo "ok - mandoc finds no fault # SKIP mandoc is not installed"
fi
exit $status
