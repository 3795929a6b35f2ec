// docs/performance/ from the results of a run: a chart a question, and the
// figures in its README, between the two comments.
//
//	node tests/bench/plots.js [RESULTS]
//
// RESULTS, if it is given, becomes docs/performance/results.json first.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cells, number, show } from './figure.js';
import { chart } from './svg.js';

const folder = fileURLToPath(new URL('../../docs/performance/', import.meta.url));
const kept = join(folder, 'results.json');

if (process.argv[2] !== undefined)
	copyFileSync(process.argv[2], kept);
const results = JSON.parse(readFileSync(kept, 'utf8'));
const entries = `${number(results.entries)} entries`;

/** The row of that name; a chapter's rows have names of their own. */
function row(chapter, name) {
	const found = results.rows.find(row => row.chapter === chapter && row.name === name);
	assert(found, `${chapter}: ${name}: not in the results`);
	return found;
}

const rowsOf = (chapter, wanted = () => true) =>
	results.rows.filter(row => row.chapter === chapter && wanted(row));
const bound = row => row.target === null ? undefined : row.target.bound;
const peers = ['SQLite', 'PostgreSQL'].filter(peer =>
	rowsOf('peers', row => row.peer.name === peer).length > 0);
const as = unit => value => show(value, unit);
const times = value => `× ${value.toFixed(2)}`;

function ingest() {
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
function queries(title, suffix) {
	const questions = rowsOf('queries', row => !row.name.endsWith(': p99')).map(row => row.name);
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

function http(title, about, wanted) {
	return {
		title, about,
		groups: rowsOf('http', wanted).map(row =>
			({ name: row.name.replace(/: p99$/, ''), values: [row.ratio], bound: bound(row) })),
		format: times,
	};
}

const memory = () => ({
	title: 'How much memory does each program take?',
	about: `The most of the whole run (PSS), ${entries}`,
	groups: rowsOf('memory').map(row => ({ name: row.name.replace(', at most', ''), values: [row.value], bound: bound(row) })),
	format: as('MiB'),
});

function streams() {
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

const latencies = () => ({
	title: 'How long until the last of 2,000 subscribers has an event?',
	about: 'From when it was due',
	series: ['kruxos', 'nchan'],
	groups: rowsOf('streams', row => row.peer !== null && row.unit === 'us').map(row =>
		({ name: row.name.replace(': all have it', ''), values: [row.value, row.peer.value] })),
	format: as('us'), log: true,
});

const start = () => ({
	title: 'How long does the door stay shut at a start?',
	about: `From the start of the daemon to its first acknowledgement, ${entries}`,
	groups: rowsOf('start', row => row.unit === 'us').map(row =>
		({ name: row.name.replace('the door answers, ', ''), values: [row.value], bound: bound(row) })),
	format: as('us'),
});

const growth = () => ({
	title: 'How much longer does a question take among ten times as many entries?',
	about: `The median, ${entries} beside a million`,
	groups: rowsOf('growth').map(row => ({ name: row.name, values: [row.ratio], bound: bound(row) })),
	format: times,
});

/** The chapters in the order of the document, their charts by name. */
const chapters = {
	door: { title: 'The door', charts: { ingest } },
	start: { title: 'Starts', charts: { start } },
	index: { title: 'The index', charts: {} },
	queries: {
		title: 'Questions', charts: {
			'queries-p50': () => queries('How long does a question take? The median', ''),
			'queries-p99': () => queries('How long does a question take? The 99th percentile', ': p99'),
		},
	},
	growth: { title: 'Ten times as many entries', charts: { growth } },
	peers: { title: 'Beside SQLite and PostgreSQL', charts: {} },
	log: { title: 'The log', charts: {} },
	http: {
		title: 'HTTP, beside a static file', charts: {
			http: () => http('How many requests a second, beside a static file?',
				'From the same nginx, of the same size, 64 connections: more is better',
				row => row.target?.of === 'ratio' && row.unit === '/s'),
			'http-p99': () => http('How much longer than a static file? The 99th percentile',
				'From the same nginx, of the same size, 64 connections: less is better',
				row => row.name.endsWith(': p99')),
		},
	},
	streams: { title: 'Streams', charts: { streams, 'streams-latency': latencies } },
	memory: { title: 'Memory', charts: { memory } },
};

function summary() {
	const { machine } = results;
	const wanted = results.rows.filter(row => row.target !== null);
	const missed = wanted.filter(row => row.verdict === 'missed');
	return `${entries}; ${results.began.slice(0, 10)}, ${Math.round(results.seconds / 60)} minutes; ` +
		`${machine.cpu}, ${machine.cpus} CPUs, ${number(machine.memory_bytes / 2 ** 30)} GiB; ` +
		`${machine.system}, ${machine.kernel}. ` +
		`${wanted.length - missed.length} of ${wanted.length} targets are held` +
		(missed.length === 0 ? '.' : `; missed: ${missed.map(row => row.name).join('; ')}.`);
}

/** A chapter of the document; its charts are written beside it. */
function section(name, { title, charts }) {
	const images = Object.entries(charts).map(([file, draw]) => {
		const drawing = draw();
		writeFileSync(join(folder, `${file}.svg`), chart(drawing));
		return `![${drawing.title}](${file}.svg)`;
	});
	return [`### ${title}`, '', ...images, ...(images.length > 0 ? [''] : []),
		'| | | beside | ratio | target | |', '|---|---|---|---|---|---|',
		...rowsOf(name).map(row => `| ${[row.name, ...cells(row)]
			.join(' | ').replace('missed', '**missed**')} |`)].join('\n');
}

const stray = results.rows.find(row => !(row.chapter in chapters));
assert(stray === undefined, `${stray?.chapter}: not a chapter`);
for (const name of readdirSync(folder).filter(name => name.endsWith('.svg')))
	rmSync(join(folder, name));
const figures = [summary(), ...Object.entries(chapters)
	.filter(([name]) => rowsOf(name).length > 0)
	.map(([name, chapter]) => section(name, chapter))].join('\n\n');
const readme = readFileSync(join(folder, 'README.md'), 'utf8');
const parts = /^(.*<!-- figures -->\n).*(<!-- end of figures -->.*)$/s.exec(readme);
assert(parts, 'README.md: the two comments are not there');
writeFileSync(join(folder, 'README.md'), `${parts[1]}\n${figures}\n\n${parts[2]}`);
console.log(`docs/performance: the run of ${results.began}\n\n${figures}`);
