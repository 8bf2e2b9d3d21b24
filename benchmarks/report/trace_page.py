#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A viewer of a trace that `tphbuf-fabric --trace` wrote: one page, to be opened in any browser.

  trace_page.py TRACE PAGE.html    filters by requester, completer, kind, origin and tag; a time line; the TLPs
No capture format has a link type for PCIe TLPs that analysers decode, hence a page of its own.
"""
import itertools
import json
import pathlib
import re
import sys

import page

LIMIT = 200000  # TLPs in a page; about 25 MB
FIELDS = {'requester': str, 'target': str, 'kind': str, 'origin': str, 'addr': str, 'len': int, 'th': bool}
PLAIN = re.compile(r'[\w :.-]{1,64}')


def read_tlp(line, number):
    """One line of a trace; ValueError if it is none."""
    try:
        tlp = json.loads(line)
    except ValueError:
        raise ValueError(f'line {number} is not JSON') from None
    wanted = dict(FIELDS, **({'width': int, 'st': str, 'ph': int} if isinstance(tlp, dict) and tlp.get('th') else {}))
    for name, kind in wanted.items():
        if not isinstance(tlp, dict) or type(tlp.get(name)) is not kind or \
                kind is str and not PLAIN.fullmatch(tlp[name]):
            raise ValueError(f'line {number} has no valid "{name}": not a trace of tphbuf-fabric')
    return {name: tlp[name] for name in [*wanted, 'bar'] if name in tlp}


def read_trace(lines):
    """{'tlps', 'left_out'}; the last line may be cut off, as when the fabric was killed."""
    tlps = []
    lines = iter(enumerate(lines, 1))
    for number, line in itertools.islice(lines, LIMIT):
        if not line.endswith('\n'):
            break
        tlps.append(read_tlp(line, number))
    return {'tlps': tlps, 'left_out': sum(1 for _ in lines)}


def trace_page(trace):
    script = (pathlib.Path(__file__).resolve().parent / 'trace.js').read_text()
    heads = ['number', 'requester', 'completer', 'kind', 'origin', 'address', 'bytes', 'tag']
    head = ''.join(f'<th scope="col">{text}</th>' for text in heads)
    parts = ['<form id="filters"></form><p id="count"></p><figure id="timeline"></figure>',
             f'<table><thead><tr>{head}</tr></thead><tbody id="tlps"></tbody></table>']
    text = page.document('TLP trace', parts, trace)
    return text.replace('</body>', f'<script>{script}</script></body>')


def main():
    if len(sys.argv) != 3:
        print('usage: trace_page.py TRACE PAGE.html', file=sys.stderr)
        sys.exit(2)
    try:
        with open(sys.argv[1], encoding='ascii') as file:
            trace = read_trace(file)
        pathlib.Path(sys.argv[2]).write_text(trace_page(trace))
    except (OSError, ValueError) as error:
        sys.exit(f'trace_page.py: {sys.argv[1]}: {error}')


if __name__ == '__main__':
    main()
