// What waits for a person's word: what the API says of it, and that only a
// person's word counts.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

let stack;
let door;
let token;

before(async () => {
	stack = await Stack.start({ policy: { 'alerts.send': 'approval_required', 'audit.record': 'approval_required' } });
	door = await stack.door();
	({ token } = await door.command('agent.create', { name: 'sender', purpose: 'asks' }));
});
after(async () => {
	door?.close();
	await stack?.stop();
});

let calls = 0;

/** An entry that asks, of another gateway or of an agent's own prompt. */
const asks = (more = {}) => ({
	actor_type: 'agent', agent_name: 'mailer', session_id: 's1', call_id: `told-${++calls}`,
	capability: 'approval.request', policy_tier: 'approval_required', status: 'pending',
	request: { capability: 'mail.send', to: 'all@example.org' }, ...more,
});

const decides = (asked, capability, more = {}) => ({
	actor_type: 'user', user_name: 'ann', capability, status: 'success',
	call_id: asked.call_id, session_id: asked.session_id, ...more,
});

async function record(...entries) {
	const seqs = await door.record(...entries);
	await stack.untilIndexed(seqs.at(-1));
	return seqs;
}

/** The one with this call_id, of those that wait or of those that are decided. */
async function find(call_id, state = 'open') {
	const { approvals } = await stack.get(`/api/approvals?state=${state}&limit=200`);
	return approvals.find(one => one.call_id === call_id);
}

const alert = title => ({ severity: 'info', title, message: 'm' });

/** A call of the agent "sender": { ok } or { error, approval_id, … }. */
async function call(args, capability = 'alerts.send', more = {}) {
	await door.write(JSON.stringify({ do: 'capability.invoke', id: 'c', args: { capability, arguments: args, ...more }, credential: token }) + '\n');
	return door.answer();
}

/** The id of what such a call has to wait for. */
async function held(title, more) {
	const { error, approval_id } = await call(alert(title), 'alerts.send', more);
	assert.equal(error, 'approval_required');
	return approval_id;
}

/** A change by the dashboard, by whoever has these headers. */
const decide = (id, decision, body, { headers }, status = 200) =>
	stack.ask('POST', `/api/approvals/${id}/${decision}`, { headers, body, status });

test('before anything was asked there is nothing', async () => {
	for (const state of ['open', 'decided']) {
		const found = await stack.get(`/api/approvals?state=${state}`);
		assert.deepEqual([found.approvals, found.total, found.next], [[], 0, null]);
	}
});

test('what is told of others waits, and is not held here', async () => {
	const asked = asks();
	const [seq] = await record(asked);
	const found = await find(asked.call_id);
	assert.deepEqual([found.seq, found.state, found.held], [seq, 'open', false]);
	assert.deepEqual([found.agent_name, found.user_name, found.session_id], ['mailer', null, 's1']);
	assert.equal(found.capability, 'mail.send');
	assert.deepEqual(found.request, asked.request);
	assert.ok(found.waiting_seconds < 60);
	assert.deepEqual([found.decided_seq, found.decided_at, found.decided_by, found.reason], [null, null, null, null]);
});

test('a decision names who made it, when and why', async () => {
	const [yes, no, alone] = [asks(), asks(), asks({ capability: 'deploy.production', request: { version: '2.4' } })];
	await record(yes, no, alone);
	const [accepted, rejected] = await record(
		decides(yes, 'approval.accept', { request: { reason: 'fine' } }),
		decides(no, 'approval.reject', { request: { reason: 'not to "everybody"' } }),
		{ ...alone, status: 'success', request: { reason: 'its own' } });
	const found = await Promise.all([yes, no, alone].map(({ call_id }) => find(call_id, 'decided')));
	assert.deepEqual(found.map(({ state, decided_by, reason }) => [state, decided_by, reason]), [
		['accepted', 'ann', 'fine'], ['rejected', 'ann', 'not to "everybody"'], ['ended', null, null],
	]);
	assert.deepEqual(found.slice(0, 2).map(one => one.decided_seq), [accepted, rejected]);
	assert.deepEqual(found[2].request, { version: '2.4' });
	assert.equal(found[2].capability, 'deploy.production');
	assert.equal(await find(yes.call_id), undefined);
});

