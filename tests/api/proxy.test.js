// The service proxy: what is reported of it, what people decide, and that both
// outlive whoever keeps them.

import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { assertAnswer } from './harness/contract.js';
import { Door } from './harness/door.js';
import { request } from './harness/http.js';
import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

const NOBODY = 65534;

let stack;
let door;

before(async () => {
	stack = await Stack.start({
		proxy: { report_interval_seconds: 3 },
		'service proxy': { kind: 'heartbeat', uid: NOBODY },
	});
	door = await stack.door();
});
after(async () => {
	door?.close();
	await stack?.stop();
});

let commands = 0;
async function ask(verb, args, through = door) {
	await through.write(JSON.stringify({ do: verb, id: `c${++commands}`, args }) + '\n');
	const { id, ...answer } = await through.answer();
	assert.equal(id, `c${commands}`);
	return answer;
}

const service = (name, more = {}) => ({ name, status: 'synced', ...more });
const write = (id, more = {}) => ({
	id, service: 'gmail', summary: `mail ${id}`, state: 'buffered', created_at: '2026-11-28T10:00:00Z', ...more,
});
const dead = (id, more = {}) => write(id, { state: 'dead', attempts: 5, last_error: 'HTTP 503', ...more });

/** What the report's answer says is to be done: [[id, action]]. */
async function report(writes, services = [service('gmail')]) {
	const answer = await ask('proxy.report', { services, writes });
	assert.ok(answer.ok, JSON.stringify(answer));
	return answer.ok.actions.map(({ id, action }) => [id, action]);
}

/** The status, once `holds` of it. */
function status(what, holds = () => true) {
	return until(what, async () => {
		const found = await stack.get('/api/proxy/status');
		return holds(found) && found;
	});
}

const shows = (...ids) => found => found.writes.map(({ id }) => id).join() === ids.join();

function entriesOf(capability) {
	return stack.entries().filter(one => one.capability === capability);
}

test('before anybody has reported nothing is known', async () => {
	const found = await status('there is a database');
	assert.equal(found.reported_at, null);
	assert.equal(found.stale, true);
	assert.equal(found.total_services, 0);
	assert.deepEqual([found.services, found.writes], [[], []]);
});

test('a report is what is answered, in its order, with what it adds up to', async () => {
	const before = Date.now();
	assert.deepEqual(await report([
		write('w-1', { agent_name: 'office-agent', sends_at: '2026-11-28T10:05:00.5+01:00' }),
		dead('w-0', { service: 'tickets', summary: 'close "4711"' }),
		write('w-2'),
	], [
		service('gmail', { last_started_at: '2026-11-28T10:00:00Z', last_completed_at: '2026-11-28T10:00:04Z', items_synced: 12 }),
		service('calendar', { status: 'paused' }),
		service('tickets', { status: 'error', consecutive_failures: 3, last_error: 'HTTP 503' }),
	]), []);
	const found = await status('it is there', shows('w-1', 'w-0', 'w-2'));
	assert.ok(Date.parse(found.reported_at) >= before - 1);
	assert.equal(found.stale, false);
	assert.deepEqual([found.total_services, found.synced, found.with_errors, found.buffered_ops, found.dead_letters], [3, 1, 1, 2, 1]);
	assert.deepEqual(found.services, [{
		name: 'gmail', status: 'synced', last_started_at: '2026-11-28T10:00:00.000000Z',
		last_completed_at: '2026-11-28T10:00:04.000000Z', consecutive_failures: 0, last_error: null,
		items_synced: 12, buffered: 2, dead_letters: 0,
	}, {
		name: 'calendar', status: 'paused', last_started_at: null, last_completed_at: null,
		consecutive_failures: 0, last_error: null, items_synced: null, buffered: 0, dead_letters: 0,
	}, {
		name: 'tickets', status: 'error', last_started_at: null, last_completed_at: null,
		consecutive_failures: 3, last_error: 'HTTP 503', items_synced: null, buffered: 0, dead_letters: 1,
	}]);
	const [first, second] = found.writes;
	assert.deepEqual(first, {
		id: 'w-1', service: 'gmail', summary: 'mail w-1', agent_name: 'office-agent', state: 'buffered',
		created_at: '2026-11-28T10:00:00.000000Z', sends_at: '2026-11-28T09:05:00.500000Z', attempts: 0,
		last_error: null, pending_action: null, decided_by: null, decided_at: null,
	});
	assert.equal(second.summary, 'close "4711"');
	assert.equal(second.attempts, 5);
});

