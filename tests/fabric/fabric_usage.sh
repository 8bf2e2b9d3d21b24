#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tphbuf-fabric's command line, as options_test.c does not see it: what is printed, and the exit status. TAP.
set -u
. "$(dirname "$0")/../harness/usage.sh"
check "help" 0 "^usage: tphbuf-fabric" --help
check "version" 0 "^tphbuf-fabric [0-9]" --version
check "no option" 2 "^tphbuf-fabric: --dir is missing; --help lists"
check "an unknown option" 2 "^tphbuf-fabric: unknown option --zero; --help lists" --zero
check "a value that a key does not take" 2 "^tphbuf-fabric: a: bad value for st: '65'; --help lists" --dir /tmp --nic a,st=65
check "a folder that is not there" 1 "^tphbuf-fabric: " --dir /absent --nic a
checked
