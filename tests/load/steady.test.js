// A steady stream of entries for long: memory does not grow, the index keeps up,
// and who is slowed is named.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { Stack } from '../api/harness/stack.js';
import { MiB, Tool, median, memoryOf, sized } from './harness/tools.js';

const RATE = sized(5000, 20_000);
const SECONDS = Number(process.env.LOAD_SECONDS ?? sized(15, 3600));
const LAG = 1000; // ms
// What a program takes until it has seen everything once. And kruxosd remembers
// the calls of the last 24 hours: 1 MiB for so many, 64 at most (call_filter.h).
const WARM = sized(16, 4) * MiB;
const CALLS_A_MIB = 2 ** 19;

let stack;
before(async () => stack = await Stack.start());
after(() => stack?.stop());

const parts = ['kruxosd', 'audit', 'activity', 'health', 'nginx'];

test('memory stays what it is, and the index keeps up', async t => {
	const door = await stack.door();
	const memory = Object.fromEntries(parts.map(part => [part, []]));
	const lags = [];
	const load = new Tool('crowd', ['--connections', 4, '--window', 2048, '--rate', RATE,
		'--seconds', SECONDS, '--entry-bytes', 300, join(stack.rundir, 'ingest.sock')]);
	try {
		const result = load.answer();
		let ended = false;
		result.finally(() => ended = true).catch(() => {});
		for (let begun = performance.now(); !ended && performance.now() - begun < SECONDS * 1000 + 30_000;) {
			for (const part of parts)
				memory[part].push(memoryOf(stack.pidOf(part)));
			// From its acknowledgement on: how long until the index has it?
			const [seq] = await door.record({ actor_type: 'agent', agent_name: 'clock',
				capability: 'shell.exec', status: 'success' });
			const acknowledged = performance.now();
			await until('the index has it', async () =>
				(await stack.get('/api/audit?agent_name=clock&limit=1')).through_seq >= seq, 60_000);
			lags.push(performance.now() - acknowledged);
			await new Promise(resolve => setTimeout(resolve, 500)); // the next sample
		}
		const { entries_per_second, errors } = await result;
		t.diagnostic(`${entries_per_second} entries/s for ${SECONDS} s; the index is ` +
			`${median(lags).toFixed(0)} ms behind, ${Math.max(...lags).toFixed(0)} at most`);
		assert.equal(errors, 0);
		assert.ok(entries_per_second >= 0.8 * RATE, `${entries_per_second} entries/s`);
		assert.ok(median(lags) <= LAG, `${median(lags)} ms behind`);
	} finally {
		await load.end();
		door.close();
	}
	const sixth = Math.ceil(memory.kruxosd.length / 6);
	for (const part of parts) {
		const first = median(memory[part].slice(sixth, 2 * sixth)), last = median(memory[part].slice(-sixth));
		t.diagnostic(`${part}: ${(first / MiB).toFixed(1)} MiB, then ${(last / MiB).toFixed(1)}`);
		const calls = part === 'kruxosd' ? Math.min(64, RATE * SECONDS / CALLS_A_MIB) * MiB : 0;
		assert.ok(last <= 1.1 * first + WARM + calls, `${part} grew from ${first} to ${last} bytes`);
	}
});