test('what a report no longer shows is gone', async () => {
	await report([write('w-2')]);
	const found = await status('it is there', shows('w-2'));
	assert.deepEqual(found.services.map(({ name }) => name), ['gmail']);
	await report([], []);
	await status('all is gone', found => found.total_services === 0 && found.writes.length === 0);
});

test('what went wrong is remembered, the newest first', async () => {
	await report([], [service('gmail', { status: 'error', consecutive_failures: 1, last_error: 'first' })]);
	await report([write('e-1', { attempts: 1, last_error: 'third' })], [service('gmail', { status: 'error', consecutive_failures: 2, last_error: 'second' })]);
	await report([]);
	const found = await status('they are there', ({ errors }) => errors[0]?.error === 'second');
	assert.deepEqual(found.errors.slice(0, 3).map(({ service, write_id, error }) => [service, write_id, error]),
		[['gmail', null, 'second'], ['gmail', 'e-1', 'third'], ['gmail', null, 'first']]);
	assert.deepEqual([found.with_errors, found.writes], [0, []]);
	door.close();
	await stack.restart('kruxosd');
	door = await stack.door();
	await report([]);
	const again = await status('there is a report', ({ reported_at }) => reported_at > found.reported_at);
	assert.deepEqual(again.errors, found.errors);
});

test('who is silent for three intervals is stale', async () => {
	await report([write('w-1')]);
	assert.equal((await status('it is there', shows('w-1'))).stale, false);
	const found = await status('it is stale', ({ stale }) => stale);
	assert.deepEqual(found.writes.map(({ id }) => id), ['w-1']);
	await report([write('w-1')]);
	assert.equal((await status('it is not stale any more', ({ stale }) => !stale)).stale, false);
});

test('a report is the heartbeat of the service proxy', async () => {
	await report([dead('w-1')], [service('gmail', { status: 'error', consecutive_failures: 1 })]);
	const found = await until('health knows of it', async () => {
		const { services } = await stack.get('/api/health');
		const one = services.find(({ name }) => name === 'proxy');
		return one.status === 'degraded' && one;
	});
	assert.equal(found.details, 'synced: 0 of 1, with errors: 1, buffered: 0, dead letters: 1');
	await report([]);
	await until('it is healthy again', async () => (await stack.getHealth('/health')).services.proxy === 'healthy');
});

test('what is decided is an entry, is shown, and is told until it was done', async () => {
	await report([write('w-1', { agent_name: 'office-agent' }), dead('w-2'), dead('w-3')]);
	for (const [verb, id] of [['cancel', 'w-1'], ['retry', 'w-2'], ['discard', 'w-3']]) {
		assert.deepEqual(await ask(`proxy.${verb}`, { id }), { ok: { id, action: verb } });
		const [entry] = entriesOf(`proxy.${verb}`);
		assert.equal(entry.actor_type, 'user');
		assert.equal(entry.status, 'success');
		assert.equal(entry.source, 'cli');
		assert.equal(entry.request.id, id);
		assert.equal(entry.summary, `mail ${id}`);
		assert.equal(entry.request.service, 'gmail');
	}
	const [{ user_name, request }] = entriesOf('proxy.cancel');
	assert.equal(request.agent_name, 'office-agent');
	const found = await status('all are shown', ({ writes }) => writes.every(one => one.pending_action !== null));
	assert.deepEqual(found.writes.map(({ pending_action }) => pending_action), ['cancel', 'retry', 'discard']);
	assert.ok(found.writes.every(one => one.decided_by === user_name && one.decided_at !== null));

	const all = [['w-1', 'cancel'], ['w-2', 'retry'], ['w-3', 'discard']];
	assert.deepEqual(await report([write('w-1'), dead('w-2'), dead('w-3')]), all);
	assert.deepEqual(await report([write('w-1'), dead('w-2'), dead('w-3')]), all);
	// The first was not sent, the second waits again.
	assert.deepEqual(await report([write('w-2'), dead('w-3')]), [['w-3', 'discard']]);
	assert.deepEqual(await report([write('w-2')]), []);
});

