// Many at the door, and one who floods it: nobody else is to notice.

import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { Stack } from '../api/harness/stack.js';
import {
	KiB, Tool, isSoak, limitOf, median, memoryOf, milliseconds, mostDescriptors, needsRoot, producers, runTool, sized, socketsOf,
} from './harness/tools.js';

const CROWD = 10_000;
const A_UID = 64; // connections, by default

let stack;
before(async () => {
	stack = await Stack.start({ door: { ingest_group: producers.name } });
	await quiet(1);
});
after(() => stack?.stop());

const sockets = () => socketsOf(stack.pidOf('kruxosd'));
const socket = () => join(stack.rundir, 'ingest.sock');
// As root they are users of their own; else it is this one.
const asUsers = (count, first = 20_000) =>
	needsRoot ? [] : ['--uids', count, '--first-uid', first, '--group', producers.gid];

/** One producer who sends an entry now and then, and waits for the answer. */
const quiet = seconds => runTool('crowd', [...asUsers(1, 50_000), '--rate', 100, '--seconds', seconds, socket()]);

const p50 = rounds => median(rounds.map(({ p50_us }) => p50_us));
const p99 = rounds => median(rounds.map(({ p99_us }) => p99_us));

test('ten thousand who say nothing cost little, and hold nobody up', {
	skip: needsRoot || (mostDescriptors() < CROWD + 500 && 'so many descriptors are not allowed here'),
}, async t => {
	const uids = Math.ceil(CROWD / A_UID);
	const pid = stack.pidOf('kruxosd');
	const alone = [], among = [];
	const empty = memoryOf(pid);
	for (let round = 0; round < sized(2, 10); round++) { // in turns: the machine has moods
		alone.push(await quiet(1));
		const crowd = new Tool('crowd', [...asUsers(uids), '--connections', A_UID, '--window', 0, socket()]);
		try {
			const { standing } = await crowd.answer();
			assert.equal(standing, uids * A_UID);
			await until('all are in', () => sockets() >= standing);
			among.push(await quiet(1));
			const each = (memoryOf(pid) - empty) / standing;
			t.diagnostic(`${standing} connections of ${uids} users, ${each.toFixed(0)} bytes each`);
			assert.ok(each <= KiB, `each takes ${each} bytes`);
			crowd.closeInput();
			assert.equal((await crowd.answer()).standing, standing, 'none was ended');
		} finally {
			await crowd.end();
		}
		await until('all have left', () => sockets() < 32);
	}
	t.diagnostic(`an entry among them p50 ${milliseconds(p50(among))}, ` +
		`alone ${milliseconds(p50(alone))}`);
	for (const { errors, samples } of among)
		assert.ok(errors === 0 && samples > 20);
	assert.ok(p50(among) <= 2 * p50(alone) + 2000, `${p50(among)} µs among them, ${p50(alone)} alone`);
});

/** What the disk takes, by itself, for an entry now and then, while `running`. */
async function syncTimes(running) {
	const file = await open(join(stack.rundir, 'sync-probe'), 'w');
	const took = [];
	let isOver = false;
	running.finally(() => isOver = true).catch(() => {});
	while (!isOver) {
		const begun = performance.now();
		await file.write('x'.repeat(600));
		await file.datasync();
		took.push(1000 * (performance.now() - begun));
		await new Promise(resolve => setTimeout(resolve, 10)); // the next sample
	}
	await file.close();
	return took.sort((a, b) => a - b)[Math.floor(took.length * 0.99)];
}

// Five times as long as alone, where that is more than what the disk needs for
// the bytes of the flood; and never longer than 50 ms. Unless the machine is so
// busy that the disk alone takes a third of it for somebody who has nothing to
// do with the product.
const LIMIT = 50_000, DISK = 25_000;

test('a flood by one user is not felt by another', async t => {
	const alone = [], beside = [], floods = [], disk = [];
	for (let round = 0; round < sized(3, 10); round++) {
		alone.push(await quiet(2));
		// All the connections that a user may have.
		const flood = new Tool('crowd', [...asUsers(1), '--connections', needsRoot ? 32 : A_UID,
			'--window', 256, '--warmup-ms', 500, '--seconds', 2, socket()]);
		try {
			await until('they are there', () => sockets() >= 32);
			const asking = quiet(2);
			disk.push(await syncTimes(asking));
			beside.push(await asking);
			floods.push(await flood.answer());
		} finally {
			await flood.end();
		}
		await until('they have left', () => sockets() < 32);
	}
	t.diagnostic(`beside ${median(floods.map(({ entries_per_second }) => entries_per_second))} entries/s ` +
		`p99 ${milliseconds(p99(beside))}, p50 ${milliseconds(p50(beside))}; ` +
		`alone p99 ${milliseconds(p99(alone))}, p50 ${milliseconds(p50(alone))}; ` +
		`a sync beside it p99 ${milliseconds(median(disk))}`);
	assert.ok(floods.every(({ errors }) => errors === 0), 'none of the flood was refused');
	const promised = Math.min(limitOf(t, p99(alone), LIMIT), Math.max(DISK, 5 * p99(alone)));
	assert.ok(p99(beside) <= Math.max(promised, 3 * median(disk)),
		`p99 ${p99(beside)} µs beside the flood, ${p99(alone)} alone, of a sync ${median(disk)}`);
});

test('a hundred users who ask for the same get the same', { skip: needsRoot }, async t => {
	const { by_uid, entries_per_second } = await runTool('crowd', [...asUsers(100),
		'--window', 512, '--warmup-ms', 1000, '--seconds', sized(6, 60), socket()]);
	const least = Math.min(...by_uid), most = Math.max(...by_uid);
	t.diagnostic(`shares of ${least} to ${most} entries, ${entries_per_second}/s in all`);
	assert.ok(least > 0 && most <= 1.2 * least, `from ${least} to ${most}`);
});

test('who was slowed stands in the log, and nobody else', {
	skip: needsRoot || (!isSoak && 'it is said once a minute: make soak'),
}, async t => {
	const reports = await until('a minute is over', async () => {
		const { entries } = await stack.get('/api/audit?capability=ingest.throttled');
		return entries.length > 0 && entries;
	}, 90_000);
	const slowed = reports.flatMap(({ request }) => request.slowed);
	t.diagnostic(`${slowed.length} users in ${reports.length} entries, the worst ` +
		`${Math.max(...slowed.map(({ slowed_ms }) => slowed_ms))} ms`);
	for (const { uid, slowed_ms, read_bytes } of slowed) {
		assert.ok(uid >= 20_000 && uid < 20_100, `uid ${uid} did not flood`);
		assert.ok(slowed_ms >= 1000 && read_bytes > 0);
	}
	assert.ok(slowed.length > 0);
});
