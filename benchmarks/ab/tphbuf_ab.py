#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a steering tag changes: interleaved perftest runs into an accelerator's memory, tagged and untagged.

The server side has a range of the endpoint's BAR as buffer, on --nic. The client has host memory, on --peer of this
machine or of --peer-host (ssh). In each round every size and every tag runs once, in random order; a tag's figure is
divided by the untagged figure of the same round and size. A tag that the kernel does not apply ends the study before
it begins.
Results: ab.json and index.html in --out; of a study that ends early, the runs so far in unfinished.json.
"""
import argparse
import json
import pathlib
import random
import re
import shlex
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / 'report', HERE.parent / 'share' / 'tphbuf' / 'report'):
    sys.path.append(str(folder))
import ab_page  # noqa: E402
import stats  # noqa: E402

TOOLS = {  # tool: (field of its JSON, unit, is more better)
    'ib_write_bw': ('BW_average', 'MiB/s', True),
    'ib_write_lat': ('t_typical', 'us', False),
}
MOST_REPEATS = 2  # of a run whose clock perftest could not calibrate
TAG = re.compile(r'(?:st=(0x[0-9a-fA-F]{1,2}|\d{1,3}))?,?(?:xst=(0x[0-9a-fA-F]{1,4}|\d{1,5}))?,?(?:ph=([0-3]))?')


class StudyError(Exception):
    """What failed, why, and what to do."""


class NoFigure(StudyError):
    """The transfer was right, but perftest could not measure it."""


def whole(least, most=10 ** 9):
    """A type of argparse: a whole number of digits only."""
    def whole_number(text):
        if not re.fullmatch('[0-9]{1,18}', text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f'{text!r} is not a whole number from {least} to {most}')
        return int(text)
    return whole_number


def arguments(argv):
    parser = argparse.ArgumentParser(prog='tphbuf-ab', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--endpoint', required=True, metavar='BDF', help='function bound to vfio-pci')
    parser.add_argument('--nic', required=True, metavar='IBDEV', help='RDMA device that registers the BAR')
    parser.add_argument('--peer', required=True, metavar='IBDEV', help='RDMA device of the other side')
    parser.add_argument('--peer-host', metavar='HOST', help='machine of the peer, by ssh; default: this one')
    parser.add_argument('--server-address', help='of this machine, for the peer; needed with --peer-host')
    parser.add_argument('--bar', type=whole(0, 5), default=2, help='(2)')
    parser.add_argument('--offset', default='0x100000', help='of the range in the BAR (0x100000)')
    parser.add_argument('--tag', action='append', required=True, help='"st=0x5a,ph=2", "xst=0x1234"; may be repeated')
    parser.add_argument('--size', type=whole(1, 1 << 31), action='append', help='message size in bytes; may be repeated (65536)')
    parser.add_argument('--tool', choices=TOOLS, default='ib_write_bw', help='(ib_write_bw)')
    parser.add_argument('--iterations', type=whole(5), default=5000, help='of one run (5000)')
    parser.add_argument('--rounds', type=whole(1), default=12, help=f'at least {stats.FEWEST_PAIRS} give an interval (12)')
    parser.add_argument('--seed', type=whole(0), default=1, help='of the order (1)')
    parser.add_argument('--timeout', type=whole(1), default=60, metavar='SECONDS', help='of one run (60)')
    parser.add_argument('--out', type=pathlib.Path, default=pathlib.Path('tphbuf-ab'), help='folder (tphbuf-ab)')
    options = parser.parse_args(argv)
    options.size = options.size or [65536]
    if not re.fullmatch(r'0x[0-9a-fA-F]+|\d+', options.offset):
        parser.error(f'--offset {options.offset}: not a number')
    for tag in options.tag:
        if not tag or not TAG.fullmatch(tag) or 'st=' not in tag:
            parser.error(f'--tag {tag}: not "st=0x5a,ph=2" or "xst=0x1234,ph=1"')
    if options.peer_host and not options.server_address:
        parser.error('--peer-host needs --server-address: an address of this machine that the peer reaches')
    options.server_address = options.server_address or '127.0.0.1'
    if len(set(options.tag)) != len(options.tag) or len(set(options.size)) != len(options.size):
        parser.error('a tag or a size is given twice')
    return options


def tag_options(tag):
    """perftest's options for a tag."""
    if not tag:
        return []
    st, xst, hint = TAG.fullmatch(tag).groups()
    return ([f'--vfio_st={st}'] if st else []) + ([f'--vfio_st_ext={xst}'] if xst else []) + \
        ([f'--vfio_ph={hint}'] if hint else [])