test('what is in no state for it is a conflict, and no entry', async () => {
	await report([write('w-1'), dead('w-2')]);
	const before = stack.entries().length;
	for (const [verb, id, error] of [
		['cancel', 'w-2', 'conflict'], ['retry', 'w-1', 'conflict'], ['discard', 'w-1', 'conflict'],
		['cancel', 'w-3', 'not_found'], ['cancel', '../w-1', 'not_found'], ['cancel', '', 'not_found'],
	]) {
		const answer = await ask(`proxy.${verb}`, { id });
		assert.equal(answer.error, error, `${verb} ${id}`);
		assert.equal(answer.field, 'id');
		assert.ok(answer.detail);
	}
	assert.equal((await ask('proxy.cancel', {})).error, 'missing_field');
	assert.equal((await ask('proxy.cancel', { id: 1 })).error, 'wrong_type');
	assert.equal((await ask('proxy.cancel', { id: 'w-1', reason: 'none' })).error, 'unknown_field');
	assert.equal(stack.entries().length, before);
	assert.ok((await ask('proxy.retry', { id: 'w-2' })).ok);
	assert.equal((await ask('proxy.discard', { id: 'w-2' })).error, 'conflict');
	assert.equal(entriesOf('proxy.discard').filter(({ request }) => request.id === 'w-2').length, 0);
});

test('of two that decide at once one does', async () => {
	await report([dead('both')]);
	const doors = await Promise.all(Array.from({ length: 8 }, () => stack.door()));
	const answers = await Promise.all(doors.map(async (one, i) => {
		await one.write(JSON.stringify({ do: i % 2 ? 'proxy.retry' : 'proxy.discard', id: 'x', args: { id: 'both' } }) + '\n');
		return await one.answer();
	}));
	doors.forEach(one => one.close());
	assert.equal(answers.filter(({ ok }) => ok).length, 1, JSON.stringify(answers));
	assert.ok(answers.every(({ ok, error }) => ok || error === 'conflict'));
});

test('a decision outlives the daemon that took it', async () => {
	await report([write('kept'), dead('other')]);
	assert.ok((await ask('proxy.cancel', { id: 'kept' })).ok);
	door.close();
	await stack.restart('kruxosd');
	door = await stack.door();
	const found = await status('it is there again', shows('kept', 'other'));
	assert.equal(found.writes[0].pending_action, 'cancel');
	assert.equal((await ask('proxy.cancel', { id: 'kept' })).error, 'conflict');
	assert.deepEqual(await report([write('kept'), dead('other')]), [['kept', 'cancel']]);
	assert.deepEqual(await report([]), []);
});

test('secrets and hostile text come out redacted, cut, and as text', async () => {
	const hostile = '</script><img src=x onerror=alert(1)>\u2028\u001b[2J\u202e\u0000\ud83d\ude00';
	await report([
		write('h-1', { summary: hostile, last_error: 'Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789' }),
		write('h-2', { summary: 'é'.repeat(2000) }),
	], [service('gmail', { status: 'error', last_error: 'login with password=hunter2hunter2 failed' })]);
	const found = await status('it is there', shows('h-1', 'h-2'));
	assert.equal(found.writes[0].summary, hostile);
	assert.doesNotMatch(JSON.stringify(found), /hunter2|abcdefghij/);
	assert.match(found.services[0].last_error, /REDACTED/);
	assert.match(found.writes[1].summary, /^é+…$/);
	assert.ok(Buffer.byteLength(found.writes[1].summary) <= 512);
	assert.ok((await ask('proxy.cancel', { id: 'h-1' })).ok);
	assert.equal(entriesOf('proxy.cancel').at(-1).summary, hostile.split('\u0000')[0]);
});

