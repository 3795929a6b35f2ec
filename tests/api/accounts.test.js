// Accounts, sign-in sessions and tokens, as the programs behind nginx ask for
// them: through the door.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DatabaseSync } from 'node:sqlite';

import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

const password = 'correct horse battery';
const { username: owner } = userInfo();

let stack, door;

before(async () => {
	stack = await Stack.start({ sign_in: { attempts_per_minute: 10 } });
	door = await stack.door();
});
after(async () => {
	door?.close();
	await stack?.stop();
});

const secrets = new Set([password]);

/** Ask, as the owner or by a credential. */
const ask = (verb, args, credential) => door.command(verb, args, 'test', credential);

/** Ask for what is refused: { error, field, … }. */
async function refused(verb, args, credential) {
	const answer = await ask(verb, args, credential).catch(error => error);
	assert.ok(answer instanceof Error, `${verb} was done: ${JSON.stringify(answer)}`);
	return answer;
}

let names = 0;

/** An account of its own for each test. */
async function account(role, more = {}) {
	const name = `${role}-${++names}`;
	await ask('account.set', { name, role, password, ...more });
	return name;
}

async function signIn(name, more = {}) {
	const session = await ask('account.sign_in', { name, password, ...more });
	secrets.add(session.secret);
	return session;
}

async function token(scope, credential, more = {}) {
	const made = await ask('token.create', { label: 'a test', scope, ...more }, credential);
	secrets.add(made.token);
	return made;
}

/** The entries of `capability` that name the account, or that it made. */
const entriesOf = (name, capability) => stack.entries().filter(entry =>
	entry.capability === capability &&
	(entry.request?.account === name || entry.user_name === name));

const renew = credential => ask('account.renew', {}, credential);
const isOut = async credential =>
	(await ask('account.renew', {}, credential).catch(error => error)).error === 'unauthenticated';

test('who signs in with the password gets a secret that says who he is', async () => {
	const name = await account('operator');
	const before = Date.now();
	const session = await signIn(name, { address: '192.0.2.7', user_agent: 'Mozilla/5.0 \u202e (test)' });
	assert.match(session.secret, /^krx_session_[A-Za-z0-9_-]{43}$/);
	assert.match(session.id, /^[0-9a-f]{16}$/);
	assert.equal(session.name, name);
	assert.equal(session.role, 'operator');
	const hours = (Date.parse(session.expires_at) - before) / 3_600_000;
	assert.ok(hours > 11.9 && hours < 12.1, session.expires_at);
	const minutes = (Date.parse(session.idle_expires_at) - before) / 60_000;
	assert.ok(minutes > 29 && minutes < 31, session.idle_expires_at);
	assert.ok((await renew(session.secret)).idle_expires_at);

	const [made] = entriesOf(name, 'account.create');
	assert.equal(made.user_name, owner);
	assert.equal(made.source, 'cli');
	assert.deepEqual(made.request, { account: name, role: 'operator', changed: ['role', 'password'] });
	const [entry] = entriesOf(name, 'account.sign_in');
	assert.equal(entry.actor_type, 'user');
	assert.equal(entry.source, 'dashboard');
	assert.equal(entry.status, 'success');
	assert.deepEqual(entry.request, {
		session: session.id, by: 'password', address: '192.0.2.7',
		user_agent: 'Mozilla/5.0 \\u{202e} (test)',
	});
});

test('a wrong password, an unknown name and an account without one are told the same', async () => {
	const name = await account('viewer');
	const without = `link-only-${++names}`;
	await ask('account.set', { name: without, role: 'viewer' });
	const typed = 'hunter2-typed-as-a-name';
	const answers = [];
	for (const args of [
		{ name, password: 'wrong horse battery' }, { name: 'nobody-at-all', password },
		{ name: without, password }, { name: without, password: '' }, { name: typed, password: '' },
		{ name: 'no name: "\u0000', password }, { name, password: `${password}\u0000` },
		{ name, password: 'x'.repeat(100_000) },
	])
		answers.push(await refused('account.sign_in', args));
	for (const answer of answers) {
		assert.equal(answer.error, 'unauthenticated');
		assert.equal(answer.detail, answers[0].detail);
	}
	const denied = stack.entries().filter(entry =>
		entry.capability === 'account.sign_in' && entry.status === 'denied');
	assert.equal(denied.length, answers.length);
	assert.deepEqual(new Set(denied.map(entry => entry.user_name ?? entry.actor_type)),
		new Set([name, without, 'system']));
	// People type passwords where a name belongs.
	assert.ok(!readFiles(stack.auditDir).includes(typed));
});

