// Agents, their tokens, and what they ask for by the gateway: as the gateway
// asks for it, through the door.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DatabaseSync } from 'node:sqlite';

import { untilAlert } from './harness/alerts.js';
import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

const { username: owner } = userInfo();

let stack, door;

before(async () => {
	stack = await Stack.start({
		gateway: { attempts_per_minute: 20 },
		policy: { 'system.*': 'notify', 'system.health': 'blocked', 'audit.query': 'approval_required' },
		'policy agent trusted': { 'system.health': 'autonomous' },
		limit: { 'alerts.list': '3/1h', 'alerts.send': 'none' },
	});
	door = await stack.door();
});
after(async () => {
	door?.close();
	await stack?.stop();
});

const secrets = new Set();

const ask = (verb, args, credential) => door.command(verb, args, 'test', credential);

/** Ask for what is refused: { error, field, … }. */
async function refused(verb, args, credential) {
	const answer = await ask(verb, args, credential).catch(error => error);
	assert.ok(answer instanceof Error, `${verb} was done: ${JSON.stringify(answer)}`);
	return answer;
}

let names = 0;

/** An agent of its own for each test: { name, token }. */
async function agent(name = `agent-${++names}`) {
	const made = await ask('agent.create', { name, purpose: 'a test' });
	secrets.add(made.token);
	return made;
}

const invoke = ({ token }, capability, args, more = {}) =>
	ask('capability.invoke', { capability, arguments: args, ...more }, token);
const refusedInvoke = ({ token }, capability, args, more = {}) =>
	refused('capability.invoke', { capability, arguments: args, ...more }, token);

const entriesOf = name => stack.entries().filter(({ agent_name }) => agent_name === name);
const bySeq = seq => stack.entries().find(entry => entry.seq === seq);
const listed = async name => (await ask('agent.list', {})).agents.find(agent => agent.name === name);
const isKnown = async token => !((await ask('agent.self', {}, token).catch(error => error)) instanceof Error);

// --- making them --------------------------------------------------------------

test('an agent is made, and told its token once', async () => {
	const made = await agent();
	assert.match(made.token, /^krx_agent_[A-Za-z0-9_-]{43}$/);
	assert.equal(made.purpose, 'a test');
	assert.deepEqual(await listed(made.name), {
		name: made.name, purpose: 'a test', created_at: made.created_at,
		rotated_at: null, last_used_at: null, revoked_at: null,
	});
	const entry = stack.entries().find(entry => entry.capability === 'agent.create' && entry.request.agent === made.name);
	assert.deepEqual([entry.actor_type, entry.user_name, entry.request], ['user', owner, { agent: made.name, purpose: 'a test' }]);
	assert.deepEqual(await ask('agent.self', { capabilities: ['system.info', 'system.health', 'alerts.send'] }, made.token),
		{ name: made.name, policy_tiers: ['notify', 'blocked', 'autonomous'] });
});

test('what is no agent is refused with the field that is wrong', async () => {
	const { name } = await agent();
	for (const [verb, args, error, field] of [
		['agent.create', { name: '-x', purpose: 'y' }, 'out_of_range', 'name'],
		['agent.create', { name: 'a b', purpose: 'y' }, 'out_of_range', 'name'],
		['agent.create', { name: 'x'.repeat(129), purpose: 'y' }, 'out_of_range', 'name'],
		['agent.create', { name: 'x', purpose: '' }, 'out_of_range', 'purpose'],
		['agent.create', { name: 'x', purpose: 'a\0b' }, 'out_of_range', 'purpose'],
		['agent.create', { name: 'x', purpose: 'y'.repeat(257) }, 'too_long', 'purpose'],
		['agent.create', { name: 'x' }, 'missing_field', 'purpose'],
		['agent.create', { name, purpose: 'again' }, 'conflict', 'name'],
		['agent.rotate', { name: 'nobody' }, 'not_found', 'name'],
		['agent.revoke', { name: 'nobody' }, 'not_found', 'name'],
	]) {
		const answer = await refused(verb, args);
		assert.deepEqual([answer.error, answer.field], [error, field], JSON.stringify(args));
	}
});

