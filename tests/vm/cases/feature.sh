# SPDX-License-Identifier: MIT
# The vfio feature by raw ioctl: arguments, semantics, buffers of other devices.

test_bad_arguments() { feature_ops arguments "$endpoint"; }
test_semantics() { feature_ops semantics "$endpoint"; }
test_revoked_twice() { feature_ops revoked_twice "$endpoint"; } # and closed while revoked
test_foreign_exporters() { feature_ops foreign "$endpoint"; }
test_other_device() { feature_ops other_device "$endpoint" "$endpoint2"; }
test_closed_device() { feature_ops closed_device "$endpoint"; }
