#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Programs of this machine and their bad arguments. TAP.
#
#   host.sh PROGRAM...    programs to test, built; the name of each is that of its file
set -u
. "$(dirname "$0")/rows.sh"

noise() { count_most "$1" copy; word WHAT "$1" @; }

registry_lookup() {
	count_most "$1" 1 1 1
	number REGIONS "$1" @
	number THREADS "$1" 1 @
	number SECONDS "$1" 1 1 @
	range REGIONS 0 "$1" @
	range THREADS "0 65" "$1" 1 @
	range SECONDS 0 "$1" 1 1 @
}

fab_dma() {
	count "$1" tagged 1
	word KIND "$1" @ 1
	number N "$1" tagged @
	range N 0 "$1" tagged @
}

fab_rc() {
	count "$1" 8 1
	number BYTES "$1" @ 1
	range BYTES "0 1048577" "$1" @ 1
	number N "$1" 8 @
	range N 0 "$1" 8 @
	word SOURCE "$1" 8 1 @
}

fab_doorbell() { count_most "$1"; }

guest_killed_test() {
	setting KILLS "$1"
	setting SEED "$1"
}

bad_input() { count "$1" p; }
peer_test() { count "$1" p c; }
verbs_test() { count "$1" p c; }
cuda_test() { count "$1" p; word LIBRARY "$1" p @; }
cuda_old_test() { cuda_test "$1"; }
alloc_client() { count "$1" works; word PART "$1" @; }

scale_sim() {
	local option
	for option in entries limit targets kept operations warm-up seed; do number "--$option" "$1" --$option @; done
	range --entries "0 65" "$1" --entries @ --limit 1
	range --limit "0 64" "$1" --limit @
	range --targets 268435457 "$1" --targets @
	range --operations 0 "$1" --operations @
	fraction --in-flight "$1" --in-flight @
	fraction --zipf "$1" --zipf @
	range --in-flight 0 "$1" --in-flight @
	unknown "$1"
}

export_bar() { usage "$1" b 2 st=1; number BAR "$1" b @ st=1; range BAR 6 "$1" b @ st=1; tag "$1" b 2 @; }
tagged_mr() { usage "$1" b 2 st=1 n; number BAR "$1" b @ st=1 n; range BAR 6 "$1" b @ st=1 n; tag "$1" b 2 @ n; }
fi_tagged_mr() { tagged_mr "$1"; }
share_send() { usage "$1" b 2 st=1 s; number BAR "$1" b @ st=1 s; tag "$1" b 2 @ s; }
share_receive() { usage "$1" s n; }

nccl-net-check() {
	number --ranks "$1" --ranks @ p
	number --timeout "$1" --timeout @ p
	number --bytes "$1" --bytes @ p
	number --bytes "$1" --bytes 4,@ p
	number "--device: BAR" "$1" --device 0000:03:00.0,@ p
	range "--device: BAR" 6 "$1" --device 0000:03:00.0,@ p
	range "--device" st=1/st=2/st=3/st=4/st=5/st=6/st=7/st=8/st=9 "$1" --device 0000:03:00.0,0,@ p
}

for path; do
	program=${path##*/}
	declare -F "$program" >/dev/null || { echo "not ok - $program has no rows in $0"; exit 1; }
	"$program" "$path"
done
rows_end
