#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Figures of make bench: ratios of measured pairs with their intervals, and the noise of the machine.

  bench.py VALUES... >bench.json    VALUES: files with lines "FIGURE ours|peer VALUE" and "noise KIND VALUE"
  bench.py --text <bench.json       the same as a table; status 1 if a target is missed, 3 if one is inconclusive

The n-th value of one side belongs to the n-th of the other. A target counts as met only if the whole 95 % interval lies
on its right side; a figure without enough pairs has no interval and is inconclusive.
"""
import json
import sys

import stats

# figure: name, unit of the values, target of ours over peer, sense (min: at least the target; max: at most)
FIGURES = {
    'write_bw.64K': ('ib_write_bw 64 KiB host to host, fabric over rxe', 'MiB/s', 250, 'min'),
    'write_bw.4K': ('ib_write_bw 4 KiB host to host, fabric over rxe', 'MiB/s', 30, 'min'),
    'write_lat.8': ('ib_write_lat 8 B typical, fabric over rxe', 'us', 0.15, 'max'),
    'msg_rate.64': ('ib_write_bw 64 B, post list of 16, messages, fabric over rxe', 'million/s', 20, 'min'),
    'siw_bw.64K': ('ib_write_bw 64 KiB host to host, fabric over siw', 'MiB/s', 1, 'min'),
    'siw_bw.4K': ('ib_write_bw 4 KiB host to host, fabric over siw', 'MiB/s', 1, 'min'),
    'siw_lat.8': ('ib_write_lat 8 B typical, fabric over siw', 'us', 1, 'max'),
    'bar.memcpy': ('ib_write_bw 1 MiB into the BAR over memcpy of the host', 'MiB/s', 0.8, 'min'),
    'bar.tagged': ('ib_write_bw 1 MiB into the BAR, tagged over untagged', 'MiB/s', 0.99, 'min'),
    'dma.count': ('fab_dma() 4 KiB, tagged over untagged, counted', 'instructions', 1.03, 'max'),
    'reg': ('ibv_reg_dmabuf_mr, tagged over untagged, counted', '1000 instructions', 1.03, 'max'),
    'lib': ('export + tag + register, library over raw calls, counted', '1000 instructions', 1.05, 'max'),
    'net.bw': ('NCCL plugin 1 MiB host to host, over ib_write_bw', 'MiB/s', 0.9, 'min'),
    'net.all_reduce': ('all-reduce 16 MiB of two ranks, allowed over taken', 'us', 0.6, 'min'),
    'net.post': ('NCCL plugin, isend with the loop back end, counted', 'instructions', 1, 'max'),
    'net.register': ('registration, last over first 1000 of 10,000, counted', '1000 instructions', 1.2, 'max'),
    'scale.create': ('registration with a new key, 10,000th over 100th, counted', '1000 instructions', 1.2, 'max'),
    'scale.register': ('registration, 10,000th over 100th, counted', '1000 instructions', 1.2, 'max'),
    'scale.deregister': ('deregistration, 10,000th over 100th, counted', '1000 instructions', 1.2, 'max'),
    'scale.process': ('registration, 100th process over 2nd, counted', '1000 instructions', 1.2, 'max'),
    'scale.fault': ('page fault that maps an MR again, among 10,000 over 100', '1000 instructions', 1.2, 'max'),
    'scale.show': ('dump of MRs by netlink, each of 10,000 over each of 100', '1000 instructions', 1.2, 'max'),
    'net.hit': ('region of the cache, among 10,000 over among 1000, counted', '1000 instructions', 1.2, 'max'),
}


def read(lines):
    """{figure: {'ours': [...], 'peer': [...]}}, {kind of noise: [...]}"""
    sides, noise = {}, {}
    for line in lines:
        name, side, value = line.split()
        if name == 'noise':
            noise.setdefault(side, []).append(float(value))
        elif name not in FIGURES or side not in ('ours', 'peer'):
            raise ValueError(f'unknown measurement: {line.strip()}')
        else:
            sides.setdefault(name, {'ours': [], 'peer': []})[side].append(float(value))
    return sides, noise


def figure(name, sides):
    title, unit, target, sense = FIGURES[name]
    if len(sides['ours']) != len(sides['peer']):
        raise ValueError(f'{name}: {len(sides["ours"])} values of ours, {len(sides["peer"])} of the peer')
    pairs = list(zip(sides['ours'], sides['peer']))
    result = stats.ratio(pairs)
    return {'name': title, 'ours': stats.median(sides['ours']), 'peer': stats.median(sides['peer']), 'unit': unit,
            'spread': stats.spread([ours / peer for ours, peer in pairs]),
            'target': target, 'sense': sense, 'verdict': stats.verdict(result, target, sense), **result}


def report(lines):
    sides, noise = read(lines)
    return {'figures': [figure(name, sides[name]) for name in FIGURES if name in sides],
            'missing': [FIGURES[name][0] for name in FIGURES if name not in sides],
            'noise': {kind: {'median': stats.median(values), 'spread': stats.spread(values), 'values': len(values)}
                      for kind, values in sorted(noise.items())}}


def text(bench):
    yield 'fabric model figures, not NIC performance; median of pair ratios, 95 % interval'
    for row in bench['figures']:
        sense = '>=' if row['sense'] == 'min' else '<='
        yield (f'{row["name"]:62} {row["ours"]:10.2f} / {row["peer"]:8.2f} {row["unit"]:18} {row["ratio"]:8.3f}  '
               f'[{stats.interval(row)}, {row["pairs"]} pairs, '
               f'spread {row["spread"] * 100:.1f} %]  target {sense} {row["target"]}  {row["verdict"]}')
    for name in bench['missing']:
        yield f'{name:62} not measured'
    for kind, noise in bench['noise'].items():
        yield f'noise {kind}: median {noise["median"]:.1f}, half the distance of the quartiles {noise["spread"] * 100:.1f} %'


def status(bench):
    verdicts = {row['verdict'] for row in bench['figures']}
    return 1 if 'MISSED' in verdicts else 3 if 'inconclusive' in verdicts or bench['missing'] else 0


def main():
    if sys.argv[1:] == ['--text']:
        bench = json.load(sys.stdin)
        print('\n'.join(text(bench)))
        return status(bench)
    if len(sys.argv) < 2 or sys.argv[1].startswith('-'):
        print(__doc__, file=sys.stderr)
        return 2
    lines = [line for path in sys.argv[1:] for line in open(path, encoding='ascii') if line.strip()]
    json.dump(report(lines), sys.stdout, indent=1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
