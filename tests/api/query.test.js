// /api/audit against an oracle that reads the log plainly.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { request } from './harness/http.js';
import { matches, queryString } from './harness/oracle.js';
import { until } from './harness/poll.js';
import { random } from './harness/random.js';
import { Stack, root } from './harness/stack.js';

const EVER = ['from', '1970-01-01T00:00:00.000000Z'];

let stack;
let sent; // [what was sent, its seq]
let entries; // the log's, in order
let through;

const sessions = readFileSync(join(root, 'demo/sessions.ndjson'), 'utf8')
	.split('\n').filter(Boolean).map(line => JSON.parse(line));

/** Entries that differ in whatever a filter can ask for. */
function made(count) {
	const { below, pick, chance } = random(7);
	const agents = ['scout', 'scout-2', 'builder', 'mail/reader', 'ops@night'];
	const users = ['ada', 'grace'];
	const capabilities = [
		'shell.exec', 'filesystem.read', 'filesystem.write', 'file.system.read', 'mail.send',
		'mcp.github.create_issue', 'mcp.github.list', 'Shell.exec',
	];
	const words = ['alpha', 'beta', 'γάμμα', '"quoted"', 'back\\slash', 'new\nline', 'tab\t', '%_*', '🙂', '\u007f'];
	const now = Date.now();
	return Array.from({ length: count }, (_, i) => {
		const isUser = chance(0.2);
		const entry = {
			// Imports may lie anywhere in time, and in no order.
			time: new Date(now - below(30 * 86400) * 1000 - below(1000))
				.toISOString().replace('Z', '000Z'),
			source: 'import',
			actor_type: isUser ? 'user' : 'agent',
			[isUser ? 'user_name' : 'agent_name']: pick(isUser ? users : agents),
			capability: pick(capabilities),
			status: pick(['success', 'success', 'error', 'denied', 'pending']),
			summary: `${pick(words)} ${i}`,
			request: { [pick(words)]: pick(words), list: [pick(words), i] },
		};
		if (chance(0.8))
			entry.policy_tier = pick(['autonomous', 'notify', 'approval_required', 'blocked']);
		if (chance(0.7))
			entry.session_id = `s${below(9)}`;
		if (chance(0.5))
			entry.call_id = `call-${i}`;
		if (chance(0.5))
			entry.duration_ms = below(100000) / 8;
		return entry;
	});
}

before(async () => {
	stack = await Stack.start();
	const door = await stack.door();
	const all = [...sessions.map(entry => ({ ...entry, source: 'import' })), ...made(1500)];
	const seqs = await door.record(...all);
	door.close();
	sent = all.map((entry, i) => [entry, seqs[i]]);
	through = seqs.at(-1);
	await stack.untilIndexed(through);
	entries = stack.entries();
});
after(() => stack?.stop());

/** All pages of a query, as they come. */
async function ask(query, limit = 200) {
	const found = [];
	let page;
	do {
		page = await stack.get(`/api/audit?${queryString(
			[...query, ['limit', limit], ['offset', found.length], ['through', through]])}`);
		assert.equal(page.offset, found.length);
		assert.equal(page.limit, limit);
		assert.ok(page.entries.length <= limit);
		found.push(...page.entries);
	} while (page.entries.length === limit);
	assert.equal(page.total_relation, undefined);
	assert.equal(page.total, found.length, queryString(query));
	return found;
}

async function compare(query) {
	const wanted = entries.filter(entry => matches(entry, [...query, ['through', String(through)]]))
		.map(({ seq }) => seq).reverse();
	const found = (await ask(query)).map(({ seq }) => seq);
	assert.deepEqual(found, wanted, queryString(query));
	return found.length;
}

test('what was sent is what the log holds, under the seq that was acknowledged', () => {
	for (const [entry, seq] of sent) {
		const recorded = entries[seq - 1];
		assert.equal(recorded.seq, seq);
		for (const [key, value] of Object.entries(entry))
			if (key !== 'summary')
				assert.deepEqual(recorded[key], value, `${key} of ${seq}`);
	}
});

test('an entry is shown as it stands in the log, with the name of its file', async () => {
	for (const shown of await ask([EVER]))
		assert.deepEqual(shown, entries[shown.seq - 1]);
});

test('each filter alone', async () => {
	const values = {
		actor_type: ['agent', 'user', 'system'],
		agent_name: ['scout', 'scout-2', 'mail/reader', 'ops@night', 'fixer-marshmallow', 'nobody'],
		user_name: ['ada', 'grace', 'scout'],
		capability: [
			'shell.exec', 'Shell.exec', 'filesystem.*', '*.read', 'mcp.*', 'mcp.github.*', '*', '*.*',
			'file*read', 's*l.e*c', 'log.open', 'nothing.here', 'filesystem.rea',
		],
		status: ['success', 'error', 'denied', 'pending'],
		policy_tier: ['autonomous', 'notify', 'approval_required', 'blocked'],
		session_id: ['s0', 's8', 'sess-014', 'sess'],
		call_id: ['call-10', 'call-11', 'call-12', 'call-none'],
		source: ['import', 'daemon', 'cli', 'hook'],
	};
	for (const [name, list] of Object.entries(values))
		for (const value of list) {
			const plain = await compare([EVER, [name, value]]);
			const negated = await compare([EVER, [name, `-${value}`]]);
			assert.equal(plain + negated, through, `${name}=${value}`);
		}
});

