#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs scale_sim for the cases of docs/scale.md and writes its plots and tables.

  study.py SCALE_SIM FOLDER    FOLDER: of scale.tsv and the plots (docs/scale)
"""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'report'))
import plot  # noqa: E402

COLUMNS = ['entries', 'limit', 'targets', 'kept', 'in_flight', 'zipf', 'operations', 'without_hint', 'registrations',
           'writes']
ENDPOINTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096]
IN_FLIGHT = [1, 2, 4, 8, 16, 24, 32, 40, 48, 64, 96, 128, 256]
SLICES = 16  # of a buffer
EVERY = 1 << 40  # regions kept: all


def simulate(program, **options):
    args = [f'--{name.replace("_", "-")}={value}' for name, value in options.items()]
    line = subprocess.run([program, *args], check=True, capture_output=True, text=True).stdout
    return dict(zip(COLUMNS, map(float, line.split())))


def rows(program):
    """(name of the case, x, result)"""
    for endpoints in ENDPOINTS:
        for policy, targets in (('buffer', endpoints), ('slice', endpoints * SLICES)):
            for keeping, kept in (('all kept', EVERY), ('32 kept', 32), ('none kept', 0)):
                for zipf in (0, 1):
                    warm_up = 20 * targets if kept == EVERY else 100000
                    result = simulate(program, targets=targets, kept=kept if kept != EVERY else targets, in_flight=16,
                                      zipf=zipf, operations=300000, warm_up=warm_up)
                    yield f'tag per {policy}, {keeping}, zipf {zipf}', endpoints, result
    for load in IN_FLIGHT:
        yield 'tag per operation', load, simulate(program, targets=0, in_flight=load, operations=300000)


def pick(table, column, cases):
    return {label: [(x, row[column]) for name, x, row in table if name == case] for case, label in cases}


def main():
    if len(sys.argv) != 3:
        print('usage: study.py SCALE_SIM FOLDER', file=sys.stderr)
        sys.exit(2)
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    table = list(rows(program))
    with open(folder / 'scale.tsv', 'w') as file:
        file.write('\t'.join(['case', 'x', *COLUMNS]) + '\n')
        for name, x, row in table:
            file.write('\t'.join([name, str(x), *(f'{row[column]:g}' for column in COLUMNS)]) + '\n')
    keeping = [(f'tag per {policy}, {kept}, zipf 1', f'{policy}, {kept}') for policy in ('buffer', 'slice')
               for kept in ('all kept', '32 kept', 'none kept')]
    for name, column, what in (('without-hint', 'without_hint', 'operations without hint, share'),
                               ('writes', 'writes', 'table writes per operation'),
                               ('registrations', 'registrations', 'registrations per operation')):
        (folder / f'{name}.svg').write_text(
            plot.lines(pick(table, column, keeping), 'endpoints that one NIC writes to', what,
                       f'{what}, by number of endpoints; zipf 1, 16 operations in flight', x_base=2))
    (folder / 'per-operation.svg').write_text(
        plot.lines(pick(table, 'without_hint', [('tag per operation', 'simulated')]),
                   'operations in flight, mean', 'operations without hint, share',
                   'One tag per operation: share without hint by operations in flight', x_base=2))


if __name__ == '__main__':
    main()
