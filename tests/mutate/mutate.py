#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make mutate: changes one line at a time and asks whether a test notices.

All changes of the sample are compiled into one build (sites.py, mutant.h); each run of the tests turns one of them on.
A first run records which tests reach which change; only those run again. A change that no test notices is a survivor.
Survivors listed in tests/mutate/equivalent cannot change behaviour, for the reason given there; any other is a failure.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

import sites

TOP = pathlib.Path(__file__).resolve().parents[2]
# Build: its options of Meson. Plug-ins are loaded into programs without sanitizers.
BUILDS = {'sanitized': ['-Db_sanitize=address,undefined', '-Db_lundef=false'], 'plain': []}
# Part: (folders, build, suites, names of their tests). "net meta" is minutes long; of the plugin it repeats what others do.
PARTS = {
    'lib': (['userspace/lib', 'userspace/util'], 'sanitized', ['unit', 'fuzz'], ''),
    'cli': (['userspace/cli'], 'sanitized', ['unit', 'fuzz'], ''),
    'fabric': (['userspace/fabric'], 'sanitized', ['fabric'], ''),
    'plugin': (['userspace/transports/nccl'], 'plain', ['unit', 'transports'], '^net(?! meta)'),
    'check': (['userspace/transports/check'], 'plain', ['transports'], '^net'),
    'preload': (['userspace/transports/preload', 'userspace/transports/alloc'], 'plain', ['unit', 'transports'],
                '^(preload|alloc)'),
}
REACHED_SIZE = 65536  # MUTANT_MAX in mutant.h


def at_least(least):
    """A type of argparse: a whole number of digits only."""
    def whole_number(text):
        if not re.fullmatch('[0-9]{1,18}', text) or int(text) < least:
            raise argparse.ArgumentTypeError(f'{text!r} is not a whole number from {least}')
        return int(text)
    return whole_number


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--count', type=at_least(1), default=200, help='changes to try (200)')
    parser.add_argument('--seed', type=at_least(0), default=1, help='of the sample (1)')
    parser.add_argument('--part', action='append', choices=PARTS, help='only this part; may be repeated')
    parser.add_argument('--file', help='only sources whose path contains this')
    parser.add_argument('--like', help='only changes that match this expression: "path:line | old | new"')
    parser.add_argument('--out', type=pathlib.Path, default=TOP / 'build' / 'mutate', help='folder of the builds')
    return parser.parse_args()


def equivalents():
    """Changes known to have no effect: text of the site -> reason."""
    known = {}
    for line in (TOP / 'tests' / 'mutate' / 'equivalent').read_text().splitlines():
        if line and not line.startswith('#'):
            site, _, reason = line.rpartition(' | ')
            if not site or not reason.strip():
                sys.exit(f'tests/mutate/equivalent: not "path | old | new | reason": {line}')
            known[site] = reason
    return known


def sample(parts, options):
    """The seeded sample: build -> list of (number, site)."""
    found = []
    for part in parts:
        for folder in PARTS[part][0]:
            for path in sorted((TOP / folder).rglob('*.c')):
                name = str(path.relative_to(TOP))
                if not options.file or options.file in name:
                    found += [(PARTS[part][1], site) for site in sites.sites(name, path.read_text())
                              if not options.like or re.search(options.like, site.described())]
    total = len(found)
    chosen = random.Random(options.seed).sample(found, min(options.count, total, REACHED_SIZE - 1))
    print(f'# {len(chosen)} of {total} possible changes, seed {options.seed}', flush=True)
    numbered = {}
    for number, (name, site) in enumerate(chosen):
        numbered.setdefault(name, []).append((number, site))
    return numbered


def make_tree(tree, numbered):
    """A copy of the checkout with all changes of `numbered`."""
    if tree.exists():
        shutil.rmtree(tree)
    files = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', '-z'], cwd=TOP, check=True,
                           capture_output=True, text=True).stdout
    for name in filter(None, files.split('\0')):
        if (TOP / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, tree / name, follow_symlinks=False)
    by_file = {}
    for number, site in numbered:
        by_file.setdefault(site.path, []).append((number, site))
    for name, group in by_file.items():
        (tree / name).write_text(sites.apply((TOP / name).read_text(), group))


