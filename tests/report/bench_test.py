#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py: from lines of measurements to figures with a verdict. Prints TAP."""
import pathlib
import subprocess
import sys
import tempfile

REPORT = pathlib.Path(__file__).resolve().parents[2] / 'benchmarks' / 'report'
sys.path.insert(0, str(REPORT))
import bench  # noqa: E402
import tap  # noqa: E402


def refused(lines):
    try:
        bench.report({'part': lines})
    except ValueError:
        return True
    return False


def lines(name, pairs):
    return [f'{name} {side} {value}' for pair in pairs for side, value in zip(('ours', 'peer'), pair)]


def only(name, pairs):
    return bench.report({'part': lines(name, pairs)})['figures'][0]


def test_bad_lines_are_refused():
    for line in ('lib ours', 'lib ours x', 'lib theirs 1', 'nonsense ours 1', 'lib ours 1 2', 'noise spin', 'noise spin 1 2',
                 'curve register 1', 'curve nonsense 1 2', 'measured 12ab', 'measured 12ab now x'):
        assert refused([line]), line


def test_a_value_without_its_pair_is_refused():
    assert refused(['lib ours 1', 'lib peer 1', 'lib ours 1'])


def test_met_only_if_the_interval_is_on_the_right_side():
    assert only('bar.memcpy', [(0.9, 1)] * 8)['verdict'] == 'ok'
    assert only('bar.memcpy', [(0.7, 1)] * 8)['verdict'] == 'MISSED'
    # The median is 0.9, above the target of 0.8; the interval is not.
    row = only('bar.memcpy', [(0.5, 1), (0.9, 1), (0.95, 1)] * 3)
    assert row['ratio'] == 0.9 and row['verdict'] == 'inconclusive', row


def test_few_pairs_are_inconclusive():
    assert only('bar.memcpy', [(0.9, 1)] * 5)['verdict'] == 'inconclusive'


def test_median_of_ratios_and_not_ratio_of_medians():
    row = only('lib', [(1, 1), (20, 10), (6, 2)] * 3)
    assert row['ratio'] == 2 and row['ours'] == 6 and row['peer'] == 2, row


def test_order_of_sides_within_a_pair_does_not_matter():
    values = ['lib ours 2', 'lib peer 1', 'lib peer 1', 'lib ours 2'] * 4
    assert bench.report({'part': values})['figures'][0]['ratio'] == 2


def test_spread_of_the_ratios():
    row = only('bar.memcpy', [(value, 1) for value in (0.9, 1.1, 0.95, 1.05, 1.0, 1.0, 0.9, 1.1)])
    assert abs(row['spread'] - 0.05) < 1e-9, row
    assert 'spread 5.0 %' in '\n'.join(bench.text({'figures': [row], 'missing': [], 'noise': {}, 'parts': {}}))


def test_status():
    met, missed = (lines('bar.memcpy', [(value, 1)] * 8) for value in (0.9, 0.7))
    assert bench.status(bench.report({'bar': met})) == 3  # the other figures are missing
    assert bench.status(bench.report({'bar': missed})) == 1
    assert bench.status({'figures': [{'verdict': 'ok'}], 'missing': []}) == 0
    assert bench.status({'figures': [{'verdict': 'ok'}, {'verdict': 'inconclusive'}], 'missing': []}) == 3
    assert bench.status({'figures': [{'verdict': 'MISSED'}, {'verdict': 'inconclusive'}], 'missing': []}) == 1


def test_noise_and_missing_figures_are_reported():
    report = bench.report({'count': lines('lib', [(1.01, 1)] * 8) + [f'noise spin {value}' for value in (90, 95, 100, 105, 110)]})
    assert abs(report['noise']['count: spin']['spread'] - 0.05) < 1e-9 and len(report['missing']) == len(bench.FIGURES) - 1
    said = '\n'.join(bench.text(report))
    assert 'noise count: spin' in said and 'not measured' in said and '8 pairs' in said, said


def test_parts_add_up_and_keep_their_own_noise():
    report = bench.report({'rxe': ['measured 12ab 2026-11-27T13:00Z 0.25', 'noise spin 100', *lines('write_bw.4K', [(40, 1)] * 8)],
                           'bar': ['noise spin 200', 'said 640 MiB in 3 ms', *lines('bar.memcpy', [(0.9, 1)] * 8)]})
    assert [row['verdict'] for row in report['figures']] == ['ok', 'ok']
    assert report['noise']['rxe: spin']['median'] == 100 and report['noise']['bar: spin']['median'] == 200
    assert report['parts']['rxe'] == {'commit': '12ab', 'when': '2026-11-27T13:00Z', 'load': 0.25, 'said': []}
    assert report['parts']['bar']['said'] == ['640 MiB in 3 ms'] and report['parts']['bar']['load'] is None
    said = '\n'.join(bench.text(report))
    assert 'part rxe: commit 12ab, 2026-11-27T13:00Z, load average before 0.25' in said and '640 MiB in 3 ms' in said, said


def test_a_figure_of_two_parts_is_refused():
    try:
        bench.report({'rxe': lines('lib', [(1, 1)] * 8), 'bar': lines('lib', [(1, 1)] * 8)})
    except ValueError as error:
        assert 'lib: measured by another part' in str(error)
    else:
        raise AssertionError('accepted')


def test_curves_in_the_order_of_the_lines():
    report = bench.report({'scale': ['curve register 250 17.5', 'curve show 2000 3', 'curve register 500 17.75']})
    assert report['curves'] == {'registration': [[250, 17.5], [500, 17.75]], 'dump, each MR': [[2000, 3]]}


def test_a_folder_of_parts():
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / 'bar').write_text('\n'.join(lines('bar.memcpy', [(0.9, 1)] * 8)) + '\n\n')
        done = subprocess.run([REPORT / 'bench.py', folder], capture_output=True, text=True, check=True)
        said = subprocess.run([REPORT / 'bench.py', '--text'], input=done.stdout, capture_output=True, text=True)
        assert said.returncode == 3 and 'part bar: commit unknown' in said.stdout, said
    assert subprocess.run([REPORT / 'bench.py'], capture_output=True).returncode == 2


if __name__ == '__main__':
    raise SystemExit(tap.run(globals()))
