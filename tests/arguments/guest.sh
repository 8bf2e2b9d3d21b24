#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Programs of the guest and their bad arguments. TAP. They run in the guest root, without a VM: no row needs a device.
set -u
if [ "${1:-}" != --in-root ]; then
	exec "$(dirname "$0")/../../rig/in-root.sh" env PATH=/srv/build/stage/usr/bin:/usr/bin:/bin \
		LD_LIBRARY_PATH=/srv/build/stage/usr/lib tests/arguments/guest.sh --in-root
fi
. tests/arguments/rows.sh

for program in bar_ops device_close dmah_ops mr_tph rereg reset_ops retag set_race st_limits; do
	count $program t b n p ext
	word TEST $program @ b n p ext
	word WIDTH $program t b n p @
done
setting CYCLES retag cycles b n p ext

count bad_inputs b o 1
number COUNT bad_inputs b o @
range COUNT 0 bad_inputs b o @
optional SEED bad_inputs b o 1 @

count engine_ops t b e 16 128
word TEST engine_ops @ b e 16 128
number WIDTH engine_ops t b e @ 128
range WIDTH "1 32" engine_ops t b e @ 128
number MPS engine_ops t b e 16 @
range MPS "0 64 129 8192" engine_ops t b e 16 @

count fail_nth b n n
for test in arguments semantics revoked_twice foreign doe closed_device; do count feature_ops $test b; done
word TEST feature_ops @ b
count feature_ops other_device b o

count fi_ops server a m
word ROLE fi_ops @ a m
count gloo_ops 0 n f m
number RANK gloo_ops @ n f m
range RANK 2 gloo_ops @ n f m

count hold_mr b n p ext
word WIDTH hold_mr b n p @
word WHAT hold_mr b n p ext @

count many_pages n p 64
number MIB many_pages n p @
range MIB "0 1 63 65 1048577" many_pages n p @

count net_retag again b p ext
word TEST net_retag @ b p ext
word WIDTH net_retag again b p @

count open_race b ext
word COMPLETER open_race b @
count rc_ops t n
count restrack_dump remove n
word TEST restrack_dump @ n
word TEST rc_ops @ n
count share_ops cdev b o
word BACKEND share_ops @ b o

word COMMAND source_ops @ b 1
count source_ops make udmabuf
count source_ops drm c b st=1
count source_ops ioas b 1
number RANGES source_ops ioas b @
range RANGES "0 3" source_ops ioas b @
count source_ops registry b n

count stress b n n 1
number SECONDS stress b n n @
range SECONDS 0 stress b n n @
optional SEED stress b n n 1 @
count vf_buffers p v n

word TEST steer_ops @ b
count steer_ops wire b
count steer_ops absent b
for test in matrix bad; do
	count steer_ops $test b unsafe
	word ARGUMENT steer_ops $test b @
done
for test in random hotplug stress; do
	count steer_ops $test b 1
	number ARGUMENT steer_ops $test b @
	range ARGUMENT 0 steer_ops $test b @
	setting SEED steer_ops $test b 1
done
word ARGUMENT steer_ops reset b @
word ARGUMENT steer_ops two_openers b @
count steer_ops both_roles b n

count lib_overhead b n 1
number COUNT lib_overhead b n @
range COUNT 0 lib_overhead b n @
count mr_scale b n p ext 300
word WIDTH mr_scale b n p @ 300
number COUNT mr_scale b n p ext @
range COUNT "0 299" mr_scale b n p ext @
number PROCESSES mr_scale b n p ext 300 @
range PROCESSES "0 1" mr_scale b n p ext 300 @

for what in bw register; do count net_plugin $what p 1; done
for what in all-reduce post; do count net_plugin $what p; done
word WHAT net_plugin @ p 1
number ARG net_plugin bw p @
range ARG "0 257" net_plugin bw p @

count reg_latency b n st=1 1
tag reg_latency b n @ 1
number COUNT reg_latency b n st=1 @
range COUNT 0 reg_latency b n st=1 @
count_most registry_lookup 1 1 1
for name in REGIONS THREADS SECONDS; do
	case $name in REGIONS) before=() ;; THREADS) before=(1) ;; SECONDS) before=(1 1) ;; esac
	number $name registry_lookup ${before[@]+"${before[@]}"} @
	range $name 0 registry_lookup ${before[@]+"${before[@]}"} @
done
count_most noise copy
word WHAT noise @
rows_end