def output(command, **more):
    try:
        return subprocess.run(command, capture_output=True, text=True, **more)
    except FileNotFoundError:
        raise StudyError(f'{command[0]} is not installed; tphbuf-ab(1) says what the study needs') from None


def answer(command):
    """JSON of a tphbuf command; its error is ours."""
    done = output(command)
    try:
        result = json.loads(done.stdout)
    except ValueError:
        raise StudyError(f'{shlex.join(command)}: {done.stderr.strip() or done.returncode}') from None
    if done.returncode and command[1] != 'doctor':
        error = result.get('error')
        text = error.get('text') if isinstance(error, dict) else error
        raise StudyError(f'{shlex.join(command)}: {text or done.stderr.strip() or done.returncode}')
    return result


def nic_bdf(ibdev):
    link = pathlib.Path('/sys/class/infiniband') / ibdev / 'device'
    if not link.exists():
        raise StudyError(f'no RDMA device {ibdev} in /sys/class/infiniband; see ibv_devices')
    return link.resolve().name


def preflight(options):
    """Environment of the study; raises if a tag would not be applied."""
    environment = {
        'kernel': output(['uname', '-r']).stdout.strip(),
        'topology': answer(['tphbuf', 'topo', '--json', options.endpoint, nic_bdf(options.nic)]),
        'doctor': answer(['tphbuf', 'doctor', '--json']),
    }
    for tag in options.tag:
        answer(['tphbuf', 'register', '--json', options.endpoint, '--bar', str(options.bar), '--offset', options.offset,
                '--length', '4096', '--tag', tag, '--ibdev', options.nic, '--require'])
    return environment


def listening(port):
    """Does a socket of this machine listen on the port?"""
    for table in ('/proc/net/tcp', '/proc/net/tcp6'):
        text = pathlib.Path(table).read_text() if pathlib.Path(table).exists() else ''
        if re.search(rf':{port:04X} \S+ 0A ', text):
            return True
    return False


def client_command(options, common):
    """perftest writes its JSON to a file of the machine it runs on; what it prints goes to standard error."""
    perftest = shlex.join(common + ['-d', options.peer, '--out_json', options.server_address])
    script = f'file=$(mktemp) && {{ {perftest} --out_json_file="$file" >&2; rc=$?; cat "$file"; rm "$file"; exit $rc; }}'
    return ['ssh', '-o', 'BatchMode=yes', options.peer_host, script] if options.peer_host else ['sh', '-c', script]


def result_of(text, what):
    try:
        return json.loads(text, strict=False)['results']
    except (ValueError, KeyError, TypeError):
        raise StudyError(f'{what} wrote no result: {text[-500:].strip()}') from None


