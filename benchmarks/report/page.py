#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""build/report/index.html, one page without references to the network, from demo.json and bench.json.

  page.py FOLDER    FOLDER has demo.json, bench.json or both; index.html is written there
"""
import json
import pathlib
import sys

import plot
import stats
import topology

STYLE = '''
:root { color-scheme: light dark; }
body { font: 16px/1.5 sans-serif; max-width: 60rem; margin: auto; padding: 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding: .25rem .6rem;
  text-align: left; white-space: nowrap; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; overflow-x: auto; }
svg { max-width: 100%; min-width: 34rem; height: auto; }
.bar { display: inline-block; width: 10rem; height: .9rem; border: 1px solid currentColor; vertical-align: middle; }
.bar span { display: inline-block; height: 100%; }
.bar .tagged { background: repeating-linear-gradient(45deg, currentColor 0 2px, transparent 2px 5px); }
.failed { font-weight: bold; }
'''


def cell(value, digits=None):
    if value is None:
        return '<td></td>'
    if isinstance(value, (int, float)):
        text = f'{value:,.{digits}f}' if digits is not None else f'{value:,}'
        return f'<td class="number" data-value="{value}">{text}</td>'
    return f'<td>{plot.escape(value)}</td>'


def table(heads, rows):
    head = ''.join(f'<th scope="col">{plot.escape(text)}</th>' for text in heads)
    return f'<table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def tag_bar(run):
    """TLPs by tag: hatched with a tag, empty without."""
    share = 100 * run['tlps_tagged'] / run['tlps_to_bar'] if run['tlps_to_bar'] else 0
    label = f'{run["tlps_tagged"]} of {run["tlps_to_bar"]} write TLPs carry a tag'
    return (f'<td><span class="bar" role="img" aria-label="{label}" title="{label}">'
            f'<span class="tagged" style="width:{share:.1f}%"></span></span></td>')


def tag_text(tags):
    return '; '.join(f'{tag["width"]}-bit {tag["st"]} ph {tag["ph"]}: {tag["count"]:,}' for tag in tags) or 'none'


def run_rows(runs):
    for run in runs:
        verdict = 'ok' if run['ok'] else 'FAILED: ' + '; '.join(run['why'])
        yield (f'<tr data-run="{plot.escape(run["name"])}">{cell(run["name"])}{cell(run.get("bw_MBps"), 1)}'
               f'{cell(run.get("lat_us"), 2)}{cell(run["tlps_to_bar"])}{cell(run["tlps_tagged"])}{tag_bar(run)}'
               f'{cell(tag_text(run["tags"]))}{cell("equal" if run["payload_ok"] else "NOT EQUAL")}'
               f'<td class="{"ok" if run["ok"] else "failed"}">{plot.escape(verdict)}</td></tr>')


def all_reduce_part(entry):
    verdict = 'ok' if entry['ok'] else 'FAILED: ' + '; '.join(entry['why'])
    yield "<h2>A collective in device memory, by NCCL's network plugin</h2>"
    yield table(['run', 'write TLPs', 'with tag', 'share', 'tags seen', 'verdict'], [
        f'<tr data-run="{plot.escape(entry["name"])}">{cell(entry["name"])}{cell(entry["tlps_to_bar"])}'
        f'{cell(entry["tlps_tagged"])}{tag_bar(entry)}{cell(tag_text(entry["tags"]))}'
        f'<td class="{"ok" if entry["ok"] else "failed"}">{plot.escape(verdict)}</td></tr>'])


def by_size(runs, value):
    """Series of a value by message size: one per requested tag."""
    series = {}
    for run in runs:
        if run.get(value):
            wanted = run['requested']
            name = f'{wanted["width"]}-bit {wanted["st"]}' if wanted else 'untagged'
            series.setdefault(name, []).append((run['msg_bytes'], run[value]))
    return {name: sorted(points) for name, points in series.items()}


def size_plots(runs):
    for value, label, title in (('bw_MBps', 'MB/s (fabric model)', 'Bandwidth by message size'),
                                ('lat_us', 'µs (fabric model)', 'Latency by message size')):
        series = by_size(runs, value)
        if any(len(points) > 1 for points in series.values()):
            yield f'<figure>{plot.lines(series, "message size, bytes", label, title, x_base=2, y_base=10)}</figure>'


def demo_part(demo):
    judged = demo['runs'] + ([demo['all_reduce']] if demo.get('all_reduce') else [])
    verdict = ('Every untagged run without a hint, every tagged run with exactly its tag.' if demo['ok'] else
               'FAILED: ' + ', '.join(run['name'] for run in judged if not run['ok']))
    yield f'<p class="{"ok" if demo["ok"] else "failed"}" id="verdict">{plot.escape(verdict)}</p>'
    yield (f'<p>Linux {plot.escape(demo["kernel"])} with {len(demo["series"])} patches, '
           f'QEMU {plot.escape(demo["qemu"])}, {plot.escape(demo["accel"])}. '
           'Bandwidth and latency are those of the fabric model, never of a NIC.</p>')
    if demo.get('topology'):
        yield '<h2>Topology</h2><figure>' + topology.drawing(demo['topology']) + '</figure><ul>'
        for answer in demo['topology']:
            yield (f'<li>{plot.escape(answer["requester"]["bdf"])} to {plot.escape(answer["memory"]["bdf"])}: '
                   f'{plot.escape(answer["route"]["state"])}, {plot.escape(answer["route"]["reason"])}; '
                   f'8-bit tag {plot.escape(answer["tags"]["st"]["delivery"])}, '
                   f'16-bit tag {plot.escape(answer["tags"]["xst"]["delivery"])}</li>')
        yield '</ul>'
    yield '<h2>Runs of perftest into device memory</h2>'
    yield table(['run', 'MB/s', 'µs', 'write TLPs', 'with tag', 'share', 'tags seen', 'payload', 'verdict'],
                run_rows(demo['runs']))
    yield from size_plots(demo['runs'])
    if demo.get('all_reduce'):
        yield from all_reduce_part(demo['all_reduce'])


def bench_rows(rows):
    for row in rows:
        target = f'{"≥" if row["sense"] == "min" else "≤"} {row["target"]}'
        yield (f'<tr data-figure="{plot.escape(row["name"])}">{cell(row["name"])}{cell(row["ours"], 2)}'
               f'{cell(row["peer"], 2)}{cell(row["unit"])}{cell(row["ratio"], 3)}{cell(stats.interval(row))}{cell(target)}'
               f'{cell(row["verdict"])}</tr>')


def bench_part(bench):
    yield '<h2>Speed, as ratios measured side by side</h2>'
    yield ('<p>Each ratio is the median of pairs measured in turn in one boot. A target counts as met only if the whole '
           'interval lies on its right side. Figures of the fabric model, never of a NIC.</p>')
    yield table(['figure', 'ours', 'peer', 'unit', 'ratio', '95 % interval', 'target', 'verdict'],
                bench_rows(bench['figures']))
    if bench['figures']:
        rows = [(row['name'], *(row[key] and row[key] / row['target'] for key in ('ratio', 'low', 'high')))
                for row in bench['figures']]
        yield '<figure>' + plot.intervals(rows, 'Ratios over their targets, with 95 % intervals',
                                          'ratio over target; the upright bar is the target') + '</figure>'
    if bench['missing']:
        yield '<h3>Not measured</h3><ul id="missing">'
        yield ''.join(f'<li>{plot.escape(name)}</li>' for name in bench['missing']) + '</ul>'
    if bench['noise']:
        yield '<h3>Noise of the machine</h3>'
        yield table(['measurement', 'median', 'half the distance of the quartiles, %', 'values'], [
            f'<tr data-noise="{plot.escape(kind)}">{cell(kind)}{cell(noise["median"], 1)}{cell(noise["spread"] * 100, 1)}'
            f'{cell(noise["values"])}</tr>' for kind, noise in bench['noise'].items()])
    yield from curves_part(bench['curves'])
    yield from parts_part(bench['parts'])


def curves_part(curves):
    """Registration and scale: cost of one more MR by the number of live ones."""
    if curves:
        yield '<h3>Cost of one MR by the number of live ones</h3>'
        yield '<p>Counted instructions of a guest, 48 distinct tags among the MRs.</p><figure>'
        yield plot.lines(curves, 'live MRs', 'thousand instructions', 'Cost of one MR by the number of live ones')
        yield '</figure>'


def parts_part(parts):
    if not parts:
        return
    yield '<h3>When and on which commit</h3>'
    yield table(['part', 'commit', 'measured', 'load average before'], [
        f'<tr data-part="{plot.escape(name)}">{cell(name)}{cell(part["commit"])}{cell(part["when"])}{cell(part["load"], 2)}</tr>'
        for name, part in parts.items()])
    said = [line for part in parts.values() for line in part['said']]
    if said:
        yield '<h3>Without a peer</h3><ul id="said">'
        yield ''.join(f'<li>{plot.escape(line)}</li>' for line in said) + '</ul>'


def document(title, parts, data):
    """A whole page; data is embedded as JSON."""
    head = ('<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>{plot.escape(title)}</title><style>{STYLE}</style></head><body><h1>{plot.escape(title)}</h1>')
    text = json.dumps(data).replace('<', '\\u003c')
    return '\n'.join([head, *parts, f'<script type="application/json" id="data">{text}</script></body></html>\n'])


def page(demo, bench):
    parts = list(demo_part(demo)) if demo else []
    parts += bench_part(bench) if bench else []
    return document('tphbuf report', parts, {'demo': demo, 'bench': bench})


def read(path):
    return json.loads(path.read_text()) if path.exists() else None


def main():
    if len(sys.argv) != 2:
        print('usage: page.py FOLDER', file=sys.stderr)
        sys.exit(2)
    folder = pathlib.Path(sys.argv[1])
    demo, bench = read(folder / 'demo.json'), read(folder / 'bench.json')
    if not demo and not bench:
        sys.exit(f'page.py: {folder} has neither demo.json nor bench.json; run make demo or make bench')
    (folder / 'index.html').write_text(page(demo, bench))


if __name__ == '__main__':
    main()