test('what a user asks has his name', async () => {
	const asked = asks({ actor_type: 'user', agent_name: undefined, user_name: 'bob', capability: 'deploy.production' });
	await record(asked);
	const { agent_name, user_name } = await find(asked.call_id);
	assert.deepEqual([agent_name, user_name], [null, 'bob']);
});

test('pages of what was decided follow each other without a gap', async () => {
	const asked = Array.from({ length: 7 }, () => asks());
	await record(...asked, ...asked.map(one => decides(one, 'approval.accept')));
	const all = (await stack.get('/api/approvals?state=decided&limit=200')).approvals;
	const seen = [];
	for (let before; before !== null;) {
		const page = await stack.get(`/api/approvals?state=decided&limit=3${before === undefined ? '' : `&before=${before}`}`);
		assert.equal(page.total, all.length);
		seen.push(...page.approvals.map(({ seq }) => seq));
		before = page.next;
	}
	assert.deepEqual(seen, all.map(({ seq }) => seq));
	assert.deepEqual(seen, seen.toSorted((a, b) => b - a));
});

test('of what waits, those that have waited longest are shown', async () => {
	await record(...Array.from({ length: 3 }, () => asks()));
	const { approvals, total } = await stack.get('/api/approvals?limit=200');
	assert.equal(total, approvals.length);
	assert.deepEqual(approvals.map(({ asked_at }) => asked_at), approvals.map(({ asked_at }) => asked_at).toSorted());
	const cut = await stack.get('/api/approvals?limit=2');
	assert.deepEqual(cut.approvals.map(({ seq }) => seq), approvals.slice(0, 2).map(({ seq }) => seq));
	assert.deepEqual([cut.total, cut.next], [total, null]);
});

test('a request that was erased is not there, and the rest is', async () => {
	const asked = asks();
	const [seq] = await record(asked);
	await door.command('audit.erase', { seqs: [seq], reason: 'a test' });
	const found = await until('it is gone', async () => {
		const one = await find(asked.call_id);
		return one.request === null && one;
	});
	assert.deepEqual([found.state, found.capability], ['open', 'approval.request']);
});

test('a wrong question is said to be one', async () => {
	for (const [query, parameter] of [
		['state=maybe', 'state'], ['limit=0', 'limit'], ['limit=201', 'limit'], ['before=0', 'before'], ['before=9', 'before'], ['state=all', 'state'], ['id=x', 'id'],
	])
		assert.equal((await stack.get(`/api/approvals?${query}`, 400)).parameter, parameter);
});

test('who only reads reads, and decides nothing', async () => {
	const viewer = await stack.signIn('vera', 'viewer');
	const found = await stack.ask('GET', '/api/approvals', { headers: viewer.headers });
	assert.ok(found.approvals.length > 0);
	for (const [decision, body] of [['accept', {}], ['reject', { reason: 'x' }]])
		await stack.ask('POST', `/api/approvals/some/${decision}`, { headers: viewer.headers, body, status: 403 });
});

test('what nobody holds cannot be decided', async () => {
	const asked = asks();
	await record(asked);
	const { headers } = await stack.signIn();
	for (const id of [asked.call_id, 'nobody', 'a'.repeat(128)])
		await stack.ask('POST', `/api/approvals/${id}/accept`, { headers, body: {}, status: 404 });
	await stack.ask('POST', '/api/approvals/some/reject', { headers, body: {}, status: 400 });
	await stack.ask('POST', '/api/approvals/some/reject', { headers, body: { reason: '' }, status: 400 });
	await stack.ask('POST', '/api/approvals/some/accept', { headers, body: { reason: 'x'.repeat(1025) }, status: 400 });
});

