// Which ways told of a session's calls: recorded sessions of real agents, their
// hooks and their telemetry, and what is said where one of them misses some.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { untilAlert } from './harness/alerts.js';
import { request } from './harness/http.js';
import { until } from './harness/poll.js';
import { Stack, build, root, run } from './harness/stack.js';

let stack, door, token, runtime;
before(async () => {
	stack = await Stack.start({
		'alert unrecorded-activity': { when: 'unrecorded_calls > 0' },
		'policy agent fenced': { 'shell.exec': 'blocked' },
	});
	door = await stack.door();
	({ token } = await door.command('agent.create', { name: 'laptop', purpose: 'to be covered' }));
	runtime = mkdtempSync(join(tmpdir(), 'kruxos-hook-'));
});
after(async () => {
	door?.close();
	await stack?.stop();
	rmSync(runtime, { recursive: true, force: true });
});

/** A recording's lines, its session being called `session`, if that is given. */
function recording(file, session) {
	const text = readFileSync(join(root, 'tests/data/agents', file), 'utf8').trimEnd();
	const renamed = session === undefined ? text : text.replaceAll(sessions[file.split('/')[0]], session);
	return renamed.split('\n').map(line => JSON.parse(line));
}

const sessions = Object.fromEntries(['claude-code', 'codex', 'gemini-cli'].map(folder =>
	[folder, recording(`${folder}/hooks.ndjson`)[0].stdin.session_id]));

async function hook(agent, input, args = []) {
	const ran = await run(join(build, 'bin/kruxos-hook'), [agent, ...args], {
		input: JSON.stringify(input), env: { ...stack.environment, XDG_RUNTIME_DIR: runtime },
	});
	assert.equal(ran.code, 0, ran.stderr);
	return ran;
}

async function send(path, body) {
	const reply = await request(stack.gateway, path, {
		method: 'POST', body: JSON.stringify(body),
		headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
	});
	assert.equal(reply.status, 200, reply.body);
}

/** Wait until a session's coverage is this. */
async function covers(session, expected) {
	let coverage;
	try {
		await until(`${session} is covered so`, async () => {
			({ coverage } = (await stack.get(`/api/sessions/${session}`)).sessions[0]);
			return JSON.stringify(coverage) === JSON.stringify(expected);
		});
	} catch {
		assert.deepEqual(coverage, expected);
	}
}

/** Let a recorded session happen: what its hooks were told, and its telemetry, in part perhaps. */
async function play(agent, folder, { session, isHooked = () => true, arrived = body => body } = {}) {
	for (const { stdin } of recording(`${folder}/hooks.ndjson`, session).filter(isHooked))
		await hook(agent, stdin);
	for (const { path, body } of recording(`${folder}/otlp.ndjson`, session).filter(({ path }) => path !== '/v1/metrics'))
		await send(path, arrived(body));
	return session ?? sessions[folder];
}

const all = (calls, more) => ({
	percent: 100, by_hook: calls, by_telemetry: calls, both: calls, unrecorded: 0, missing_sequence: 0, ...more });

test('a session of Claude Code is told by both ways, without a gap, and recorded once', async () => {
	const session = await play('claude-code', 'claude-code');
	await covers(session, all(8));
	assert.deepEqual(stack.entries().filter(one => one.session_id === session && one.source === 'otlp'), []);
});

test('a session of Codex: what another hook has denied, telemetry does not tell', async () => {
	await covers(await play('codex', 'codex'), all(7, { percent: 87.5, by_hook: 8 }));
});

test('a session of Gemini CLI, which gives its calls no ids', async () => {
	const session = await play('gemini', 'gemini-cli');
	await covers(session, all(9));
	// What its hooks have no end of: it was denied.
	assert.deepEqual(stack.entries().filter(one => one.session_id === session && one.source === 'otlp')
		.map(({ capability, status }) => [capability, status]), [['shell.exec', 'denied']]);
});

