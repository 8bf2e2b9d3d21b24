#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run rdma-core's tests on one RDMA device and compare the results with the expected ones.

    run.py --dev NAME [--only PATTERN] [--dmabuf-fd N --bar BDF:BAR] >RESULTS

Prints one line per test, "ok TEST", "not ok TEST: REASON" or "ok TEST # SKIP REASON", and the
counts of what rdma-core's tests said themselves as "# N passed, N failed, N skipped".

The file "expected" next to this one has lines "RESULT PATTERN REASON". RESULT is skip, fail or
random, PATTERN a shell pattern for module.class.test. A skip or failure without such a line is
"not ok", and so is a pass where skip or failure is expected: the line is out of date then. random
is for tests that draw their parameters and skip for some of them: pass and skip are both right.
"""
import argparse
import fnmatch
import os
import signal
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(HERE, 'tests')
SECONDS = 60  # for one test


def read_expected(path):
    rows = []
    with open(path, encoding='utf-8') as file:
        for line in file:
            line = line.strip()
            if line and not line.startswith('#'):
                result, pattern, reason = line.split(None, 2)
                if result not in ('skip', 'fail', 'random'):
                    raise SystemExit(f'{path}: "{result}" must be skip, fail or random')
                rows.append((result, pattern, reason))
    return rows


def expected_for(rows, name):
    for result, pattern, reason in rows:
        if fnmatch.fnmatchcase(name, pattern):
            return result, reason
    return 'pass', ''


def one_line(text):
    return ' '.join(str(text).replace('#', ' ').split())[:200]


class Deadline(BaseException):
    """A test did not end; BaseException, so that no test catches it."""


class Result(unittest.TestResult):
    """Judges each test as it ends, so that a later crash loses nothing."""

    def __init__(self, rows):
        super().__init__()
        self.rows = rows
        self.said = {'pass': 0, 'fail': 0, 'skip': 0}
        self.bad = 0

    def startTest(self, test):
        super().startTest(test)
        self.outcome, self.why = 'pass', ''
        signal.alarm(SECONDS)

    def addFailure(self, test, err):
        self.outcome, self.why = 'fail', one_line(err[1])

    def addError(self, test, err):
        if not isinstance(test, unittest.TestCase):  # setUpClass and the like
            self.startTest(test)
            self.outcome, self.why = 'fail', one_line(err[1])
            self.stopTest(test)
            return
        self.outcome, self.why = 'fail', one_line(err[1])

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addFailure(test, err)

    def addSkip(self, test, reason):
        self.outcome, self.why = 'skip', one_line(reason)

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)
        name = test.id().removeprefix('tests.') if hasattr(test, 'id') else str(test)
        want, reason = expected_for(self.rows, name)
        self.said[self.outcome] += 1
        if self.outcome == 'pass' and want in ('pass', 'random'):
            print(f'ok {name}')
        elif self.outcome == 'skip' and want in ('skip', 'random'):
            print(f'ok {name} # SKIP {reason}')
        elif self.outcome == 'fail' and want == 'fail':
            print(f'ok {name} fails as expected: {one_line(reason)}')
        else:
            self.bad += 1
            print(f'not ok {name}: {self.outcome} instead of {want}: {self.why or reason}')
        sys.stdout.flush()


def all_cases(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from all_cases(item)
        else:
            yield item


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--dev', required=True)
    parser.add_argument('--only', default='*', help='pattern of module.class.test')
    parser.add_argument('--dmabuf-fd', type=int, help='dma-buf instead of one of a GPU')
    parser.add_argument('--bar', help='BDF:BAR that the dma-buf is, to read and write it')
    return parser.parse_args()


def skip_at_once(base):
    """Tests of rdma_cm have two processes: one that skips ends the other, which would wait 15 s for it at a barrier."""
    handler = base._rdmacm_exception_handler  # pylint: disable=protected-access

    def end(self, passive, exception):
        try:
            handler(passive, exception)
        except SystemExit as status:
            if status.code == 5:  # skip
                self.syncer.abort()
            raise

    base._rdmacm_exception_handler = end  # pylint: disable=protected-access


def on_alarm(_signal, _frame):
    raise Deadline(f'no end after {SECONDS} s')


def main():
    args = parse()
    sys.path[:0] = [HERE, TESTS]
    sys.argv = ['run_tests.py', '--dev', args.dev]
    from args_parser import parser as tests_parser  # pylint: disable=import-error
    tests_parser.parse_args()
    import tests  # pylint: disable=import-error
    from tests.base import RDMACMBaseTest  # pylint: disable=import-error
    skip_at_once(RDMACMBaseTest)
    rows = read_expected(os.path.join(HERE, 'expected'))
    if args.dmabuf_fd is not None:
        import dmabuf
        dmabuf.install(args.dmabuf_fd, args.bar)
        rows = []
    loader = unittest.defaultTestLoader
    suite = unittest.TestSuite()
    for module in tests.__test_modules__:
        for case in all_cases(loader.loadTestsFromModule(module)):
            if fnmatch.fnmatchcase(case.id().removeprefix('tests.'), args.only):
                suite.addTest(case)
    signal.signal(signal.SIGALRM, on_alarm)
    result = Result(rows)
    suite.run(result)
    print(f'# {result.said["pass"]} passed, {result.said["fail"]} failed, {result.said["skip"]} skipped')
    return 1 if result.bad or not sum(result.said.values()) else 0


if __name__ == '__main__':
    sys.exit(main())
