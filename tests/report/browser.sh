#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make check-report: the report's pages in a headless Chromium without network. TAP. Needs root; the browser is a
# download of about 170 MB once, so this is not part of make check.
. "$(dirname "$0")/../../rig/lib/common.sh"
. "$TOP/rig/lib/root.sh"
if [ "${1:-}" = --in-root ]; then
	inside_root "$(readlink -f "$BUILD/browser-root")" "$PAGES:/mnt:ro" -- unshare -n chromium-headless-shell --no-sandbox \
		--disable-gpu --user-data-dir=/tmp/profile "${@:2}"
	exit
fi
"$TOP/rig/tools-root.sh" browser >&2
PAGES=$BUILD/check/pages
mkdir -p "$PAGES"
export PAGES
exec "$TOP/tests/report/browser_test.py" "$0" --in-root
