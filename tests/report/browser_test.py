#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pages in a headless Chromium: they render, show the numbers of the JSON, log no error, load nothing. Prints TAP.

  browser_test.py COMMAND...    COMMAND runs Chromium with further arguments; it sees $PAGES as /mnt
"""
import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path[:0] = [str(HERE), str(TOP / 'benchmarks' / 'report')]
import page  # noqa: E402
import sample  # noqa: E402
import tap  # noqa: E402
import trace_page  # noqa: E402

CHROMIUM = sys.argv[1:]
PAGES = pathlib.Path(os.environ['PAGES'])
DARK = '--blink-settings=preferredColorScheme=0'
LIGHT = '--blink-settings=preferredColorScheme=1'


class Body(html.parser.HTMLParser):
    probe = None

    def handle_starttag(self, tag, attrs):
        self.probe = dict(attrs).get('data-probe', self.probe)


def show(name, text, *options):
    """What probe.js saw of a page, with the lines that it logged."""
    probe = (HERE / 'probe.js').read_text()
    (PAGES / name).write_text(text.replace('</body>', f'<script>{probe}</script></body>'))
    done = subprocess.run([*CHROMIUM, '--enable-logging=stderr', '--window-size=1200,900', *options, '--dump-dom',
                           f'file:///mnt/{name}'], capture_output=True, text=True, timeout=300)
    body = Body()
    body.feed(done.stdout)
    assert body.probe, f'no result of the probe: {done.stderr[-2000:]}'
    return {**json.loads(body.probe), 'console': re.findall(r'CONSOLE.*', done.stderr)}


def report():
    return page.page(sample.DEMO, sample.BENCH)


def number(text):
    return float(text.replace(',', ''))


def luminance(colour):
    return sum(int(part) for part in re.findall(r'\d+', colour)[:3])


def expect_clean(seen):
    assert seen['console'] == [] and seen['loaded'] == [], (seen['console'], seen['loaded'])
    assert seen['cutOff'] == [], seen['cutOff']
    assert seen['drawings'] and min(seen['drawings']) > 30 and seen['text'] > 100, seen['drawings']


def test_the_probe_sees_faults():
    broken = ('<html><body><svg width="50" height="40"><text x="40" y="20">a long text</text></svg>'
              '<img src="http://192.0.2.1/x.png"><div style="width:3000px">wide</div><script>nowhere();</script></body></html>')
    seen = show('broken.html', broken)
    assert any('nowhere is not defined' in line for line in seen['console']), seen['console']
    assert seen['cutOff'] == ['a long text'] and seen['contentWidth'] >= 3000
    assert seen['loaded'] or any('192.0.2.1' in line for line in seen['console']), seen


def test_report_renders_with_the_numbers_of_the_json():
    seen = show('index.html', report())
    expect_clean(seen)
    for run in sample.DEMO['runs']:
        got = [number(text) for text in seen['rows'][run['name']]]
        assert got == [round(run['bw_MBps'], 1), run['tlps_to_bar'], run['tlps_tagged']], (run, got)
    for figure in sample.BENCH['figures']:
        got = [number(text) for text in seen['rows'][figure['name']]]
        want = [round(figure['ours'], 2), round(figure['peer'], 2), round(figure['ratio'], 3)]
        assert all(abs(a - b) < 0.011 for a, b in zip(got, want, strict=True)), (got, want)
    assert seen['rows']['memcpy'] == ['9,000.5', '3.5', '14'], seen['rows']['memcpy']
    assert seen['missing'] == sample.BENCH['missing'] and len(seen['drawings']) == 4, seen


def test_measured_report():
    folder = TOP / 'build' / 'report'
    demo, bench = page.read(folder / 'demo.json'), page.read(folder / 'bench.json')
    if not demo and not bench:
        print('# build/report has no figures yet: only the sample pages are tested')
        return
    seen = show('measured.html', page.page(demo, bench))
    expect_clean(seen)
    for run in demo['runs'] if demo else []:
        assert number(seen['rows'][run['name']][-1]) == run['tlps_tagged'], run
    for figure in bench['figures'] if bench else []:
        assert abs(number(seen['rows'][figure['name']][-1]) - figure['ratio']) < 0.0006, figure


def test_light_and_dark():
    for options, dark in ((LIGHT, False), (DARK, True)):
        seen = show('index.html', report(), options)
        back, text, body = (luminance(colour) for colour in seen['colours'])
        assert (back < text) == dark and body == text and abs(back - text) > 500, seen['colours']


def test_narrow_window():
    for name, text in (('index.html', report()), ('trace.html', trace())):
        seen = show(name, text, '--window-size=360,800')
        assert seen['width'] <= 500 and seen['contentWidth'] <= seen['width'], (name, seen['width'], seen['contentWidth'])


def trace():
    return trace_page.trace_page({'tlps': sample.TLPS, 'left_out': 2})


def test_trace_filters_and_time_line():
    seen = show('trace.html', trace())
    expect_clean(seen)
    every = seen['filters']['tag ']
    assert every['rows'] == len(sample.TLPS) and every['bars'] == len(sample.TLPS)
    assert every['count'].startswith('9 of 9 TLPs') and '2 more, left out' in every['count'], every
    assert every['tags'] == ['8-bit 0x5a ph 2', 'none'], every
    for choice, rows in (('requester nic1', 3), ('requester nic0', 6), ('target ep0', 6), ('target memory', 3),
                         ('kind read', 3), ('kind write', 6), ('tag none', 4), ('tag 8-bit 0x5a ph 2', 5)):
        got = seen['filters'][choice]
        assert got['rows'] == rows and got['count'].startswith(f'{rows} of 9 TLPs'), (choice, got)
    assert seen['filters']['tag none']['tags'] == ['none']


if __name__ == '__main__':
    raise SystemExit(tap.run(globals()))