test('a link signs in once, and makes the account that is not there', async () => {
	const name = `by-link-${++names}`;
	const link = await ask('account.link', { name });
	secrets.add(link.secret);
	assert.match(link.secret, /^krx_link_[A-Za-z0-9_-]{43}$/);
	assert.equal(link.role, 'operator');
	const [first, second] = await Promise.all([
		withDoor(other => other.command('account.sign_in', { link: link.secret })),
		withDoor(other => other.command('account.sign_in', { link: link.secret })),
	].map(promise => promise.catch(error => error)));
	const [session, refusal] = first instanceof Error ? [second, first] : [first, second];
	secrets.add(session.secret);
	assert.equal(session.name, name);
	assert.equal(refusal.error, 'unauthenticated');
	assert.ok(await renew(session.secret));

	assert.equal(entriesOf(name, 'account.create').length, 1);
	assert.deepEqual(Object.keys(entriesOf(name, 'account.link')[0].request), ['account', 'expires_at']);
	// No secret of one kind is good for another.
	assert.equal((await refused('account.sign_in', { link: session.secret })).error, 'unauthenticated');
	assert.equal((await refused('account.renew', {}, link.secret)).error, 'unauthenticated');
	// Without a name it is whoever asks, and a role that he has not is not given to him.
	assert.equal((await ask('account.link', {})).name, owner);
	assert.equal((await refused('account.link', { name, role: 'auditor' })).error, 'conflict');
});

test('sign-out ends the session at once, and those of nobody else', async () => {
	const name = await account('viewer');
	const [one, two, three] = [await signIn(name), await signIn(name), await signIn(name)];
	const other = await signIn(await account('viewer'));
	assert.equal((await refused('account.sign_out', { id: other.id }, one.secret)).error, 'not_found');
	assert.deepEqual(await ask('account.sign_out', { id: two.id }, one.secret), { id: two.id });
	assert.ok(await isOut(two.secret));
	assert.deepEqual(await ask('account.sign_out', {}, one.secret), { id: one.id });
	assert.ok(await isOut(one.secret));
	assert.equal((await refused('account.sign_out', {}, one.secret)).error, 'unauthenticated');
	const four = await signIn(name);
	assert.deepEqual(await ask('account.sign_out', { id: 'all' }, four.secret), { id: 'all' });
	assert.ok(await isOut(three.secret) && await isOut(four.secret));
	assert.ok(await renew(other.secret));

	const requests = entriesOf(name, 'account.sign_out').map(entry => entry.request);
	assert.deepEqual(requests.slice(0, 2), [
		{ account: name, session: two.id, reason: 'signed_out' },
		{ account: name, session: one.id, reason: 'signed_out' }]);
	assert.deepEqual(new Set(requests[2].sessions), new Set([three.id, four.id]));
});

test('a new password ends its sessions, a new role does not', async () => {
	const name = await account('viewer');
	const session = await signIn(name);
	const fresh = 'another horse battery';
	secrets.add(fresh);
	assert.deepEqual(await ask('account.set', { name, role: 'operator' }),
		{ name, role: 'operator', created: false });
	assert.ok(await renew(session.secret));
	await ask('account.set', { name, password: fresh });
	assert.ok(await isOut(session.secret));
	assert.equal((await refused('account.sign_in', { name, password })).error, 'unauthenticated');
	secrets.add((await ask('account.sign_in', { name, password: fresh })).secret);
	assert.deepEqual(entriesOf(name, 'account.change').map(entry => entry.request), [
		{ account: name, role: 'operator', changed: ['role'] },
		{ account: name, role: 'operator', changed: ['password'] }]);
	assert.equal(entriesOf(name, 'account.sign_out')[0].request.reason, 'password');
	// The same again is no change.
	await ask('account.set', { name, role: 'operator' });
	assert.equal(entriesOf(name, 'account.change').length, 2);
});

