// SPDX-License-Identifier: MIT
// Appended to a page by browser_test.py: what the browser shows, as JSON in an attribute of the body.
'use strict';
function texts(selector) {
	return [...document.querySelectorAll(selector)].map(element => element.textContent);
}

function rows() {
	const result = {};
	for (const row of document.querySelectorAll('tr[data-run], tr[data-figure], tr[data-noise]'))
		result[Object.values(row.dataset)[0]] = [...row.querySelectorAll('td.number')].map(cell => cell.textContent);
	return result;
}

// Text of a drawing that its edge cuts off.
function cutOff() {
	const cut = [];
	for (const text of document.querySelectorAll('svg text')) {
		const box = text.getBoundingClientRect(), edge = text.closest('svg').getBoundingClientRect();
		if (box.left < edge.left - 1 || box.right > edge.right + 1 || box.top < edge.top - 1 || box.bottom > edge.bottom + 1)
			cut.push(text.textContent);
	}
	return cut;
}

function colours() {
	const element = document.createElement('p');
	element.style.cssText = 'background: Canvas; color: CanvasText';
	document.body.append(element);
	const style = getComputedStyle(element), result = [style.backgroundColor, style.color, getComputedStyle(document.body).color];
	element.remove();
	return result;
}

// A choice in the trace's filters, and what is left; the last one is cleared again.
function choose(field, value) {
	const select = document.getElementById(`filter-${field}`);
	select.value = value;
	select.dispatchEvent(new Event('change'));
	const result = {count: texts('#count')[0], rows: texts('#tlps tr').length, bars: document.querySelectorAll('#timeline rect').length,
		tags: texts('#timeline text')};
	select.value = '';
	select.dispatchEvent(new Event('change'));
	return result;
}

function filters() {
	const result = {};
	for (const select of document.querySelectorAll('#filters select'))
		for (const option of select.options)
			result[`${select.id.replace('filter-', '')} ${option.value}`] = choose(select.id.replace('filter-', ''), option.value);
	return result;
}

document.body.dataset.probe = JSON.stringify({
	rows: rows(), cutOff: cutOff(), colours: colours(), filters: filters(), title: document.title,
	width: innerWidth, contentWidth: document.documentElement.scrollWidth,
	drawings: [...document.querySelectorAll('svg')].map(svg => Math.round(svg.getBoundingClientRect().height)),
	loaded: performance.getEntriesByType('resource').map(entry => entry.name),
	missing: texts('#missing li'), text: document.body.innerText.length,
});
