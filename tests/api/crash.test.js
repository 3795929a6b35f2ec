// kill -9 under load: every acknowledged entry is there afterwards.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from './harness/poll.js';
import { random } from './harness/random.js';
import { Stack } from './harness/stack.js';

const ROUNDS = 20;
const PRODUCERS = 4;

let stack;
before(async () => stack = await Stack.start());
after(() => stack?.stop());

test(`${ROUNDS} times killed under load, nothing acknowledged is lost`, async () => {
	await stack.halt();
	let daemon = stack.startDaemon();
	const { below } = random(9);
	const acknowledged = new Map(); // call_id -> seq
	let recording = true;
	let calls = 0;
	const producers = Array.from({ length: PRODUCERS }, async (_, who) => {
		let door;
		while (recording) {
			const batch = Array.from({ length: 1 + below(60) }, () => ({
				actor_type: 'agent', agent_name: `producer-${who}`, capability: 'shell.exec', status: 'success',
				call_id: `call-${calls++}`, summary: 'x'.repeat(below(2000)),
			}));
			for (let settled = false; recording && !settled;)
				try {
					door ??= await stack.door();
					const seqs = await door.record(...batch);
					seqs.forEach((seq, i) => acknowledged.set(batch[i].call_id, seq));
					settled = true;
				} catch {
					// Not answered: what of it was recorded is answered as
					// a duplicate when it is sent again.
					door?.close();
					door = undefined;
					await new Promise(resolve => setImmediate(resolve));
				}
		}
		door?.close();
	});
	const grown = by => {
		const enough = acknowledged.size + by;
		return until('entries are acknowledged', () => acknowledged.size > enough, 60_000);
	};
	for (let round = 0; round < ROUNDS; round++) {
		await grown(100 + below(500));
		daemon.kill('SIGKILL');
		assert.equal(await daemon.ended, 'SIGKILL', daemon.said);
		daemon = stack.startDaemon();
	}
	await grown(1);
	recording = false;
	await Promise.all(producers);
	daemon.kill('SIGTERM');
	assert.equal(await daemon.ended, 0, daemon.said);
	await stack.resume();

	const entries = stack.entries();
	entries.forEach(({ seq }, i) => assert.equal(seq, i + 1));
	for (const [call, seq] of acknowledged)
		assert.equal(entries[seq - 1]?.call_id, call);
	const counts = new Map();
	for (const { call_id } of entries.filter(entry => entry.call_id))
		counts.set(call_id, (counts.get(call_id) ?? 0) + 1);
	assert.deepEqual([...counts].filter(([, count]) => count > 1), []);

	const { code, stdout, stderr } = await stack.kruxos(['audit', 'verify']);
	assert.equal(code, 0, stdout + stderr);
	await stack.untilIndexed(entries.at(-1).seq);
	const page = await stack.get('/api/audit?from=1970-01-01&limit=1');
	assert.equal(page.total, entries.at(-1).seq);
});

test('a stack that was stopped goes on where it was', async () => {
	const before = stack.entries();
	await stack.halt();
	await stack.resume();
	const after = stack.entries();
	assert.deepEqual(after.slice(0, before.length), before);
	const page = await stack.get('/api/audit?from=1970-01-01&limit=1');
	assert.ok(page.total >= before.length);
});
