// The benchmarks: every figure beside a limit or a peer measured in the same
// run, since machines differ and this one may be busy. `make bench` runs it;
// BUILD/bench/results.json keeps the figures, standard output shows them.
//
//	node tests/bench/bench.js [--entries N] [--full]

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Stack, build } from '../api/harness/stack.js';
import { benchDoor } from './door.js';
import { benchAudit, benchHealth, startPeer } from './http.js';
import { benchExport, benchQueries, benchSize, benchVerify } from './log.js';
import { benchPostgres } from './postgres.js';
import { benchSqlite } from './sqlite.js';
import { must, report, save } from './table.js';

const { values: options } = parseArgs({
	options: {
		entries: { type: 'string', default: '1000000' },
		full: { type: 'boolean', default: false },
	},
});
const entries = Number(options.entries);
assert(Number.isSafeInteger(entries) && entries >= 10_000, '--entries: a number from 10000');

/** Proportional set size of each part, in MiB. */
function benchMemory(stack) {
	for (const part of ['kruxosd', 'health', 'audit', 'activity']) {
		const text = must('cat', [`/proc/${stack.pidOf(part)}/smaps_rollup`]);
		const kib = Number(/^Pss:\s+([0-9]+) kB/m.exec(text)[1]);
		report(`memory of ${part} (PSS)`, `${(kib / 1024).toFixed(1)} MiB`, {
			target: part === 'kruxosd' ? '64 MiB' : '16 MiB',
		});
	}
}

const stack = await Stack.start();
let indexed, questions;
try {
	const peer = await startPeer(stack);
	try {
		await benchHealth(stack, peer);
		indexed = await benchDoor(stack, entries);
		await benchSize(stack);
		questions = benchQueries(stack);
		await benchAudit(stack, peer);
	} finally {
		await peer.stop();
	}
	await benchVerify(stack);
	benchSqlite(stack, indexed);
	if (options.full)
		await benchPostgres(stack, indexed, questions);
	await benchExport(stack); // which the log records: now it is longer
	benchMemory(stack);
} finally {
	await stack.stop();
}
save(join(build, 'bench/results.json'), { entries });
