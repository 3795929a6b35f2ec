// Accounts, links and tokens from the command line to what they open: on a
// running stack, by its door and its dashboard.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { request } from './harness/http.js';
import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

const password = 'correct horse battery';
const secrets = [password, 'another good secret'];

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

/** `kruxos ARGS`, which is done: what it printed. */
async function kruxos(args, input) {
	const { code, stdout, stderr } = await stack.kruxos(args, { input });
	assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
	return stdout.trimEnd();
}

/** The newest entry of a capability. */
const last = capability => stack.entries().findLast(entry => entry.capability === capability);

const dashboard = (path, settings) => request({ port: stack.dashPort, tls: true }, path, settings);

async function account(name) {
	const { accounts } = JSON.parse(await kruxos(['account', 'list', '--json']));
	return accounts.find(one => one.name === name);
}

test('an account is made, signs in, and is signed out by a new password', async () => {
	await kruxos(['passwd', 'alice', '--role', 'viewer', '--stdin'], `${password}\n`);
	const made = await account('alice');
	assert.equal(made.role, 'viewer');
	assert.equal(made.has_password, true);
	assert.equal(made.sessions, 0);
	assert.equal(last('account.create').user_name, userInfo().username);

	const { secret } = await door.command('account.sign_in', { name: 'alice', password });
	secrets.push(secret);
	assert.equal((await account('alice')).sessions, 1);

	await kruxos(['passwd', 'alice', '--stdin'], `${secrets[1]}\n`);
	const changed = await account('alice');
	assert.equal(changed.role, 'viewer', 'it stays what it is');
	assert.equal(changed.sessions, 0);
	await assert.rejects(door.command('account.sign_in', { name: 'alice', password }), { error: 'unauthenticated' });
	await kruxos(['account', 'role', 'alice', 'operator']);
	assert.equal((await account('alice')).role, 'operator');
	assert.match(await kruxos(['account', 'list']), /^alice +operator +yes /m);
});

test('a password that is too short or the name is refused by the daemon, too', async () => {
	for (const [name, wrong] of [['alice', 'too short'], ['alice@example.org', 'ALICE@example.org']])
		await assert.rejects(door.command('account.set', { name, password: wrong }), { field: 'password' });
});

test('a link signs in once', async () => {
	const url = new URL(await kruxos(['login-link', '--account', 'bob', '--role', 'auditor']));
	assert.equal(url.origin, `https://localhost:${stack.dashPort}`);
	assert.equal(url.pathname, '/sign-in');
	const link = url.hash.slice(1);
	secrets.push(link);
	assert.equal((await account('bob')).role, 'auditor');
	const body = JSON.stringify({ link });
	const headers = { 'Content-Type': 'application/json', Host: url.host, Origin: url.origin };
	const first = await dashboard('/api/session', { method: 'POST', headers, body });
	assert.equal(first.status, 200, first.body);
	assert.equal(JSON.parse(first.body).name, 'bob');
	secrets.push(first.headers['set-cookie'][0].match(/krx_session_[^;]+/)[0]);
	assert.equal((await dashboard('/api/session', { method: 'POST', headers, body })).status, 401);
	const own = JSON.parse(await kruxos(['login-link', '--json']));
	assert.equal(own.name, userInfo().username);
	assert.equal(own.role, 'operator');
	secrets.push(new URL(own.url).hash.slice(1));
});

test('a token opens the API until it is revoked', async () => {
	const token = await kruxos(['token', 'create', 'nightly', '--scope', 'read', '--account', 'alice', '--expires', '90d']);
	secrets.push(token);
	assert.match(token, /^krx_user_[A-Za-z0-9_-]{43}$/);
	const ask = async () => (await dashboard('/api/audit?limit=1', { headers: { Authorization: `Bearer ${token}` } })).status;
	assert.equal(await ask(), 200);
	const { tokens: [{ id, label, scope, account: owner }] } =
		JSON.parse(await kruxos(['token', 'list', '--account', 'alice', '--json']));
	assert.deepEqual([label, scope, owner], ['nightly', 'read', 'alice']);
	assert.match(await kruxos(['token', 'list']), new RegExp(`^${id} +alice +read .* nightly$`, 'm'));
	await kruxos(['token', 'revoke', id]);
	assert.equal(await ask(), 401);
	assert.match((await stack.kruxos(['token', 'revoke', id])).stderr, /^kruxos: .+\n$/);
	assert.equal(last('token.revoke').user_name, userInfo().username);
});

test('an account that is removed is nobody\'s', async () => {
	await kruxos(['account', 'remove', 'alice', 'bob']);
	assert.equal(await account('alice'), undefined);
	assert.equal(last('account.remove').status, 'success');
	const again = await stack.kruxos(['account', 'remove', 'alice']);
	assert.equal(again.code, 1);
	await assert.rejects(door.command('account.sign_in', { name: 'alice', password: secrets[1] }),
		{ error: 'unauthenticated' });
});

test('no secret stands in any file of the stack', async () => {
	await until('the last entry is in the log', () => last('account.sign_in')?.status === 'denied');
	for (const { parentPath, name } of readdirSync(stack.rundir, { recursive: true, withFileTypes: true })
		.filter(entry => entry.isFile())) {
		const bytes = readFileSync(join(parentPath, name), 'latin1');
		for (const secret of secrets)
			assert.ok(!bytes.includes(secret), `${name} holds a secret of ${secret.slice(0, 12)}…`);
	}
});
