// kruxos agent: what is asked of the door, and what is made of its answers.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

import { FakeDoor } from './harness/fake_door.js';
import { build, run } from './harness/stack.js';
import { Terminal } from './harness/terminal.js';

const program = join(build, 'bin/kruxos');
const token = `krx_agent_${'c'.repeat(43)}`;
const hostile = 'red\u001b[31m \u202e end';

let door;
beforeEach(async () => door = await FakeDoor.open());
afterEach(() => door.close());

const kruxos = args => run(program, args, { env: { ...door.environment, NO_COLOR: '1' } });
const asked = () => door.asked.map(command => [command.do, command.args ?? {}]);

const daysAgo = days => new Date(Date.now() - days * 86_400_000).toISOString();
const agent = (name, more = {}) => ({
	name, purpose: 'reads papers', created_at: daysAgo(3), rotated_at: null, last_used_at: null, revoked_at: null, ...more,
});

test('a token that is made is alone on stdout, and the words about it are not there', async () => {
	door.answers = {
		'agent.create': { name: 'reader', token, purpose: 'reads papers', created_at: daysAgo(0) },
		'agent.rotate': { name: 'reader', token },
	};
	const made = await kruxos(['agent', 'create', 'reader', '--purpose', 'reads papers']);
	assert.equal(made.code, 0, made.stderr);
	assert.equal(made.stdout, `${token}\n`);
	assert.equal(made.stderr, 'kruxos: agent reader is made; its token is shown this once\n');
	const rotated = await kruxos(['agent', 'rotate', 'reader']);
	assert.equal(rotated.stdout, `${token}\n`);
	assert.equal(rotated.stderr, 'kruxos: agent reader has another token, and the old one is good for nothing; ' +
		'its token is shown this once\n');
	const whole = await kruxos(['agent', 'create', 'reader', '-p', 'reads papers', '--json']);
	assert.deepEqual(JSON.parse(whole.stdout), door.answers['agent.create']);
	assert.equal(whole.stderr, '');
	const ask = { name: 'reader', purpose: 'reads papers' };
	assert.deepEqual(asked(), [['agent.create', ask], ['agent.rotate', { name: 'reader' }], ['agent.create', ask]]);
});

test('agents are listed, and shown one by one', async () => {
	const agents = [
		agent('builder', { revoked_at: daysAgo(1), last_used_at: daysAgo(2) }), agent('reader', { rotated_at: daysAgo(1) })];
	door.answers['agent.list'] = { agents };
	const lines = (await kruxos(['agent', 'list'])).stdout.split('\n');
	assert.match(lines[0], /^NAME +TOKEN +USED +ROTATED +MADE +PURPOSE$/);
	assert.match(lines[1], /^builder +revoked +2d ago +never +3d ago +reads papers$/);
	assert.match(lines[2], /^reader +good +never +1d ago +3d ago +reads papers$/);
	assert.deepEqual(JSON.parse((await kruxos(['agent', 'list', '--json'])).stdout), { agents });

	const shown = (await kruxos(['agent', 'show', 'reader'])).stdout;
	assert.match(shown, /^name {12}reader\npurpose {9}reads papers\ncreated_at {6}[^\n]+\nrotated_at {6}[^\n]+\n$/);
	assert.deepEqual(JSON.parse((await kruxos(['agent', 'show', 'builder', '--json'])).stdout), agents[0]);
	const nobody = await kruxos(['agent', 'show', 'nobody']);
	assert.equal(nobody.code, 1);
	assert.equal(nobody.stderr, 'kruxos: there is no agent of this name\n');

	door.answers['agent.list'] = { agents: [] };
	assert.match((await kruxos(['agent', 'list'])).stdout, /^No agents: `kruxos agent create NAME --purpose TEXT`/);
});

test('agents are revoked one after the other, until one cannot be', async () => {
	door.answers['agent.revoke'] = { name: 'x' };
	const { code, stderr } = await kruxos(['agent', 'revoke', 'reader', 'builder']);
	assert.equal(code, 0, stderr);
	assert.equal(stderr, ['reader', 'builder'].map(name =>
		`kruxos: agent ${name} is revoked: its token is good for nothing\n`).join(''));
	door.answers['agent.revoke'] = { error: 'not_found', field: 'name', detail: 'there is no agent of this name' };
	const failed = await kruxos(['agent', 'revoke', 'nobody', 'reader']);
	assert.equal(failed.code, 1);
	assert.equal(failed.stderr, 'kruxos: there is no agent of this name\n');
	assert.deepEqual(asked().map(([, { name }]) => name), ['reader', 'builder', 'nobody']);
});

test('what the daemon answers about agents does nothing to a terminal', async () => {
	const answer = { name: hostile, token: hostile, purpose: hostile, created_at: hostile };
	door.answers = {
		'agent.create': answer, 'agent.rotate': answer,
		'agent.list': { agents: [{ ...answer, name: 'reader' }] },
		'agent.revoke': { error: 'not_found', detail: hostile },
	};
	for (const args of [
		['create', 'x', '-p', 'y'], ['create', 'x', '-p', 'y', '--json'], ['rotate', 'x'], ['rotate', 'x', '--json'],
		['list'], ['list', '--json'], ['show', 'reader'], ['show', 'reader', '--json'], ['revoke', 'x'],
	]) {
		const terminal = new Terminal(program, ['agent', ...args],
			{ env: { ...door.environment, NO_COLOR: '1' }, columns: 200 });
		assert.equal(await terminal.ended(), args[0] === 'revoke' ? 1 : 0, terminal.text);
		assert.doesNotMatch(terminal.text, /\u001b\[31m|\u202e/, args.join(' '));
		assert.match(terminal.text, /red\\(e|u001b)\[31m/, args.join(' '));
	}
});

test('the exit codes of kruxos agent', async () => {
	const refused = { error: 'not_allowed', detail: 'for root and the daemon\'s own user' };
	door.answers = { 'agent.create': refused, 'agent.list': refused, 'agent.revoke': refused };
	for (const [args, code] of [
		[['create', 'reader', '--purpose', 'x'], 1], [['list'], 1], [['show', 'reader'], 1], [['revoke', 'reader'], 1],
		[[], 64], [['create', 'reader'], 64], [['create', '--purpose', 'x'], 64], [['create', 'a', 'b', '-p', 'x'], 64],
		[['show'], 64], [['rotate'], 64], [['rotate', 'a', 'b'], 64], [['revoke'], 64],
		[['create', '--help'], 0], [['rotate', '--help'], 0],
	])
		assert.equal((await kruxos(['agent', ...args])).code, code, args.join(' '));
	rmSync(join(door.folder, 'ingest.sock'));
	for (const args of [['create', 'reader', '-p', 'x'], ['list'], ['show', 'reader'], ['rotate', 'reader'], ['revoke', 'reader']])
		assert.equal((await kruxos(['agent', ...args])).code, 3, args.join(' '));
});
