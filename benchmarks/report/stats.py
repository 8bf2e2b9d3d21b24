# SPDX-License-Identifier: MIT
"""Ratios of paired measurements: median, 95 % interval, verdict.

Pairs are measured side by side (A B B A), so that what drifts in the machine meets both. The interval is the percentile
bootstrap of the median (Efron 1979) over pairs, with a fixed seed: the same measurements give the same interval.
"""
import random

RESAMPLES = 4000
FEWEST_PAIRS = 6  # below, an interval of the median at 95 % does not exist: 2 * 0.5 ** 5 > 0.05


def median(values):
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def abba(measure_a, measure_b, rounds):
    """Calls both as A B B A ...; returns pairs (a, b)."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            b = measure_b()
            pairs.append((measure_a(), b))
        else:
            a = measure_a()
            pairs.append((a, measure_b()))
    return pairs


def ratio(pairs):
    """{'ratio', 'low', 'high', 'pairs'} of ours over peer; low and high are None with too few pairs."""
    ratios = [ours / peer for ours, peer in pairs]
    result = {'ratio': median(ratios), 'low': None, 'high': None, 'pairs': len(ratios)}
    if len(ratios) >= FEWEST_PAIRS:
        chance = random.Random(20261126)
        medians = sorted(median(chance.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
        result['low'] = medians[int(RESAMPLES * 0.025)]
        result['high'] = medians[int(RESAMPLES * 0.975) - 1]
    return result


def interval(result):
    """The interval as text."""
    return 'too few pairs' if result['low'] is None else f'{result["low"]:.3f} to {result["high"]:.3f}'


def verdict(result, target, sense):
    """"ok", "MISSED", or "inconclusive" if the interval does not lie on one side; sense: min or max."""
    if result['low'] is None:
        return 'inconclusive'
    if sense == 'min':
        return 'ok' if result['low'] >= target else 'MISSED' if result['high'] < target else 'inconclusive'
    return 'ok' if result['high'] <= target else 'MISSED' if result['low'] > target else 'inconclusive'


def spread(values):
    """Half the distance of the quartiles over the median: noise of one series."""
    values = sorted(values)
    quarter = len(values) // 4
    return (values[-1 - quarter] - values[quarter]) / 2 / median(values)
