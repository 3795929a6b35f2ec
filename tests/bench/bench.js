// The benchmarks: every figure beside a limit or a peer measured in the same
// run, since machines differ and this one may be busy. `make bench` runs it,
// by tests/bench/run; BUILD/bench/results.json keeps the figures, standard
// output shows them, `make plots` makes documents of them.
//
//	node tests/bench/bench.js [--entries N] [--full]

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Stack, build } from '../api/harness/stack.js';
import { benchAcknowledgements, fill, reportFill } from './door.js';
import { benchHook } from './hook.js';
import { benchFootprint } from './footprint.js';
import { benchGateway } from './gateway.js';
import { benchAudit, benchHealth, benchHistogram, benchMetrics, startPeer } from './http.js';
import { askQueries, benchExport, benchSize, benchVerify, reportQueries } from './log.js';
import { MemoryWatch, reportMemory } from './memory.js';
import { benchObserving } from './observing.js';
import { benchOtlp } from './otlp.js';
import { benchPages } from './pages.js';
import { benchPostgres } from './postgres.js';
import { benchSqlite } from './sqlite.js';
import { benchStart } from './start.js';
import { allowStreams, benchCrowd, benchStreams } from './streams.js';
import { save } from './table.js';

const A_MILLION = 1_000_000;

const { values: options } = parseArgs({
	options: {
		entries: { type: 'string', default: String(A_MILLION) },
		full: { type: 'boolean', default: false },
	},
});
const entries = Number(options.entries);
assert(Number.isSafeInteger(entries) && entries >= 10_000, '--entries: a number from 10000');

/** Fill the log; a large one is asked on the way, too. */
async function fillAndAsk(stack) {
	let filled = await fill(stack, Math.min(entries, A_MILLION));
	let fewer;
	if (entries > A_MILLION) {
		fewer = await askQueries(stack);
		filled = await fill(stack, entries - A_MILLION);
	}
	return { filled, fewer, asked: await askQueries(stack) };
}

const began = new Date();
// The observer is of the same user, and has a connection, too.
const stack = await Stack.start({ door: { connections_per_uid: 128 } });
try {
	await allowStreams(stack);
	const memory = new MemoryWatch(stack);
	try {
		benchAcknowledgements(stack);
		const { filled, fewer, asked } = await fillAndAsk(stack);
		reportFill(filled);
		await benchSize(stack);
		reportQueries(stack, asked, fewer);
		const peer = await startPeer(stack);
		try {
			await benchHealth(stack, peer);
			await benchMetrics(stack, peer);
			await benchAudit(stack, peer);
			await benchHistogram(peer);
		} finally {
			await peer.stop();
		}
		await benchVerify(stack);
		benchSqlite(stack, filled.indexed, asked);
		if (options.full)
			await benchPostgres(stack, filled.indexed, asked);
		await benchStreams(stack);
		await benchExport(stack);
		await benchGateway(stack);
		benchHook(stack);
		await benchOtlp(stack);
		await benchObserving(stack);
		await benchPages(stack, options);
		reportMemory(memory);
		await benchCrowd(stack, memory);
	} finally {
		await memory.stop();
	}
	await benchStart(stack);
} finally {
	await stack.stop();
}
await benchFootprint();
save(join(build, 'bench/results.json'), {
	entries, began: began.toISOString(), seconds: Math.round((Date.now() - began) / 1000),
});
