// What the door says to every kind of bad line, and that it goes on.

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import net from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { until } from './harness/poll.js';
import { Stack, root } from './harness/stack.js';

let stack;
before(async () => stack = await Stack.start({ 'service queue': { kind: 'heartbeat', uid: 'nobody' } }));
after(() => stack?.stop());

const good = { actor_type: 'agent', agent_name: 'tester', capability: 'shell.exec', status: 'success' };
const but = changes => JSON.stringify({ ...good, ...changes });
const without = name => but({ [name]: undefined });
const nested = depth => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);

// line, code, field
const table = [
	['{', 'bad_json'],
	['not json', 'bad_json'],
	['{"a":1}}', 'bad_json'],
	[`${but()} ${but()}`, 'bad_json'],
	[but().replace('"success"', '\'success\''), 'bad_json'],
	[but().replace('"success"', '"suc\tcess"'), 'bad_json'],
	[but().replace('"success"', '"\\x41"'), 'bad_json'],
	[but().replace('}', ',}'), 'bad_json'],
	[but().replace('"success"', 'NaN'), 'bad_json'],
	[but({ duration_ms: 1 }).replace(':1', ':01'), 'bad_json'],
	[but({ duration_ms: 1 }).replace(':1', ':+1'), 'bad_json'],
	[but().replace('tester', 'tes\0ter'), 'bad_json'],
	['\0', 'bad_json'],
	[Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]), 'bad_utf8'],
	[Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]), 'bad_utf8'],
	[Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]), 'bad_utf8'],
	['[]', 'wrong_type'],
	['"text"', 'wrong_type'],
	['42', 'wrong_type'],
	['null', 'wrong_type'],
	['{}', 'missing_field', 'actor_type'],
	[without('actor_type'), 'missing_field', 'actor_type'],
	[without('agent_name'), 'missing_field', 'agent_name'],
	[without('capability'), 'missing_field', 'capability'],
	[without('status'), 'missing_field', 'status'],
	['{"do":"audit.verify"}', 'missing_field', 'id'],
	[but({ colour: 'red' }), 'unknown_field', 'colour'],
	[but({ Status: 'success' }), 'unknown_field', 'Status'],
	[but({ user_name: 'ada' }), 'unknown_field', 'user_name'],
	[but({ actor_type: 'system' }), 'unknown_field', 'agent_name'],
	[`{"status":"error",${but().slice(1)}`, 'duplicate_key', 'status'],
	[but({ request: {} }).replace('{}', '{"a":1,"a":2}'), 'duplicate_key', 'a'],
	[but({ request: {} }).replace('{}', '{"a":[{"b":1,"\\u0062":2}]}'), 'duplicate_key', 'b'],
	[but({ agent_name: 7 }), 'wrong_type', 'agent_name'],
	[but({ agent_name: null }), 'wrong_type', 'agent_name'],
	[but({ status: true }), 'wrong_type', 'status'],
	[but({ duration_ms: '12' }), 'wrong_type', 'duration_ms'],
	[but({ time: 1763900000 }), 'wrong_type', 'time'],
	[but({ summary: ['a'] }), 'wrong_type', 'summary'],
	[but({ request: [] }), 'wrong_type', 'request'],
	[but({ request: 'x' }), 'wrong_type', 'request'],
	[but({ status: 'ok' }), 'out_of_range', 'status'],
	[but({ actor_type: 'robot' }), 'out_of_range', 'actor_type'],
	[but({ policy_tier: 'none' }), 'out_of_range', 'policy_tier'],
	[but({ decided_by: 'chance' }), 'out_of_range', 'decided_by'],
	[but({ source: 'web' }), 'out_of_range', 'source'],
	[but({ agent_name: '' }), 'out_of_range', 'agent_name'],
	[but({ agent_name: '-rf' }), 'out_of_range', 'agent_name'],
	[but({ agent_name: 'a b' }), 'out_of_range', 'agent_name'],
	[but({ agent_name: 'a"b' }), 'out_of_range', 'agent_name'],
	[but({ agent_name: 'a\u0000b' }), 'out_of_range', 'agent_name'],
	[but({ agent_name: 'ünï' }), 'out_of_range', 'agent_name'],
	[but({ session_id: 'a\nb' }), 'out_of_range', 'session_id'],
	[but({ capability: 'nodot' }), 'out_of_range', 'capability'],
	[but({ capability: 'filesystem.*' }), 'out_of_range', 'capability'],
	[but({ time: 'yesterday' }), 'out_of_range', 'time'],
	[but({ time: '2026-11-23' }), 'out_of_range', 'time'],
	[but({ time: '2026-02-30T00:00:00Z' }), 'out_of_range', 'time'],
	[but({ duration_ms: -1 }), 'out_of_range', 'duration_ms'],
	[but({ duration_ms: 1 }).replace(':1', ':1e999'), 'out_of_range', 'duration_ms'],
	[but({ agent_name: 'x'.repeat(129) }), 'too_long', 'agent_name'],
	[but({ capability: `a.${'x'.repeat(127)}` }), 'too_long', 'capability'],
	[but({ duration_ms: 1 }).replace(':1', `:1.${'0'.repeat(40)}`), 'too_long', 'duration_ms'],
	[`{"a":"${'x'.repeat(1 << 20)}"}`, 'too_long'],
	[nested(33), 'too_deep'],
	['['.repeat(100_000), 'too_deep'],
	[but({ seq: 7 }), 'not_allowed', 'seq'],
	[but({ uid: 0 }), 'not_allowed', 'uid'],
	[but({ entry_hash: '0'.repeat(64) }), 'not_allowed', 'entry_hash'],
	[but({ recorded_at: '2026-11-23T20:15:08Z' }), 'not_allowed', 'recorded_at'],
	[but({ erased_by: 1 }), 'not_allowed', 'erased_by'],
	[but({ source: 'daemon' }), 'not_allowed', 'source'],
	[but({ source: 'dashboard' }), 'not_allowed', 'source'],
	[but({ capability: 'log.open' }), 'not_allowed', 'capability'],
	[but({ capability: 'Log.open' }), 'not_allowed', 'capability'],
	[but({ capability: 'log.open', source: 'import' }), 'not_allowed', 'capability'],
	[but({ capability: 'audit.erase', source: 'import' }), 'not_allowed', 'capability'],
	[but({ capability: 'audit.export' }), 'not_allowed', 'capability'],
	[but({ capability: 'approval.accept' }), 'not_allowed', 'capability'],
	[but({ capability: 'alerts.acknowledge' }), 'not_allowed', 'capability'],
	[but({ capability: 'account.create', source: 'import' }), 'not_allowed', 'capability'],
	[but({ capability: 'policy.update' }), 'not_allowed', 'capability'],
	['{"do":"no.such.verb","id":"r1"}', undefined],
];

