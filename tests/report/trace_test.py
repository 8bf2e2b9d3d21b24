#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Traces and what is not one. Prints TAP. The page in a browser: browser_test.sh."""
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REPORT = HERE.parents[1] / 'benchmarks' / 'report'
sys.path[:0] = [str(HERE), str(REPORT)]
import sample  # noqa: E402
import tap  # noqa: E402
import trace_page  # noqa: E402


def refused(lines, text):
    try:
        trace_page.read_trace(lines)
    except ValueError as error:
        assert text in str(error), error
    else:
        raise AssertionError(f'accepted: {lines}')


def lines(tlps):
    return [json.dumps(tlp) + '\n' for tlp in tlps]


def test_tlps_are_kept():
    trace = trace_page.read_trace(lines(sample.TLPS))
    assert trace == {'tlps': sample.TLPS, 'left_out': 0}, trace


def test_what_is_not_a_trace_is_refused():
    refused(['hello\n'], 'line 1 is not JSON')
    refused(['[]\n'], 'no valid "requester"')
    refused(lines([sample.TLPS[0], {**sample.TLPS[1], 'len': '4'}]), 'line 2 has no valid "len"')
    refused(lines([{**sample.TLPS[3], 'st': 5}]), 'no valid "st"')
    refused(lines([{**sample.TLPS[1], 'target': '</script><script>'}]), 'no valid "target"')


def test_a_cut_line_at_the_end_is_left_out():
    trace = trace_page.read_trace(lines(sample.TLPS) + ['{"requester":"ni'])
    assert trace['tlps'] == sample.TLPS


def test_a_long_trace_is_cut_and_says_so():
    limit, trace_page.LIMIT = trace_page.LIMIT, 3
    trace = trace_page.read_trace(lines(sample.TLPS * 4))
    trace_page.LIMIT = limit
    assert len(trace['tlps']) == 3 and trace['left_out'] == 4 * len(sample.TLPS) - 3


def test_program():
    with tempfile.TemporaryDirectory() as folder:
        trace, out = pathlib.Path(folder, 'trace'), pathlib.Path(folder, 'page.html')
        done = subprocess.run([REPORT / 'trace_page.py', trace, out], capture_output=True, text=True)
        assert done.returncode == 1 and 'No such file' in done.stderr and not out.exists()
        trace.write_text(''.join(lines(sample.TLPS)))
        subprocess.run([REPORT / 'trace_page.py', trace, out], check=True)
        text = out.read_text()
        assert 'src=' not in text and 'href=' not in text and 'mlx5' not in text and '"0x5a"' in text


if __name__ == '__main__':
    raise SystemExit(tap.run(globals()))