test('a report that is wrong in one place is none', async () => {
	await report([write('w-1')]);
	await status('it is there', shows('w-1'));
	const many = Array.from({ length: 1001 }, (_, i) => ({ ...write(`w-${i}`), summary: '' }));
	for (const [args, error, field] of [
		[{ writes: [] }, 'missing_field', 'services'],
		[{ services: [] }, 'missing_field', 'writes'],
		[{ services: {}, writes: [] }, 'wrong_type', 'services'],
		[{ services: ['gmail'], writes: [] }, 'wrong_type', 'services'],
		[{ services: [service('gmail'), service('gmail')], writes: [] }, 'out_of_range', 'name'],
		[{ services: [service('g mail')], writes: [] }, 'out_of_range', 'name'],
		[{ services: [service('g'.repeat(65))], writes: [] }, 'too_long', 'name'],
		[{ services: [service('gmail', { status: 'fine' })], writes: [] }, 'out_of_range', 'status'],
		[{ services: Array.from({ length: 65 }, (_, i) => service(`s${i}`)), writes: [] }, 'too_long', 'services'],
		[{ services: [service('gmail')], writes: many }, 'too_long', 'writes'],
		[{ services: [service('gmail')], writes: [write('../x')] }, 'out_of_range', 'id'],
		[{ services: [service('gmail')], writes: [write('x', { state: 'sent' })] }, 'out_of_range', 'state'],
		[{ services: [service('gmail')], writes: [write('x', { created_at: 0 })] }, 'wrong_type', 'created_at'],
		[{ services: [service('gmail')], writes: [write('x', { service: 'other' })] }, 'out_of_range', 'service'],
		[{ services: [service('gmail')], writes: [write('x', { pending_action: null })] }, 'unknown_field', 'pending_action'],
	]) {
		const answer = await ask('proxy.report', args);
		assert.equal(answer.error, error, JSON.stringify(args).slice(0, 300));
		assert.equal(answer.field, field);
	}
	assert.deepEqual((await stack.get('/api/proxy/status')).writes.map(({ id }) => id), ['w-1']);
});

test('the largest report is taken, and taken again', async () => {
	const services = Array.from({ length: 64 }, (_, i) => service(`service-${i}`));
	const writes = Array.from({ length: 1000 }, (_, i) =>
		dead(`w-${i}`, { service: `service-${i % 64}`, summary: `${i} ${'x'.repeat(300)}`, last_error: 'y'.repeat(300) }));
	for (let i = 0; i < 3; i++)
		assert.deepEqual(await report(writes, services), []);
	const found = await status('all are there', ({ dead_letters }) => dead_letters === 1000);
	assert.equal(found.services[63].dead_letters, 15);
	assert.equal(found.writes[999].summary, writes[999].summary);
	await report([], []);
});

test('who reports is the owner, or the user of the service', { skip: process.getuid() !== 0 && 'it is sent as another user' }, async () => {
	// Who may open it is decided by the kernel's word, of when it was opened.
	const openAs = uid => {
		process.seteuid(uid);
		try {
			return Door.open(join(stack.rundir, 'ingest.sock'));
		} finally {
			process.seteuid(0);
		}
	};
	chmodSync(stack.rundir, 0o711);
	const own = await openAs(NOBODY);
	assert.deepEqual(await ask('proxy.report', { services: [service('gmail')], writes: [write('own')] }, own), { ok: { actions: [] } });
	await status('it is there', shows('own'));
	for (const verb of ['proxy.cancel', 'proxy.retry', 'proxy.discard'])
		assert.equal((await ask(verb, { id: 'own' }, own)).error, 'not_allowed');
	own.close();
	const stranger = await openAs(NOBODY - 1);
	assert.equal((await stranger.answer())?.error, 'not_allowed');
	stranger.close();
	chmodSync(stack.rundir, 0o700);
});