test('every bad line gets its code, its number and its field, and the next one is recorded', async () => {
	const door = await stack.door();
	let line = 0;
	for (const [text, code, field] of table) {
		const shown = text.slice(0, 100).toString();
		await door.write(Buffer.concat([Buffer.from(text), Buffer.from('\n')]));
		line++;
		const answer = await door.answer();
		assert.ok(answer, `${shown}: the connection has ended`);
		if (code === undefined) {
			assert.equal(answer.id, 'r1');
			assert.ok(answer.error, shown);
		} else {
			assert.equal(answer.error, code, `${shown}: ${JSON.stringify(answer)}`);
			assert.equal(answer.line, line, shown);
			assert.equal(answer.field, field, shown);
			assert.ok(answer.detail.length > 0 && !answer.detail.includes('\n'), shown);
		}
		await door.write(`${but()}\n`);
		line++;
		const accepted = await door.answer();
		assert.equal(accepted.accepted, 1, shown);
		assert.equal(accepted.line, line, shown);
	}
	door.close();
	assert.equal(new Set(table.map(([, code]) => code)).size, 11);
});

test('empty lines count and say nothing', async () => {
	const door = await stack.door();
	await door.write(`\n \n\t\r\n${but()}\n`);
	const answer = await door.answer();
	assert.equal(answer.accepted, 1);
	assert.equal(answer.line, 4);
	door.close();
});

test('a line may end in \\r\\n and have white space around it', async () => {
	const door = await stack.door();
	await door.write(` ${but()} \r\n`);
	assert.equal((await door.answer()).accepted, 1);
	door.close();
});

