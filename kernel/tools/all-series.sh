# SPDX-License-Identifier: MIT
# lib.sh for what has all series: those of kernel/topics, then those of kernel/independent. verify.sh and
# verify-independent.sh each check their own.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

topics() { cat "$TOP/kernel/topics" "$TOP/kernel/independent"; }
