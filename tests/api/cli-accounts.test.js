// kruxos passwd, account, login-link and token: what is asked of the door, and
// what is made of its answers.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

import { FakeDoor } from './harness/fake_door.js';
import { build, run } from './harness/stack.js';
import { Terminal } from './harness/terminal.js';

const program = join(build, 'bin/kruxos');
const good = 'correct horse battery';
const hostile = 'red\u001b[31m \u202e end';
const raw = /\u001b\[31m|\u202e/;

let door;
beforeEach(async () => door = await FakeDoor.open());
afterEach(() => door.close());

const kruxos = (args, options = {}) =>
	run(program, args, { ...options, env: { ...door.environment, NO_COLOR: '1' } });

/** At a terminal that shows what is typed, until it is told otherwise; which is said in the end. */
const type = args => new Terminal('/bin/sh',
	['-c', `stty echo; '${program}' ${args}; code=$?; stty -a | grep -o -- '-*echo\\>'; exit $code`],
	{ env: door.environment });

const asked = () => door.asked.map(command => [command.do, command.args ?? {}]);

test('passwd asks twice, and shows nothing of what is typed', async () => {
	door.answers['account.set'] = { name: 'alice', role: 'viewer', created: true };
	const terminal = type('passwd alice --role viewer');
	await terminal.shows(/New password of alice: $/);
	terminal.type(`${good}\n`);
	await terminal.shows(/The same again: $/);
	terminal.type(`${good}\n`);
	assert.equal(await terminal.ended(), 0, terminal.text);
	assert.deepEqual(asked(), [['account.set', { name: 'alice', role: 'viewer', password: good }]]);
	assert.ok(!terminal.text.includes('horse'), terminal.text);
	assert.deepEqual(terminal.lines.filter(Boolean), [
		'New password of alice: ', 'The same again: ', 'kruxos: account alice (viewer) is made', 'echo']);
});

test('a password that is none is refused, and the door is not asked', async () => {
	for (const [first, second, said] of [
		['too short', null, /a password has at least 12 characters/],
		['x'.repeat(600), null, /more than 511 bytes/],
		[good, `${good}!`, /the two are not the same/],
	]) {
		const terminal = type('passwd alice');
		await terminal.shows(/New password of alice: $/);
		terminal.type(`${first}\n`);
		if (second !== null) {
			await terminal.shows(/The same again: $/);
			terminal.type(`${second}\n`);
		}
		assert.equal(await terminal.ended(), 1, terminal.text);
		assert.match(terminal.text, said);
		assert.equal(terminal.lines.filter(Boolean).at(-1), 'echo', 'the terminal shows again what is typed');
	}
	const own = await kruxos(['passwd', 'alice@example.org', '--stdin'], { input: 'Alice@example.org\n' });
	assert.equal(own.code, 1);
	assert.match(own.stderr, /an account's own name is no password/);
	assert.deepEqual(asked(), []);
});

test('Ctrl-C while a password is asked for leaves a terminal that shows what is typed', async () => {
	// The shell must not end of it before it can tell.
	const terminal = new Terminal('/bin/sh',
		['-c', `stty echo; trap : INT; '${program}' passwd alice; echo "code $?"; stty -a | grep -o -- '-*echo\\>'`],
		{ env: door.environment });
	await terminal.shows(/New password of alice: $/);
	terminal.type('half a pass\u0003');
	assert.equal(await terminal.ended(), 0, terminal.text);
	assert.deepEqual(terminal.lines.filter(Boolean).slice(-2), ['code 130', 'echo']);
	assert.deepEqual(asked(), []);
});

test('without a terminal and without --stdin there is nobody to ask', async () => {
	const { code, stderr } = await run('setsid', ['--wait', program, 'passwd', 'alice'],
		{ env: door.environment, input: `${good}\n` });
	assert.equal(code, 1);
	assert.match(stderr, /^kruxos: without --stdin: \/dev\/tty: /);
});

test('--stdin takes one line; without a name it is who calls; a role is sent only when it is given', async () => {
	const { username } = userInfo();
	door.answers['account.set'] = { name: username, role: 'operator', created: false };
	const { code, stdout, stderr } = await kruxos(['passwd', '--stdin'], { input: `${good}\nanother line\n` });
	assert.equal(code, 0, stderr);
	assert.equal(stdout, '');
	assert.equal(stderr,
		`kruxos: account ${username} (operator) has a new password; whoever was signed in is no more\n`);
	assert.deepEqual(asked(), [['account.set', { name: username, password: good }]]);
});

test('account role changes what an account may, or makes one', async () => {
	for (const [created, said] of [
		[false, 'kruxos: account alice (auditor) has this role from now on\n'],
		[true, 'kruxos: account alice (auditor) is made\n'],
	]) {
		door.answers['account.set'] = { name: 'alice', role: 'auditor', created };
		const { code, stderr } = await kruxos(['account', 'role', 'alice', 'auditor']);
		assert.equal(code, 0);
		assert.equal(stderr, said);
	}
	assert.deepEqual(asked()[0], ['account.set', { name: 'alice', role: 'auditor' }]);
});

test('login-link prints the link alone, for the host of the configuration', async () => {
	const link = {
		name: 'alice', role: 'operator', secret: `krx_link_${'a'.repeat(43)}`, expires_at: '2026-11-28T12:05:00Z',
	};
	door.answers['account.link'] = link;
	for (const [settings, origin] of [
		['', 'https://localhost:7800'],
		['[http]\nbind = 0.0.0.0\ndashboard_port = 7900\nnames = monitor.example\n', 'https://monitor.example:7900'],
	]) {
		door.configure(settings);
		const { code, stdout, stderr } = await kruxos(['login-link']);
		assert.equal(code, 0, stderr);
		assert.equal(stdout, `${origin}/sign-in#${link.secret}\n`);
		assert.equal(stderr, 'kruxos: signs in once, as alice (operator), until 2026-11-28 12:05:00Z\n');
	}
	const { stdout } = await kruxos(['login-link', '--account', 'alice', '--role', 'auditor', '--json']);
	assert.deepEqual(JSON.parse(stdout), {
		url: `https://monitor.example:7900/sign-in#${link.secret}`,
		name: 'alice', role: 'operator', expires_at: link.expires_at,
	});
	assert.deepEqual(asked(), [
		['account.link', {}], ['account.link', {}], ['account.link', { name: 'alice', role: 'auditor' }]]);
});

test('token create prints the token alone', async () => {
	const token = {
		id: '9f86d081884c7d65', token: `krx_user_${'b'.repeat(43)}`, account: 'alice', scope: 'read', expires_at: null,
	};
	door.answers['token.create'] = token;
	const { code, stdout, stderr } = await kruxos(['token', 'create', 'nightly', '--scope', 'read']);
	assert.equal(code, 0, stderr);
	assert.equal(stdout, `${token.token}\n`);
	assert.equal(stderr,
		'kruxos: token 9f86d081884c7d65 of alice (read), until it is revoked; it is shown this once\n');
	door.answers['token.create'] = { ...token, expires_at: '2027-02-26T12:00:00Z' };
	const all = await kruxos(['token', 'create', 'ci', '--scope', 'operate', '--account', 'bob', '--expires', '90d', '--json']);
	assert.equal((await kruxos(['token', 'create', 'ci', '--scope', 'read'])).stderr,
		'kruxos: token 9f86d081884c7d65 of alice (read), until 2027-02-26 12:00:00Z; it is shown this once\n');
	assert.deepEqual(JSON.parse(all.stdout), door.answers['token.create']);
	assert.equal(all.stderr, '');
	assert.deepEqual(asked(), [
		['token.create', { label: 'nightly', scope: 'read' }],
		['token.create', { label: 'ci', scope: 'operate', account: 'bob', expires_in: '90d' }],
		['token.create', { label: 'ci', scope: 'read' }],
	]);
});

test('lists are tables, or the daemon\'s answer', async () => {
	const at = '2026-11-01T08:00:00Z';
	door.answers['account.list'] = { accounts: [
		{ name: 'alice', role: 'operator', has_password: true, created_at: at, signed_in_at: at, sessions: 2 },
		{ name: 'bob', role: 'viewer', has_password: false, created_at: at, signed_in_at: null, sessions: 0 },
	] };
	door.answers['token.list'] = { tokens: [{
		id: '9f86d081884c7d65', account: 'alice', label: 'nightly', scope: 'read',
		created_at: at, last_used_at: null, expires_at: null,
	}] };
	const accounts = (await kruxos(['account', 'list'])).stdout.split('\n');
	assert.match(accounts[0], /^NAME +ROLE +PASSWORD +SIGNED IN +SESSIONS +MADE$/);
	assert.match(accounts[1], /^alice +operator +yes +[0-9]+d ago +2 +[0-9]+d ago$/);
	assert.match(accounts[2], /^bob +viewer +no +never +0 +[0-9]+d ago$/);
	const tokens = (await kruxos(['token', 'list', '--account', 'alice'])).stdout.split('\n');
	assert.match(tokens[0], /^ID +ACCOUNT +SCOPE +MADE +USED +EXPIRES +LABEL$/);
	assert.match(tokens[1], /^9f86d081884c7d65 +alice +read +[0-9]+d ago +never +never +nightly$/);
	for (const [noun, verb] of [['account', 'account.list'], ['token', 'token.list']]) {
		const { stdout } = await kruxos([noun, 'list', '--json']);
		assert.deepEqual(JSON.parse(stdout), door.answers[verb]);
	}
	assert.deepEqual(asked().find(([verb]) => verb === 'token.list'), ['token.list', { account: 'alice' }]);
	door.answers = { 'account.list': { accounts: [] }, 'token.list': { tokens: [] } };
	assert.equal((await kruxos(['account', 'list'])).stdout, 'No accounts: `kruxos passwd NAME` makes one.\n');
	assert.equal((await kruxos(['token', 'list'])).stdout, 'No tokens.\n');
});

test('remove and revoke take several, and stop at the first that fails', async () => {
	door.answers = { 'account.remove': {}, 'token.revoke': { id: '1' } };
	const removed = await kruxos(['account', 'remove', 'alice', 'bob']);
	assert.equal(removed.code, 0);
	assert.equal(removed.stderr, ['alice', 'bob'].map(name =>
		`kruxos: account ${name} is removed; its sessions and tokens have ended\n`).join(''));
	const revoked = await kruxos(['token', 'revoke', '1']);
	assert.equal(revoked.stderr, 'kruxos: token 1 is revoked\n');
	door.answers['token.revoke'] = { error: 'not_found', field: 'id', detail: 'there is no such token' };
	const failed = await kruxos(['token', 'revoke', '2', '3']);
	assert.equal(failed.code, 1);
	assert.equal(failed.stderr, 'kruxos: there is no such token\n');
	assert.deepEqual(asked(), [
		['account.remove', { name: 'alice' }], ['account.remove', { name: 'bob' }],
		['token.revoke', { id: '1' }], ['token.revoke', { id: '2' }],
	]);
});

test('what the daemon answers does nothing to a terminal', async () => {
	door.answers = {
		'account.list': { accounts: [{ name: hostile, role: hostile, has_password: true, created_at: hostile }] },
		'account.link': { name: hostile, role: hostile, secret: hostile, expires_at: hostile },
		'account.set': { name: hostile, role: hostile, created: true },
		'token.create': { id: hostile, token: hostile, account: hostile, scope: hostile, expires_at: hostile },
		'token.list': { tokens: [{ id: hostile, account: hostile, scope: hostile, label: hostile, expires_at: hostile }] },
		'token.revoke': { error: 'not_found', detail: hostile },
	};
	for (const args of [
		['account', 'list'], ['account', 'list', '--json'], ['login-link'], ['login-link', '--json'],
		['token', 'create', 'x', '--scope', 'read'], ['token', 'create', 'x', '--scope', 'read', '--json'],
		['token', 'list'], ['token', 'list', '--json'], ['token', 'revoke', hostile],
	]) {
		const terminal = new Terminal(program, args, { env: { ...door.environment, NO_COLOR: '1' }, columns: 200 });
		assert.equal(await terminal.ended(), args[1] === 'revoke' ? 1 : 0, terminal.text);
		assert.doesNotMatch(terminal.text, raw, args.join(' '));
		assert.match(terminal.text, /red\\(e|u001b)\[31m/, args.join(' '));
	}
	const { stderr } = await kruxos(['passwd', 'alice', '--stdin'], { input: good });
	assert.doesNotMatch(stderr, raw);
	assert.match(stderr, /red\\e\[31m/);
});

test('the answers of a script: exit codes', async () => {
	const refused = { error: 'not_allowed', detail: 'for root and the daemon\'s own user' };
	door.answers = { 'account.list': refused, 'account.link': refused };
	for (const [args, code] of [
		[['account', 'list'], 1],
		[['login-link'], 1],
		[['account'], 64],
		[['account', 'remove'], 64],
		[['account', 'role', 'alice'], 64],
		[['passwd', 'alice', 'bob'], 64],
		[['passwd', '--role', 'root'], 64],
		[['login-link', '--role', 'root'], 64],
		[['token', 'create', '--scope', 'read'], 64],
		[['token', 'create', 'ci'], 64],
		[['token', 'create', 'ci', '--scope', 'admin'], 64],
		[['token', 'revoke'], 64],
		[['passwd', '--help'], 0],
		[['token', 'create', '--help'], 0],
	])
		assert.equal((await kruxos(args)).code, code, args.join(' '));
	rmSync(join(door.folder, 'ingest.sock'));
	for (const args of [['account', 'list'], ['login-link'], ['token', 'list'], ['token', 'create', 'x', '--scope', 'read']])
		assert.equal((await kruxos(args)).code, 3, args.join(' '));
	assert.equal((await kruxos(['passwd', 'alice', '--stdin'], { input: good })).code, 3);
});