test('who is removed is out, with his tokens', async () => {
	const name = await account('operator');
	const session = await signIn(name);
	const made = await token('operate', session.secret);
	assert.ok(await renew(made.token));
	assert.ok((await ask('account.list', {})).accounts.some(a => a.name === name && a.sessions === 1));
	await ask('account.remove', { name });
	assert.ok(await isOut(session.secret) && await isOut(made.token));
	assert.equal((await refused('account.remove', { name })).error, 'not_found');
	assert.ok(!(await ask('account.list', {})).accounts.some(a => a.name === name));
	assert.equal(entriesOf(name, 'account.sign_out')[0].request.reason, 'removed');
	const [removal] = entriesOf(name, 'account.remove');
	assert.deepEqual(removal.request, { account: name, role: 'operator', tokens: [made.id] });
});

test('the accounts are listed', async () => {
	const name = `listed-${++names}`;
	await ask('account.set', { name, role: 'auditor' });
	const found = (await ask('account.list', {})).accounts.find(a => a.name === name);
	assert.ok(Date.parse(found.created_at) > Date.now() - 60_000);
	delete found.created_at;
	assert.deepEqual(found, { name, role: 'auditor', has_password: false, signed_in_at: null, sessions: 0 });
});

test('tokens do what their scope says, until they are revoked', async () => {
	const name = await account('operator');
	const session = await signIn(name);
	const made = await token('operate', session.secret, { expires_in: '90d' });
	assert.match(made.token, /^krx_user_[A-Za-z0-9_-]{43}$/);
	assert.equal(made.account, name);
	assert.deepEqual(await renew(made.token), { idle_expires_at: null });
	const { tokens: [listed] } = await ask('token.list', {}, session.secret);
	assert.ok(listed.created_at && listed.last_used_at);
	assert.deepEqual({ ...listed, created_at: 0, last_used_at: 0 }, {
		id: made.id, account: name, label: 'a test', scope: 'operate', created_at: 0, last_used_at: 0,
		expires_at: made.expires_at,
	});
	const other = await signIn(await account('operator'));
	assert.deepEqual((await ask('token.list', {}, other.secret)).tokens, []);
	assert.equal((await refused('token.list', { account: name }, other.secret)).error, 'not_allowed');
	assert.equal((await refused('token.revoke', { id: made.id }, other.secret)).error, 'not_found');
	assert.equal((await refused('token.create', { label: 'x', scope: 'read', account: name }, other.secret)).error,
		'not_allowed');
	// A token makes no tokens, and ends no sessions.
	assert.equal((await refused('token.create', { label: 'x', scope: 'read' }, made.token)).error, 'not_allowed');
	assert.equal((await refused('account.sign_out', { id: session.id }, made.token)).error, 'not_allowed');
	await ask('token.revoke', { id: made.id }, session.secret);
	assert.ok(await isOut(made.token));
	const byRoot = await token('read', undefined, { account: name });
	await ask('token.revoke', { id: byRoot.id });
	assert.deepEqual(entriesOf(name, 'token.revoke').map(entry => entry.user_name), [name, owner]);

	const viewer = await signIn(await account('viewer'));
	assert.equal((await refused('token.create', { label: 'x', scope: 'operate' }, viewer.secret)).error, 'not_allowed');
	await token('read', viewer.secret);
	assert.equal((await refused('token.create', { label: '', scope: 'read' }, viewer.secret)).field, 'label');
	assert.equal((await refused('token.create', { label: 'x', scope: 'all' }, viewer.secret)).field, 'scope');
	assert.equal((await refused('token.create', { label: 'x', scope: 'read', expires_in: 'soon' },
		viewer.secret)).field, 'expires_in');
});

