#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py: from lines of measurements to figures with a verdict. Prints TAP."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'benchmarks' / 'report'))
import bench  # noqa: E402
import tap  # noqa: E402


def refused(lines):
    try:
        bench.report(lines)
    except ValueError:
        return True
    return False


def lines(name, pairs):
    return [f'{name} {side} {value}' for pair in pairs for side, value in zip(('ours', 'peer'), pair)]


def only(name, pairs):
    return bench.report(lines(name, pairs))['figures'][0]


def test_bad_lines_are_refused():
    for line in ('lib ours', 'lib ours x', 'lib theirs 1', 'nonsense ours 1', 'lib ours 1 2'):
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
    assert bench.report(values)['figures'][0]['ratio'] == 2


def test_spread_of_the_ratios():
    row = only('bar.memcpy', [(value, 1) for value in (0.9, 1.1, 0.95, 1.05, 1.0, 1.0, 0.9, 1.1)])
    assert abs(row['spread'] - 0.05) < 1e-9, row
    assert 'spread 5.0 %' in '\n'.join(bench.text({'figures': [row], 'missing': [], 'noise': {}}))


def test_status():
    met, missed = (lines('bar.memcpy', [(value, 1)] * 8) for value in (0.9, 0.7))
    assert bench.status(bench.report(met)) == 3  # the other figures are missing
    assert bench.status(bench.report(missed)) == 1
    assert bench.status({'figures': [{'verdict': 'ok'}], 'missing': []}) == 0
    assert bench.status({'figures': [{'verdict': 'ok'}, {'verdict': 'inconclusive'}], 'missing': []}) == 3
    assert bench.status({'figures': [{'verdict': 'MISSED'}, {'verdict': 'inconclusive'}], 'missing': []}) == 1


def test_noise_and_missing_figures_are_reported():
    report = bench.report(lines('lib', [(1.01, 1)] * 8) + [f'noise spin {value}' for value in (90, 95, 100, 105, 110)])
    assert abs(report['noise']['spin']['spread'] - 0.05) < 1e-9 and len(report['missing']) == len(bench.FIGURES) - 1
    said = '\n'.join(bench.text(report))
    assert 'noise spin' in said and 'not measured' in said and '8 pairs' in said, said


if __name__ == '__main__':
    raise SystemExit(tap.run(globals()))
