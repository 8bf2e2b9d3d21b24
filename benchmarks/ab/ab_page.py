# SPDX-License-Identifier: MIT
"""The page of tphbuf-ab: figures with intervals, every run, topology, what doctor says."""
import json

import page
import plot
import stats
import topology


def figure_rows(figures):
    for figure in figures:
        yield (f'<tr data-figure="{figure["size"]} {plot.escape(figure["tag"])}">{page.cell(figure["size"])}'
               f'{page.cell(figure["tag"])}{page.cell(figure["tagged"], 2)}{page.cell(figure["untagged"], 2)}'
               f'{page.cell(figure["unit"])}{page.cell(figure["ratio"], 3)}{page.cell(stats.interval(figure))}'
               f'{page.cell(100 * figure["noise"], 1)}{page.cell(figure["conclusion"])}</tr>')


def ratio_plot(figures):
    series = {}
    for figure in figures:
        point = (figure['size'], figure['ratio'])
        if figure['low'] is not None:
            point += (figure['low'], figure['high'])
        series.setdefault(figure['tag'], []).append(point)
    return plot.lines(series, 'message size, bytes', 'tagged over untagged', 'Ratio by message size', x_base=2)


def page_parts(report):
    options, environment = report['options'], report['environment']
    text = (f'{options["tool"]} from {options["peer"]} into BAR{options["bar"]} of {options["endpoint"]} through '
            f'{options["nic"]}; {options["rounds"]} rounds in random order (seed {options["seed"]}), '
            f'{options["iterations"]} iterations a run; Linux {environment["kernel"]}. Ratios are those of the same '
            'round; intervals: bootstrap of the median, 95 %. On the fabric these are figures of a model, never of a NIC.')
    yield f'<p>{plot.escape(text)}</p>'
    yield page.table(['bytes', 'tag', 'tagged', 'untagged', 'unit', 'ratio', '95 % interval', 'noise of untagged, %',
                      'conclusion'], figure_rows(report['figures']))
    yield '<figure>' + ratio_plot(report['figures']) + '</figure><h2>Topology</h2><figure>'
    yield topology.drawing([environment['topology']]) + '</figure>'
    route = environment['topology']['route']
    yield f'<p>Route: {plot.escape(route["state"])}, {plot.escape(route["reason"])}</p>'
    yield '<h2>tphbuf doctor</h2><pre>' + plot.escape(json.dumps(environment['doctor'], indent=1)) + '</pre>'
    yield '<h2>All runs, in order</h2>'
    yield page.table(['round', 'bytes', 'tag', 'figure', 'repeats, clock not calibrated'],
                     [f'<tr>{page.cell(run["round"] + 1)}{page.cell(run["size"])}{page.cell(run["tag"] or "none")}'
                      f'{page.cell(run["figure"], 3)}{page.cell(run["repeats"])}</tr>' for run in report['runs']])


def page_text(report):
    return page.document('tphbuf-ab', page_parts(report), report)