test('a token that is rotated or revoked is good for nothing, at once', async () => {
	const made = await agent();
	const rotated = await ask('agent.rotate', { name: made.name });
	secrets.add(rotated.token);
	assert.equal(await isKnown(made.token), false);
	assert.equal(await isKnown(rotated.token), true);
	assert.deepEqual(await ask('agent.revoke', { name: made.name }), { name: made.name });
	assert.equal((await refused('agent.self', {}, rotated.token)).error, 'unauthenticated');
	assert.ok((await listed(made.name)).revoked_at !== null);
	assert.equal((await refused('agent.revoke', { name: made.name })).error, 'conflict');
	assert.equal((await refused('agent.rotate', { name: made.name })).error, 'conflict');
	const of = capability => stack.entries().filter(entry =>
		entry.capability === capability && entry.request.agent === made.name);
	assert.equal(of('agent.rotate').length, 1);
	assert.equal(of('agent.revoke').length, 1);
	// Whoever still shows it is seen.
	const [denied] = of('agent.deny');
	assert.deepEqual([denied.actor_type, denied.status, denied.request],
		['system', 'denied', { agent: made.name, reason: 'revoked', command: 'agent.self' }]);
	// The name can be given again; not the token.
	const again = await agent(made.name);
	assert.equal(await isKnown(rotated.token), false);
	assert.equal(await isKnown(again.token), true);
});

test('what is an agent\'s is for agents, and nothing else is', async () => {
	const made = await agent();
	assert.equal((await refused('capability.invoke', { capability: 'system.info' })).error, 'not_allowed');
	assert.equal((await refused('session.start', {})).error, 'not_allowed');
	for (const [verb, args] of [
		['agent.create', { name: 'friend', purpose: 'x' }], ['agent.list', {}], ['alerts.acknowledge', { id: '1' }],
		['audit.export', {}], ['approval.accept', { id: 'x' }], ['account.renew', {}], ['token.list', {}],
	]) {
		assert.equal((await refused(verb, args, made.token)).error, 'not_allowed', verb);
		const entry = await until('it is in the log', () =>
			entriesOf(made.name).find(({ request }) => request.command === verb));
		assert.deepEqual([entry.capability, entry.status, entry.request], ['agent.deny', 'denied', { command: verb }]);
	}
	await door.write(`${JSON.stringify({
		actor_type: 'agent', agent_name: made.name, capability: 'agent.deny', status: 'success',
	})}\n`);
	assert.equal((await door.answer()).error, 'not_allowed', 'nobody writes it in another\'s name');
});

test('agents are known, and unknown, after a kill -9', async () => {
	const [kept, rotated, revoked] = [await agent(), await agent(), await agent()];
	const fresh = (await ask('agent.rotate', { name: rotated.name })).token;
	secrets.add(fresh);
	await ask('agent.revoke', { name: revoked.name });
	await invoke(kept, 'system.info');
	await stack.restart('kruxosd');
	door.close();
	door = await stack.door();
	assert.deepEqual(await Promise.all([kept.token, rotated.token, fresh, revoked.token].map(async token => {
		const other = await stack.door();
		return other.command('agent.self', {}, 'test', token).then(() => true, () => false).finally(() => other.close());
	})), [true, false, true, false]);
});

test('when an agent was last seen is written down, and not with each call', async () => {
	const made = await agent();
	await invoke(made, 'system.info');
	const { last_used_at: first } = await listed(made.name);
	assert.ok(Math.abs(Date.parse(first) - Date.now()) < 60_000);
	const database = new DatabaseSync(join(stack.rundir, 'state.db'), { readOnly: true });
	const noted = () => database.prepare('SELECT last_used_at AS at FROM agent WHERE name = ?').get(made.name).at;
	await until('it is written down', () => noted() > 0);
	const written = noted();
	await invoke(made, 'system.info');
	assert.ok((await listed(made.name)).last_used_at > first);
	assert.equal(noted(), written);
	database.close();
});

// --- guessing -----------------------------------------------------------------

