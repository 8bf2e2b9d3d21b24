#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# fabric-tally's command line, where there is no endpoint. TAP.
set -u
. "$(dirname "$0")/../harness/usage.sh"
check "help" 0 "^usage: fabric-tally" --help
check "version" 0 "^fabric-tally [0-9]" --version
check "no argument" 2 "^usage:"
check "too many arguments" 2 "^usage:" 0000:00:00.0 --clear --take
check "an unknown option" 2 "^usage:" 0000:00:00.0 --zero
check "help with another argument" 2 "^usage:" --help --zero
for option in --clear --take; do check "no address, $option" 2 "'x' is not a PCI address" x $option; done
for address in 00:00.0 0000:00:00 0000:00:00.0x 0000:00:00.00 0000:0g:00.0 0:00:00.0; do
	check "address $address" 2 "is not a PCI address" $address
done
for option in "" --clear --take; do check "no such function $option" 1 "^fabric-tally: ffff:ff:1f.7: ." ffff:ff:1f.7 $option; done
checked