test('a credential has the rights of its account, and none of the program that hands it on', async () => {
	const may = {
		viewer: [], operator: ['silence', 'export', 'verify'], auditor: ['export', 'verify'],
		'operator, token to read': ['export', 'verify'], 'operator, token to operate': ['silence', 'export', 'verify'],
	};
	const things = {
		silence: ['silences.add', { matchers: ['severity=warning', 'rule=nothing'], reason: 'a test' }],
		export: ['audit.export', { format: 'csv' }],
		verify: ['audit.verify', {}],
		reindex: ['audit.reindex', {}],
		backup: ['audit.backup', {}],
		accounts: ['account.list', {}],
		set: ['account.set', { name: owner, role: 'operator' }],
		beat: ['service.heartbeat', { service: 'state' }],
	};
	for (const [who, allowed] of Object.entries(may)) {
		const [role, scope] = who.split(', token to ');
		const name = await account(role);
		const session = await signIn(name);
		const made = scope && await token(scope, session.secret);
		const credential = scope ? made.token : session.secret;
		for (const [thing, [verb, args]] of Object.entries(things)) {
			const answer = await ask(verb, args, credential).catch(error => error);
			assert.equal(answer.error ?? 'done', allowed.includes(thing) ? 'done' : 'not_allowed', `${who}: ${verb}`);
		}
		const exports = entriesOf(name, 'audit.export');
		assert.equal(exports.length, allowed.includes('export') ? 1 : 0);
		for (const entry of exports) {
			assert.equal(entry.actor_type, 'user');
			assert.equal(entry.source, 'dashboard');
		}
		assert.equal(entriesOf(name, 'alerts.silence').length, allowed.includes('silence') ? 1 : 0);

		// What he may not stands in the log, too, by his name.
		const refusals = Object.keys(things).filter(thing => !allowed.includes(thing));
		const denials = await until('all are recorded', () => {
			const found = entriesOf(name, 'account.deny');
			return found.length === refusals.length && found;
		});
		assert.deepEqual(denials.map(({ request }) => request.command), refusals.map(thing => things[thing][0]));
		for (const { status, source, request } of denials)
			assert.deepEqual([status, source, request.by, request.id],
				['denied', 'dashboard', ...scope ? ['token', made.id] : ['session', session.id]]);
	}
	assert.equal((await refused('account.list', {}, 'krx_user_nonsense')).error, 'unauthenticated');
	assert.equal((await refused('account.list', {}, '')).error, 'unauthenticated');
});

test('who does not leave off to try what he may not fills no log', async () => {
	const name = await account('viewer');
	const { secret } = await signIn(name);
	for (let i = 0; i < 60; i++)
		assert.equal((await refused('audit.export', {}, secret)).error, 'not_allowed');
	const other = await account('viewer');
	await refused('audit.export', {}, (await signIn(other)).secret);
	const [{ request }] = await until('the next entry counts them', () => {
		const found = entriesOf(other, 'account.deny');
		return found.length === 1 && found;
	});
	const recorded = entriesOf(name, 'account.deny');
	assert.ok(recorded.length >= 10 && recorded.length < 60, String(recorded.length));
	assert.equal(recorded.length + request.unsaid, 60);
});

test('what could mean critical alerts is silenced by a session, and by no token', async () => {
	const session = await signIn(await account('operator'));
	const { token: byToken } = await token('operate', session.secret);
	const silence = { matchers: ['rule=nothing'], reason: 'a test' };
	assert.equal((await refused('silences.add', silence, byToken)).error, 'not_allowed');
	const { id } = await ask('silences.add', silence, session.secret);
	await ask('silences.remove', { id: String(id) }, byToken);
});

test('erasing takes a session and the password again', async () => {
	const [seq] = await door.record({ actor_type: 'agent', agent_name: 'a', capability: 'shell.exec',
		status: 'success', request: { command: 'a mistake' } });
	const name = await account('operator');
	const session = await signIn(name);
	const { token: byToken } = await token('operate', session.secret);
	const args = { seqs: [seq], reason: 'a mistake' };
	assert.equal((await refused('audit.erase', args, session.secret)).field, 'password');
	assert.equal((await refused('audit.erase', { ...args, password }, byToken)).error, 'not_allowed');
	const wrong = await refused('audit.erase', { ...args, password: 'not the password' }, session.secret);
	assert.equal(wrong.error, 'not_allowed');
	assert.equal(wrong.field, 'password');
	await until('the wrong password is recorded', () =>
		entriesOf(name, 'account.sign_in').at(-1).request.by === 'confirmation');
	const auditor = await signIn(await account('auditor'));
	assert.equal((await refused('audit.erase', { ...args, password }, auditor.secret)).error, 'not_allowed');

	const done = await ask('audit.erase', { ...args, password }, session.secret);
	assert.equal(done.erased, 1);
	const entry = stack.entries().find(e => e.seq === done.seq);
	assert.equal(entry.user_name, name);
	assert.equal(entry.source, 'dashboard');
	assert.deepEqual(entry.request, args);

	const link = await ask('account.link', { name: `erases-${++names}` });
	const bare = await ask('account.sign_in', { link: link.secret });
	secrets.add(link.secret).add(bare.secret);
	assert.equal((await refused('audit.erase', { ...args, password }, bare.secret)).error, 'conflict');
});

test('the whole log is verified when somebody asks', async () => {
	const asked = Date.now();
	const auditor = await signIn(await account('auditor'));
	assert.deepEqual(await ask('audit.verify', {}, auditor.secret), { started: true });
	await until('it is verified', async () => {
		const { integrity } = await stack.get('/api/audit?limit=1');
		return integrity.status === 'verified' && Date.parse(integrity.verified_at) >= asked;
	});
});

