# SPDX-License-Identifier: MIT
# Dumps of a NIC's objects (`rdma resource show`) while objects come and go: what lives through the dump is shown once.

test_shown_objects_go() { restrack_dump remove "$nic_ext"; }
test_next_object_goes() { restrack_dump remove_next "$nic_ext"; }
test_objects_are_replaced() { restrack_dump replace "$nic_ext"; }
test_objects_of_one_port() { restrack_dump port "$nic_ext"; }
