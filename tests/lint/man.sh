#!/bin/bash
# SPDX-License-Identifier: MIT
# Every public function and every subcommand is documented in a man page, and
# the pages are free of mandoc warnings where mandoc is installed. Needs the
# command built in $CLI_DIR.
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
if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning "$us"/man/*.[137]
	result $? "mandoc finds no fault"
else
	echo "ok - mandoc finds no fault # SKIP mandoc is not installed"
fi
exit $status
