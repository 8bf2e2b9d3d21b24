# SPDX-License-Identifier: MIT
"""The PCIe tree between an endpoint and its NICs as SVG, from the answers of `tphbuf topo --json`."""
import plot

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 190, 74, 20, 34


def tph(spaces):
    """Namespaces as "8-bit, 16-bit"."""
    if spaces is None:
        return 'unknown'
    return ', '.join({'st': '8-bit', 'xst': '16-bit'}[space] for space in spaces) or 'none'


def link(port):
    return f'Gen{port["link_gen"]} x{port["link_width"]}' if port.get('link_width') and port.get('link_gen') else ''


def add_end(nodes, end, role):
    """Adds a function and its ports up to the host bridge; each node knows its parent."""
    parent = end['host_bridge']
    nodes.setdefault(parent, {'parent': None, 'lines': ['host bridge', parent]})
    for index in range(len(end['ports']) - 1, -1, -1):
        port = end['ports'][index]
        text = [port['type'] if index else role, port['bdf']]
        if index == 0:
            name = end.get('rdma') or end.get('vfio') or end.get('driver')
            text[0] += f' {name}' if name else ''
            text.append(f'sends tags: {tph(end["tph_requester_enabled"])}' if role == 'NIC' else
                        f'takes tags: {tph(end["tph_completer"])}')
        elif port['type'] == 'root port':
            text.append(f'takes tags: {tph(port["tph_completer"])}')
        else:
            text.append(f'TLP prefixes: {"yes" if port["tlp_prefixes"] else "no"}')
        if link(port):
            text.append(link(port))
        nodes.setdefault(port['bdf'], {'parent': parent, 'lines': text})
        parent = port['bdf']


def place(nodes):
    """Column and row of each node: leaves side by side, a parent above the middle of its children."""
    children = {}
    for name, node in nodes.items():
        children.setdefault(node['parent'], []).append(name)
    columns = iter(range(len(nodes)))

    def walk(name, row):
        nodes[name]['row'] = row
        below = [walk(child, row + 1) for child in sorted(children.get(name, []))]
        nodes[name]['column'] = sum(below) / len(below) if below else next(columns)
        return nodes[name]['column']

    for root in children[None]:
        walk(root, 0)


def route_edges(answers):
    """Edges (child, parent) of the direct route of an answer: below the port that both ends have in common."""
    edges = set()
    for answer in answers:
        ends = [[port['bdf'] for port in answer[end]['ports']] for end in ('memory', 'requester')]
        for end, other in (ends, ends[::-1]):
            edges |= {(end[i], end[i + 1]) for i in range(len(end) - 1) if end[i] not in other}
    return edges


def drawing(answers):
    """SVG text; the parts of the route are drawn thick."""
    nodes = {}
    for answer in answers:
        add_end(nodes, answer['memory'], 'endpoint')
        add_end(nodes, answer['requester'], 'NIC')
    place(nodes)
    thick = route_edges(answer for answer in answers if answer['route']['state'] == 'direct')
    width = (max(node['column'] for node in nodes.values()) + 1) * (BOX_WIDTH + GAP_X)
    height = (max(node['row'] for node in nodes.values()) + 1) * (BOX_HEIGHT + GAP_Y)
    parts = []
    for name, node in nodes.items():
        node['x'] = node['column'] * (BOX_WIDTH + GAP_X) + 5
        node['y'] = node['row'] * (BOX_HEIGHT + GAP_Y) + 5
    for name, node in nodes.items():
        if node['parent']:
            above = nodes[node['parent']]
            stroke = 4 if (name, node['parent']) in thick else 1
            parts.append(f'<path d="M{node["x"] + BOX_WIDTH / 2:.0f} {node["y"]:.0f}V{node["y"] - GAP_Y / 2:.0f}'
                         f'H{above["x"] + BOX_WIDTH / 2:.0f}V{above["y"] + BOX_HEIGHT:.0f}" fill="none" '
                         f'stroke="currentColor" stroke-width="{stroke}"/>')
    for node in nodes.values():
        parts.append(f'<rect x="{node["x"]:.0f}" y="{node["y"]:.0f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" '
                     'fill="none" stroke="currentColor"/>')
        for index, text in enumerate(node['lines']):
            weight = ' font-weight="bold"' if index == 0 else ''
            parts.append(f'<text x="{node["x"] + 8:.0f}" y="{node["y"] + 18 + 16 * index:.0f}"{weight}>'
                         f'{plot.escape(text)}</text>')
    return plot.svg(parts, 'PCIe topology; thick lines are the direct route', width, height)
