#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The report page: its numbers are those of the JSON, text is not markup, nothing is loaded. Prints TAP."""
import copy
import html.parser
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REPORT = HERE.parents[1] / 'benchmarks' / 'report'
sys.path[:0] = [str(HERE), str(REPORT)]
import page  # noqa: E402
import plot  # noqa: E402
import sample  # noqa: E402
import tap  # noqa: E402

VOID = {'meta', 'br', 'circle', 'rect', 'path', 'link', 'img', 'input'}


class Reader(html.parser.HTMLParser):
    """Values by row, addresses that a browser would load, unbalanced elements."""

    def __init__(self):
        super().__init__()
        self.rows, self.loads, self.open, self.errors, self.row = {}, [], [], [], None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.loads += [attrs[name] for name in ('src', 'href', 'data', 'action') if name in attrs]
        self.row = attrs.get('data-run') or attrs.get('data-figure') or attrs.get('data-noise') or attrs.get('data-part') or self.row
        if 'data-value' in attrs:
            self.rows.setdefault(self.row, []).append(float(attrs['data-value']))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.errors.append(tag)


def read(text):
    reader = Reader()
    reader.feed(text)
    reader.errors += reader.open
    return reader


def test_numbers_are_those_of_the_json():
    rows = read(page.page(sample.DEMO, sample.BENCH)).rows
    for run in sample.DEMO['runs']:
        assert rows[run['name']] == [run['bw_MBps'], run['tlps_to_bar'], run['tlps_tagged']], rows[run['name']]
    assert rows['all-reduce'] == [8192, 8192]
    figure = sample.BENCH['figures'][0]
    assert rows[figure['name']] == [figure['ours'], figure['peer'], figure['ratio']]


def test_nothing_is_loaded_and_elements_balance():
    reader = read(page.page(sample.DEMO, sample.BENCH))
    assert reader.loads == [] and reader.errors == [], (reader.loads, reader.errors)
    assert not re.search(r'url\(|@import', page.page(sample.DEMO, sample.BENCH))


def test_text_is_not_markup():
    text = page.page(sample.DEMO, sample.BENCH)
    assert '<b>x' not in text and '&lt;b&gt;x' in text
    assert text.count('</script>') == 1
    data = re.search(r'id="data">(.*?)</script>', text, re.DOTALL).group(1)
    assert json.loads(data) == {'demo': sample.DEMO, 'bench': sample.BENCH}


def test_noise_and_missing_figures_are_shown():
    text = page.page(None, sample.BENCH)
    assert '<li>8 B write latency</li>' in text
    assert read(text).rows['memcpy'] == [9000.5, 0.035 * 100, 14]
    assert text.count('stroke-width="3"') == 2 and text.count('stroke-width="2"') == 1  # targets and the one interval
    bare = page.page(None, {'missing': [], 'noise': {}, 'figures': [], 'curves': {}, 'parts': {}})
    assert 'Not measured' not in bare and 'Noise' not in bare and '<svg' not in bare and '<h3>' not in bare


def test_curves_and_parts_are_shown():
    text = page.page(None, sample.BENCH)
    drawing = text[text.index('<title>Cost of one MR'):]
    assert drawing.count('<circle') == 2 and drawing.count('<rect') == 2, drawing
    assert '>registration</text>' in drawing and '<li>640 MiB in &lt;b&gt;x&lt;/b&gt; ms</li>' in text
    assert re.search('data-part="rxe"><td>rxe</td><td>1234abc</td><td>2026-11-27T13:00Z</td>', text)
    assert '<td>1234abc-dirty</td>' in text


def test_latency_has_a_plot_of_its_own():
    demo = copy.deepcopy(sample.DEMO)
    for entry in demo['runs'][:3:2]:
        entry.update(lat_us=entry['msg_bytes'] / 10, bw_MBps=None)
    text = page.page(demo, None)
    assert '<title>Latency by message size</title>' in text and '<title>Bandwidth by message size</title>' in text


def test_figure_without_interval():
    figure = {**sample.BENCH['figures'][0], 'low': None, 'high': None, 'verdict': 'inconclusive'}
    text = page.page(None, {**sample.BENCH, 'figures': [figure]})
    assert '<td>too few pairs</td>' in text and '<td>inconclusive</td>' in text


def test_a_failure_is_named():
    demo = copy.deepcopy(sample.DEMO)
    demo['ok'] = demo['runs'][1]['ok'] = False
    demo['runs'][1]['why'] = ['17 TLPs carry no hint']
    text = page.page(demo, None)
    assert 'FAILED: 17 TLPs carry no hint' in text and 'FAILED: write_bw-64-8-0x5a-2' in text
    assert 'Every untagged run' not in text


def test_the_all_reduce_has_its_row_and_verdict():
    demo = copy.deepcopy(sample.DEMO)
    demo['all_reduce'] = {'name': 'ring all-reduce', 'tlps_to_bar': 4097, 'tlps_tagged': 4096, 'ok': False,
                          'why': ['1 TLPs carry no hint'], 'tags': [{'width': 16, 'st': '0x1234', 'ph': 2, 'count': 4096}]}
    demo['ok'] = False
    text = page.page(demo, None)
    assert read(text).rows['ring all-reduce'] == [4097, 4096]
    assert 'FAILED: ring all-reduce' in text and 'FAILED: 1 TLPs carry no hint' in text
    assert '16-bit 0x1234 ph 2: 4,096' in text


def test_topology_names_every_function_once():
    text = page.page(sample.DEMO, None)
    drawing = text[text.index('<figure>'):text.index('</figure>')]
    for bdf in ('0000:05:00.0', '0000:03:00.0', '0000:04:00.0', '0000:01:00.0', '0000:00:03.0'):
        assert drawing.count(f'>{bdf}<') == 1, bdf
    assert drawing.count('stroke-width="4"') == 6  # both ports of each of three functions


def test_plots_with_one_point_and_equal_values():
    assert '<svg' in plot.lines({'a': [(1, 5)]}, 'x', 'y', 'one point')
    assert 'nan' not in plot.lines({'a': [(1, 5), (2, 5)], 'b': [(1, 5, 4, 6)]}, 'x', 'y', 'equal', 2, 10)


def test_folder_without_results_is_refused():
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([REPORT / 'page.py', folder], capture_output=True, text=True)
        assert done.returncode == 1 and 'run make demo or make bench' in done.stderr
        assert list(pathlib.Path(folder).iterdir()) == []
        (pathlib.Path(folder) / 'demo.json').write_text(json.dumps(sample.DEMO))
        subprocess.run([REPORT / 'page.py', folder], check=True)
        assert 'tphbuf report' in (pathlib.Path(folder) / 'index.html').read_text()


if __name__ == '__main__':
    raise SystemExit(tap.run(globals()))