test('what is no account is refused with the field that is wrong', async () => {
	for (const [args, field, error] of [
		[{ name: '-x' }, 'name', 'out_of_range'], [{ name: 'x'.repeat(65) }, 'name', 'out_of_range'],
		[{ name: 'x y' }, 'name', 'out_of_range'], [{ name: 'x', role: 'root' }, 'role', 'out_of_range'],
		[{ name: 'x', password: 'short' }, 'password', 'out_of_range'],
		[{ name: 'x', password: 'x'.repeat(512) }, 'password', 'too_long'],
		[{ name: 'x', password: 'a\u0000b and twelve more' }, 'password', 'out_of_range'],
		[{ role: 'viewer' }, 'name', 'missing_field'], [{ name: 'x', uid: '0' }, 'uid', 'unknown_field'],
	]) {
		const answer = await refused('account.set', args);
		assert.equal(answer.field, field, JSON.stringify(args));
		assert.equal(answer.error, error);
	}
	for (const args of [{}, { name: 'x' }, { password }, { link: 'x', name: 'x' }])
		assert.equal((await refused('account.sign_in', args)).error, 'missing_field');
});

test('more sessions than an account may have end the one used longest ago', async () => {
	const name = await account('viewer');
	const first = await signIn(name);
	for (let i = 0; i < 32; i++)
		await signIn(name);
	assert.ok(await isOut(first.secret));
	assert.deepEqual(entriesOf(name, 'account.sign_out').map(entry => entry.request),
		[{ account: name, session: first.id, reason: 'too_many' }]);
});

test('a session ends by itself, idle or old, and the log says so', async () => {
	const name = await account('viewer');
	const [idle, old, good] = [await signIn(name), await signIn(name), await signIn(name)];
	const database = new DatabaseSync(join(stack.rundir, 'state.db'), { timeout: 5000 });
	database.prepare('UPDATE signed_in SET idle_expires_at = 1 WHERE id = ?').run(idle.id);
	database.prepare('UPDATE signed_in SET expires_at = 1 WHERE id = ?').run(old.id);
	database.close();
	assert.ok(await isOut(idle.secret) && await isOut(old.secret));
	assert.ok(await renew(good.secret));
	const ended = await until('both are recorded', () => {
		const found = entriesOf(name, 'account.sign_out');
		return found.length === 2 && found;
	});
	assert.deepEqual(new Map(ended.map(entry => [entry.request.session, entry.request.reason])),
		new Map([[idle.id, 'idle'], [old.id, 'expired']]));
	assert.ok(ended.every(entry => entry.actor_type === 'system'));
});

test('a database that is locked is a clear error, and nobody is signed in', async () => {
	const name = await account('viewer');
	const database = new DatabaseSync(join(stack.rundir, 'state.db'), { timeout: 5000 });
	database.exec('BEGIN IMMEDIATE');
	const entries = entriesOf(name, 'account.sign_in').length;
	assert.equal((await refused('account.sign_in', { name, password })).error, 'busy');
	database.exec('ROLLBACK');
	database.close();
	assert.equal(entriesOf(name, 'account.sign_in').length, entries);
	await signIn(name);
});

test('too many sign-ins that fail are refused before a hash, by address and by account', async () => {
	const name = await account('viewer');
	const wrong = { name, password: 'wrong horse battery' };
	for (let i = 0; i < 10; i++)
		assert.equal((await refused('account.sign_in', { ...wrong, address: `192.0.2.${i}` })).error, 'unauthenticated');
	const many = await refused('account.sign_in', { name, password, address: '192.0.2.100' });
	assert.equal(many.error, 'too_many');
	assert.ok(many.wait >= 1 && many.wait <= 60, String(many.wait));
	// Others go in, from other addresses; and a link still does, for this one.
	await signIn(await account('viewer'), { address: '192.0.2.100' });
	const link = await ask('account.link', { name });
	const { secret } = await ask('account.sign_in', { link: link.secret, address: '192.0.2.100' });
	secrets.add(link.secret).add(secret);

	const address = '198.51.100.1';
	for (let i = 0; i < 10; i++)
		await refused('account.sign_in', { name: `nobody-${i}`, password, address });
	assert.equal((await refused('account.sign_in', { name: 'nobody-else', password, address })).error, 'too_many');
	const other = await account('viewer');
	assert.equal((await refused('account.sign_in', { name: other, password, address })).error, 'too_many');
	await signIn(other, { address: '198.51.100.2' });
	// A link is not guessed: whatever is tried from there, its owner comes in.
	const kept = await ask('account.link', { name: other });
	secrets.add(kept.secret);
	assert.equal((await refused('account.sign_in', { link: `${kept.secret.slice(0, -4)}AAAA`, address })).error, 'too_many');
	secrets.add((await ask('account.sign_in', { link: kept.secret, address })).secret);
	assert.equal((await refused('account.sign_in', { link: kept.secret, address })).error, 'too_many');
	const counted = await until('an entry counts them', () => stack.entries().find(entry =>
		entry.capability === 'account.sign_in' && entry.request?.throttled > 0));
	assert.equal(counted.actor_type, 'system');
	assert.equal(counted.status, 'denied');
});

