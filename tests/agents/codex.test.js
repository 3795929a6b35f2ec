// Codex of npm, in an empty home: it runs no hook that it does not trust, so
// what is tried first is that `kruxos hook install` makes it trust ours.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { CodexModel } from '../api/harness/codex_model.js';
import { until } from '../api/harness/poll.js';
import { Stack, build, root, run } from '../api/harness/stack.js';

const call = (call_id, cmd) => ({ type: 'function_call', call_id, name: 'exec_command', arguments: JSON.stringify({ cmd }) });
const say = text => ({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] });

let stack, model, folder, home, project, environment;
before(async () => {
	stack = await Stack.start({ 'policy agent fenced': { 'shell.*': 'blocked' } });
	model = await CodexModel.open();
	folder = mkdtempSync(join(tmpdir(), 'kruxos-agent-'));
	[home, project] = ['home', 'project'].map(name => join(folder, name));
	for (const made of [home, project, join(home, '.codex'), join(folder, 'bin')])
		mkdirSync(made);
	symlinkSync(join(root, 'build/agents/node_modules/.bin/codex'), join(folder, 'bin/codex'));
	const { stdout: token, stderr } = await stack.kruxos(['agent', 'create', 'builder', '--purpose', 'to be watched']);
	assert.match(token, /^krx_agent_/, stderr);
	writeFileSync(join(home, '.codex/config.toml'), `# mine
model = "scripted"
model_provider = "script" # on loopback

[model_providers.script]
name = "script"
base_url = "${model.url}"
wire_api = "responses"

[otel]
exporter = { otlp-http = { endpoint = "http://127.0.0.1:${stack.gatewayPort}/v1/logs", protocol = "json", headers = { Authorization = "Bearer ${token.trim()}" } } }
`);
	environment = {
		...stack.environment, HOME: home, CODEX_HOME: '', XDG_RUNTIME_DIR: folder, NO_COLOR: '1',
		PATH: `${join(folder, 'bin')}:${join(build, 'node/bin')}:/usr/bin:/bin`,
	};
});
after(async () => {
	model?.close();
	await stack?.stop();
	rmSync(folder, { recursive: true, force: true });
});

const kruxos = (...args) => run(join(build, 'bin/kruxos'), args, { env: environment, cwd: project });

async function succeeds(...args) {
	const ran = await kruxos(...args);
	assert.equal(ran.code, 0, ran.stderr);
	return ran;
}

async function work(prompt, ...script) {
	model.script = script;
	const ran = await run('/usr/bin/env', ['codex', 'exec', '--sandbox', 'danger-full-access', '--skip-git-repo-check', prompt],
		{ env: environment, cwd: project });
	assert.equal(ran.code, 0, ran.stderr);
	return ran;
}

const entriesOf = name => stack.entries().filter(({ agent_name }) => agent_name === name);

const diagnose = async () => JSON.parse((await kruxos('hook', 'doctor', 'codex', '--json')).stdout).agents[0];

test('it trusts what was installed, and its own settings stay', async () => {
	const before = readFileSync(join(home, '.codex/config.toml'), 'utf8');
	assert.match((await succeeds('hook', 'install', 'codex', '--user')).stderr, /Codex trusts them/);
	assert.ok(readFileSync(join(home, '.codex/config.toml'), 'utf8').startsWith(before));
	const found = await diagnose();
	assert.equal(found.version, '0.171.0');
	assert.equal(found.trusted, true);
	assert.deepEqual(found.problems, []);
});

test('its session is in the log, with durations and what was run', async () => {
	await work('Say hello.', call('call_1', 'sleep 0.4; echo hello'), call('call_2', 'exit 3'), say('It is said.'));
	const entries = entriesOf('codex');
	assert.deepEqual(entries.map(({ capability, status, call_id }) => `${capability} ${status}${capability === 'shell.exec' ? ` ${call_id}` : ''}`), [
		'session.start success', 'agent.prompt success',
		'shell.exec pending call_1', 'shell.exec success call_1',
		'shell.exec pending call_2', 'shell.exec success call_2',
		'agent.stop success', 'session.end success']);
	const ended = entries[3];
	assert.ok(ended.duration_ms >= 400 && ended.duration_ms < 60_000, String(ended.duration_ms));
	assert.match(JSON.stringify(ended.request), /sleep 0\.4; echo hello/);
});

test('its telemetry tells of the same calls, which are recorded once', async () => {
	const [{ session_id: session }] = entriesOf('codex');
	const { coverage } = await until('both ways are known', async () => {
		const [found] = (await stack.get(`/api/sessions/${session}`)).sessions;
		return found.coverage?.by_telemetry === 2 && found;
	});
	assert.deepEqual(coverage, { percent: 100, by_hook: 2, by_telemetry: 2, both: 2, unrecorded: 0, missing_sequence: 0 });
	assert.deepEqual(stack.entries().filter(({ source }) => source === 'otlp'), []);
});

test('a command that the policy blocks is not run', async () => {
	await succeeds('hook', 'install', 'codex', '--user', '--name', 'fenced');
	await work('Touch it.', call('call_1', 'touch forbidden'), say('It was not to be.'));
	assert.ok(!existsSync(join(project, 'forbidden')));
	assert.deepEqual(entriesOf('fenced').filter(({ capability }) => capability === 'shell.exec')
		.map(({ status, decided_by, policy_tier }) => [status, decided_by, policy_tier]), [['denied', 'policy', 'blocked']]);
});

test('hooks that were changed by hand are not trusted, and doctor says so', async () => {
	const file = join(home, '.codex/hooks.json');
	writeFileSync(file, readFileSync(file, 'utf8').replace('"timeout": 10', '"timeout": 11'));
	const found = await diagnose();
	assert.equal(found.trusted, false);
	assert.match(found.problems.join('\n'), /^Codex trusts 8 of 9 hooks and runs no other: kruxos hook install codex --user$/m);
	await succeeds('hook', 'install', 'codex', '--user', '--name', 'fenced');
	assert.deepEqual((await diagnose()).problems, []);
});

test('what was installed can be taken out, and nothing of it is trusted any more', async () => {
	await succeeds('hook', 'uninstall', 'codex', '--user');
	assert.ok(!existsSync(join(home, '.codex/hooks.json')));
	assert.doesNotMatch(readFileSync(join(home, '.codex/config.toml'), 'utf8'), /trusted_hash/);
	assert.equal((await succeeds('audit', 'verify')).code, 0);
});
