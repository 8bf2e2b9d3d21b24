#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tphbuf-ab with stand-ins for tphbuf and perftest. Prints TAP."""
import contextlib
import io
import json
import os
import pathlib
import random
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BENCHMARKS = HERE.parents[1] / 'benchmarks'
sys.path[:0] = [str(HERE), str(BENCHMARKS / 'ab'), str(BENCHMARKS / 'report')]
import ab_page  # noqa: E402
import sample  # noqa: E402
import tap  # noqa: E402
import tphbuf_ab  # noqa: E402

BASE = ['--endpoint', '0000:05:00.0', '--nic', 'mlx5_0', '--peer', 'mlx5_1']
TPHBUF = f'''#!{sys.executable}
import json, os, sys
command = sys.argv[1]
if command == 'register' and os.environ.get('REFUSE', '-') in sys.argv:
    print(json.dumps(dict(error=dict(text='the NIC sends no tag: host-bridge'))))
    sys.exit(1)
print(json.dumps({sample.answer('0000:03:00.0', '0000:02:00.0', ['st'])!r} if command == 'topo' else dict(ok=True)))
'''
PERFTEST = f'''#!{sys.executable}
import json, os, socket, sys
open(os.environ['RUNS'], 'a').write(' '.join(sys.argv[1:]) + chr(10))
port = int(sys.argv[sys.argv.index('-p') + 1])
if any(arg.startswith('--use_vfio') for arg in sys.argv):
    if os.environ.get('DIES'):
        sys.exit('the tag is not applied')
    with socket.create_server(('127.0.0.1', port)) as server:
        server.accept()[0].recv(1)
else:
    socket.create_connection(('127.0.0.1', port)).close()
    print('a line that is not JSON')
    with open(next(arg for arg in sys.argv if arg.startswith('--out_json_file=')).partition('=')[2], 'w') as file:
        figures = os.environ.get('FIGURES', '7').split()
        done = sum('--out_json' in line for line in open(os.environ['RUNS']))
        json.dump(dict(results=dict(BW_average=float(figures[min(done, len(figures)) - 1]))), file)
'''


def options(*more):
    return tphbuf_ab.arguments([*BASE, '--tag', 'st=0x5a,ph=2', *more])


