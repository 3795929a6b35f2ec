// The live stream: everything once, in order, whatever is restarted.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { assertShape, schemaOf } from './harness/contract.js';
import { request } from './harness/http.js';
import { matches } from './harness/oracle.js';
import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

let stack;
let made = 0;
before(async () => {
	stack = await Stack.start();
	await record(1); // with it comes the log's own first entry
});
after(() => stack?.stop());

const entry = (i, more = {}) => ({
	actor_type: 'agent', agent_name: 'streamer', capability: 'shell.exec', status: 'success',
	call_id: `stream-${i}`, summary: `number ${i}`, ...more,
});

async function record(count, more) {
	const door = await stack.door();
	const seqs = await door.record(...Array.from({ length: count }, () => entry(made++, more)));
	door.close();
	return seqs;
}

test('an entry comes as it stands in the log, with its seq as id', async () => {
	const stream = await stack.stream();
	assert.equal(stream.status, 200);
	assert.equal(stream.headers['content-type'].split(';')[0], 'text/event-stream');
	assert.equal(stream.headers['cache-control'], 'no-store');
	await until('there is a retry', () => stream.retry > 0);
	const seqs = await record(5);
	await stream.untilSeq(seqs.at(-1));
	stream.close();
	assert.deepEqual(stream.seqs, seqs);
	const entries = stack.entries();
	for (const { id, event, data } of stream.events) {
		assert.equal(event, 'entry');
		assertShape(schemaOf('Entry'), data, `entry ${id}`);
		assert.deepEqual(data, entries[id - 1]);
	}
});

// These come early: what is killed does not tell `make coverage` what it ran.

test('nothing is lost or doubled across a restart of each program', async () => {
	const start = stack.entries().at(-1).seq;
	const received = [];
	let stream;
	let lastId = start;
	let watching = true;
	// A client that does what an EventSource does: connect again with the last id.
	const client = (async () => {
		while (watching) {
			try {
				stream = await stack.stream('', { 'Last-Event-ID': String(lastId) });
			} catch {
				await new Promise(resolve => setImmediate(resolve));
				continue;
			}
			if (stream.status === 200)
				await until('the stream ends', () => stream.ended || !watching, 120_000);
			stream.close();
			received.push(...stream.events);
			lastId = received.at(-1)?.id ?? start;
		}
	})();
	// A producer that does what it should: send again what was not answered.
	let recording = true;
	const acknowledged = [];
	const producer = (async () => {
		let door;
		while (recording) {
			const line = entry(made++);
			for (let settled = false; !settled;) {
				try {
					door ??= await stack.door();
					acknowledged.push(...await door.record(line));
					settled = true;
				} catch {
					door?.close();
					door = undefined;
					await new Promise(resolve => setImmediate(resolve));
				}
			}
		}
		door?.close();
	})();

	const grown = count => until('entries arrive', () => acknowledged.length >= count, 60_000);
	for (const part of ['activity', 'nginx', 'kruxosd', 'audit']) {
		await grown(acknowledged.length + 20);
		await stack.restart(part);
	}
	await grown(acknowledged.length + 20);
	recording = false;
	await producer;
	const end = acknowledged.at(-1);
	await until('the client has it all', () =>
		(stream?.lastId ?? 0) >= end || (received.at(-1)?.id ?? 0) >= end, 60_000);
	watching = false;
	await client;

	assert.ok(received.every(({ event }) => event === 'entry'));
	const seqs = received.map(({ id }) => id).filter(id => id <= end);
	assert.deepEqual(seqs, Array.from({ length: end - start }, (_, i) => start + 1 + i));
	assert.equal(new Set(acknowledged).size, acknowledged.length);
});

test('with the daemon gone the stream stays open, and goes on when it is back', async () => {
	const stream = await stack.stream();
	const [before] = await record(1);
	await stream.untilSeq(before);
	await stack.restart('kruxosd');
	const [seq] = await record(1);
	await stream.untilSeq(seq);
	assert.equal(stream.ended, false);
	stream.close();
	assert.deepEqual(stream.seqs, stream.seqs.toSorted((a, b) => a - b));
	assert.ok(stream.seqs.includes(seq));
});

test('a page and a stream after it leave nothing out', async () => {
	const [before] = (await record(3)).slice(-1);
	await until('activity knows', async () =>
		(await stack.get('/api/activity?limit=1')).last_seq >= before);
	const page = await stack.get('/api/activity?limit=2');
	assert.deepEqual(page.entries.map(({ seq }) => seq), [before, before - 1]);
	const seqs = await record(3);
	const stream = await stack.stream(`?after=${page.last_seq}`);
	await stream.untilSeq(seqs.at(-1));
	stream.close();
	assert.deepEqual(stream.seqs, seqs);
});