test('who guesses tokens is slowed by where he comes from, and is told of', async () => {
	const made = await agent();
	const guess = address => refused('agent.self', { address }, `krx_agent_${randomBytes(32).toString('base64url')}`);
	const throttled = async addresses => {
		const answers = [];
		for (let i = 0; i < 24; i++)
			answers.push(await guess(addresses[i % addresses.length]));
		assert.ok(answers.slice(0, 20).every(({ error }) => error === 'unauthenticated'));
		const last = answers.at(-1);
		assert.equal(last.error, 'too_many');
		assert.ok(last.wait >= 1 && last.wait <= 60);
	};
	await throttled(['192.0.2.66']);
	await throttled(['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::3']);
	assert.equal((await guess('192.0.2.67')).error, 'unauthenticated', 'a neighbour is another');
	// What has not even the form of a token is a guess as well, and a good one is none.
	assert.equal((await refused('capability.invoke', { capability: 'system.info', address: '192.0.2.66' }, 'password')).error,
		'too_many');
	assert.equal((await ask('agent.self', { address: '192.0.2.66' }, made.token)).name, made.name);
	const alert = await untilAlert(stack, { rule: 'token-guessing', state: 'firing' });
	assert.equal(alert.severity, 'warning');
	assert.match(alert.message, /tokens that are not known/);
	const entry = await until('it is in the log', () =>
		stack.entries().find(entry => entry.capability === 'agent.deny' && entry.request.reason === 'token'));
	assert.equal(entry.request.address, '192.0.2.66');
	assert.ok(entry.request.throttled >= 4);
});

// --- calling ------------------------------------------------------------------

test('a call is one entry, of the agent that the token names', async () => {
	const made = await agent();
	const done = await invoke(made, 'system.metrics', { category: 'system' }, {
		session_id: 'sess-1', call_id: 'toolu_1', parent_call_id: 'toolu_0', trace_id: '4bf92f35', duration_ms: 12.50,
		address: '127.0.0.1',
	});
	assert.deepEqual(done, { seq: done.seq, call_id: 'toolu_1', policy_tier: 'notify' });
	const { actor_type, agent_name, source, capability, session_id, call_id, parent_call_id, trace_id, status, policy_tier,
		decided_by, duration_ms, request } = bySeq(done.seq);
	assert.deepEqual({ actor_type, agent_name, source, capability, session_id, call_id, parent_call_id, trace_id, status,
		policy_tier, decided_by, duration_ms, request }, {
		actor_type: 'agent', agent_name: made.name, source: 'gateway', capability: 'system.metrics', session_id: 'sess-1',
		call_id: 'toolu_1', parent_call_id: 'toolu_0', trace_id: '4bf92f35', status: 'success', policy_tier: 'notify',
		decided_by: 'policy', duration_ms: 12.5, request: { category: 'system' },
	});
	const other = await invoke(made, 'alerts.list');
	assert.match(other.call_id, /^call-[A-Za-z0-9_-]{22}$/);
	const entry = bySeq(other.seq);
	assert.deepEqual([entry.policy_tier, entry.decided_by, entry.call_id], ['autonomous', 'none', other.call_id]);
	assert.ok(entry.duration_ms >= 0 && entry.duration_ms < 1000);
});

test('the same call again is another entry', async () => {
	const made = await agent();
	const seqs = new Set();
	for (let i = 0; i < 3; i++)
		seqs.add((await invoke(made, 'system.info', {}, { session_id: 's', call_id: 'the-same' })).seq);
	assert.equal(seqs.size, 3);
});

test('what the gateway could not do, or finds to be wrong, is recorded as that', async () => {
	const made = await agent();
	const failed = await invoke(made, 'system.info', {}, { error: 'the observer does not report' });
	assert.equal(bySeq(failed.seq).status, 'error');
	assert.equal(bySeq(failed.seq).summary, 'the observer does not report');
	const wrong = await refusedInvoke(made, 'system.metrics', { category: 7 }, { invalid: 'category is a string' });
	assert.deepEqual([wrong.error, wrong.message], ['out_of_range', 'category is a string']);
	const entry = entriesOf(made.name).at(-1);
	assert.deepEqual([entry.status, entry.decided_by, entry.summary, entry.request],
		['error', 'none', 'category is a string', { category: 7 }]);
});

test('what there is not, is recorded and not found', async () => {
	const made = await agent();
	assert.equal((await refusedInvoke(made, 'shell.exec', { command: 'id' })).error, 'not_found');
	let entry = entriesOf(made.name).at(-1);
	assert.deepEqual([entry.capability, entry.status, entry.request], ['shell.exec', 'error', { command: 'id' }]);
	for (const capability of ['session.start', 'rate_limit.hit', 'Audit.Erase', 'approval.accept', 'nodot', 'with space.x', '', `x.${'y'.repeat(200)}`, '\u001b[31m.x']) {
		assert.equal((await refusedInvoke(made, capability)).error, 'not_found', capability);
		entry = entriesOf(made.name).at(-1);
		assert.deepEqual([entry.capability, entry.status], ['capability.invoke', 'error']);
		assert.equal(entry.request.capability, capability.slice(0, 128));
	}
});