@contextlib.contextmanager
def machine(**environment):
    """A folder of stand-ins first in PATH; yields the folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for program, text in (('tphbuf', TPHBUF), ('ib_write_bw', PERFTEST)):
            (folder / program).write_text(text)
            (folder / program).chmod(0o755)
        before, bdf = dict(os.environ), tphbuf_ab.nic_bdf
        os.environ.update(environment, PATH=f'{folder}:{os.environ["PATH"]}', RUNS=str(folder / 'runs'))
        tphbuf_ab.nic_bdf = lambda ibdev: '0000:03:00.0'
        try:
            yield folder
        finally:
            tphbuf_ab.nic_bdf = bdf
            os.environ.clear()
            os.environ.update(before)


def run_main(*more, **environment):
    """(status, standard error, report or None, calls of perftest)"""
    with machine(**environment) as folder:
        errors, out = io.StringIO(), folder / 'out'
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            status = tphbuf_ab.main([*BASE, '--tag', 'st=0x5a,ph=2', '--out', str(out), '--timeout', '20', *more])
        report = json.loads((out / 'ab.json').read_text()) if (out / 'ab.json').exists() else None
        calls = (folder / 'runs').read_text().splitlines() if (folder / 'runs').exists() else []
        return status, errors.getvalue(), report, calls


def test_bad_options_are_refused():
    for bad in (['--tag', ''], ['--tag', 'ph=2'], ['--tag', 'st=0x100'], ['--tag', 'st=1;reboot'],
                ['--tag', 'st=0x5a,ph=2'], ['--rounds', '0'], ['--size', '0'], ['--size', '64', '--size', '64'],
                ['--offset', '1M'], ['--peer-host', 'other'], ['--iterations', '1'], ['--tool', 'ib_read_bw']):
        with contextlib.redirect_stderr(io.StringIO()):
            try:
                options(*bad)
            except SystemExit as ended:
                assert ended.code == 2
                continue
        raise AssertionError(f'accepted: {bad}')


def test_tags_become_options_of_perftest():
    assert tphbuf_ab.tag_options('') == []
    assert tphbuf_ab.tag_options('st=0x5a,ph=2') == ['--vfio_st=0x5a', '--vfio_ph=2']
    assert tphbuf_ab.tag_options('xst=0x1234') == ['--vfio_st_ext=0x1234']


def test_each_round_has_each_condition_once_in_random_order():
    opts = options('--tag', 'xst=0x1234', '--size', '64', '--size', '4096', '--rounds', '8')
    with contextlib.redirect_stdout(io.StringIO()):
        runs, again = [], []
        tphbuf_ab.study(opts, runs, lambda *args: 1.0)
        tphbuf_ab.study(opts, again, lambda *args: 1.0)
    orders = set()
    for number in range(8):
        order = [(run['size'], run['tag']) for run in runs if run['round'] == number]
        assert len(order) == len(set(order)) == 6
        orders.add(tuple(order))
    assert len(orders) > 4 and runs == again


def concluded(tool, ratio):
    chance = random.Random(3)
    opts = options('--tool', tool, '--rounds', '12')
    with contextlib.redirect_stdout(io.StringIO()):
        runs = []
        tphbuf_ab.study(opts, runs, lambda _, tag, size, port: chance.gauss(100, 1) * (ratio if tag else 1))
    return tphbuf_ab.figures(opts, runs)[0]


def test_conclusions():
    assert concluded('ib_write_bw', 1.2)['conclusion'] == 'better with the tag'
    assert concluded('ib_write_bw', 0.8)['conclusion'] == 'worse with the tag'
    assert concluded('ib_write_lat', 0.8)['conclusion'] == 'better with the tag'
    same = concluded('ib_write_bw', 1)
    assert same['conclusion'] == 'no difference beyond the interval' and same['low'] < 1 < same['high'], same


def test_a_study_from_end_to_end():
    status, errors, report, calls = run_main('--rounds', '2')
    assert status == 0, errors
    assert len(calls) == 8 and sum('--vfio_st=0x5a' in call for call in calls) == 2, calls
    assert [run['figure'] for run in report['runs']] == [7.0] * 4
    assert report['figures'][0]['conclusion'] == 'inconclusive: too few rounds'


def test_tag_that_is_not_applied_ends_the_study_before_any_run():
    status, errors, report, calls = run_main('--tag', 'st=7', REFUSE='st=7')
    assert status == 1 and 'the NIC sends no tag: host-bridge' in errors and not report and not calls, errors


def test_server_that_fails_is_named():
    status, errors, report, calls = run_main('--rounds', '1', DIES='1')
    assert status == 1 and 'the tag is not applied' in errors and 'ended with 1' in errors and not report, errors


def test_figure_that_is_none():
    status, errors, report, calls = run_main('--rounds', '1', FIGURES='inf 0 nan')
    assert status == 1 and 'could not calibrate its clock' in errors and not report and len(calls) == 6, errors


def test_run_without_figure_is_repeated_and_told():
    status, errors, report, calls = run_main('--rounds', '1', FIGURES='0 inf 5 7')
    assert status == 0 and errors.count('repeating') == 2 and len(calls) == 8, errors
    assert [(run['figure'], run['repeats']) for run in report['runs']] == [(5.0, 2), (7.0, 0)]


def test_runs_before_a_failure_are_kept():
    with machine() as folder:
        out, measure, runs = folder / 'out', tphbuf_ab.measure, []

        def fails_in_the_third(*args):
            runs.append(args)
            if len(runs) == 3:
                raise KeyboardInterrupt if interrupt else tphbuf_ab.StudyError('the link is down')
            return 5.0

        tphbuf_ab.study.__defaults__ = (fails_in_the_third,)
        try:
            for interrupt, text in ((False, 'the link is down'), (True, 'interrupted')):
                errors = io.StringIO()
                runs.clear()
                with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
                    status = tphbuf_ab.main([*BASE, '--tag', 'st=0x5a', '--out', str(out)])
                assert status == 1 and text in errors.getvalue() and '2 runs' in errors.getvalue(), errors.getvalue()
                assert len(json.loads((out / 'unfinished.json').read_text())['runs']) == 2
                assert not (out / 'ab.json').exists()
        finally:
            tphbuf_ab.study.__defaults__ = (measure,)


def test_report_names_no_host_and_no_path():
    opts = options('--peer-host', 'client.example', '--server-address', 'server.example', '--out', '/home/x')
    text = json.dumps(tphbuf_ab.shown(opts))
    assert 'example' not in text and '/home' not in text and '"remote_peer": true' in text, text
    command = tphbuf_ab.client_command(opts, ['ib_write_bw'])
    assert command[:4] == ['ssh', '-o', 'BatchMode=yes', 'client.example'] and 'server.example' in command[-1], command


def test_page_has_the_numbers():
    _, _, report, _ = run_main('--rounds', '2')
    text = ab_page.page_text(report)
    assert 'data-figure="65536 st=0x5a,ph=2"' in text and 'data-value="7.0"' in text
    assert 'src=' not in text and 'href=' not in text


if __name__ == '__main__':
    raise SystemExit(tap.run(globals()))