test('a line beyond its bound is refused once, whole', async () => {
	const door = await stack.door();
	await door.write(`${'x'.repeat(5 << 20)}\n${but()}\n`);
	const refused = await door.answer();
	assert.equal(refused.error, 'too_long');
	assert.equal(refused.line, 1);
	assert.equal((await door.answer()).line, 2);
	door.close();
});

test('a connection that ends within a line leaves nothing of it behind', async () => {
	const before = stack.entries().length;
	for (const part of ['{', but().slice(0, -1), but(), `${but()}\n${but().slice(0, 20)}`]) {
		const socket = net.connect(join(stack.rundir, 'ingest.sock'));
		await new Promise(resolve => socket.write(part, resolve));
		socket.end();
		await new Promise(resolve => socket.on('close', resolve).resume());
	}
	const door = await stack.door();
	const [seq] = await door.record(good);
	door.close();
	assert.equal(seq, before + 2); // the one whole line among them, and this
});

test('one that never reads its answers holds up nobody, and loses nothing', async () => {
	const mute = net.connect(join(stack.rundir, 'ingest.sock'));
	mute.pause();
	let sent = 0;
	const more = () => {
		while (sent < 200_000 && mute.write(`${but({ agent_name: 'mute' })}\n`))
			sent++;
	};
	mute.on('drain', more);
	mute.on('error', () => {});
	more();
	const door = await stack.door();
	for (let i = 0; i < 50; i++)
		await door.record(good);
	door.close();
	mute.destroy();
	await stack.getHealth('/health/ready');
});

test('the daemon adds what is its own to say', async () => {
	const door = await stack.door();
	const [seq] = await door.record({ ...good, time: '2026-11-23T10:00:00+01:00', source: 'import' });
	const [plain] = await door.record(good);
	door.close();
	const entries = stack.entries();
	assert.equal(entries[seq - 1].time, '2026-11-23T09:00:00.000000Z');
	assert.equal(entries[plain - 1].uid, userInfo().uid);
	assert.equal(entries[plain - 1].source, 'cli');
	assert.match(entries[plain - 1].salt, /^[0-9a-f]{32}$/);
	assert.notEqual(entries[plain - 1].salt, entries[seq - 1].salt);
});

test('a clock too far off is clamped, and what it said is kept', async () => {
	const door = await stack.door();
	const [old, future, imported, never] = await door.record(
		{ ...good, time: '2020-01-01T00:00:00Z' }, { ...good, time: '2199-01-01T00:00:00Z' },
		{ ...good, time: '2020-01-01T00:00:00Z', source: 'import' },
		{ ...good, time: '2199-01-01T00:00:00Z', source: 'import' });
	door.close();
	const entries = stack.entries();
	assert.equal(entries[old - 1].time_clamped, '2020-01-01T00:00:00.000000Z');
	assert.ok(Math.abs(Date.now() - 86_400_000 - Date.parse(entries[old - 1].time)) < 60_000);
	for (const seq of [future, never]) {
		assert.equal(entries[seq - 1].time_clamped, '2199-01-01T00:00:00.000000Z');
		assert.ok(Math.abs(Date.now() + 5000 - Date.parse(entries[seq - 1].time)) < 60_000);
	}
	assert.equal(entries[imported - 1].time, '2020-01-01T00:00:00.000000Z');
	assert.equal(entries[imported - 1].time_clamped, undefined);
});

test('the same call again is answered with the seq it has', async () => {
	const door = await stack.door();
	const call = { ...good, session_id: 's', call_id: 'call-1' };
	const [pending, first] = await door.record({ ...call, status: 'pending' }, call);
	assert.equal(first, pending + 1);
	for (const again of [call, { ...call, summary: 'said otherwise' }]) {
		await door.write(`${JSON.stringify(again)}\n`);
		const answer = await door.answer();
		assert.equal(answer.seq, first);
		assert.equal(answer.duplicate, true);
	}
	for (const other of [
		{ ...call, session_id: 't' }, { ...call, agent_name: 'other' }, { ...call, call_id: 'call-2' },
		{ ...call, capability: 'shell.other' }, { ...call, status: 'error' },
	])
		assert.ok((await door.record(other))[0] > first);
	door.close();
});