test('ids that are none are refused, and are in no entry', async () => {
	const made = await agent();
	for (const key of ['session_id', 'call_id', 'parent_call_id', 'trace_id']) {
		const answer = await refusedInvoke(made, 'system.info', {}, { [key]: 'a b' });
		assert.deepEqual([answer.error, answer.field], ['out_of_range', key]);
		const entry = entriesOf(made.name).at(-1);
		assert.equal(entry.status, 'error');
		assert.notEqual(entry[key], 'a b');
	}
	assert.equal((await refusedInvoke(made, 'system.info', {}, { duration_ms: -1 })).field, 'duration_ms');
	assert.equal((await refusedInvoke(made, 'system.info', {}, { other: 1 })).error, 'unknown_field');
	assert.equal((await refusedInvoke(made, 'system.info', [])).error, 'wrong_type');
});

test('the policy says what an agent may, and which line it was', async () => {
	const [made, trusted] = [await agent(), await agent('trusted')];
	const answer = await refusedInvoke(made, 'system.health', {});
	assert.equal(answer.error, 'not_allowed');
	assert.match(answer.message, /kruxos\.conf:\d+: system\.health = blocked/);
	const denied = entriesOf(made.name);
	assert.equal(denied.length, 1, 'one call, one entry');
	assert.deepEqual([denied[0].capability, denied[0].status, denied[0].policy_tier, denied[0].decided_by],
		['system.health', 'denied', 'blocked', 'policy']);
	assert.equal((await invoke(trusted, 'system.health')).policy_tier, 'autonomous');
});

test('who asks too often waits, and the rest of his calls do not', async () => {
	const made = await agent();
	for (let i = 0; i < 3; i++)
		await invoke(made, 'alerts.list');
	const answer = await refusedInvoke(made, 'alerts.list', { state: 'all' });
	assert.equal(answer.error, 'too_many');
	assert.ok(answer.wait > 60 && answer.wait <= 1200, `${answer.wait}`);
	const entry = entriesOf(made.name).at(-1);
	assert.deepEqual([entry.capability, entry.status, entry.decided_by, entry.request],
		['rate_limit.hit', 'denied', 'policy', { capability: 'alerts.list', wait_seconds: answer.wait }]);
	await invoke(made, 'system.info');
	await invoke(await agent(), 'alerts.list');
	await untilAlert(stack, { rule: 'rate-limit', agent_name: made.name, state: 'firing' });
});

test('what a person has to approve runs once he has, as the same call', async () => {
	const made = await agent();
	const query = () => invoke(made, 'audit.query', { limit: 5 }, { session_id: 'sess-q' });
	const waits = await query().catch(error => error);
	assert.equal(waits.error, 'approval_required');
	assert.equal((await query().catch(error => error)).approval_id, waits.approval_id);
	assert.equal(entriesOf(made.name).length, 1, 'what waits is asked for once');
	await ask('approval.accept', { id: waits.approval_id });
	const done = await query();
	assert.deepEqual([done.call_id, done.policy_tier], [waits.approval_id, 'approval_required']);
	const steps = stack.entries().filter(entry => entry.call_id === waits.approval_id);
	assert.deepEqual(steps.map(({ capability, status, decided_by }) => [capability, status, decided_by]), [
		['approval.request', 'pending', 'policy'], ['approval.accept', 'success', 'user'], ['audit.query', 'success', 'user']]);
	assert.deepEqual([steps[2].request, steps[2].session_id], [{ limit: 5 }, 'sess-q']);

	const anew = await query().catch(error => error);
	assert.notEqual(anew.approval_id, waits.approval_id);
	await ask('approval.reject', { id: anew.approval_id, reason: 'not \u001b[31mnow' });
	const rejected = await query().catch(error => error);
	assert.equal(rejected.error, 'not_allowed');
	assert.equal(rejected.message, `${owner} has rejected it: not \\e[31mnow`);
	const entry = entriesOf(made.name).at(-1);
	assert.deepEqual([entry.capability, entry.status, entry.decided_by, entry.call_id],
		['audit.query', 'denied', 'user', anew.approval_id]);
});

// --- what is done -------------------------------------------------------------

