// docs/performance/ from the results of its two runs, a small one and a large
// one with PostgreSQL: a chart a question, and the figures in its README, each
// run's between two comments.
//
//	node tests/bench/plots.js [RESULTS]
//
// RESULTS, if it is given, takes the place of one of the two first.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cells, number, show } from './figure.js';
import { chart } from './svg.js';

const A_MILLION = 1_000_000;
const folder = fileURLToPath(new URL('../../docs/performance/', import.meta.url));
const kept = { small: join(folder, 'results.json'), large: join(folder, 'results-10m.json') };

const parse = path => JSON.parse(readFileSync(path, 'utf8'));

/** A run's results, and what charts and tables want to know of them. */
function runOf(results) {
	const rowsOf = (chapter, wanted = () => true) =>
		results.rows.filter(row => row.chapter === chapter && wanted(row));
	return {
		results, rowsOf,
		entries: `${number(results.entries)} entries`,
		/** The row of that name; a chapter's rows have names of their own. */
		row(chapter, name) {
			const [found] = rowsOf(chapter, row => row.name === name);
			assert(found, `${chapter}: ${name}: not in the results`);
			return found;
		},
		peers: ['SQLite', 'PostgreSQL'].filter(peer =>
			rowsOf('peers', row => row.peer.name === peer).length > 0),
		questions: rowsOf('queries', row => !row.name.endsWith(': p99')).map(row => row.name),
	};
}

const bound = row => row.target === null ? undefined : row.target.bound;
const as = unit => value => show(value, unit);
const times = value => `× ${value.toFixed(2)}`;

function ingest({ entries, row, peers }) {
	const groups = peers.map(peer => row('peers', `entries in log and index, beside ${peer}`))
		.map(({ peer: { name, value } }, i) => ({ name: `${name}, four indexes`, values: [value], tones: [i + 1] }));
	return {
		title: 'How many entries a second reach log and index?',
		about: `${entries}, durable; the log by clients that compete for the same CPUs`,
		groups: [
			{ name: 'kruxos, acknowledged', values: [row('door', 'entries acknowledged, generator included').value] },
			{ name: 'kruxos, also in the index', values: [row('door', 'entries in log and index').value] },
			...groups,
		],
		format: as('/s'),
	};
}

/** `suffix`: '' for the median. */
function queries({ entries, row, rowsOf, peers, questions }, title, suffix) {
	return {
		title,
		about: `Page and exact total, ${entries}, without HTTP`,
		series: ['kruxos', ...peers],
		groups: questions.filter(name => suffix === '' || rowsOf('queries', row => row.name === name + suffix).length > 0)
			.map(name => {
				const ours = row('queries', name + suffix);
				return {
					name,
					values: [ours.value, ...peers.map(peer => row('peers', `${name}, beside ${peer}${suffix}`).peer.value)],
					bound: ours.target?.of === 'value' ? bound(ours) : undefined,
				};
			}),
		format: as('us'), log: true,
	};
}

function http({ rowsOf }, title, about, wanted) {
	return {
		title, about,
		groups: rowsOf('http', wanted).map(row =>
			({ name: row.name.replace(/: p99$/, ''), values: [row.ratio], bound: bound(row) })),
		format: times,
	};
}

const memory = ({ entries, rowsOf }) => ({
	title: 'How much memory does each program take?',
	about: `The most of the whole run (PSS), ${entries}`,
	groups: rowsOf('memory').map(row => ({ name: row.name.replace(', at most', ''), values: [row.value], bound: bound(row) })),
	format: as('MiB'),
});

const footprint = ({ rowsOf }) => ({
	title: 'How much memory do all of them take together?',
	about: 'With a day of ten entries a second behind them, after all has been asked (PSS)',
	groups: rowsOf('footprint').map(row =>
		({ name: row.target === null ? row.name.replace(/.*: /, '') : 'all', values: [row.value], bound: bound(row) })),
	format: as('MiB'),
});

