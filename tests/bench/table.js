// The table of figures: each beside a limit or a peer measured in the same run.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';

import { cells } from './figure.js';

/** What is measured several times shows its median. */
export const ROUNDS = 3;

const rows = [];
let inChapter = '';

/** What comes next is about this. */
export function chapter(name) {
	inChapter = name;
}

/** What is wanted of a figure: of its value, or of its ratio to the peer's. */
export const atLeast = bound => ({ of: 'value', bound, is: 'least' });
export const atMost = bound => ({ of: 'value', bound, is: 'most' });
export const ratioAtLeast = bound => ({ of: 'ratio', bound, is: 'least' });
export const ratioAtMost = bound => ({ of: 'ratio', bound, is: 'most' });

/**
 * A figure: `value` in `unit` (figure.js), what it is held against
 * (`peer: { name, value }`), their ratio if it is not value by peer, and what is
 * wanted. A target is held or missed, without a margin.
 */
export function report(name, value, unit, { peer = null, ratio, target = null } = {}) {
	const row = { chapter: inChapter, name, value, unit, peer, ratio: null, target, verdict: '' };
	if (peer !== null)
		row.ratio = ratio ?? value / peer.value;
	if (target !== null) {
		const figure = row[target.of];
		assert(Number.isFinite(figure), `${name}: no figure`);
		row.verdict = (target.is === 'least' ? figure >= target.bound : figure <= target.bound)
			? 'held' : 'missed';
	}
	rows.push(row);
	const [shown, other, by, wanted, verdict] = cells(row);
	console.log(`${name.padEnd(46)} ${shown.padEnd(16)} ${other.padEnd(26)} ${by.padEnd(8)} ${wanted.padEnd(18)} ${verdict}`);
}

/** Keep the table in a file, and say how many targets are missed. */
export function save(path, run) {
	mkdirSync(dirname(path), { recursive: true });
	const machine = {
		cpu: cpus()[0].model, cpus: cpus().length, memory_bytes: totalmem(),
		kernel: must('uname', ['-sr']).trim(),
		system: /^PRETTY_NAME="(.*)"/m.exec(must('cat', ['/etc/os-release']))[1],
	};
	writeFileSync(path, `${JSON.stringify({ ...run, machine, rows }, null, '\t')}\n`);
	const wanted = rows.filter(row => row.target !== null);
	const missed = wanted.filter(row => row.verdict === 'missed');
	console.log(`\n${wanted.length - missed.length} of ${wanted.length} targets are held`);
}

export function progress(words) {
	process.stderr.write(`# ${words}\n`);
}

export const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** What a program says on standard output; it has to succeed. */
export function must(program, args, settings = {}) {
	const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...settings });
	assert.equal(done.status, 0, `${program} ${args.join(' ')}: ${done.stderr || done.error}`);
	return done.stdout;
}
