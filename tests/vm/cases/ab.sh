# SPDX-License-Identifier: MIT
# tphbuf-ab, the study for hardware, unchanged on the fabric.

ab() { # TAG ARGUMENT...
	tphbuf-ab --endpoint "$endpoint" --nic "$nic_8bit" --peer "$nic_ext" --out /tmp/ab --tag "$1" "${@:2}"
}

test_study() {
	fabric-tally "$endpoint" --clear
	ab st=0x5a,ph=2 --size 4096 --iterations 500 --rounds 2
	fabric-tally "$endpoint" >/tmp/tally
	cat /tmp/tally
	grep -q '"0x5a"' /tmp/tally
	equal "runs" "$(python3 -c 'import json; print(len(json.load(open("/tmp/ab/ab.json"))["runs"]))')" 4
	grep -q 'data-figure="4096 st=0x5a,ph=2"' /tmp/ab/index.html
}

test_tag_of_the_other_namespace_is_refused() {
	rm -rf /tmp/ab
	expect_fail 1 'tphbuf register' ab xst=0x1234 --rounds 1
	[ ! -e /tmp/ab/ab.json ]
}
