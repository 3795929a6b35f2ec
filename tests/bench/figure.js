// How figures are shown, in the terminal and in the documents alike.

export const number = value => Math.round(value).toLocaleString('en');

/** Three digits that count, and no more. */
function short(value) {
	const size = Math.abs(value);
	return size >= 100 ? number(value) : value.toFixed(size >= 10 ? 1 : 2);
}

/** A value with its unit: µs are shown as what suits them. */
export function show(value, unit) {
	if (unit === 'us' && value >= 1e6)
		return `${short(value / 1e6)} s`;
	if (unit === 'us')
		return value < 100 ? `${short(value)} µs` : `${short(value / 1000)} ms`;
	if (unit === 'requests' || unit === 'connections')
		return number(value);
	return unit.startsWith('/') ? `${number(value)}${unit}` : `${short(value)} ${unit}`;
}

const ratio = value => value < 0.095 ? value.toPrecision(2) : value.toFixed(value < 100 ? 2 : 0);

function wanted({ target, unit }) {
	const sign = target.is === 'least' ? '≥' : '≤';
	return target.of === 'ratio' ? `ratio ${sign} ${ratio(target.bound)}`
		: `${sign} ${show(target.bound, unit).replace(/\.0+(?= )/, '')}`;
}

/** A row's texts: value, peer, ratio, target, verdict. */
export function cells(row) {
	return [
		show(row.value, row.unit),
		row.peer === null ? '' : `${row.peer.name} ${show(row.peer.value, row.peer.unit ?? row.unit)}`,
		row.ratio === null ? '' : ratio(row.ratio),
		row.target === null ? '' : wanted(row),
		row.verdict,
	];
}
