// Charts as SVG, by hand: text stays text, colours follow the reader's light or
// dark, and nothing is needed to draw them or to see them.

const WIDTH = 820;
const LEFT = 296; // of the names
const RIGHT = 96; // of the figures behind bars
const COLUMN = 74; // of the figures beside dots
const ROW = 17;
const GAP = 9; // between groups
const MARKS_NAMED = 6; // beyond, every second one

// Told apart without colours, too: ours is the darkest on white and the lightest
// on black, and the order is the same everywhere.
const STYLE = `
	svg { font: 13px system-ui, "DejaVu Sans", sans-serif }
	.paper { fill: #ffffff } text { fill: #1f2328 } .title { font-weight: 600; font-size: 15px }
	.quiet { fill: #59636e } .grid { stroke: #d1d9e0 }
	.bound { stroke: #c1121f; stroke-width: 2 } .wanted { fill: #c1121f }
	.s0 { fill: #0b4f9e } .s1 { fill: #b85c00 } .s2 { fill: #6e7781 }
	@media (prefers-color-scheme: dark) {
		.paper { fill: #0d1117 } text { fill: #f0f6fc }
		.quiet { fill: #9198a1 } .grid { stroke: #3d444d }
		.bound { stroke: #ff7b72 } .wanted { fill: #ff7b72 }
		.s0 { fill: #79c0ff } .s1 { fill: #d29922 } .s2 { fill: #9198a1 }
	}`;

const escape = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const text = (x, y, words, settings = '') => `<text x="${x.toFixed(1)}" y="${y}" ${settings}>${escape(words)}</text>`;
const line = (x1, x2, y1, y2, name) =>
	`<line class="${name}" x1="${x1.toFixed(1)}" x2="${x2.toFixed(1)}" y1="${y1}" y2="${y2}"/>`;

/** Where a value lies between the names and the figures: from 0, or by powers
 * of ten, each with a mark. */
function scaleOf(values, log, right) {
	const room = WIDTH - LEFT - right;
	if (!log)
		return { at: value => LEFT + value / Math.max(...values) * room, marks: [] };
	const from = Math.floor(Math.log10(Math.min(...values)));
	const to = Math.ceil(Math.log10(Math.max(...values)));
	return {
		at: value => LEFT + (Math.log10(value) - from) / (to - from) * room,
		marks: Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i)),
	};
}

/** A bar for each value, and its figure behind it. */
function bars(group, y, at, format) {
	return group.values.map((value, i) => {
		const end = at(value);
		const bound = group.bound === undefined ? 0 : at(group.bound);
		const free = bound > end - 2 && bound < end + 60 ? bound : end; // of the target's line
		return `<rect class="s${group.tones?.[i] ?? i}" x="${LEFT}" y="${y + i * ROW + 2}" width="${Math.max(1, end - LEFT).toFixed(1)}" height="${ROW - 4}" rx="2"/>` +
			text(free + 7, y + i * ROW + 13, format(value));
	});
}

/** A dot for each value on one line, the figures in columns beside them. */
function dots(group, y, at, format) {
	const places = group.values.map(at);
	const middle = y + ROW / 2;
	const column = i => WIDTH - 12 - (places.length - 1 - i) * COLUMN;
	return [
		line(Math.min(...places), Math.max(...places), middle, middle, 'grid'),
		...places.map((x, i) =>
			`<circle class="s${i}" cx="${x.toFixed(1)}" cy="${middle}" r="5"/>`).reverse(),
		...group.values.map((value, i) =>
			text(column(i), y + 13, format(value), `class="s${i}" text-anchor="end"`)),
	];
}

function legend(series, bounded) {
	let x = LEFT;
	const parts = series.map((name, i) => {
		const part = `<circle class="s${i}" cx="${x + 5}" cy="62" r="5"/>${text(x + 16, 66, name)}`;
		x += 40 + name.length * 7.5;
		return part;
	});
	return bounded ? [...parts, text(x, 66, '| the target', 'class="wanted"')] : parts;
}

/**
 * A chart that answers the question `title`. `groups` are { name, values,
 * bound }: a value for each of `series`, the target if there is one. Bars from
 * 0, or, with `log`, dots by powers of ten.
 */
export function chart({ title, about, series = [], groups, format, log = false }) {
	const bounded = groups.some(group => group.bound !== undefined);
	const top = series.length > 0 || bounded ? 88 : 64;
	const { at, marks } = scaleOf(groups.flatMap(group =>
		group.bound === undefined ? group.values : [...group.values, group.bound]),
	log, log ? series.length * COLUMN + 24 : RIGHT);
	const parts = [];
	let y = top;
	for (const group of groups) {
		const height = (log ? 1 : group.values.length) * ROW;
		parts.push(text(LEFT - 12, y + height / 2 + 5, group.name, 'text-anchor="end"'),
			...(log ? dots : bars)(group, y, at, format));
		if (group.bound !== undefined)
			parts.push(line(at(group.bound), at(group.bound), y - 2, y + height + 2, 'bound'));
		y += height + GAP;
	}
	const grid = marks.flatMap((mark, i) => [
		line(at(mark), at(mark), top - 8, y, 'grid'),
		marks.length > MARKS_NAMED && i % 2 === 1 ? '' // there is no room
			: text(at(mark), y + 16, format(mark).replace(/\.0+ /, ' '), 'class="quiet" text-anchor="middle"'),
	]).filter(part => part !== '');
	const height = y + (log ? 28 : 6);
	return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(title)}">
<style>${STYLE}
</style>
<rect class="paper" width="${WIDTH}" height="${height}"/>
${[text(16, 26, title, 'class="title"'), text(16, 46, about, 'class="quiet"'),
		...legend(series, bounded), ...grid, ...parts].join('\n')}
</svg>
`;
}
