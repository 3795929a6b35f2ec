// Stats, histogram, agents and sessions: counted again from the log.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { matches, queryString } from './harness/oracle.js';
import { Stack, root } from './harness/stack.js';

const STATUSES = ['success', 'error', 'denied', 'pending'];
const TIERS = ['autonomous', 'notify', 'approval_required', 'blocked'];

let stack;
let entries;

before(async () => {
	stack = await Stack.start();
	const door = await stack.door();
	const lines = readFileSync(join(root, 'demo/sessions.ndjson'), 'utf8')
		.split('\n').filter(Boolean).map(line => ({ ...JSON.parse(line), source: 'import' }));
	const live = Array.from({ length: 40 }, (_, i) => ({
		actor_type: i % 4 ? 'agent' : 'user', [i % 4 ? 'agent_name' : 'user_name']: `one-${i % 3}`,
		capability: `demo.c${i % 7}`, status: STATUSES[i % 4], session_id: `live-${i % 5}`,
		...i % 5 && { policy_tier: TIERS[i % 4] },
	}));
	const seqs = await door.record(...lines, ...live);
	door.close();
	await stack.untilIndexed(seqs.at(-1));
	entries = stack.entries();
});
after(() => stack?.stop());

function count(list, key) {
	const counts = {};
	for (const entry of list)
		counts[key(entry)] = (counts[key(entry)] ?? 0) + 1;
	return counts;
}

/** Sums that are not zero. */
const positive = counts => Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0));

async function compareStats(query) {
	const stats = await stack.get(`/api/audit/stats?${queryString(query)}`);
	const list = entries.filter(entry => entry.seq <= stats.through_seq &&
		matches(entry, [...query.filter(([name]) => !['from', 'to', 'last'].includes(name)),
			['from', stats.from], ['to', stats.to]]));
	assert.equal(stats.total, list.length, queryString(query));
	assert.deepEqual(positive(stats.by_status), count(list, entry => entry.status));
	assert.deepEqual(positive(stats.by_policy_tier), count(list, entry => entry.policy_tier ?? 'none'));
	const name = entry => `${entry.actor_type} ${entry.agent_name ?? entry.user_name ?? ''}`;
	assert.deepEqual(Object.fromEntries(stats.by_actor.map(row => [name(row), row.total])), count(list, name));
	assert.deepEqual(Object.fromEntries(stats.by_capability.map(row => [row.capability, row.total])),
		count(list, entry => entry.capability));
	for (const rows of [stats.by_actor, stats.by_capability])
		assert.deepEqual(rows.map(row => row.total), rows.map(row => row.total).sort((a, b) => b - a));
	return stats;
}

test('stats are what counting by hand gives', async () => {
	const whole = await compareStats([['from', '1970-01-01T00:00:00Z']]);
	assert.ok(whole.total >= 172);
	await compareStats([['last', '24h']]);
	await compareStats([['last', '400d'], ['agent_name', 'fixer-marshmallow']]);
	await compareStats([['last', '400d'], ['status', '-success']]);
	await compareStats([['last', '400d'], ['capability', 'filesystem.*'], ['actor_type', 'agent']]);
	await compareStats([['last', '400d'], ['agent_name', 'nobody']]);
});

test('stats without a range are of the last 24 hours', async () => {
	const { from, to } = await compareStats([]);
	assert.equal(Date.parse(to) - Date.parse(from), 86_400_000);
	assert.ok(Math.abs(Date.now() - Date.parse(to)) < 60_000);
});

async function compareHistogram(query) {
	const histogram = await stack.get(`/api/audit/histogram?${queryString(query)}`);
	const { from, to, step_seconds, buckets } = histogram;
	const step = step_seconds * 1000;
	const begin = time => Math.floor(Date.parse(time) / step) * step;
	assert.equal(Date.parse(buckets[0].time), begin(from));
	buckets.forEach((bucket, i) =>
		assert.equal(Date.parse(bucket.time), begin(from) + i * step));
	assert.ok(Date.parse(buckets.at(-1).time) < Date.parse(to));
	assert.ok(Date.parse(buckets.at(-1).time) + step >= Date.parse(to));

	const list = entries.filter(entry => matches(entry,
		[...query.filter(([name]) => !['from', 'to', 'last', 'step'].includes(name)),
			['from', from], ['to', to]]));
	for (const status of STATUSES) {
		const wanted = count(list.filter(entry => entry.status === status), entry => begin(entry.time));
		const found = positive(Object.fromEntries(
			buckets.map(bucket => [Date.parse(bucket.time), bucket[status]])));
		assert.deepEqual(found, wanted, `${status} of ${queryString(query)}`);
	}
	return histogram;
}

