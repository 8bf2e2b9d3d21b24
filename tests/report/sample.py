# SPDX-License-Identifier: MIT
"""A demo.json and a bench.json as make demo and make bench write them, with text that HTML would take for markup."""


def port(bdf, kind, **more):
    return {'bdf': bdf, 'type': kind, 'acs_control': None, 'acs_known': True, 'tph_completer': [], 'tlp_prefixes': True,
            'mps': 256, 'mps_max': 512, 'link_gen': 4, 'link_width': 16, **more}


def end(bdf, downstream, **more):
    return {'bdf': bdf, 'host_bridge': 'pci0000:00', 'tph_completer': [], 'tph_requester_enabled': [],
            'ports': [port(bdf, 'endpoint'), port(downstream, 'downstream'), port('0000:01:00.0', 'upstream'),
                      port('0000:00:03.0', 'root port', tph_completer=['st', 'xst'])], **more}


def answer(nic, downstream, spaces):
    return {'memory': end('0000:05:00.0', '0000:02:02.0', tph_completer=['st', 'xst'], driver='vfio-pci'),
            'requester': end(nic, downstream, tph_requester_enabled=spaces, rdma='mlx5_0'),
            'route': {'state': 'direct', 'reason': 'both below one switch'},
            'tags': {'st': {'delivery': 'delivered', 'reason': ''}, 'xst': {'delivery': 'not sent', 'reason': ''}}}


def run(name, size, bandwidth, requested, tagged):
    tags = [dict(requested, count=tagged)] if requested and tagged else []
    return {'name': name, 'tool': 'ib_write_bw', 'msg_bytes': size, 'bw_MBps': bandwidth, 'tlps_to_bar': 4000,
            'tlps_tagged': tagged, 'tags': tags, 'requested': requested, 'payload_ok': True, 'ok': True, 'why': []}


TAG = {'width': 8, 'st': '0x5a', 'ph': 2}
DEMO = {
    'kernel': '7.3.4-<b>x</b>', 'series': ['one', 'two </script>'], 'qemu': '11.1.3', 'accel': 'tcg', 'ok': True,
    'runs': [run('write_bw-64-none', 64, 12.5, None, 0), run('write_bw-64-8-0x5a-2', 64, 12.25, TAG, 4000),
             run('write_bw-4096-none', 4096, 600.125, None, 0), run('write_bw-4096-8-0x5a-2', 4096, 601.5, TAG, 4000)],
    'all_reduce': {'name': 'all-reduce', 'tlps_to_bar': 8192, 'tlps_tagged': 8192, 'tags': [dict(TAG, count=8192)],
                   'ok': True, 'why': []},
    'topology': [answer('0000:03:00.0', '0000:02:00.0', ['st']), answer('0000:04:00.0', '0000:02:01.0', ['st', 'xst'])],
}
FIGURE = {'name': 'tagged over untagged', 'ours': 99.5, 'peer': 100.25, 'unit': 'MB/s', 'ratio': 0.9925, 'low': 0.98,
          'high': 1.005, 'target': 0.98, 'sense': 'min', 'verdict': 'ok', 'pairs': 12}
OPEN = {**FIGURE, 'name': 'one pair only', 'low': None, 'high': None, 'verdict': 'inconclusive', 'pairs': 1}
BENCH = {'missing': ['8 B write latency'], 'figures': [FIGURE, OPEN],
         'noise': {'memcpy': {'median': 9000.5, 'spread': 0.035, 'values': 14}},
         'curves': {'registration': [[250, 17.5], [500, 17.75]], 'dump <b>x</b>': [[2000, 3.25], [4000, 4.5]]},
         'parts': {'rxe': {'commit': '1234abc', 'when': '2026-11-27T13:00Z', 'load': 0.25, 'said': []},
                   'large': {'commit': '1234abc-dirty', 'when': '2026-11-27T14:00Z', 'load': None,
                             'said': ['640 MiB in <b>x</b> ms']}}}


def tlp(requester, target, kind, address, tag=None, **more):
    return {'requester': requester, 'target': target, 'kind': kind, 'origin': 'payload', 'addr': hex(address),
            'len': 256, 'th': bool(tag), **(tag or {}), **more}


TLPS = ([tlp('nic1', 'memory', 'read', 4096 + 256 * i) for i in range(3)] +
        [tlp('nic0', 'ep0', 'write', 256 * i, TAG, bar=2) for i in range(5)] +
        [tlp('nic0', 'ep0', 'write', 9000, bar=2)])
