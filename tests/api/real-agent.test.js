// A real coding agent, Gemini CLI of npm, in an empty home: its hooks put there
// by `kruxos hook install`, its telemetry sent to the gateway, its model
// replaced by a script. What it does ends in the log, and what the policy
// blocks is not done.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { GeminiModel } from './harness/gemini_model.js';
import { until } from './harness/poll.js';
import { Stack, build, root, run } from './harness/stack.js';

const gemini = join(root, 'build/node/node_modules/@google/gemini-cli/bundle/gemini.js');
const call = (name, args) => [{ functionCall: { name, args } }];

let stack, model, folder, home, project, environment;
before(async () => {
	stack = await Stack.start({ 'policy agent fenced': { 'shell.*': 'blocked' } });
	model = await GeminiModel.open();
	folder = mkdtempSync(join(tmpdir(), 'kruxos-agent-'));
	[home, project] = ['home', 'project'].map(name => join(folder, name));
	for (const made of [home, project, join(home, '.gemini'), join(folder, 'bin')])
		mkdirSync(made);
	// Settings as a user may have them: how to sign in, and where telemetry goes.
	writeFileSync(join(home, '.gemini/settings.json'), `{
	"security": { "auth": { "selectedType": "gemini-api-key" } },
	"telemetry": { "enabled": true, "target": "local", "otlpProtocol": "http",
		"otlpEndpoint": "http://127.0.0.1:${stack.gatewayPort}" }
}
`);
	// It is found by this name, and runs with the node that runs this.
	writeFileSync(join(folder, 'bin/gemini'), `#!/bin/sh\nexec '${process.execPath}' '${gemini}' "$@"\n`, { mode: 0o755 });
	const { stdout: token, stderr } = await stack.kruxos(['agent', 'create', 'builder', '--purpose', 'to be watched']);
	assert.match(token, /^krx_agent_/, stderr);
	environment = {
		...stack.environment, HOME: home, PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, XDG_RUNTIME_DIR: folder, NO_COLOR: '1',
		GEMINI_API_KEY: 'none', GOOGLE_GEMINI_BASE_URL: model.url,
		OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer ${token.trim()}`,
	};
});
after(async () => {
	model?.close();
	await stack?.stop();
	rmSync(folder, { recursive: true, force: true });
});

async function kruxos(...args) {
	const ran = await run(join(build, 'bin/kruxos'), args, { env: environment, cwd: project });
	assert.equal(ran.code, 0, ran.stderr);
	return ran.stdout;
}

/** Have it do what the script says, as nobody is there to be asked. */
async function work(prompt, ...script) {
	model.script = script;
	const ran = await run(join(folder, 'bin/gemini'), ['-m', 'gemini-2.5-flash', '-p', prompt, '--yolo', '--skip-trust'],
		{ env: environment, cwd: project });
	assert.equal(ran.code, 0, ran.stderr);
	return ran.stdout;
}

const entriesOf = name => stack.entries().filter(({ agent_name }) => agent_name === name);

const inShort = entries => entries.map(({ capability, status }) => `${capability} ${status}`);

test('its session is in the log, with durations and what was run', async () => {
	await kruxos('hook', 'install', 'gemini', '--user');
	const said = await work('Say hello.',
		call('run_shell_command', { command: 'sleep 0.4; echo hello', description: 'Say hello' }),
		call('write_file', { file_path: join(project, 'NOTES.md'), content: 'hello\n' }),
		[{ text: 'It is said.' }]);
	assert.match(said, /It is said\./);
	assert.equal(readFileSync(join(project, 'NOTES.md'), 'utf8'), 'hello\n');

	const entries = entriesOf('gemini');
	assert.deepEqual(inShort(entries), [
		'session.start success', 'agent.prompt success',
		'shell.exec pending', 'shell.exec success', 'filesystem.write pending', 'filesystem.write success',
		'agent.stop success', 'session.end success']);
	assert.equal(new Set(entries.map(({ session_id }) => session_id)).size, 1);
	assert.ok(entries.every(({ source }) => source === 'hook'));
	const [, , begun, ended] = entries;
	assert.equal(begun.call_id, ended.call_id);
	assert.equal(ended.request.tool_input?.command ?? ended.request.command, 'sleep 0.4; echo hello');
	// It slept for 400 ms; the agent's own doings come on top.
	assert.ok(ended.duration_ms >= 400 && ended.duration_ms < 60_000, String(ended.duration_ms));
	assert.ok(Date.parse(ended.time) - Date.parse(begun.time) >= 400);
});

test('its telemetry tells of the same calls', async () => {
	const [{ session_id: session }] = entriesOf('gemini');
	const { coverage } = await until('both ways are known', async () => {
		const [found] = (await stack.get(`/api/sessions/${session}`)).sessions;
		return found.coverage?.by_telemetry === 2 && found;
	});
	assert.deepEqual(coverage, { percent: 100, by_hook: 2, by_telemetry: 2, both: 2, unrecorded: 0, missing_sequence: 0 });
});

test('a command that the policy blocks is not run, and it is told why', async () => {
	await kruxos('hook', 'install', 'gemini', '--user', '--name', 'fenced');
	await work('Touch it.', call('run_shell_command', { command: 'touch forbidden', description: 'Touch it' }), [{ text: 'It was not to be.' }]);
	assert.ok(!existsSync(join(project, 'forbidden')));
	const denied = entriesOf('fenced').find(({ status }) => status === 'denied');
	assert.equal(denied.capability, 'shell.exec');
	assert.equal(denied.decided_by, 'policy');
	assert.equal(denied.policy_tier, 'blocked');
	assert.ok(!inShort(entriesOf('fenced')).includes('shell.exec success'));
});

test('doctor finds it well, and what was installed can be taken out', async () => {
	const { agents: [found], reachable } = JSON.parse(await kruxos('hook', 'doctor', 'gemini', '--json'));
	assert.equal(reachable, true);
	assert.equal(found.version, JSON.parse(readFileSync(join(gemini, '../../package.json'), 'utf8')).version);
	assert.deepEqual(found.problems, []);
	assert.equal(found.agent_name, 'fenced');
	assert.equal(found.last_entry_at, entriesOf('fenced').at(-1).time);
	await kruxos('hook', 'uninstall', 'gemini', '--user');
	assert.doesNotMatch(readFileSync(join(home, '.gemini/settings.json'), 'utf8'), /hooks/);
});

test('all of it is in a log that verifies', async () => {
	assert.match(await kruxos('audit', 'verify'), /entries/);
});
