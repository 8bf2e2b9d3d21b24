#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long the fuzz targets take to find a fault that is there: tests/fuzz/faults lists deliberate ones.

All faults are compiled into one copy of the checkout (as tests/mutate does); each run turns one of them on and starts
without any input, unless --corpus. Prints a table; status 1 if one is not found within the limit.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / 'tests' / 'mutate'))
import mutate  # noqa: E402
import sites  # noqa: E402

OPTIONS = ['-Dfuzzer=true', '-Db_sanitize=address,undefined', '-Db_lundef=false']
C_ARGS = '-fsanitize=fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer'


def site_of(path, old, new):
    """The only place of an expression."""
    found = []
    for number, line in enumerate(sites.joined((TOP / path).read_text())):
        start = line.find(old)
        if start >= 0:
            found.append(sites.Site(path, number, start, start + len(old), old, new))
    if len(found) != 1:
        sys.exit(f'tests/fuzz/faults: {len(found)} times in {path}: {old}')
    return found[0]


def faults(targets):
    """(number, target, site, words) of each fault of the list."""
    result = []
    for line in (TOP / 'tests' / 'fuzz' / 'faults').read_text().splitlines():
        if not line or line.startswith('#'):
            continue
        target, path, old, new, words = line.split(' | ')
        if not targets or target in targets:
            result.append((len(result), target, site_of(path, old, new), words))
    return result


def build(tree, found):
    mutate.make_tree(tree, [(number, site) for number, _, site, _ in found])
    targets = sorted({target for _, target, _, _ in found})
    return mutate.compile_tree(tree, OPTIONS, 'clang', C_ARGS, [f'fuzz_{target}' for target in targets])


def find(folder, fault, options):
    """(executions, CPU seconds) until the fault is found; executions None: it is not."""
    number, target, _, _ = fault
    with tempfile.TemporaryDirectory() as scratch:
        command = [folder / 'tests' / 'fuzz' / f'fuzz_{target}', f'-max_total_time={options.limit}', '-max_len=512',
                   f'-seed={options.seed}', f'-artifact_prefix={scratch}/', '-print_final_stats=1', scratch]
        if options.corpus:
            command.append(TOP / 'tests' / 'fuzz' / 'corpus' / target)
        process = subprocess.Popen(command, env=os.environ | {'MUTANT': str(number)}, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, errors='replace')
        output = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    count = re.search(r'stat::number_of_executed_units:\s*(\d+)', output)
    cpu = used.ru_utime + used.ru_stime
    return (int(count.group(1)) if count and process.returncode else None), cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--target', action='append', help='only faults of this target; may be repeated')
    parser.add_argument('--limit', type=mutate.at_least(1), default=180, help='seconds for each fault (180)')
    parser.add_argument('--seed', type=mutate.at_least(0), default=1, help='of libFuzzer (1)')
    parser.add_argument('--corpus', action='store_true', help='start with the committed inputs')
    parser.add_argument('--out', type=pathlib.Path, default=TOP / 'build' / 'detect', help='folder of the build')
    options = parser.parse_args()
    found = faults(options.target)
    folder = build(options.out.resolve(), found)
    missed = 0
    print('| target | fault | executions | CPU seconds |\n|---|---|---|---|', flush=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for fault, (count, cpu) in zip(found, pool.map(lambda fault: find(folder, fault, options), found)):
            missed += count is None
            print(f'| {fault[1]} | {fault[3]} | {"not found" if count is None else count} | {cpu:.1f} |', flush=True)
    return missed > 0


if __name__ == '__main__':
    raise SystemExit(main())