test('an alert that an agent sends is there when it is answered, and one that is wrong is none', async () => {
	const made = await agent();
	const request = { severity: 'info', title: 'Deployment failed', message: 'abc1234', context: { run: 7 } };
	const { result, seq } = await invoke(made, 'alerts.send', request);
	assert.deepEqual(result, { sent: true, alert_id: result.alert_id, count: 1 });
	assert.deepEqual(bySeq(seq).request, request);
	const alert = await untilAlert(stack, { agent_name: made.name, title: request.title });
	assert.deepEqual([alert.id, alert.severity, alert.message, alert.context],
		[result.alert_id, 'info', 'abc1234', { run: 7 }]);
	assert.deepEqual((await invoke(made, 'alerts.send', { ...request, severity: 'warning' })).result,
		{ sent: true, alert_id: result.alert_id, count: 2 });
	const { message, context, ...least } = request;
	for (const [args, error, field] of [
		[{ ...least, severity: 'bad' }, 'out_of_range', 'severity'],
		[{ ...least, severity: 1 }, 'out_of_range', 'severity'],
		[{ title: 'x' }, 'missing_field', 'severity'],
		[{ severity: 'info' }, 'missing_field', 'title'],
		[{ ...least, title: '' }, 'out_of_range', 'title'],
		[{ ...least, title: 7 }, 'wrong_type', 'title'],
		[{ ...least, title: 'x'.repeat(201) }, 'too_long', 'title'],
		[{ ...least, message: 'x'.repeat(2049) }, 'too_long', 'message'],
		[{ ...least, context: [] }, 'wrong_type', 'context'],
		[{ ...least, context: { x: 'x'.repeat(4096) } }, 'too_long', 'context'],
		[undefined, 'missing_field', 'severity'],
	]) {
		const answer = await refusedInvoke(made, 'alerts.send', args);
		assert.deepEqual([answer.error, answer.field], [error, field], JSON.stringify(args));
		assert.deepEqual([entriesOf(made.name).at(-1).status, entriesOf(made.name).at(-1).summary],
			['error', answer.message]);
	}
	assert.equal((await invoke(made, 'alerts.send', least)).result.count, 3, 'what was refused is no alert');
});

test('an agent acknowledges its own alerts, if they are no more than info', async () => {
	const [made, other] = [await agent(), await agent()];
	const send = async (who, severity) =>
		(await invoke(who, 'alerts.send', { severity, title: `of ${severity}` })).result.alert_id;
	const own = await send(made, 'info');
	for (const id of [await send(other, 'info'), 4_000_000]) {
		assert.equal((await refusedInvoke(made, 'alerts.acknowledge', { id })).error, 'not_found');
		assert.equal(entriesOf(made.name).at(-1).status, 'error');
	}
	assert.equal((await refusedInvoke(made, 'alerts.acknowledge', { id: await send(made, 'warning') })).error, 'not_allowed');
	for (const args of [undefined, {}, { id: 'x' }, { id: 0 }, { id: own, note: 'x'.repeat(1025) }])
		assert.ok(['missing_field', 'out_of_range', 'too_long'].includes(
			(await refusedInvoke(made, 'alerts.acknowledge', args)).error), JSON.stringify(args));
	const { result, seq } = await invoke(made, 'alerts.acknowledge', { id: own, note: 'it works again' });
	assert.deepEqual(result, { id: own });
	assert.deepEqual([bySeq(seq).capability, bySeq(seq).actor_type], ['alerts.acknowledge', 'agent']);
	const alert = await untilAlert(stack, { id: own });
	assert.equal(alert.acknowledged_by, `agent:${made.name}`);
});