function streams({ row }) {
	const one = row('streams', 'one event in flight: deliveries');
	const many = row('streams', '200 events/s offered: completed');
	return {
		title: 'How many events a second reach all of 2,000 subscribers?',
		about: 'The same bytes through both; nchan is a module of nginx for this purpose',
		series: ['kruxos', 'nchan'],
		groups: [
			{ name: 'one event in flight', values: [one.value / 2000, one.peer.value / 2000] },
			{ name: '200 events/s offered', values: [many.value, many.peer.value], bound: 2 * many.peer.value },
		],
		format: value => `${value.toFixed(0)}/s`,
	};
}

const latencies = ({ rowsOf }) => ({
	title: 'How long until the last of 2,000 subscribers has an event?',
	about: 'From when it was due',
	series: ['kruxos', 'nchan'],
	groups: rowsOf('streams', row => row.peer !== null && row.unit === 'us').map(row =>
		({ name: row.name.replace(': all have it', ''), values: [row.value, row.peer.value] })),
	format: as('us'), log: true,
});

const start = ({ entries, rowsOf }) => ({
	title: 'How long does the door stay shut at a start?',
	about: `From the start of the daemon to its first acknowledgement, ${entries}`,
	groups: rowsOf('start', row => row.unit === 'us').map(row =>
		({ name: row.name.replace('the door answers, ', ''), values: [row.value], bound: bound(row) })),
	format: as('us'),
});

const growth = ({ entries, rowsOf }) => ({
	title: 'How much longer does a question take among ten times as many entries?',
	about: `The median, ${entries} beside a million`,
	groups: rowsOf('growth').map(row => ({ name: row.name, values: [row.ratio], bound: bound(row) })),
	format: times,
});

/** The chapters in the order of the document, their charts by name. */
const chapters = {
	door: { title: 'The door', charts: { ingest } },
	gateway: { title: 'The gateway', charts: {} },
	hooks: { title: 'Hooks', charts: {} },
	telemetry: { title: 'Telemetry', charts: {} },
	start: { title: 'Starts', charts: { start } },
	index: { title: 'The index', charts: {} },
	queries: {
		title: 'Questions', charts: {
			'queries-p50': run => queries(run, 'How long does a question take? The median', ''),
			'queries-p99': run => queries(run, 'How long does a question take? The 99th percentile', ': p99'),
		},
	},
	peers: { title: 'Beside SQLite and PostgreSQL', charts: {} },
	log: { title: 'The log', charts: {} },
	http: {
		title: 'HTTP, beside a static file', charts: {
			http: run => http(run, 'How many requests a second, beside a static file?',
				'From the same nginx, of the same size, 64 connections: more is better',
				row => row.target?.of === 'ratio' && row.unit === '/s'),
			'http-p99': run => http(run, 'How much longer than a static file? The 99th percentile',
				'From the same nginx, of the same size, 64 connections: less is better',
				row => row.name.endsWith(': p99')),
		},
	},
	streams: { title: 'Streams', charts: { streams, 'streams-latency': latencies } },
	observing: { title: 'Observing', charts: {} },
	memory: { title: 'Memory', charts: { memory } },
	footprint: { title: 'The whole stack, with a day behind it', charts: { footprint } },
	'The dashboard in a browser': { title: 'The dashboard in a browser', charts: {} },
};

/** Of the large run: what says more than the small one's. */
const larger = {
	charts: {
		'queries-10m': run => queries(run, 'How long does a question take? The median', ''),
		'growth-10m': growth,
	},
	shows: row => row.verdict === 'missed' || ['door', 'start', 'index', 'log', 'memory'].includes(row.chapter) ||
		(row.chapter === 'peers' && row.unit === '/s'),
};