test('kruxos shows it, decides, and reports', async () => {
	const file = JSON.stringify({
		services: [service('gmail'), service('tickets', { status: 'error', last_error: 'a\u001b[2J\u202eb' })],
		writes: [write('c-1', { agent_name: 'office-agent', summary: 'mail\u001b]0;owned\u0007' }), dead('c-2', { service: 'tickets' })],
	}, null, '\t');
	const reported = await stack.kruxos(['proxy', 'report'], { input: file });
	assert.equal(reported.code, 0, reported.stderr);
	assert.deepEqual(JSON.parse(reported.stdout), { actions: [] });
	await status('it is there', shows('c-1', 'c-2'));
	const decided = await stack.kruxos(['proxy', 'cancel', 'c-1', '--yes']);
	assert.equal(decided.code, 0, decided.stderr);
	assert.equal(decided.stderr, 'kruxos: write c-1 is to be cancelled\n');
	const { code, stdout } = await stack.kruxos(['proxy', 'status']);
	assert.equal(code, 0, stdout);
	// eslint-disable-next-line no-control-regex
	assert.doesNotMatch(stdout, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
	assert.match(stdout, /^2 services, 1 synced, 1 with errors; 1 buffered, 1 dead letter; reported /);
	assert.match(stdout, /\nSERVICE +STATUS +STARTED +COMPLETED +BUFFERED +DEAD +FAILURES +LAST ERROR\n/);
	assert.match(stdout, /\nc-1 +gmail +to cancel: \S+ +- +0 .*mail/);
	assert.match(stdout, /\nWENT WRONG +SERVICE +WRITE +ERROR\n(just now|.* ago) +tickets +a\\e\[2J/);
	assert.match(stdout, /\nc-2 +tickets +dead +- +5 .*HTTP 503/);
	const json = JSON.parse((await stack.kruxos(['proxy', 'status', '--json'])).stdout);
	assert.deepEqual(json.writes.map(({ pending_action }) => pending_action), ['cancel', null]);

	for (const [args, input, wanted, said] of [
		[['cancel', 'c-1'], '', 1, /is to be cancelled already/],
		[['discard', 'c-9'], '', 1, /no write of this id/],
		[['retry'], '', 64, /./],
		[['report'], '[]', 1, /a report is a JSON object/],
		[['report'], '{"services":[]}', 1, /writes/],
		[['report'], '{"services":[],"writes":[]},"credential":"x"', 1, /./],
		[['report', '/nonexistent'], '', 1, /nonexistent/],
	]) {
		const refused = await stack.kruxos(['proxy', ...args], { input });
		assert.equal(refused.code, wanted, args.join(' '));
		assert.match(refused.stderr, said);
	}
	await until('silence is told', async () => {
		const silent = await stack.kruxos(['proxy', 'status']);
		return silent.code === 3 && /nobody reports/.test(silent.stderr);
	});
});

test('health says when the proxy synced last', async () => {
	const completed = new Date(Date.now() - 150_000).toISOString();
	await report([], [service('calendar', { last_completed_at: '2026-01-01T00:00:00Z' }), service('gmail', { last_completed_at: completed })]);
	await until('it is said', async () => {
		await report([], [service('gmail', { last_completed_at: completed })]);
		return /^Proxy: syncing \(last: [23]m ago\)$/m.test((await stack.kruxos(['health'])).stdout);
	});
});

/** Sign in on the dashboard: the headers that a page of ours sends. */
async function signIn(account, role) {
	const dashboard = { port: stack.dashPort, tls: true };
	const made = await stack.kruxos(['login-link', '--account', account, '--role', role]);
	assert.equal(made.code, 0, made.stderr);
	const reply = await request(dashboard, '/api/session', {
		method: 'POST', headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ link: made.stdout.trim().split('#')[1] }),
	});
	assert.equal(reply.status, 200, reply.body);
	return {
		cookie: reply.headers['set-cookie'][0].split(';')[0],
		'x-csrf-token': JSON.parse(reply.body).csrf,
		'content-type': 'application/json',
	};
}

