// The agent's client in Python: against a gateway of a few lines, which does what
// none should, and against a real one.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Stack, root, run } from './harness/stack.js';

const sdk = join(root, 'sdk/python');

/** Run python3's unittest; what it says counts as the reason of a failure. */
async function unittest(args, env = {}) {
	const done = await run('python3', ['-m', 'unittest', ...args], {
		cwd: sdk, env: { PYTHONDONTWRITEBYTECODE: '1', ...env },
	});
	assert.equal(done.code, 0, done.stderr);
	const [, count] = done.stderr.match(/^Ran (\d+) tests? in/m);
	assert.ok(count > 0 && !done.stderr.includes('ResourceWarning'), done.stderr);
	return done.stdout;
}

test('it does what it says, whatever a gateway does', () =>
	unittest(['discover', '-t', '.', '-s', 'tests']));

/** A call, and what comes of it in a line. */
const CALL = `
import os as system
from kruxos import *
with KruxOS.connect(system.environ["KRUXOS_ENDPOINT"], api_key=system.environ["KRUXOS_API_KEY"]) as os:
    try:
        print("done", os.call("alerts.send", severity="info", title="t", message="m").made.call_id)
    except ApprovalRequiredError as error:
        print("waits", error.approval_id)
    except DeniedError as error:
        print("denied", error.reason)
    except RateLimitError as error:
        print("limited", error.retry_after > 30)
`;

describe('with a gateway', () => {
	let stack;
	before(async () => {
		stack = await Stack.start({
			'policy agent asker': { 'alerts.send': 'approval_required' },
			'policy agent barred': { 'alerts.send': 'blocked' },
			limit: { 'alerts.list': '1000/1m', 'alerts.send': '6/1h' },
		});
	});
	after(() => stack?.stop());

	/** The environment of a new agent. */
	async function agent(name) {
		const { code, stdout, stderr } = await stack.kruxos(['agent', 'create', name, '--purpose', 'a test']);
		assert.equal(code, 0, stderr);
		return {
			KRUXOS_ENDPOINT: `http://127.0.0.1:${stack.gatewayPort}`, KRUXOS_API_KEY: stdout.trim(),
			KRUXOS_AGENT_NAME: name, KRUXOS_SPECIFICATION: join(root, 'tests/data/specification/monitoring.txt'),
			PYTHONDONTWRITEBYTECODE: '1',
		};
	}

	async function call(env) {
		const { code, stdout, stderr } = await run('python3', ['-c', CALL], { cwd: sdk, env });
		assert.equal(code, 0, stderr);
		return stdout.trim().split(' ');
	}

	test('the specification\'s own lines run, and the examples of the README', async () => {
		const env = await agent('writer');
		const said = await unittest(['tests.live'], env);
		const entries = stack.entries();
		const sent = entries.filter(({ capability }) => capability === 'alerts.send');
		assert.ok(sent.some(({ request }) => request.title === 'Deployment failed'));
		const [, session, id] = said.match(/session (\S+) call (\S+)/);
		const of = entries.filter(({ session_id }) => session_id === session);
		assert.deepEqual(of.map(({ capability }) => capability), ['session.start', 'system.info', 'session.end']);
		assert.deepEqual([of[1].call_id, of[1].agent_name, of[1].source], [id, 'writer', 'gateway']);
		assert.ok(!JSON.stringify(entries).includes(env.KRUXOS_API_KEY));
	});

	test('what waits for a person runs when he has accepted it, under one call_id', async () => {
		const env = await agent('asker');
		const [waits, id] = await call(env);
		assert.equal(waits, 'waits');
		assert.deepEqual(await call(env), [waits, id]);
		const door = await stack.door();
		await door.command('approval.accept', { id });
		door.close();
		assert.deepEqual(await call(env), ['done', id]);
		assert.deepEqual(stack.entries().filter(({ call_id }) => call_id === id).map(({ capability }) => capability),
			['approval.request', 'approval.accept', 'alerts.send']);
	});

	test('what is refused says why, what comes too often how long', async () => {
		const [denied, ...reason] = await call(await agent('barred'));
		assert.equal(denied, 'denied');
		assert.match(reason.join(' '), /blocked/);
		const env = await agent('eager');
		for (let i = 0; i < 6; i++)
			assert.equal((await call(env))[0], 'done');
		assert.deepEqual(await call(env), ['limited', 'True']);
	});
});