test('what the policy denies lowers nothing', async () => {
	const session = 'fenced-1';
	const call = (tool_use_id, tool_name) => ({ session_id: session, tool_use_id, tool_name, tool_input: {}, cwd: '/' });
	await hook('claude-code', { ...call('c1', 'Bash'), hook_event_name: 'PreToolUse' }, ['--name', 'fenced']);
	await hook('claude-code', { ...call('c2', 'Read'), hook_event_name: 'PreToolUse' }, ['--name', 'fenced']);
	await hook('claude-code', { ...call('c2', 'Read'), hook_event_name: 'PostToolUse' }, ['--name', 'fenced']);
	await covers(session, all(0, { percent: null, by_hook: 2 }));
	await send('/v1/logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [{
		timeUnixNano: `${BigInt(Date.now()) * 1000000n}`,
		attributes: Object.entries({ 'event.name': 'tool_result', 'session.id': session, tool_use_id: 'c2', tool_name: 'Read', success: 'true' })
			.map(([key, stringValue]) => ({ key, value: { stringValue } })),
	}] }] }] });
	await covers(session, all(1, { by_hook: 2 }));
	await hook('claude-code', { session_id: session, hook_event_name: 'SessionEnd', reason: 'other', cwd: '/' });
});

test('a session whose end was told, one that goes on, and one that has long been silent', async () => {
	const entry = (session_id, capability, hoursAgo) => ({
		actor_type: 'agent', agent_name: 'a', session_id, capability, status: 'success',
		time: new Date(Date.now() - hoursAgo * 3_600_000).toISOString() });
	await door.record(entry('told', 'session.start', 3));
	await door.record(entry('told', 'session.end', 2));
	await door.record(entry('silent', 'session.start', 2));
	await door.record(entry('going', 'session.start', 0.1));
	for (const [session, end] of [['told', 'seen'], ['silent', 'missing'], ['going', 'open']])
		await until(`${session} is ${end}`, async () =>
			(await stack.get(`/api/sessions/${session}`)).sessions[0].end === end);
});

test('nothing is missing so far, say the figures', async () => {
	const figures = await until('they are measured', async () => {
		const agents = await stack.get('/api/metrics?category=agents');
		return agents.coverage_percent !== null && agents;
	});
	assert.ok(figures.coverage_percent > 90, String(figures.coverage_percent));
	assert.equal(figures.unrecorded_calls, 0);
});

test('calls that hooks miss, and records that never come, are told of', async () => {
	const missed = recording('claude-code/hooks.ndjson').find(({ stdin }) => stdin.tool_name === 'Read').stdin.tool_use_id;
	const lost = [60, 61, 64];
	const session = await play('claude-code', 'claude-code', {
		session: 'half-heard',
		isHooked: ({ stdin }) => stdin.tool_use_id !== missed && stdin.hook_event_name !== 'PostToolBatch',
		arrived: body => without(body, lost),
	});
	await covers(session, all(8, { percent: 87.5, by_hook: 7, both: 7, unrecorded: 1, missing_sequence: lost.length }));
	await until('the figure says so', async () =>
		(await stack.get('/api/metrics?category=agents')).unrecorded_calls === 1 + lost.length);
	const alert = await untilAlert(stack, { rule: 'unrecorded-activity', state: 'firing' });
	assert.equal(alert.severity, 'warning');
	assert.equal(alert.title, 'Unrecorded activity');
	// What comes late closes the gap.
	for (const { body } of recording('claude-code/otlp.ndjson', session).filter(({ path }) => path === '/v1/logs'))
		await send('/v1/logs', body);
	await covers(session, all(8, { percent: 87.5, by_hook: 7, both: 7, unrecorded: 1 }));
});

/** The records without those of these numbers. */
function without(body, numbers) {
	for (const { scopeLogs } of body.resourceLogs ?? [])
		for (const scope of scopeLogs)
			scope.logRecords = scope.logRecords.filter(({ attributes }) => !numbers.includes(
				Number(Object.values(attributes.find(({ key }) => key === 'event.sequence')?.value ?? {})[0])));
	return body;
}
