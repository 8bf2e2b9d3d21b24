# SPDX-License-Identifier: MIT
# Rows of a table of programs and bad arguments, for a test that sources this file. TAP. A program that gets an argument
# that is missing, superfluous, empty or not what it expects ends with status 2 and says which one, before it needs a
# device. In a row @ stands for the bad argument. ROW_LIMIT: seconds for a run.
. "$(dirname "${BASH_SOURCE[0]}")/../harness/tap.sh"

verdict() { # NAME: ok if $complaints is empty
	tap ${#complaints} "$1" "${complaints%$'\n'}"
}

refused() { # TEXT COMMAND...: adds to $complaints what it does instead
	local text=$1 said rc=0
	shift
	said=$(timeout "${ROW_LIMIT:-20}" "$@" 2>&1 </dev/null) || rc=$?
	[ $rc = 2 ] && [[ $said =~ $text ]] ||
		complaints+="${*@Q}: exit $rc instead of 2, does not say /$text/: ${said:0:300}"$'\n'
}

each() { # TEXT WORDS COMMAND...: the command with each of the words in place of @, as an argument or part of one
	local text=$1 word words
	words=$2
	shift 2
	while IFS= read -r word; do refused "$text" "${@//@/$word}"; done <<<"$words"
}

# A text, another one after the number, a sign, a fraction, more than 64 bits
NUMBERS=$'x\n1x\n-1\n+1\n1.5\n0x\n18446744073709551616\n99999999999999999999999999'

number() { # NAME COMMAND...: a whole number
	local complaints=""
	each "$1(: | ')" $'\n'"$NUMBERS" "${@:2}"
	verdict "${2##*/}: $1 is a number"
}

optional() { # NAME COMMAND...: a whole number, or nothing
	local complaints=""
	each "$1(: | ')" "$NUMBERS" "${@:2}"
	verdict "${2##*/}: $1 is a number, if given"
}

setting() { # NAME COMMAND...: an environment variable
	local complaints=""
	each "$1(: | ')" "$NUMBERS" env "$1=@" "${@:2}"
	verdict "${2##*/}: the variable $1 is a number"
}

range() { # NAME "NUMBER..." COMMAND...: a number that is too small or too large
	local complaints=""
	each "$1(: | ')" "${2// /$'\n'}" "${@:3}"
	verdict "${3##*/}: $1 is in its range"
}

word() { # NAME COMMAND...: one of some words
	local complaints=""
	each "$1(: | ')" $'\nnonsense\next|8bit\n0' "${@:2}"
	verdict "${2##*/}: $1 is a known word"
}

count() { # COMMAND...: as many arguments as it needs; one less and five more
	local complaints=""
	refused "missing argument; usage: ${1##*/} " "${@:1:$#-1}"
	refused "superfluous argument; usage: ${1##*/} " "$@" 1 1 1 1 1
	verdict "${1##*/}: number of arguments"
}

count_most() { # COMMAND...: as many arguments as it takes; none is needed
	local complaints=""
	refused "superfluous argument; usage: ${1##*/}" "$@" 1
	verdict "${1##*/}: number of arguments"
}

superfluous() { # COMMAND...: the last argument is one too many
	local complaints=""
	refused "superfluous argument; usage: ${1##*/} " "$@"
	verdict "${1##*/} ${*:2}: a superfluous argument"
}

lacks() { # NAME COMMAND...: an argument that is missing after the last one
	local complaints=""
	refused "missing argument; usage: ${2##*/} .*$1" "${@:2}"
	verdict "${2##*/}: $1 is missing"
}

usage() { # COMMAND...: one argument less and five more; the usage is printed
	local complaints=""
	refused "^usage: ${1##*/} " "${@:1:$#-1}"
	refused "^usage: ${1##*/} " "$@" 1 1 1 1 1
	verdict "${1##*/}: number of arguments"
}

tag() { # COMMAND...: a tag
	local complaints=""
	each '^(reg_latency: TAG .*|st=256|x|): ' $'\nx\nst=256' "$@"
	verdict "${1##*/}: TAG is a tag"
}

fraction() { # NAME COMMAND...: a number, which need not be whole
	local complaints=""
	each "$1(: | ')" $'\nx\n1x\n-1\nnan\ninf\n1e16\n1e999' "${@:2}"
	verdict "${2##*/}: $1 is a number"
}

unknown() { # COMMAND: options that it does not know, and words
	local complaints=""
	refused "unrecognized option" "$@" --absent
	refused "unexpected argument 'word'" "$@" word
	verdict "${1##*/}: unknown options and words"
}

rows_end() {
	tap_plan
	exit $bad
}