test('a histogram is what counting by hand gives', async () => {
	const times = entries.map(({ time }) => time).sort();
	const [from, to] = [times[0], times[131]];
	await compareHistogram([['from', from], ['to', to]]);
	await compareHistogram([['from', from], ['to', to], ['step', '1h']]);
	await compareHistogram([['from', from], ['to', to], ['step', '1d'], ['status', 'error']]);
	await compareHistogram([['last', '1h'], ['step', '1m']]);
	await compareHistogram([['last', '1h'], ['step', '7s'], ['capability', 'demo.*']]);
	await compareHistogram([['last', '30d'], ['agent_name', 'fixer-testrepo']]);
	await compareHistogram([['last', '30d'], ['status', '-success'], ['agent_name', '-fixer-testrepo']]);
	await compareHistogram([['last', '1h'], ['step', '1m'], ['capability', '-demo.c1'], ['status', '-error']]);
});

test('a histogram without a step has at most 200 buckets', async () => {
	for (const [last, step] of [
		['1s', 1], ['3m', 1], ['1h', 60], ['24h', 900], ['7d', 3600], ['30d', 21_600], ['400d', 604_800],
	]) {
		const { step_seconds, buckets } = await compareHistogram([['last', last]]);
		assert.ok(buckets.length <= 200, `${last}: ${buckets.length}`);
		assert.equal(step_seconds, step, last);
	}
});

/** What an agent or a session has in common: its entries, summed up. */
function assertSums(row, own) {
	const times = own.map(({ time }) => time).sort();
	assert.equal(row.entries, own.length);
	assert.deepEqual(positive(row.by_status), count(own, entry => entry.status));
	assert.equal(row.first_seen, times[0]);
	assert.equal(row.last_seen, times.at(-1));
	assert.equal(row.last_seq, own.at(-1).seq);
	assert.equal(row.last_capability, own.at(-1).capability);
}

test('the agents, the one seen last first', async () => {
	const { agents, total } = await stack.get('/api/agents');
	const names = new Set(entries.map(({ agent_name }) => agent_name).filter(Boolean));
	assert.equal(total, names.size);
	assert.deepEqual(new Set(agents.map(({ agent_name }) => agent_name)), names);
	const seen = agents.map(({ last_seen }) => last_seen);
	assert.deepEqual(seen, seen.toSorted().reverse());
	for (const agent of agents) {
		const own = entries.filter(({ agent_name }) => agent_name === agent.agent_name);
		assertSums(agent, own);
		assert.equal(agent.sessions, own.filter(({ capability }) => capability === 'session.start').length);
		assert.equal(agent.active, agent.agent_name.startsWith('one-'), agent.agent_name);
	}
	const page = await stack.get('/api/agents?limit=2&offset=1');
	assert.deepEqual(page.agents, agents.slice(1, 3));
	assert.equal(page.total, total);
});

test('a session', async () => {
	for (const id of ['sess-014', 'sess-001', 'live-1']) {
		const { sessions } = await stack.get(`/api/sessions/${id}`);
		const name = ({ actor_type, agent_name, user_name }) => `${actor_type} ${agent_name ?? user_name}`;
		const all = entries.filter(({ session_id }) => session_id === id);
		assert.deepEqual(new Set(sessions.map(name)), new Set(all.map(name)));
		for (const session of sessions) {
			const own = all.filter(entry => name(entry) === name(session));
			const at = capability => own.find(entry => entry.capability === capability)?.time ?? null;
			assertSums(session, own);
			assert.equal(session.session_id, id);
			assert.equal(session.first_seq, own[0].seq);
			assert.equal(session.started_at, at('session.start'));
			assert.equal(session.ended_at, at('session.end'));
		}
	}
});