async function tokenOf(account, scope) {
	const made = await stack.kruxos(['token', 'create', 'test', '--account', account, '--scope', scope]);
	assert.equal(made.code, 0, made.stderr);
	return { authorization: `Bearer ${made.stdout.trim()}`, 'content-type': 'application/json' };
}

async function post(url, headers, status, body = '{}') {
	const reply = await request({ port: stack.dashPort, tls: true }, url, { method: 'POST', headers, body });
	assert.equal(reply.status, status, `${url}: ${reply.body}`);
	return assertAnswer(url, reply, 'POST');
}

test('who is signed in decides, in his own name', async () => {
	const alice = await signIn('alice', 'operator');
	await report([write('s-1'), dead('s-2'), dead('s-3')]);
	for (const [verb, id] of [['cancel', 's-1'], ['retry', 's-2'], ['discard', 's-3']]) {
		assert.deepEqual(await post(`/api/proxy/writes/${id}/${verb}`, alice, 200), { id, action: verb });
		const entry = entriesOf(`proxy.${verb}`).at(-1);
		assert.deepEqual([entry.user_name, entry.source, entry.request.id], ['alice', 'dashboard', id]);
	}
	const reply = await request({ port: stack.dashPort, tls: true }, '/api/proxy/status', { headers: alice });
	const { writes } = assertAnswer('/api/proxy/status', reply);
	assert.deepEqual(writes.map(one => [one.pending_action, one.decided_by]),
		[['cancel', 'alice'], ['retry', 'alice'], ['discard', 'alice']]);
	const conflict = await post('/api/proxy/writes/s-1/cancel', alice, 409);
	assert.match(conflict.detail, /alice has decided so/);
	await post('/api/proxy/writes/s-9/cancel', alice, 404);
	await post('/api/proxy/writes/s-9/cancel', alice, 400, '{"reason":"none"}');
	await post('/api/proxy/writes/s-9/cancel', { ...alice, 'content-type': 'text/plain' }, 415);
	const token = await tokenOf('alice', 'operate');
	await report([write('s-4')]);
	await post('/api/proxy/writes/s-4/cancel', token, 200);
});

test('who may not decide does not', async () => {
	const viewer = await signIn('victor', 'viewer');
	const alice = await signIn('alice', 'operator');
	await report([write('n-1')]);
	const before = entriesOf('proxy.cancel').length;
	const url = '/api/proxy/writes/n-1/cancel';
	const { 'x-csrf-token': csrf, ...without } = alice;
	await post(url, { 'content-type': 'application/json' }, 401);
	await post(url, { authorization: `Bearer krx_user_${'A'.repeat(43)}`, 'content-type': 'application/json' }, 401);
	await post(url, viewer, 403);
	await post(url, without, 403);
	await post(url, { ...without, 'x-csrf-token': csrf.replace(/^./, char => char === 'A' ? 'B' : 'A') }, 403);
	await post(url, await tokenOf('alice', 'read'), 403);
	for (const where of [stack.api, { port: stack.healthPort }]) {
		const reply = await request(where, url, { method: 'POST', headers: alice, body: '{}' });
		assert.ok([404, 405].includes(reply.status), String(reply.status));
	}
	assert.equal(entriesOf('proxy.cancel').length, before);
	assert.deepEqual(await report([write('n-1')]), []);
});
