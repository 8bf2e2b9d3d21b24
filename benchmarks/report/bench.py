#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Figures of make bench: ratios of measured pairs with their intervals, and the noise of the machine.

  bench.py FOLDER >bench.json    FOLDER: a file for each part of the measurements, with lines
                                   measured COMMIT TIME LOAD    of the commit, when, load average before
                                   FIGURE ours|peer VALUE
                                   noise KIND VALUE             of the machine, beside the figures of this part
                                   curve NAME X VALUE
                                   said TEXT                    a result without a peer
  bench.py --text <bench.json    the same as a table; status 1 if a target is missed, 3 if one is inconclusive

The n-th value of one side belongs to the n-th of the other. A target counts as met only if the whole 95 % interval lies
on its right side; a figure without enough pairs has no interval and is inconclusive.
"""
import json
import pathlib
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
    'bar.memcpy': ('1 MiB from huge pages into the BAR over memcpy of the host', 'MiB/s', 0.8, 'min'),
    'bar.pages': ('1 MiB from pages of 4 KiB into the BAR over memcpy of the host', 'MiB/s', 0.8, 'min'),
    'bar.tagged': ('1 MiB from huge pages into the BAR, tagged over untagged', 'MiB/s', 0.99, 'min'),
    'dma.count': ('fab_dma() 4 KiB, tagged over untagged, counted', 'instructions', 1.03, 'max'),
    'reg': ('ibv_reg_dmabuf_mr, tagged over untagged, counted', '1000 instructions', 1.03, 'max'),
    'lib': ('export + tag + register, library over raw calls, counted', '1000 instructions', 1.05, 'max'),
    'net.bw': ('NCCL plugin 1 MiB host to host, over ib_write_bw, 128 outstanding', 'MiB/s', 0.9, 'min'),
    'net.bw32': ('the same, 32 outstanding', 'MiB/s', 0.9, 'min'),
    'net.all_reduce': ('all-reduce 16 MiB of two ranks, allowed over taken', 'us', 0.6, 'min'),
    'net.post': ('NCCL plugin, isend with the loop back end, counted', 'instructions', 1, 'max'),
    'net.register': ('registration, last over first 1000 of 10,000, counted', '1000 instructions', 1.2, 'max'),
    'scale.create': ('registration with a new key, 10,000th over 100th, counted', '1000 instructions', 1.2, 'max'),
    'scale.register': ('registration, 10,000th over 100th, counted', '1000 instructions', 1.2, 'max'),
    'scale.deregister': ('deregistration, 10,000th over 100th, counted', '1000 instructions', 1.2, 'max'),
    'scale.empty': ('deregistration into an empty pool, 10,000th over 100th, counted', '1000 instructions', 1.2, 'max'),
    'scale.process': ('registration, 100th process over 2nd, counted', '1000 instructions', 1.2, 'max'),
    'scale.fault': ('page fault that maps an MR again, among 10,000 over 100', '1000 instructions', 1.2, 'max'),
    'scale.show': ('dump of MRs by netlink, each of 10,000 over each of 100', '1000 instructions', 1.2, 'max'),
    'net.hit': ('region of the cache, among 10,000 over among 1000, counted', '1000 instructions', 1.2, 'max'),
}


CURVES = {
    'create': 'registration, new key', 'register': 'registration', 'deregister': 'deregistration', 'show': 'dump, each MR',
}


class Part:
    """What one part has measured: the lines of its file."""

    def __init__(self, lines):
        self.sides = {}  # figure: {'ours': [...], 'peer': [...]}
        self.noise = {}  # kind: [...]
        self.curves = {}  # name: [[x, y], ...]
        self.said = []
        self.measured = {'commit': 'unknown', 'when': 'unknown', 'load': None}
        for line in lines:
            self.take(line)

    def take(self, line):
        name, *words = line.split()
        if name == 'said':
            self.said.append(line.split(None, 1)[1].strip())
        elif name == 'measured' and len(words) == 3:
            self.measured = {'commit': words[0], 'when': words[1], 'load': float(words[2])}
        elif name == 'noise' and len(words) == 2:
            self.noise.setdefault(words[0], []).append(float(words[1]))
        elif name == 'curve' and len(words) == 3 and words[0] in CURVES:
            self.curves.setdefault(CURVES[words[0]], []).append([float(words[1]), float(words[2])])
        elif name in FIGURES and len(words) == 2 and words[0] in ('ours', 'peer'):
            self.sides.setdefault(name, {'ours': [], 'peer': []})[words[0]].append(float(words[1]))
        else:
            raise ValueError(f'unknown measurement: {line.strip()}')


def figure(name, sides):
    title, unit, target, sense = FIGURES[name]
    if len(sides['ours']) != len(sides['peer']):
        raise ValueError(f'{name}: {len(sides["ours"])} values of ours, {len(sides["peer"])} of the peer')
    pairs = list(zip(sides['ours'], sides['peer']))
    result = stats.ratio(pairs)
    return {'name': title, 'ours': stats.median(sides['ours']), 'peer': stats.median(sides['peer']), 'unit': unit,
            'spread': stats.spread([ours / peer for ours, peer in pairs]),
            'target': target, 'sense': sense, 'verdict': stats.verdict(result, target, sense), **result}


def noise_of(parts):
    for name, part in sorted(parts.items()):
        for kind, values in sorted(part.noise.items()):
            yield f'{name}: {kind}', {'median': stats.median(values), 'spread': stats.spread(values), 'values': len(values)}


def report(files):
    """files: {name of a part: its lines}"""
    parts = {name: Part(lines) for name, lines in files.items()}
    sides = {}
    for name, part in parts.items():
        twice = sides.keys() & part.sides.keys()
        if twice:
            raise ValueError(f'{name}: {", ".join(sorted(twice))}: measured by another part as well')
        sides.update(part.sides)
    return {'figures': [figure(name, sides[name]) for name in FIGURES if name in sides],
            'missing': [FIGURES[name][0] for name in FIGURES if name not in sides],
            'noise': dict(noise_of(parts)),
            'curves': {name: points for part in parts.values() for name, points in part.curves.items()},
            'parts': {name: {**part.measured, 'said': part.said} for name, part in sorted(parts.items())}}


def read(folder):
    """The lines of each part"""
    paths = sorted(path for path in pathlib.Path(folder).iterdir() if path.is_file())
    return {path.name: [line for line in path.read_text(encoding='ascii').splitlines() if line.strip()] for path in paths}


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
    for name, part in bench['parts'].items():
        yield f'part {name}: commit {part["commit"]}, {part["when"]}, load average before {part["load"]}'
        yield from (f'  {line}' for line in part['said'])


def status(bench):
    verdicts = {row['verdict'] for row in bench['figures']}
    return 1 if 'MISSED' in verdicts else 3 if 'inconclusive' in verdicts or bench['missing'] else 0


def main():
    if sys.argv[1:] == ['--text']:
        bench = json.load(sys.stdin)
        print('\n'.join(text(bench)))
        return status(bench)
    if len(sys.argv) != 2 or sys.argv[1].startswith('-'):
        print(__doc__, file=sys.stderr)
        return 2
    json.dump(report(read(sys.argv[1])), sys.stdout, indent=1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