test('what a runtime has done itself is recorded as its agent\'s, once', async () => {
	const made = await agent();
	const told = {
		capability: 'shell.exec', status: 'error', call_id: 'toolu_7', session_id: 'sess-r', duration_ms: 81,
		summary: 'exit 1', request: { command: 'make' }, decided_by: 'user',
	};
	const { result, seq } = await invoke(made, 'audit.record', told);
	assert.equal(result.seq, seq);
	const entry = bySeq(seq);
	assert.deepEqual([entry.actor_type, entry.agent_name, entry.source], ['agent', made.name, 'gateway']);
	for (const [key, value] of Object.entries(told))
		assert.deepEqual(entry[key], value, key);
	assert.equal((await invoke(made, 'audit.record', told)).seq, seq, 'the same again is that one');
	assert.equal(entriesOf(made.name).length, 1);
	const plain = await invoke(made, 'audit.record', { capability: 'mcp__github__search', status: 'success' }, { session_id: 's' });
	assert.deepEqual([bySeq(plain.seq).capability, bySeq(plain.seq).session_id, bySeq(plain.seq).duration_ms],
		['mcp.github.search', 's', undefined]);
	for (const [args, error] of [
		[{ capability: 'audit.erase', status: 'success' }, 'not_allowed'],
		[{ capability: 'Session.Start', status: 'success' }, 'not_allowed'],
		[{ capability: 'alerts.send', status: 'success', request: { severity: 'critical', title: 'x' } }, 'not_allowed'],
		[{ capability: 'shell.exec', status: 'success', agent_name: 'other' }, 'not_allowed'],
		[{ capability: 'shell.exec', status: 'success', source: 'hook' }, 'not_allowed'],
		[{ capability: 'shell.exec', status: 'success', policy_tier: 'notify' }, 'not_allowed'],
		[{ capability: 'shell.exec', status: 'success', seq: 1 }, 'not_allowed'],
		[{ capability: 'shell.exec', status: 'success', other: 1 }, 'unknown_field'],
		[{ capability: 'shell.exec', status: 'done' }, 'out_of_range'],
		[{ capability: 'shell.exec' }, 'missing_field'],
		[{ status: 'success' }, 'missing_field'],
		[undefined, 'missing_field'],
	]) {
		assert.equal((await refusedInvoke(made, 'audit.record', args)).error, error, JSON.stringify(args));
		const entry = entriesOf(made.name).at(-1);
		assert.deepEqual([entry.capability, entry.status], ['audit.record', 'error'], JSON.stringify(args));
	}
});

test('sessions begin and end in an agent\'s name', async () => {
	const made = await agent();
	const { session_id, seq } = await ask('session.start', { request: { purpose: 'x' } }, made.token);
	assert.match(session_id, /^sess-[A-Za-z0-9_-]{22}$/);
	assert.deepEqual([bySeq(seq).capability, bySeq(seq).agent_name, bySeq(seq).session_id, bySeq(seq).request],
		['session.start', made.name, session_id, { purpose: 'x' }]);
	assert.equal((await ask('session.start', { session_id: 'mine' }, made.token)).session_id, 'mine');
	const end = await ask('session.end', { session_id, reason: 'done' }, made.token);
	assert.deepEqual([bySeq(end.seq).capability, bySeq(end.seq).summary], ['session.end', 'done']);
	assert.equal((await refused('session.end', { session_id: 'a b' }, made.token)).field, 'session_id');
	assert.deepEqual([entriesOf(made.name).at(-1).capability, entriesOf(made.name).at(-1).request],
		['gateway.request', { command: 'session.end' }]);
	assert.equal((await refused('session.start', { session_id: '' }, made.token)).field, 'session_id');
	await stack.untilIndexed(end.seq);
	const [session] = (await stack.get(`/api/sessions/${session_id}`)).sessions;
	assert.equal(session.agent_name, made.name);
	assert.ok(session.started_at !== null && session.ended_at !== null);
});

// --- in the end ---------------------------------------------------------------

test('the shell makes an agent that can speak at once', async () => {
	const made = await stack.kruxos(['agent', 'create', 'of-the-shell', '--purpose', 'a test']);
	assert.equal(made.code, 0, made.stderr);
	const token = made.stdout.trim();
	secrets.add(token);
	assert.equal((await ask('agent.self', {}, token)).name, 'of-the-shell');
	assert.match((await stack.kruxos(['agent', 'list'])).stdout, /^of-the-shell +good +just now/m);
	assert.equal((await stack.kruxos(['agent', 'revoke', 'of-the-shell'])).code, 0);
	assert.equal(await isKnown(token), false);
});

/** All that lies under `folder`. */
function readFiles(folder) {
	return Buffer.concat(readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter(file => file.isFile()).map(file => readFileSync(join(file.parentPath, file.name)))).toString('latin1');
}

test('no token is in the log, in a database or in what a program has said', async () => {
	const leaked = (await agent()).token;
	await door.record({ actor_type: 'user', capability: 'test.leak', status: 'success', summary: `it was ${leaked}` });
	assert.equal(stack.entries().findLast(entry => entry.capability === 'test.leak').summary, 'it was [REDACTED]');
	const kept = readFiles(stack.rundir);
	assert.ok(secrets.size > 20);
	for (const secret of secrets)
		assert.ok(!kept.includes(secret.slice('krx_agent_'.length)), secret.slice(0, 16));
});

test('the log that came of all this verifies', async () => {
	const verified = await stack.kruxos(['audit', 'verify']);
	assert.equal(verified.code, 0, verified.stdout + verified.stderr);
});