test('what is held waits with its arguments, and runs once when it is accepted', async () => {
	const id = await held('deploy', { session_id: 's2' });
	const found = await until('it is in the index, too', async () => {
		const one = await find(id);
		return one.seq !== null && one;
	});
	assert.deepEqual([found.state, found.held, found.agent_name, found.capability, found.session_id],
		['open', true, 'sender', 'alerts.send', 's2']);
	assert.deepEqual(found.request, alert('deploy'));
	assert.equal(stack.entries().find(({ seq }) => seq === found.seq).capability, 'approval.request');
	assert.equal(await held('deploy'), id); // asked again it is the same

	const anna = await stack.signIn('anna');
	assert.deepEqual(await decide(id, 'accept', { reason: 'go on' }, anna),
		{ id, state: 'accepted', agent_name: 'sender', capability: 'alerts.send' });
	assert.equal(await find(id), undefined);
	const unused = await until('the index has it', () => find(id, 'decided'));
	assert.deepEqual([unused.state, unused.held, unused.decided_by, unused.reason], ['accepted', true, 'anna', 'go on']);

	assert.equal((await call(alert('deploy'))).ok?.call_id, id);
	assert.equal((await find(id, 'decided')).held, false);
	const steps = stack.entries().filter(({ call_id }) => call_id === id);
	assert.deepEqual(steps.map(({ capability, status }) => [capability, status]),
		[['approval.request', 'pending'], ['approval.accept', 'success'], ['alerts.send', 'success']]);
	assert.deepEqual([steps[1].user_name, steps[1].source], ['anna', 'dashboard']);
	assert.notEqual(await held('deploy'), id); // the next one asks anew
});

test('what is rejected is refused with the reason, and decided once', async () => {
	const id = await held('wipe');
	const anna = await stack.signIn('anna');
	await decide(id, 'reject', { reason: 'not today' }, anna);
	await decide(id, 'accept', {}, anna, 409);
	const { error, detail } = await call(alert('wipe'));
	assert.equal(error, 'not_allowed');
	assert.match(detail, /not today/);
	const found = await until('the index has it', () => find(id, 'decided'));
	assert.deepEqual([found.state, found.held, found.reason], ['rejected', false, 'not today']);
});

test('a token decides nothing, an account that only reads neither', async () => {
	const id = await held('token');
	const { token: bearer } = await door.command('token.create', { account: 'anna', label: 'l', scope: 'operate' });
	const asks = { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' };
	for (const headers of [asks, (await stack.signIn('vera', 'viewer')).headers, (await stack.signIn('otto', 'auditor')).headers])
		for (const [decision, body] of [['accept', {}], ['reject', { reason: 'x' }]])
			await decide(id, decision, body, { headers }, 403);
	await decide(id, 'accept', {}, { headers: { 'Content-Type': 'application/json' } }, 401);
	const { headers: { 'X-CSRF-Token': _, ...headers } } = await stack.signIn('anna');
	await decide(id, 'accept', {}, { headers }, 403);
	assert.equal((await find(id)).state, 'open');
});

test('nobody can put his request in the place of one that is held', async () => {
	const id = await held('real');
	const real = (await find(id)).request;
	await record(
		asks({ call_id: id, agent_name: 'other', session_id: undefined, request: { capability: 'alerts.list', looks: 'harmless' } }),
		asks({ call_id: id, agent_name: 'sender', session_id: 's9', capability: 'mail.read', request: { looks: 'harmless' } }));
	const { approvals } = await stack.get('/api/approvals?limit=200');
	const [shown, ...others] = approvals.filter(one => one.held && one.id === id);
	assert.deepEqual([shown.request, shown.capability, shown.agent_name, others], [real, 'alerts.send', 'sender', []]);
});

test('what is asked for, however deep, is shown with all the others', async () => {
	let deep = 1;
	const said = new Set();
	for (let depth = 0; depth < 40; depth++) {
		deep = { deep };
		const { error } = await call({ capability: 'shell.exec', status: 'success', request: deep }, 'audit.record');
		said.add(error);
		const { approvals } = await stack.get('/api/approvals?limit=200');
		assert.equal(approvals.some(({ held }) => held === null), false);
	}
	assert.deepEqual([...said], ['approval_required', 'too_deep']);
});

test('without the daemon the log is shown, and what is held is not known', async () => {
	const told = asks();
	await record(told);
	const pid = stack.pidOf('kruxosd');
	process.kill(pid, 'SIGSTOP');
	try {
		const found = await find(told.call_id);
		assert.deepEqual([found.state, found.held], ['open', null]);
	} finally {
		process.kill(pid, 'SIGCONT');
	}
});
