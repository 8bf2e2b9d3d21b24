#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ratios, intervals and verdicts where the answer is known. Prints TAP."""
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'benchmarks' / 'report'))
import stats  # noqa: E402
import tap  # noqa: E402


def pairs(true_ratio, noise, count, seed=1):
    chance = random.Random(seed)
    return [(100 * true_ratio * chance.gauss(1, noise), 100 * chance.gauss(1, noise)) for _ in range(count)]


def test_median():
    assert stats.median([3, 1, 2]) == 2 and stats.median([4, 1, 2, 3]) == 2.5


def test_order_of_measurements():
    order = []
    found = stats.abba(lambda: order.append('A') or len(order), lambda: order.append('B') or len(order), 4)
    assert ''.join(order) == 'ABBAABBA' and found == [(1, 2), (4, 3), (5, 6), (8, 7)], (order, found)


def test_drift_of_the_machine_cancels():
    speed = iter(range(100, 200))
    result = stats.ratio(stats.abba(lambda: next(speed), lambda: next(speed), 20))
    assert abs(result['ratio'] - 1) < 0.01, result


def test_exact_pairs_give_a_point():
    result = stats.ratio([(50, 100)] * 10)
    assert result == {'ratio': 0.5, 'low': 0.5, 'high': 0.5, 'pairs': 10}, result


def test_few_pairs_have_no_interval():
    result = stats.ratio([(50, 100)] * 5)
    assert result['low'] is None and stats.verdict(result, 0.4, 'min') == 'inconclusive'


def test_interval_covers_the_truth_as_often_as_it_says():
    covered = 0
    for seed in range(60):
        result = stats.ratio(pairs(0.9, 0.05, 15, seed))
        covered += result['low'] <= 0.9 <= result['high']
    assert 52 <= covered <= 60, covered


def test_verdicts():
    near = {'low': 0.97, 'high': 1.01}
    assert stats.verdict(near, 0.95, 'min') == 'ok' and stats.verdict(near, 1.02, 'min') == 'MISSED'
    assert stats.verdict(near, 0.98, 'min') == 'inconclusive'
    assert stats.verdict(near, 1.02, 'max') == 'ok' and stats.verdict(near, 0.95, 'max') == 'MISSED'
    assert stats.verdict(near, 1.00, 'max') == 'inconclusive'


def test_outliers_do_not_move_the_ratio():
    result = stats.ratio(pairs(0.9, 0.01, 20) + [(1, 100), (900, 1)])
    assert abs(result['ratio'] - 0.9) < 0.02, result


def test_spread():
    assert stats.spread([100] * 9) == 0
    assert abs(stats.spread([90, 95, 100, 105, 110]) - 0.05) < 1e-9


if __name__ == '__main__':
    raise SystemExit(tap.run(globals()))
