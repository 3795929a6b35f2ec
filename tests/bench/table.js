// The table of figures: each beside a limit or a peer measured in the same run.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What is measured several times shows its median. */
export const ROUNDS = 3;

const rows = [];

/** A figure and what it is held against; `target` says what is wanted. */
export function report(name, figure, { peer = '', ratio = null, target = '' } = {}) {
	rows.push({ name, figure, peer, ratio, target });
	const shown = ratio === null ? '' : `ratio ${ratio.toFixed(2)}`;
	console.log(`${name.padEnd(44)} ${figure.padEnd(28)} ${peer.padEnd(26)} ${shown.padEnd(12)} ${target}`);
}

/** Keep the table in a file. */
export function save(path, run) {
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, `${JSON.stringify({ ...run, rows }, null, '\t')}\n`);
}

export function progress(words) {
	process.stderr.write(`# ${words}\n`);
}

export const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
export const number = value => Math.round(value).toLocaleString('en');
export const milliseconds = us => `${(us / 1000).toFixed(us < 10_000 ? 2 : 0)} ms`;

/** What a program says on standard output; it has to succeed. */
export function must(program, args, settings = {}) {
	const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...settings });
	assert.equal(done.status, 0, `${program} ${args.join(' ')}: ${done.stderr || done.error}`);
	return done.stdout;
}
