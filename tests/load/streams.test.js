// Ten thousand subscribers of the live stream, a tenth of whom do not read.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { Stack } from '../api/harness/stack.js';
import {
	KiB, MiB, Tool, memoryOf, mostDescriptors, sized, socketsOf,
} from './harness/tools.js';

const SUBSCRIBERS = 10_000;
const STALLED = SUBSCRIBERS / 10;
const WHOLE = 100; // who want every entry, and read
const STEADY = 50; // entries that all want
// … and those that only the others want: more than the sockets on the way to one
// who does not read can hold.
const BULKY = sized(16, 100);
const BULKY_BYTES = 60 * KiB;
const PATH = '/api/activity/stream';

// Each takes two connections of nginx and one of the program.
const enough = mostDescriptors() >= 1.2 * SUBSCRIBERS;

let stack;
before(async () => {
	if (!enough)
		return;
	stack = await Stack.start({ http: {
		api_connections: SUBSCRIBERS + 1000, connections_per_address: SUBSCRIBERS,
		streams_per_address: SUBSCRIBERS,
	} });
});
after(() => stack?.stop());

const entry = (agent_name, summary) =>
	({ actor_type: 'agent', agent_name, capability: 'shell.exec', status: 'success', ...summary });

test('ten thousand subscribers, of whom a thousand do not read', {
	skip: !enough && 'so many descriptors are not allowed here',
}, async t => {
	const door = await stack.door();
	const [last] = await door.record(entry('steady'));
	await until('the stream knows', async () => (await stack.get('/api/activity?limit=1')).last_seq >= last);
	const pid = stack.pidOf('activity');
	const empty = memoryOf(pid), own = socketsOf(pid);
	const crowd = new Tool('subscribers', [stack.api.socketPath,
		'steady', SUBSCRIBERS - STALLED - WHOLE, `${PATH}?agent_name=steady`,
		'whole', WHOLE, PATH, 'stalled', STALLED, PATH]);
	try {
		const came = await crowd.answer();
		for (const { refused, reconnects } of Object.values(came))
			assert.deepEqual({ refused, reconnects }, { refused: 0, reconnects: 0 });
		const each = (memoryOf(pid) - empty) / SUBSCRIBERS;
		t.diagnostic(`${each.toFixed(0)} bytes in the program for each`);
		assert.ok(each <= KiB / 2, `each takes ${each} bytes`);

		const seqs = { steady: [], bulky: [] };
		const filler = { request: { text: 'x '.repeat(BULKY_BYTES / 2) } };
		for (let i = 0; i < Math.max(STEADY, BULKY); i++) {
			if (i < STEADY)
				seqs.steady.push(...await door.record(entry('steady')));
			if (i < BULKY)
				seqs.bulky.push(...await door.record(entry('bulky', filler)));
		}
		const all = [...seqs.steady, ...seqs.bulky];
		const sum = numbers => numbers.reduce((a, b) => a + b, 0);
		const seen = wanted => ({
			least_events: wanted.length, most_events: wanted.length,
			least_sum: sum(wanted), most_sum: sum(wanted), refused: 0, gaps: 0, disorder: 0,
		});
		const assertSeen = (group, expected) => {
			const { subscribers, reconnects, ...rest } = group;
			assert.deepEqual(rest, expected);
		};

		let most = 0;
		const report = await until('all who read have seen all', async () => {
			const now = await crowd.tell('report');
			most = Math.max(most, memoryOf(pid));
			return now.steady.least_events === seqs.steady.length &&
				now.whole.least_events === all.length && now;
		}, 120_000);
		assertSeen(report.steady, seen(seqs.steady));
		assertSeen(report.whole, seen(all));
		assert.equal(report.steady.reconnects + report.whole.reconnects, 0, 'none who reads is dropped');
		assert.ok(report.stalled.most_events < all.length, 'who does not read has not seen all');
		await until('those who do not read are given up', async () => {
			most = Math.max(most, memoryOf(pid));
			return socketsOf(pid) <= own + SUBSCRIBERS - STALLED + 8;
		}, 45_000);
		t.diagnostic(`${(most / MiB).toFixed(1)} MiB at most, ${(empty / MiB).toFixed(1)} without subscribers`);
		assert.ok(most <= 24 * MiB, `${most} bytes`);

		await crowd.tell('resume');
		const resumed = await until('those who read again have seen all', async () => {
			const now = await crowd.tell('report');
			return now.stalled.least_events === all.length && now;
		}, 120_000);
		assertSeen(resumed.stalled, seen(all));
		assert.equal(resumed.stalled.reconnects, STALLED, 'each has come back');

		const left = performance.now();
		await crowd.tell('leave');
		await until('their departure is noticed', () => socketsOf(pid) <= own + 8, 20_000);
		const took = performance.now() - left;
		t.diagnostic(`all have left after ${took.toFixed(0)} ms`);
		assert.ok(took <= 2000, `${took} ms`);
	} finally {
		await crowd.end();
		door.close();
	}
});