function summary({ results, entries }) {
	const { machine } = results;
	const wanted = results.rows.filter(row => row.target !== null);
	const missed = wanted.filter(row => row.verdict === 'missed');
	const nameOf = ({ chapter, name }) => chapter === 'growth' ? `${name}: growth` : name;
	return `${entries}; ${results.began.slice(0, 10)}, ${Math.round(results.seconds / 60)} minutes; ` +
		`${machine.cpu}, ${machine.cpus} CPUs, ${number(machine.memory_bytes / 2 ** 30)} GiB; ` +
		`${machine.system}, ${machine.kernel}. ` +
		`${wanted.length - missed.length} of ${wanted.length} targets are held` +
		(missed.length === 0 ? '.' : `; missed: ${missed.map(nameOf).join('; ')}.`);
}

/** The charts are written beside the document. */
function images(run, charts) {
	return Object.entries(charts).map(([file, draw]) => {
		const drawing = draw(run);
		writeFileSync(join(folder, `${file}.svg`), chart(drawing));
		return `![${drawing.title}](${file}.svg)`;
	}).join('\n');
}

const strong = verdict => verdict.replace('missed', '**missed**');
const table = (head, lines) => [head, `|${'---|'.repeat(head.split('|').length - 2)}`,
	...lines.map(texts => `| ${texts.join(' | ')} |`)].join('\n');

const tableOf = rows => table('| | | beside | ratio | target | |', rows.map(row => {
	const [verdict, ...texts] = cells(row).reverse();
	return [row.name, ...texts.reverse(), strong(verdict)];
}));

function section(run, name, { title, charts }) {
	return [`### ${title}`, images(run, charts), tableOf(run.rowsOf(name))]
		.filter(part => part !== '').join('\n\n');
}

function smallFigures(run) {
	const stray = run.results.rows.find(row => !(row.chapter in chapters));
	assert(stray === undefined, `${stray?.chapter}: not a chapter`);
	return [summary(run), ...Object.entries(chapters)
		.filter(([name]) => run.rowsOf(name).length > 0)
		.map(([name, chapter]) => section(run, name, chapter))].join('\n\n');
}

/** A line a question: among a million, among all, and what others take. */
function questionTable({ row, rowsOf, peers, questions }) {
	const head = `| | a million | all | ratio | target | | p99 | ${peers.join(' | ')} |`;
	return table(head, questions.map(name => {
		const ours = row('queries', name);
		const [grown] = rowsOf('growth', row => row.name === name);
		const [p99] = rowsOf('queries', row => row.name === `${name}: p99`);
		const [, , ratio, target, verdict] = grown === undefined ? ['', '', '', '', ''] : cells(grown);
		return [
			name, grown === undefined ? '' : show(grown.peer.value, 'us'), show(ours.value, 'us'),
			ratio, target, strong(verdict), p99 === undefined ? '' : show(p99.value, 'us'),
			...peers.map(peer => show(row('peers', `${name}, beside ${peer}`).peer.value, 'us')),
		];
	}));
}

function largeFigures(run) {
	const rest = run.results.rows.filter(row =>
		!['queries', 'growth'].includes(row.chapter) && larger.shows(row));
	return [summary(run), images(run, larger.charts), questionTable(run), tableOf(rest)].join('\n\n');
}

/** Put the figures of a run between its two comments. */
function place(readme, name, figures) {
	const begin = `<!-- ${name} -->\n`, end = `<!-- end of ${name} -->`;
	const from = readme.indexOf(begin), to = readme.indexOf(end);
	assert(from !== -1 && to > from, `README.md: the two comments of ${name} are not there`);
	return `${readme.slice(0, from)}${begin}\n${figures}\n\n${readme.slice(to)}`;
}

if (process.argv[2] !== undefined)
	copyFileSync(process.argv[2], parse(process.argv[2]).entries > A_MILLION ? kept.large : kept.small);
const small = runOf(parse(kept.small)), large = runOf(parse(kept.large));
for (const name of readdirSync(folder).filter(name => name.endsWith('.svg')))
	rmSync(join(folder, name));
const path = join(folder, 'README.md');
const figures = { figures: smallFigures(small), 'figures of the large run': largeFigures(large) };
writeFileSync(path, Object.entries(figures).reduce((readme, [name, text]) => place(readme, name, text),
	readFileSync(path, 'utf8')));
console.log(Object.values(figures).join('\n\n'));