def compile_tree(tree, options, compiler='gcc', c_args='-fno-sanitize-recover=all -fno-omit-frame-pointer', targets=()):
    """Configures and compiles; returns the build folder."""
    args = [tree / 'rig/configure.sh', 'mutate', compiler, '-Doptimization=1', '-Dtests=host', *options,
            f'-Dc_args=-w {c_args} -include {tree}/tests/mutate/mutant.h']
    folder = tree / 'build' / 'mutate'
    for command in (args, ['meson', 'compile', '-C', folder, *targets]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            sys.exit(f'{done.stdout[-4000:]}\nthe build with all changes failed')
    return folder


def tests_of(folder, parts):
    """The tests of these parts as Meson would run them."""
    text = subprocess.run(['meson', 'introspect', '--tests', folder], check=True, capture_output=True, text=True).stdout
    of_part = lambda part, test: (re.search(PARTS[part][3], test['name']) and
                                  {f'tphbuf:{suite}' for suite in PARTS[part][2]} & set(test['suite']))
    return [test for test in json.loads(text) if any(of_part(part, test) for part in parts)]


def run(test, folder, limit, **extra):
    """(passed, seconds) of one test."""
    start = time.monotonic()
    env = os.environ | test['env'] | {name: str(value) for name, value in extra.items()}
    process = subprocess.Popen(test['cmd'], cwd=test['workdir'] or folder, env=env, text=True, errors='replace',
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=limit)
        passed = process.returncode == 0 and not re.search(r'^not ok', output, re.MULTILINE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        passed = False
    return passed, time.monotonic() - start


def reached_by(tests, folder):
    """Each test with its time and the changes that it reaches; a test that fails unchanged ends the run."""
    record = folder / 'reached'
    result = []
    for test in tests:
        record.write_bytes(bytes(REACHED_SIZE))
        passed, seconds = run(test, folder, 1200, MUTANT_REACHED=record)
        if not passed:
            sys.exit(f'{test["name"]} fails without any change')
        result.append((test, seconds, {number for number, byte in enumerate(record.read_bytes()) if byte}))
    return sorted(result, key=lambda entry: entry[1])


def verdict(number, reached, folder):
    """Name of the test that notices, "" if none does, None if no test reaches it."""
    able = [(test, seconds) for test, seconds, numbers in reached if number in numbers]
    for test, seconds in able:
        if not run(test, folder, 30 + 10 * seconds, MUTANT=number)[0]:
            return test['name']
    return '' if able else None


def try_build(name, parts, numbered, out):
    """Yields (site, verdict) for each change of a build."""
    parts = [part for part in parts if PARTS[part][1] == name]
    print(f'# {name} build, {len(numbered)} changes', flush=True)
    make_tree(out / name, numbered)
    folder = compile_tree(out / name, BUILDS[name])
    tests = tests_of(folder, parts)
    print(f'# {len(tests)} tests without any change, to see what they reach', flush=True)
    reached = reached_by(tests, folder)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (_, site), answer in zip(numbered, pool.map(lambda item: verdict(item[0], reached, folder), numbered)):
            yield site, answer


def main():
    options = arguments()
    known = equivalents()
    parts = options.part or list(PARTS)
    survivors, killed, marked = [], 0, 0
    for name, numbered in sample(parts, options).items():
        for site, answer in try_build(name, parts, numbered, options.out.resolve()):
            where = f'{site.path}:{site.line + 1}'
            if answer:
                killed += 1
                print(f'killed    {where} {site.old}  ->  {site.new}  # {answer}', flush=True)
            elif str(site) in known:
                marked += 1
                print(f'no effect {where} {site.old}  ->  {site.new}  # {known[str(site)]}', flush=True)
            else:
                survivors.append(site)
                why = 'no test reaches it' if answer is None else 'no test notices'
                print(f'SURVIVES  {where} {site.old}  ->  {site.new}  # {why}', flush=True)
    able = killed + len(survivors)
    print(f'# {killed} of {able} that can change behaviour killed ({100 * killed / max(able, 1):.1f} %), '
          f'{marked} without effect (tests/mutate/equivalent), {len(survivors)} survive')
    for site in survivors:
        print(f'# {site}')
    return len(survivors) > 0


if __name__ == '__main__':
    raise SystemExit(main())