def measure(options, tag, size, port):
    """One run; the figure of the client."""
    common = [options.tool, '-F', '-s', str(size), '-n', str(options.iterations), '-p', str(port)]
    server = common + ['-d', options.nic, f'--use_vfio={options.endpoint}', f'--vfio_bar={options.bar}',
                       f'--vfio_offset={options.offset}', *tag_options(tag)]
    serving = subprocess.Popen(server, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        deadline = time.monotonic() + options.timeout
        while not listening(port) and serving.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        done = output(client_command(options, common), timeout=options.timeout)
        text, _ = serving.communicate(timeout=options.timeout)
    except subprocess.TimeoutExpired:
        raise StudyError(f'a run did not end within {options.timeout} s, see --timeout: {shlex.join(server)}') from None
    finally:
        if serving.poll() is None:
            serving.kill()
            serving.communicate()
    if serving.returncode or done.returncode:
        raise StudyError(f'{shlex.join(server)} ended with {serving.returncode}, the client with {done.returncode}:\n'
                         f'{text[-800:]}{done.stderr[-800:]}{done.stdout[-400:]}')
    figure = result_of(done.stdout, options.tool).get(TOOLS[options.tool][0])
    if not isinstance(figure, (int, float)) or not 0 < figure < float('inf'):
        raise NoFigure(f'{options.tool} gave no figure ({figure}), because it could not calibrate its clock: '
                       'end other work on this machine')
    return figure


def measured(options, tag, size, port, run):
    """{'figure', 'repeats'} of one run, which is repeated, at most twice, when perftest could not measure it."""
    for repeats in range(MOST_REPEATS + 1):
        try:
            return {'figure': run(options, tag, size, port), 'repeats': repeats}
        except NoFigure as error:
            if repeats == MOST_REPEATS:
                raise
            print(f'{error}; repeating', file=sys.stderr, flush=True)


def study(options, runs, run=measure):
    """All rounds: adds {'round', 'size', 'tag', 'figure', 'repeats'} to runs, in the order of measurement; tag '' is untagged."""
    chance = random.Random(options.seed)
    print(f'{options.rounds * len(options.size) * (1 + len(options.tag))} runs', flush=True)
    for number in range(options.rounds):
        order = [(size, tag) for size in options.size for tag in [''] + options.tag]
        chance.shuffle(order)
        for size, tag in order:
            port = 19000 + len(runs) % 1000
            runs.append({'round': number, 'size': size, 'tag': tag, **measured(options, tag, size, port, run)})
            print(f'round {number + 1} of {options.rounds}: {size} bytes, {tag or "untagged"}: {runs[-1]["figure"]:g}',
                  flush=True)


def conclusion(result, more_is_better):
    if result['low'] is None:
        return 'inconclusive: too few rounds'
    if result['low'] <= 1 <= result['high']:
        return 'no difference beyond the interval'
    return 'better with the tag' if (result['low'] > 1) == more_is_better else 'worse with the tag'


def figures(options, runs):
    """Tagged over untagged, for each size and tag."""
    _, unit, more_is_better = TOOLS[options.tool]
    result = []
    for size in options.size:
        value = {(run['round'], run['tag']): run['figure'] for run in runs if run['size'] == size}
        for tag in options.tag:
            pairs = [(value[number, tag], value[number, '']) for number in range(options.rounds)]
            ratio = stats.ratio(pairs)
            result.append({'size': size, 'tag': tag, 'unit': unit, **ratio,
                           'tagged': stats.median([pair[0] for pair in pairs]),
                           'untagged': stats.median([pair[1] for pair in pairs]),
                           'noise': stats.spread([pair[1] for pair in pairs]),
                           'conclusion': conclusion(ratio, more_is_better)})
    return result


def shown(options):
    """The options for the report, which names no host and no path."""
    hidden = {'peer_host', 'server_address', 'out'}
    return {'remote_peer': bool(options.peer_host),
            **{name: value for name, value in vars(options).items() if name not in hidden}}


def write(path, report):
    path.write_text(json.dumps(report, indent=1) + '\n')


def main(argv=None):
    options = arguments(argv)
    report = {'options': shown(options), 'runs': []}
    unfinished = options.out / 'unfinished.json'
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        report['environment'] = preflight(options)
        study(options, report['runs'])
        report['figures'] = figures(options, report['runs'])
        write(options.out / 'ab.json', report)
        (options.out / 'index.html').write_text(ab_page.page_text(report))
    except (StudyError, OSError, KeyboardInterrupt) as error:
        print(f'tphbuf-ab: {error if str(error) else "interrupted"}', file=sys.stderr)
        if report['runs']:
            write(unfinished, report)
            print(f'tphbuf-ab: {len(report["runs"])} runs are in {unfinished}', file=sys.stderr)
        return 1
    unfinished.unlink(missing_ok=True)
    for figure in report['figures']:
        print(f'{figure["size"]} bytes, {figure["tag"]} over untagged: {figure["ratio"]:.3f} ({stats.interval(figure)}), '
              f'{figure["conclusion"]}')
    print(f'report: {options.out}/index.html')
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