test('Last-Event-ID resumes, and wins over after', async () => {
	const seqs = await record(6);
	for (const [query, headers] of [
		[`?after=${seqs[2]}`, {}],
		['', { 'Last-Event-ID': String(seqs[2]) }],
		['?after=1', { 'Last-Event-ID': String(seqs[2]) }],
	]) {
		const stream = await stack.stream(query, headers);
		await stream.untilSeq(seqs[5]);
		stream.close();
		assert.deepEqual(stream.seqs, seqs.slice(3));
	}
});

test('filters are those of the audit query', async () => {
	await record(2, { agent_name: 'other', status: 'error' });
	await record(2, { capability: 'filesystem.read', session_id: 's1' });
	const [end] = await record(1);
	await until('activity knows', async () =>
		(await stack.get('/api/activity?limit=1')).last_seq >= end);
	const entries = stack.entries();
	for (const query of [
		[['agent_name', 'other']], [['status', '-success']], [['capability', 'filesystem.*']],
		[['capability', 'filesystem.*'], ['agent_name', 'streamer']], [['actor_type', 'system']],
		[['session_id', 's1']], [['source', '-daemon'], ['status', 'error']],
	]) {
		const text = query.map(pair => pair.join('=')).join('&');
		const wanted = entries.filter(item => matches(item, query)).map(({ seq }) => seq);
		const page = await stack.get(`/api/activity?${text}`);
		assert.deepEqual(page.entries.map(({ seq }) => seq), wanted.toReversed().slice(0, 200), text);
		const stream = await stack.stream(`?after=0&${text}`);
		await stream.untilSeq(wanted.at(-1));
		stream.close();
		assert.deepEqual(stream.seqs, wanted, text);
	}
});

test('a seq beyond the end is a gap', async () => {
	const head = stack.entries().at(-1).seq;
	const stream = await stack.stream(`?after=${head + 1000}`);
	await until('there is a gap', () => stream.events.length > 0);
	const [gap] = stream.events;
	assert.equal(gap.event, 'gap');
	assert.equal(gap.id, head);
	const [seq] = await record(1);
	await stream.untilSeq(seq);
	stream.close();
	assert.deepEqual(stream.seqs, [seq]);
});

test('more than 10,000 entries behind is a gap that says how many', async () => {
	const [first] = await record(1, { agent_name: 'flood' });
	let last = first;
	for (let i = 0; i < 11; i++)
		last = (await record(1000, { agent_name: 'flood' })).at(-1);
	await until('activity knows', async () =>
		(await stack.get('/api/activity?limit=1')).last_seq >= last);
	const stream = await stack.stream(`?after=${first}&agent_name=flood`);
	await stream.untilSeq(last);
	stream.close();
	const [gap, ...entries] = stream.events;
	assert.equal(gap.event, 'gap');
	assertShape(schemaOf('Gap'), gap.data, 'the gap');
	assert.equal(gap.data.from, first + 1);
	assert.equal(gap.id, gap.data.to);
	assert.equal(entries.length, 10_000);
	assert.equal(gap.data.skipped, 1000);
	assert.equal(entries[0].id, gap.id + 1);
});

test('who has not read for a while gets all of a burst, on the same connection', async () => {
	const slow = await stack.stream();
	const quick = await stack.stream('?agent_name=burst');
	slow.pause();
	const seqs = [];
	// Three times what activity.fcgi keeps of the newest events.
	for (let i = 0; i < 4; i++)
		seqs.push(...await record(500, { agent_name: 'burst', request: { text: 'x'.repeat(6000) } }));
	await quick.untilSeq(seqs.at(-1));
	slow.resume();
	await slow.untilSeq(seqs.at(-1));
	const [after] = await record(1);
	await slow.untilSeq(after);
	assert.equal(slow.ended, false);
	for (const stream of [slow, quick])
		stream.close();
	assert.deepEqual(slow.seqs.filter(seq => seq >= seqs[0]), [...seqs, after]);
	assert.deepEqual(quick.seqs, seqs);
});

test('HEAD on the stream ends at once', async () => {
	const reply = await request(stack.api, '/api/activity/stream', { method: 'HEAD' });
	assert.equal(reply.status, 200);
	assert.equal(reply.headers['content-type'].split(';')[0], 'text/event-stream');
});
