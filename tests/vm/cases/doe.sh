# SPDX-License-Identifier: MIT
# The DOE mailbox of a device belongs to the kernel, also while a userspace driver owns the device.

test_user_does_not_reach_the_mailbox() { feature_ops doe "$endpoint2"; }