test('the names of MCP tools are brought into ours', async () => {
	const door = await stack.door();
	const [seq] = await door.record({ ...good, capability: 'mcp__github__create_issue' });
	door.close();
	assert.equal(stack.entries()[seq - 1].capability, 'mcp.github.create_issue');
});

test('events of older gateways become entries', async () => {
	const door = await stack.door();
	const [seq] = await door.record({
		type: 'capability_result', timestamp: new Date().toISOString(), agent: 'old-agent', session_id: 'old-1',
		data: { capability: 'filesystem.read', path: '/etc/hosts' },
	});
	door.close();
	const entry = stack.entries()[seq - 1];
	assert.equal(entry.agent_name, 'old-agent');
	assert.equal(entry.capability, 'filesystem.read');
	assert.equal(entry.status, 'success');
});

test('secrets are gone before anything is written', async () => {
	const token = `ghp_${'aB3'.repeat(12)}`;
	const door = await stack.door();
	const [seq] = await door.record(
		but({ summary: `token ${token}`, request: { password: 'hunter2', url: `https://u:${token}@h/`, [token]: 1 } }),
	);
	const [escaped] = await door.record(but({ summary: token }).replace('ghp_', '\\u0067hp_'));
	door.close();
	const lines = stack.lines().map(({ line }) => line);
	assert.ok(lines[seq - 1].includes('[REDACTED]'));
	assert.ok(lines[escaped - 1].includes('[REDACTED]'));
	assert.ok(!lines.some(line => line.includes(token) || line.includes('hunter2')));
});

test('what is too long is cut, and says so', async () => {
	const door = await stack.door();
	const [seq] = await door.record(but({ summary: 'ä'.repeat(5000), request: { a: 'x'.repeat(200_000), b: 'short' } }));
	const keys = Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`key-${i}`, i]));
	const [many] = await door.record(but({ request: keys }));
	door.close();
	const entries = stack.entries();
	const { summary, request } = entries[seq - 1];
	assert.ok(Buffer.byteLength(summary) <= 4096);
	assert.match(summary, /^ä+…\[cut [0-9]+ bytes\]$/);
	assert.match(request.a, /^x+…\[cut [0-9]+ bytes\]$/);
	assert.equal(request.b, 'short');
	assert.deepEqual(Object.keys(entries[many - 1].request), ['cut_bytes']);
});

test('a thousand producers\' lines come out whole and in each one\'s order', async () => {
	const doors = await Promise.all(Array.from({ length: 20 }, () => stack.door()));
	const seqs = await Promise.all(doors.map((door, who) =>
		door.record(...Array.from({ length: 50 }, (_, i) => ({ ...good, agent_name: `many-${who}`, summary: `${i}` })))));
	doors.forEach(door => door.close());
	const entries = stack.entries();
	seqs.forEach((own, who) => {
		assert.deepEqual(own, own.toSorted((a, b) => a - b));
		own.forEach((seq, i) => {
			assert.equal(entries[seq - 1].agent_name, `many-${who}`);
			assert.equal(entries[seq - 1].summary, `${i}`);
		});
	});
	assert.equal(new Set(seqs.flat()).size, 1000);
});

test('the socket is open to all: the daemon decides', async () => {
	assert.equal(statSync(join(stack.rundir, 'ingest.sock')).mode & 0o777, 0o666);
	await until('the stack is ready', () => stack.untilReady());
});

test('the examples of docs/door.md are what happens', async () => {
	const examples = readFileSync(join(root, 'docs/door.md'), 'utf8')
		.matchAll(/```\n((?:[<>] .*\n)+)```/g);
	let compared = 0;
	for (const [, example] of examples) {
		const door = await stack.door();
		const seqs = new Map(); // as the document has them, and as they are
		for (const line of example.trim().split('\n')) {
			const text = line.slice(2);
			if (line.startsWith('>')) {
				await door.write(`${text}\n`);
				continue;
			}
			const wanted = JSON.parse(text);
			const answer = await door.answer();
			if (wanted.seq !== undefined) {
				assert.equal(answer.seq, seqs.get(wanted.seq) ?? answer.seq, text);
				seqs.set(wanted.seq, answer.seq);
				wanted.seq = answer.seq;
			}
			assert.deepEqual(answer, wanted);
			compared++;
		}
		door.close();
	}
	assert.ok(compared >= 8);
});
