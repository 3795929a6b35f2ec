// kruxos approve: what is asked of the door, when a password is asked for, and
// what is shown of agents' text.

import assert from 'node:assert/strict';
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

const kruxos = args => run(program, args, { env: { ...door.environment, NO_COLOR: '1' } });
const asked = () => door.asked.map(command => [command.do, command.args ?? {}]);

const type = args => new Terminal(program, args, { env: { ...door.environment, NO_COLOR: '1' } });

const request = (id, more = {}) => ({
	id, call_id: id, state: 'open', agent_name: 'fixer', capability: 'shell.exec', session_id: 's-1',
	asked_at: new Date(Date.now() - 3 * 86_400_000).toISOString(), expires_at: new Date().toISOString(),
	waiting_seconds: 259200, request: { command: 'rm -rf build' },
	decided_by: null, decided_at: null, reason: null, ...more,
});

const needsPassword = ({ id, password }) => password === undefined
	? { error: 'missing_field', field: 'password', detail: 'an operator\'s account and its password are needed' }
	: { id, state: 'accepted', agent_name: 'fixer', capability: 'shell.exec' };

test('what waits is listed, the request on its line', async () => {
	door.answers['approval.list'] = { approvals: [], more: false };
	assert.equal((await kruxos(['approve', 'list'])).stdout, 'Nothing waits for approval.\n');
	const approvals = [request('call-1'), request('call-2', { state: 'accepted', agent_name: 'other' })];
	door.answers['approval.list'] = { approvals, more: false };
	const lines = (await kruxos(['approve', 'list', '--all'])).stdout.split('\n');
	assert.match(lines[0], /^ID +STATE +ASKED +AGENT +CAPABILITY +REQUEST$/);
	assert.match(lines[1], /^call-1 +open +3d ago +fixer +shell\.exec +\{"command":"rm -rf build"\}$/);
	assert.match(lines[2], /^call-2 +accepted +3d ago +other /);
	assert.deepEqual(JSON.parse((await kruxos(['approve', 'list', '--json'])).stdout), { approvals, more: false });
	assert.deepEqual(asked(), [['approval.list', {}], ['approval.list', { state: 'all' }], ['approval.list', {}]]);
});

test('one is shown to the byte, and what agents write does nothing to the terminal', async () => {
	const approval = request('call-1', { request: { command: hostile, n: 12345678901234567890123 } });
	door.answers['approval.list'] = { approvals: [approval], more: false };
	const shown = (await kruxos(['approve', 'show', 'call-1'])).stdout;
	assert.match(shown, /^id {14}call-1\n/);
	assert.match(shown, /\nagent_name {6}fixer\ncapability {6}shell\.exec\n/);
	assert.match(shown, /\nrequest {9}\{"command":"red\\u001b\[31m /);
	assert.match(shown, /"n":1\.2345678901234568e\+22\}/);
	assert.doesNotMatch(shown, raw);
	assert.doesNotMatch(shown, /decided_by|reason/);
	assert.doesNotMatch((await kruxos(['approve', 'list'])).stdout, raw);
	assert.equal(JSON.parse((await kruxos(['approve', 'show', 'call-1', '--json'])).stdout).request.command, hostile);
	assert.deepEqual(asked()[0], ['approval.list', { id: 'call-1' }]);

	door.answers['approval.list'] = { error: 'not_found', detail: 'no request of this id waits' };
	const none = await kruxos(['approve', 'show', 'call-2']);
	assert.deepEqual([none.code, none.stderr], [1, 'kruxos: no request of this id waits\n']);
});

test('who may is not asked for a password', async () => {
	door.answers['approval.accept'] = ({ id }) => ({ id, state: 'accepted', agent_name: 'fixer', capability: 'shell.exec' });
	door.answers['approval.reject'] = ({ id }) => ({ id, state: 'rejected', agent_name: 'fixer', capability: 'shell.exec' });
	const accepted = await kruxos(['approve', 'accept', 'call-1', 'call-2', '-r', 'go on']);
	assert.equal(accepted.stderr, 'kruxos: call-1 is accepted: fixer may do shell.exec, once\n' +
		'kruxos: call-2 is accepted: fixer may do shell.exec, once\n');
	const rejected = await kruxos(['approve', 'reject', 'call-3', '--reason', 'no']);
	assert.equal(rejected.stderr, 'kruxos: call-3 is rejected: fixer is denied shell.exec\n');
	assert.deepEqual(asked(), [
		['approval.accept', { id: 'call-1', reason: 'go on' }],
		['approval.accept', { id: 'call-2', reason: 'go on' }],
		['approval.reject', { id: 'call-3', reason: 'no' }],
	]);
});

test('a rejection has a reason', async () => {
	for (const args of [['call-1'], ['call-1', '--reason', '']])
		assert.equal((await kruxos(['approve', 'reject', ...args])).code, 64);
	assert.deepEqual(asked(), []);
});

test('the password is asked for at the terminal, once, and not shown', async () => {
	door.answers['approval.accept'] = needsPassword;
	const terminal = type(['approve', 'accept', 'call-1', 'call-2', '--account', 'olga']);
	await terminal.shows(/Password of olga: $/);
	terminal.type(`${good}\n`);
	assert.equal(await terminal.ended(), 0, terminal.text);
	assert.ok(!terminal.text.includes('horse'), terminal.text);
	assert.deepEqual(asked(), [
		['approval.accept', { id: 'call-1' }],
		['approval.accept', { id: 'call-1', account: 'olga', password: good }],
		['approval.accept', { id: 'call-2', account: 'olga', password: good }],
	]);
});

test('without a name it is the password of whoever asks; a wrong one is not asked for again', async () => {
	door.answers['approval.reject'] = ({ password }) => password === undefined
		? needsPassword({}) : { error: 'not_allowed', field: 'password', detail: 'no account has this name and this password' };
	const terminal = type(['approve', 'reject', 'call-1', '-r', 'no']);
	await terminal.shows(new RegExp(`Password of ${userInfo().username}: $`));
	terminal.type('a guess at it\n');
	assert.equal(await terminal.ended(), 1);
	assert.match(terminal.text, /no account has this name and this password/);
	assert.equal(asked().length, 2);
});

test('without a terminal there is nobody to ask', async () => {
	door.answers['approval.accept'] = needsPassword;
	const { code, stderr } = await run('setsid', ['-w', program, 'approve', 'accept', 'call-1'],
		{ env: { ...door.environment, NO_COLOR: '1' }, input: `${good}\n` });
	assert.equal(code, 1);
	assert.match(stderr, /\/dev\/tty/);
	assert.deepEqual(asked(), [['approval.accept', { id: 'call-1' }]]);
});
