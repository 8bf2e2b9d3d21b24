// SPDX-License-Identifier: MIT
// Viewer of a TLP trace: filters, a time line by order of arrival, the first matches as a table.
'use strict';
const FIELDS = ['requester', 'target', 'kind', 'origin', 'tag'], LABELS = {target: 'completer'};
const ROWS = 500, BUCKETS = 120;
const data = JSON.parse(document.getElementById('data').textContent);
const tlps = data.tlps.map((tlp, index) => ({...tlp, index, tag: tagOf(tlp)}));

function tagOf(tlp) {
	return tlp.th ? `${tlp.width}-bit ${tlp.st} ph ${tlp.ph}` : 'none';
}

function makeFilters() {
	const form = document.getElementById('filters');
	for (const field of FIELDS) {
		const select = document.createElement('select');
		select.id = `filter-${field}`;
		select.add(new Option('all', ''));
		for (const value of [...new Set(tlps.map(tlp => tlp[field]))].sort())
			select.add(new Option(value, value));
		select.onchange = show;
		const label = document.createElement('label');
		label.append(`${LABELS[field] || field} `, select);
		form.append(label, ' ');
	}
}

function matches() {
	const wanted = FIELDS.map(field => [field, document.getElementById(`filter-${field}`).value])
		.filter(([, value]) => value);
	return tlps.filter(tlp => wanted.every(([field, value]) => tlp[field] === value));
}

// TLPs by tag for each part of the trace: one row a tag, height by count.
function showTimeline(found) {
	const tags = [...new Set(found.map(tlp => tlp.tag))].sort();
	const size = Math.max(1, Math.ceil(tlps.length / BUCKETS));
	const counts = tags.map(() => new Array(BUCKETS).fill(0));
	for (const tlp of found)
		counts[tags.indexOf(tlp.tag)][Math.floor(tlp.index / size)]++;
	const most = Math.max(1, ...counts.flat());
	const bar = (count, row, column) => {
		const height = 28 * count / most;
		return count ? `<rect x="${150 + column * 4}" y="${(row + 1) * 34 - height}" width="3" height="${height}"/>` : '';
	};
	const parts = tags.map((tag, row) => counts[row].map((count, column) => bar(count, row, column)).join('') +
		`<text x="0" y="${(row + 1) * 34 - 4}">${tag}</text>`);
	document.getElementById('timeline').innerHTML =
		`<svg viewBox="0 0 ${150 + BUCKETS * 4} ${tags.length * 34 + 8}" fill="currentColor" font-size="12" role="img">` +
		`<title>TLPs by tag, in order of arrival; ${size} TLPs a bar</title>${parts.join('')}</svg>`;
}

function showTable(found) {
	const body = document.getElementById('tlps');
	body.replaceChildren(...found.slice(0, ROWS).map(tlp => {
		const row = document.createElement('tr');
		const target = tlp.target + ('bar' in tlp ? ` BAR${tlp.bar}` : '');
		for (const text of [tlp.index, tlp.requester, target, tlp.kind, tlp.origin, tlp.addr, tlp.len, tlp.tag]) {
			const cell = document.createElement('td');
			cell.textContent = text;
			row.append(cell);
		}
		return row;
	}));
}

function show() {
	const found = matches();
	document.getElementById('count').textContent =
		`${found.length} of ${tlps.length} TLPs${found.length > ROWS ? `, the first ${ROWS} below` : ''}` +
		(data.left_out ? `; the trace has ${data.left_out} more, left out here` : '');
	showTimeline(found);
	showTable(found);
}

makeFilters();
show();
