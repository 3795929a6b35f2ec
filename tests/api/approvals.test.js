// What waits for a person's word: what the API says of it, and that only a
// person's word counts.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

let stack;
let door;

before(async () => {
	stack = await Stack.start();
	door = await stack.door();
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
