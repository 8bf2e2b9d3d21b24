# SPDX-License-Identifier: MIT
# The DOE mailbox of a device is the kernel's, also while user space drives the device.

test_user_does_not_reach_the_mailbox() { feature_ops doe "$endpoint2"; }