test('who has an IPv6 network tries as often as who has one address', async () => {
	for (let i = 0; i < 10; i++)
		assert.equal((await refused('account.sign_in', { name: `stranger-${i}`, password, address: `2001:db8:7:1::${i + 1}` })).error, 'unauthenticated');
	const from = async address => (await refused('account.sign_in', { name: `stranger-of-${address}`, password, address })).error;
	assert.equal(await from('2001:db8:7:1:ffff:ffff:ffff:ffff'), 'too_many');
	assert.equal(await from('2001:0DB8:0007:0001::'), 'too_many');
	for (const address of ['2001:db8:7:2::1', '::ffff:192.0.2.250', '::ffff:192.0.2.251', 'no address'])
		assert.equal(await from(address), 'unauthenticated', address);
});

test('sign-ins that succeed are not throttled', async () => {
	const name = await account('viewer');
	for (let i = 0; i < 15; i++)
		assert.equal((await signIn(name, { address: '203.0.113.9' })).name, name);
});

test('every change that was answered is there after a kill -9, with its entry', async () => {
	const name = await account('operator');
	const session = await signIn(name);
	const made = await token('read', session.secret);
	const killed = process.kill(stack.pidOf('kruxosd'), 0) && stack.restart('kruxosd');
	// Many on their way when it ends.
	const asked = Array.from({ length: 8 }, () => withDoor(other =>
		other.command('account.sign_in', { name, password })).catch(() => null));
	await killed;
	const answered = (await Promise.all(asked)).filter(Boolean);
	door.close();
	door = await stack.door();
	for (const { secret } of [session, ...answered]) {
		secrets.add(secret);
		assert.ok(await renew(secret));
	}
	assert.ok(await renew(made.token));
	const recorded = new Set(entriesOf(name, 'account.sign_in').map(entry => entry.request.session));
	for (const { id } of [session, ...answered])
		assert.ok(recorded.has(id));
	// Nobody is signed in without a record.
	const database = new DatabaseSync(join(stack.rundir, 'state.db'), { readOnly: true });
	await until('all is in the log', () =>
		database.prepare('SELECT count(*) AS owed FROM owed_entry').get().owed === 0);
	const now = new Set(entriesOf(name, 'account.sign_in').map(entry => entry.request.session));
	for (const { id } of database.prepare('SELECT id FROM signed_in WHERE account = ?').all(name))
		assert.ok(now.has(id), id);
	database.close();
});

test('no secret is in the log, in a database or in what a program has said', async () => {
	const kept = readFiles(stack.rundir);
	assert.ok(secrets.size > 50);
	for (const secret of secrets) {
		assert.ok(!kept.includes(secret), secret.slice(0, 16));
		assert.ok(!kept.includes(Buffer.from(secret).toString('base64').slice(0, 40)));
	}
	// What would be one of ours is taken out, whoever writes it.
	const alien = `krx_session_${randomBytes(32).toString('base64url')}`;
	await door.record({ actor_type: 'user', capability: 'test.leak', status: 'success', summary: `it was ${alien}` });
	assert.equal(stack.entries().findLast(entry => entry.capability === 'test.leak').summary, 'it was [REDACTED]');
});

async function withDoor(run) {
	const other = await stack.door();
	try {
		return await run(other);
	} finally {
		other.close();
	}
}

function readFiles(folder) {
	return existsSync(folder)
		? readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
			.map(entry => readFileSync(join(entry.parentPath, entry.name), 'latin1')).join('')
		: '';
}