test('several values of one name', async () => {
	for (const query of [
		[['status', 'error'], ['status', 'denied']],
		[['status', '-error'], ['status', '-denied']],
		[['status', 'error'], ['status', '-error']],
		[['agent_name', 'scout'], ['agent_name', 'builder'], ['agent_name', 'ada']],
		[['capability', 'filesystem.*'], ['capability', '-filesystem.write']],
		[['capability', '*'], ['capability', '-mcp.*'], ['capability', '-shell.exec']],
		[['session_id', 's1'], ['session_id', 's2'], ['session_id', '-s2']],
	])
		await compare([EVER, ...query]);
});

test('a part of the text', async () => {
	for (const q of [
		'alpha', 'γάμ', '"quoted"', 'back\\slash', 'new\nline', '\t', '%_', '🙂', '\u007f', 'ALPHA',
		'Replaced 1 occurrences', '\r\n', 'list', 'summary', 'salt', '\u001b[', 'no such text', '",',
	])
		await compare([EVER, ['q', q]]);
	await compare([EVER, ['q', 'alpha'], ['agent_name', 'scout'], ['status', '-success']]);
});

test('ranges of time, down to the microsecond', async () => {
	const times = entries.map(({ time }) => time).sort();
	const [some, later] = [times[200], times[1200]];
	for (const query of [
		[['from', some]], [['to', some], EVER], [['from', some], ['to', later]],
		[['from', times.at(-1)]], [['to', times[0]], EVER],
	])
		await compare(query);
});

test('the default is the last seven days', async () => {
	const page = await stack.get(`/api/audit?limit=200&through=${through}`);
	assert.equal(page.to, null);
	const age = Date.now() - Date.parse(page.from);
	assert.ok(Math.abs(age - 7 * 86_400_000) < 60_000, page.from);
	assert.equal(page.total, entries.filter(({ time, seq }) => time >= page.from && seq <= through).length);
});

test('a bare date is the whole day', async () => {
	const day = entries[400].time.slice(0, 10);
	const page = await stack.get(`/api/audit?from=${day}&to=${day}&limit=200&through=${through}`);
	assert.equal(page.from, `${day}T00:00:00.000000Z`);
	assert.equal(page.to, new Date(Date.parse(day) + 86_400_000).toISOString().replace('Z', '000Z'));
	assert.equal(page.total, entries.filter(({ time }) => time.startsWith(day)).length);
});

test('any offset of a time zone is understood', async () => {
	const utc = await stack.get('/api/audit?from=2026-11-01T12:00:00Z&limit=1');
	for (const from of ['2026-11-01T14:00:00%2B02:00', '2026-11-01T06:30:00-05:30', '2026-11-01T12:00:00.000Z'])
		assert.equal((await stack.get(`/api/audit?from=${from}&limit=1`)).from, utc.from);
});

test('two hundred combinations by chance', async () => {
	const { below, pick, chance } = random(11);
	const at = field => pick(entries.filter(entry => entry[field] !== undefined))[field];
	for (let round = 0; round < 200; round++) {
		const query = [];
		const count = 1 + below(4);
		for (let i = 0; i < count; i++) {
			const name = pick([
				'actor_type', 'agent_name', 'user_name', 'capability', 'status', 'policy_tier',
				'session_id', 'call_id', 'source',
			]);
			let value = at(name);
			if (name === 'capability' && chance(0.5))
				value = pick(['*', '']) + value.slice(below(4)).slice(0, 3 + below(9)) + '*';
			query.push([name, (chance(0.3) ? '-' : '') + value]);
		}
		const [early, late] = [at('time'), at('time')].sort();
		query.push(chance(0.5) ? ['from', early] : EVER);
		if (chance(0.3) && early < late)
			query.push(['to', late]);
		await compare(query);
	}
});

test('pages of any size add up to the same', async () => {
	const whole = (await ask([EVER, ['status', 'error']])).map(({ seq }) => seq);
	for (const limit of [1, 7, 25, 50, 100])
		assert.deepEqual((await ask([EVER, ['status', 'error']], limit)).map(({ seq }) => seq), whole);
	const beyond = await stack.get('/api/audit?from=1970-01-01&offset=1000000');
	assert.deepEqual(beyond.entries, []);
	assert.equal(beyond.total, beyond.through_seq);
});

test('pages stand still while entries arrive', async () => {
	const first = await stack.get('/api/audit?from=1970-01-01&limit=10');
	const door = await stack.door();
	const [seq] = await door.record({
		actor_type: 'agent', agent_name: 'late', capability: 'shell.exec', status: 'success',
	});
	door.close();
	await stack.untilIndexed(seq);
	const again = await stack.get(`/api/audit?from=1970-01-01&limit=10&through=${first.through_seq}`);
	assert.deepEqual(again.entries, first.entries);
	assert.equal(again.total, first.total);
	assert.equal((await stack.get('/api/audit?from=1970-01-01&limit=10')).entries[0].seq, seq);
});

test('one entry, and its bytes', async () => {
	const lines = stack.lines();
	for (const seq of [1, 2, 70, through]) {
		assert.deepEqual(await stack.get(`/api/audit/${seq}`), entries[seq - 1]);
		await stack.get(`/api/audit/${seq}/line`);
		const reply = await request(stack.api, `/api/audit/${seq}/line`);
		assert.equal(reply.body, `${lines[seq - 1].line}\n`);
	}
});

test('the chain is verified, and the answer says through where', async () => {
	const { integrity, through_seq } = await until('the chain is verified', async () => {
		const page = await stack.get('/api/audit?limit=1');
		return page.integrity.status === 'verified' && page;
	});
	assert.ok(integrity.through_seq <= through_seq);
	assert.notEqual(integrity.verified_at, null);
});
