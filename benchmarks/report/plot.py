# SPDX-License-Identifier: MIT
"""Line plots and bars as SVG text, without a library: readable in light and dark, and without colour.

Lines and text use currentColor; series differ in dashes and markers, and each is labelled at its end.
"""
import html
import math

WIDTH, HEIGHT = 680, 380
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 20, 50
DASHES = ['', '6 3', '2 3', '8 3 2 3', '12 4', '1 5']
MARKERS = 'osdxt+'


def escape(text):
    return html.escape(str(text), quote=True)


def marker(kind, x, y):
    """One data point."""
    shapes = {
        'o': f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>',
        's': f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"/>',
        'd': f'<path d="M{x:.1f} {y - 4.5:.1f}l4.5 4.5l-4.5 4.5l-4.5 -4.5z"/>',
        'x': f'<path d="M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6" fill="none" stroke="currentColor" stroke-width="1.5"/>',
        't': f'<path d="M{x:.1f} {y - 4:.1f}l4 7h-8z"/>',
        '+': f'<path d="M{x - 4:.1f} {y:.1f}h8m-4 -4v8" fill="none" stroke="currentColor" stroke-width="1.5"/>',
    }
    return shapes[kind]


def log_ticks(low, high, base):
    first = math.floor(math.log(low, base) + 1e-9)
    last = math.ceil(math.log(high, base) - 1e-9)
    step = max(1, math.ceil((last - first) / 10))
    return [base ** power for power in range(first, last + 1, step)]


def linear_ticks(low, high):
    raw = (high - low) / 5 or 1
    step = 10 ** math.floor(math.log10(raw))
    step *= next(factor for factor in (1, 2, 5, 10) if factor * step >= raw - 1e-12)
    first = math.floor(low / step + 1e-9)
    return [step * number for number in range(first, math.ceil(high / step - 1e-9) + 1)]


class Axis:
    """Maps values to a range of pixels. base: of a logarithmic axis, or None."""

    def __init__(self, values, start, end, base=None, zero=False):
        values = list(values)
        low, high = min(values), max(values)
        if base:
            values = [value for value in values if value > 0]
            low, high = min(values), max(values)
            self.ticks = log_ticks(low, high, base) if high > low else [low]
        else:
            low = min(low, 0) if zero else low
            self.ticks = linear_ticks(low, high)
        self.base = base
        self.low, self.high = self.scale(min(self.ticks + [low])), self.scale(max(self.ticks + [high]))
        self.start, self.end = start, end

    def scale(self, value):
        return math.log(value, self.base) if self.base else value

    def __call__(self, value):
        share = (self.scale(value) - self.low) / ((self.high - self.low) or 1)
        return self.start + share * (self.end - self.start)


def short(value):
    """A number for a tick."""
    for power, unit in ((30, 'Gi'), (20, 'Mi'), (10, 'Ki')):
        if value >= 2 ** power and value % 2 ** power == 0:
            return f'{value // 2 ** power:g}{unit}'
    return f'{value:g}' if abs(value) < 1e5 else f'{value:.0e}'


def frame(x_axis, y_axis, x_label, y_label, tick=short):
    parts = []
    for value in x_axis.ticks:
        x = x_axis(value)
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
                     f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{escape(tick(value))}</text>')
    for value in y_axis.ticks:
        y = y_axis(value)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
                     f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(short(value))}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" '
                 f'text-anchor="middle">{escape(x_label)}</text>')
    parts.append(f'<text transform="translate(14 {(HEIGHT - BOTTOM + TOP) / 2}) rotate(-90)" '
                 f'text-anchor="middle">{escape(y_label)}</text>')
    return parts


def end_labels(places):
    """Moves labels apart that would overlap; places: list of (y, text)."""
    result, last = [], -math.inf
    for y, text in sorted(places):
        last = max(y, last + 14)
        result.append((last, text))
    return result


def lines(series, x_label, y_label, title, x_base=None, y_base=None):
    """series: {name: [(x, y) or (x, y, low, high)]}; low and high are drawn as an interval. Returns SVG text."""
    points = [point for name in series for point in series[name]]
    x_axis = Axis((point[0] for point in points), LEFT, WIDTH - RIGHT, x_base)
    y_axis = Axis((value for point in points for value in point[1:]), HEIGHT - BOTTOM, TOP, y_base, zero=not y_base)
    parts = frame(x_axis, y_axis, x_label, y_label)
    labels = []
    for number, (name, values) in enumerate(series.items()):
        values = [value for value in values if not y_base or min(value[1:]) > 0]
        if not values:
            continue
        path = ' '.join(f'{"L" if index else "M"}{x_axis(value[0]):.1f} {y_axis(value[1]):.1f}'
                        for index, value in enumerate(values))
        parts.append(f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="1.5" '
                     f'stroke-dasharray="{DASHES[number % len(DASHES)]}"/>')
        for value in values:
            x = x_axis(value[0])
            if len(value) == 4:
                parts.append(f'<path d="M{x:.1f} {y_axis(value[2]):.1f}V{y_axis(value[3]):.1f}" '
                             'stroke="currentColor"/>')
            parts.append(marker(MARKERS[number % len(MARKERS)], x, y_axis(value[1])))
        labels.append((y_axis(values[-1][1]) + 4, name))
    for y, name in end_labels(labels):
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{y:.1f}">{escape(name)}</text>')
    return svg(parts, title)


def intervals(rows, title, x_label):
    """rows: [(name, value, low, high)], low and high None without interval; the target is 1. Returns SVG text."""
    values = [value for row in rows for value in row[1:] if value]
    axis = Axis(values + [1], 20, WIDTH - 20, 2)
    height = TOP + 36 * len(rows) + BOTTOM
    parts = [f'<path class="grid" d="M{axis(tick):.1f} {TOP}V{height - BOTTOM}"/>'
             f'<text x="{axis(tick):.1f}" y="{height - BOTTOM + 16}" text-anchor="middle">{escape(short(tick))}</text>'
             for tick in axis.ticks]
    parts.append(f'<text x="{WIDTH / 2}" y="{height - 10}" text-anchor="middle">{escape(x_label)}</text>')
    for number, (name, value, low, high) in enumerate(rows):
        y = TOP + 36 * number + 26
        parts.append(f'<text x="20" y="{y - 10}">{escape(name)}</text>')
        parts.append(f'<path d="M{axis(1):.1f} {y - 6}v12" stroke="currentColor" stroke-width="3"/>')
        if low and high:
            parts.append(f'<path d="M{axis(low):.1f} {y}H{axis(high):.1f}" stroke="currentColor" stroke-width="2"/>')
        parts.append(marker('o' if low else 'x', axis(value), y))
    return svg(parts, title, WIDTH, height)


def svg(parts, title, width=WIDTH, height=HEIGHT):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f'font-family="sans-serif" font-size="12" fill="currentColor"><title>{escape(title)}</title>'
            f'<style>.grid{{stroke:currentColor;stroke-opacity:.2;fill:none}}'
            f'@media (prefers-color-scheme:dark){{svg:root{{color:#ddd;background:#111}}}}</style>'
            + '\n'.join(parts) + '</svg>\n')
