// kruxos hook install, uninstall and doctor, in a home that is made for each
// test, with programs that are called like agents.

import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync,
	symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, test } from 'node:test';

import { FakeDoor } from './harness/fake_door.js';
import { build, run } from './harness/stack.js';

const fakeCodex = fileURLToPath(new URL('harness/fake_codex.js', import.meta.url));

let folder, home, project, programs, environment;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'kruxos-hooks-'));
	[home, project, programs] = ['home', 'a project', 'bin'].map(name => join(folder, name));
	for (const made of [home, project, programs])
		mkdirSync(made);
	// kruxos-hook is looked for beside kruxos.
	copyFileSync(join(build, 'bin/kruxos'), join(programs, 'kruxos'));
	program('kruxos-hook', 'exit 0');
	writeFileSync(join(folder, 'kruxos.conf'), '');
	environment = { HOME: home, PATH: `${programs}:/usr/bin:/bin`, NO_COLOR: '1',
		KRUXOS_CONFIG: join(folder, 'kruxos.conf'),
		CODEX_HOME: '', CLAUDE_CONFIG_DIR: '', OPENCODE_CONFIG_DIR: '' };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(name, script) {
	writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`);
	chmodSync(join(programs, name), 0o755);
}

const installCodex = () => program('codex', `exec '${process.execPath}' '${fakeCodex}' "$@"`);

const kruxos = (...args) => run(join(programs, 'kruxos'), ['hook', ...args], { env: environment, cwd: project });

async function succeeds(...args) {
	const ran = await kruxos(...args);
	assert.equal(ran.code, 0, ran.stderr);
	return ran;
}

function write(path, text, mode = 0o644) {
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, text);
	chmodSync(path, mode);
}

const read = path => readFileSync(path, 'utf8');

const agents = [
	{ name: 'claude-code', file: '.claude/settings.json', before: 'PreToolUse', seconds: 10 },
	{ name: 'codex', file: '.codex/hooks.json', before: 'PreToolUse', seconds: 10 },
	{ name: 'gemini', file: '.gemini/settings.json', before: 'BeforeTool', seconds: 10_000 },
	{ name: 'cursor', file: '.cursor/hooks.json', before: 'preToolUse', seconds: 10 },
];

test('each agent gets a hook before a tool, in its own settings', async () => {
	for (const { name, file, before, seconds } of agents)
		for (const [option, base] of [['--user', home], ['--project', project]]) {
			await succeeds('install', name, option);
			const { hooks } = JSON.parse(read(join(base, file)));
			const hook = hooks[before][0].hooks?.[0] ?? hooks[before][0];
			assert.equal(hook.command,
				`${programs}/kruxos-hook ${name} -c ${environment.KRUXOS_CONFIG}`);
			assert.equal(hook.timeout, seconds);
		}
});

test('what stands there stays, byte for byte, with its mode, and the old file beside it', async () => {
	const file = join(home, '.claude/settings.json');
	const text = '{ // mine\n\t"model":"x",\n\t"hooks" : {"Setup":[ ]}}\n';
	write(file, text, 0o600);
	const { stdout } = await succeeds('install', 'claude-code', '--user');
	assert.match(stdout, /settings\.json is changed\n {2}\+ SessionStart\n/);
	assert.match(read(file), /^\{ \/\/ mine\n\t"model":"x",\n\t"hooks" : \{"Setup":\[ \],\n\t\t"SessionStart": \[/);
	assert.equal(statSync(file).mode & 0o777, 0o600);
	assert.equal(read(`${file}.before-kruxos`), text);

	const installed = read(file);
	assert.match((await succeeds('install', 'claude-code', '--user')).stdout, /stays as it is\n$/);
	assert.equal(read(file), installed);

	await succeeds('uninstall', 'claude-code', '--user');
	assert.equal(read(file), text);
});

test('a file of which nothing is left goes', async () => {
	for (const { name, file } of agents) {
		await succeeds('install', name, '--user');
		await succeeds('uninstall', name, '--user');
		assert.deepEqual(readdirSync(dirname(join(home, file))), []);
		assert.match((await succeeds('uninstall', name, '--user')).stdout, /stays as it is\n$/);
	}
});

test('a dry run shows the settings as they would be, and writes nothing', async () => {
	const { stdout } = await succeeds('install', 'gemini', '--user', '--dry-run', '--name', 'my gemini', '--fail-closed');
	assert.match(stdout, /settings\.json \(not done\) is made\n {2}\+ SessionStart\n/);
	assert.match(stdout, /kruxos-hook gemini --name 'my gemini' --fail-closed -c /);
	assert.ok(!existsSync(join(home, '.gemini')));
});

test('other options are put in the place of those before', async () => {
	await succeeds('install', 'cursor', '--project');
	const { stdout } = await succeeds('install', 'cursor', '--project', '--fail-closed');
	assert.match(stdout, / {2}~ preToolUse\n/);
	const { hooks } = JSON.parse(read(join(project, '.cursor/hooks.json')));
	assert.deepEqual(hooks.preToolUse.map(hook => hook.command.includes('--fail-closed')), [true]);
});

test('settings that cannot be read are named, and left alone', async () => {
	for (const [text, said] of [
		['{"hooks": ', /settings\.json: .*byte/],
		['{"hooks": 1}', /"hooks" should be an object, and is a number/],
		['[]', /settings are an object, and this is an array/],
		['x'.repeat(2 << 20), /longer than settings are/],
	]) {
		write(join(home, '.gemini/settings.json'), text);
		const { code, stderr } = await kruxos('install', 'gemini', '--user');
		assert.equal(code, 1);
		assert.match(stderr, said);
		assert.deepEqual(readdirSync(join(home, '.gemini')), ['settings.json']);
		assert.equal(read(join(home, '.gemini/settings.json')), text);
	}
});

test('a link of the user stays one, and leads to what was changed', async () => {
	const link = join(home, '.claude/settings.json');
	const target = join(folder, 'dotfiles/claude.json');
	write(target, '{}\n');
	mkdirSync(dirname(link));
	symlinkSync(target, link);
	await succeeds('install', 'claude-code', '--user');
	assert.ok(lstatSync(link).isSymbolicLink());
	assert.match(read(target), /kruxos-hook claude-code/);
});

test('what is no file is refused', async () => {
	mkdirSync(join(home, '.claude/settings.json'), { recursive: true });
	const { code, stderr } = await kruxos('install', 'claude-code', '--user');
	assert.equal(code, 1);
	assert.match(stderr, /settings\.json is no file/);
});

test('what belongs to somebody else is refused', { skip: process.getuid() !== 0 }, async () => {
	const file = join(home, '.claude/settings.json');
	write(file, '{}');
	await run('/bin/chown', ['1', file]);
	const { code, stderr } = await kruxos('install', 'claude-code', '--user');
	assert.equal(code, 1);
	assert.match(stderr, /settings\.json belongs to uid 1, and is left alone/);
	assert.equal(read(file), '{}');
});

test('OpenCode gets a plug-in, and one of somebody else is left alone', async () => {
	const file = join(project, '.opencode/plugins/kruxos.js');
	await succeeds('install', 'opencode', '--project', '--fail-closed');
	assert.match(read(file), new RegExp(`^const command = \\["${programs}/kruxos-hook","opencode","--fail-closed",`, 'm'));
	assert.equal((await run(process.execPath, ['--check', file])).code, 0);
	assert.match((await succeeds('install', 'opencode', '--project')).stdout, / {2}~ plug-in/);
	await succeeds('uninstall', 'opencode', '--project');
	assert.ok(!existsSync(file));

	write(file, 'export const Mine = async () => ({});\n');
	for (const command of ['install', 'uninstall']) {
		const { code, stderr } = await kruxos(command, 'opencode', '--project');
		assert.equal(code, 1);
		assert.match(stderr, /kruxos\.js: it is none that `kruxos hook install` wrote/);
	}
});

/** What the plug-in has told kruxos-hook, which answers with `answer`: [event, what]. */
async function plugged(answer, work, ...options) {
	program('kruxos-hook', `printf '%s ' "$*" >>'${folder}/told'; cat >>'${folder}/told'; echo >>'${folder}/told'\n${answer}`);
	await succeeds('install', 'opencode', '--user', ...options);
	const script = `
		import { Kruxos } from '${home}/.config/opencode/plugins/kruxos.js';
		const hooks = await Kruxos({});
		const say = (type, properties) => hooks.event({ event: { type, properties } });
		${work}`;
	const ran = await run(process.execPath, ['--input-type=module', '-e', script], { env: environment });
	const told = existsSync(`${folder}/told`) ? read(`${folder}/told`).trim().split('\n') : [];
	return { ...ran, told: told.map(line => line.match(/--event (\S+) (.*)$/).slice(1)) };
}

test('OpenCode\'s plug-in tells of tools and sessions, and of nothing else', async () => {
	const { code, stderr, told } = await plugged('exit 0', `
		await say('session.created', { info: { id: 'ses_1' } });
		await say('session.status', { sessionID: 'ses_1' });
		await say('session.idle', { sessionID: 'ses_1' });
		await hooks['chat.message']({ sessionID: 'ses_1' }, { parts: [] });
		await hooks['tool.execute.before']({ tool: 'bash', callID: 'c1' }, { args: { command: 'ls' } });
		await hooks['tool.execute.after']({ tool: 'bash', callID: 'c1' }, { output: 'x' });
		await say('message.part.updated', { part: { type: 'tool', state: { status: 'running' } } });
		await say('message.part.updated', { part: { type: 'tool', state: { status: 'error' } } });`);
	assert.equal(code, 0, stderr);
	assert.deepEqual(told.map(([event]) => event), ['event:session.created', 'event:session.idle', 'chat.message',
		'tool.execute.before', 'tool.execute.after', 'event:message.part.updated', 'event:session.deleted']);
	assert.deepEqual(JSON.parse(told[3][1]),
		{ input: { tool: 'bash', callID: 'c1' }, output: { args: { command: 'ls' } } });
	assert.equal(JSON.parse(told[6][1]).properties.sessionID, 'ses_1');
});

test('OpenCode\'s plug-in throws what is denied, and lets run what is not', async () => {
	const call = "await hooks['tool.execute.before']({ tool: 'bash' }, { args: { x: 'y'.repeat(1 << 20) } });";
	for (const [answer, options, said] of [
		[`echo '{"decision":"deny","reason":"kruxos.conf:4"}'`, [], /Error: kruxos\.conf:4/],
		['echo not now >&2; exit 2', [], /Error: not now/],
		['exit 1', ['--fail-closed'], /Error: kruxos-hook did not answer/],
		[`rm '${programs}/kruxos-hook'; exit 1`, [], null],
		['exit 1', [], null],
		['echo text', [], null],
		['exec 0<&-; exit 0', [], null],
	]) {
		const { code, stderr } = await plugged(answer, call, ...options);
		assert.equal(code, said === null ? 0 : 1, `${answer}: ${stderr}`);
		assert.match(stderr, said ?? /^$/);
	}
});

test('OpenCode\'s plug-in without kruxos-hook', async () => {
	for (const [options, code] of [[[], 0], [['--fail-closed'], 1]]) {
		const ran = await plugged('exit 0', `
			await hooks['tool.execute.before']({ tool: 'bash' }, {});
			(await import('node:fs')).rmSync('${programs}/kruxos-hook');
			await hooks['tool.execute.before']({ tool: 'bash' }, {});`, ...options);
		assert.equal(ran.code, code, ran.stderr);
		assert.match(ran.stderr, code === 0 ? /^$/ : /kruxos-hook could not be run/);
	}
});

test('Codex trusts what is installed, and no more what is not', async () => {
	installCodex();
	const { stderr } = await succeeds('install', 'codex', '--user');
	assert.match(stderr, /Codex trusts them/);
	const states = () => JSON.parse(read(join(home, '.codex/config.json')));
	assert.equal(Object.keys(states()).length,
		Object.keys(JSON.parse(read(join(home, '.codex/hooks.json'))).hooks).length);
	await succeeds('uninstall', 'codex', '--user');
	assert.deepEqual(states(), {});
});

test('a Codex that does not trust them is told of', async () => {
	assert.match((await succeeds('install', 'codex', '--user')).stderr, /codex is not in PATH/);
	installCodex();
	environment.CODEX_IS_BROKEN = '1';
	const { code, stderr } = await kruxos('install', 'codex', '--user');
	assert.equal(code, 1);
	assert.match(stderr, /written, but not trusted yet: .*it is broken/);
});

test('usage that is wrong is told of', async () => {
	for (const args of [['install', 'codex'], ['install', 'codex', '--user', '--project'],
		['install', 'vim', '--user'], ['install'], ['uninstall', 'codex'], ['doctor', 'vim']])
		assert.equal((await kruxos(...args)).code, 64, args.join(' '));
	const { code, stderr } = await kruxos('install', 'opencode', '--system');
	assert.equal(code, 1);
	assert.match(stderr, /OpenCode loads plug-ins of a user or a project/);
});

/** What answers at the door and at api.sock, where a stack would. */
async function withApi(entries, work, verdict = { policy_tier: 'autonomous' }) {
	const door = await FakeDoor.open();
	const asked = [];
	const server = createServer((request, response) => {
		asked.push(request.url);
		response.end(JSON.stringify({ entries }));
	});
	door.answers['policy.ask'] = verdict;
	await new Promise(resolve => server.listen(join(door.folder, 'api.sock'), resolve));
	environment = { ...environment, ...door.environment };
	try {
		await work(asked);
	} finally {
		await new Promise(resolve => server.close(resolve));
		door.close();
	}
}

const diagnose = async (...args) => {
	const { code, stdout, stderr } = await kruxos('doctor', '--json', ...args);
	return { code, stderr, ...JSON.parse(stdout) };
};

test('doctor: all is well', async () => {
	installCodex();
	await succeeds('install', 'codex', '--user', '--name', 'builder');
	await withApi([{ time: '2026-11-24T10:00:00.000000Z' }], async asked => {
		const { code, agents: [codex], ...rest } = await diagnose();
		assert.equal(code, 0, rest.stderr);
		assert.deepEqual(codex, {
			agent: 'codex', agent_name: 'builder', program: `${programs}/codex`, version: '0.171.0',
			registered: [{ scope: 'user', path: `${home}/.codex/hooks.json`, complete: true }],
			enabled: true, trusted: true, last_entry_at: '2026-11-24T10:00:00.000000Z', problems: [],
		});
		assert.match(asked[0], /source=hook&agent_name=builder$/);
		assert.match((await succeeds('doctor')).stdout, /^AGENT +VERSION.*\ncodex +0\.171\.0 +user +yes +\d+d ago\n$/);
	});
});

test('doctor: what is wrong is named, with what helps', async () => {
	installCodex();
	program('gemini', 'echo 0.61.0');
	program('claude', 'echo "2.1.331 (Claude Code)"');
	await succeeds('install', 'codex', '--user');
	writeFileSync(join(home, '.codex/config.json'), '{}'); // approved no more
	await succeeds('install', 'gemini', '--user');
	const gemini = JSON.parse(read(join(home, '.gemini/settings.json')));
	delete gemini.hooks.AfterTool;
	write(join(home, '.gemini/settings.json'), JSON.stringify({ ...gemini, hooksConfig: { enabled: false } }));
	await withApi([], async () => {
		const { code, agents } = await diagnose();
		assert.equal(code, 2);
		const problems = Object.fromEntries(agents.map(agent => [agent.agent, agent.problems.join('\n')]));
		assert.match(problems.codex, /^Codex trusts 0 of 9 hooks and runs no other: kruxos hook install codex --user$/);
		assert.match(problems.gemini, /^not all events have a hook: kruxos hook install gemini --user$/m);
		assert.match(problems.gemini, /^its settings turn all hooks off: hooksConfig\.enabled$/m);
		assert.match(problems['claude-code'], /^it has no hooks: kruxos hook install claude-code --user$/);
		assert.deepEqual(agents.map(agent => [agent.version, agent.last_entry_at]),
			[['2.1.331', null], ['0.171.0', null], ['0.61.0', null]]);
	});
});

test('doctor: a program that is gone, settings that are broken, an agent that is not there', async () => {
	program('cursor-agent', 'exit 1');
	await succeeds('install', 'cursor', '--user');
	rmSync(join(programs, 'kruxos-hook'));
	write(join(home, '.claude/settings.json'), '{');
	await withApi([], async () => {
		const { code, agents } = await diagnose('cursor', 'claude-code');
		assert.equal(code, 2);
		assert.deepEqual(agents.map(agent => [agent.agent, agent.version]), [['claude-code', null], ['cursor', null]]);
		assert.match(agents[0].problems.join('\n'), /settings\.json: .*byte.*\nit is not installed: no claude in PATH$/);
		assert.match(agents[1].problems.join('\n'), /names .*kruxos-hook, which is not there$/);
	});
});

test('doctor: a door that is closed to this user', async () => {
	installCodex();
	await succeeds('install', 'codex', '--user');
	await withApi([], async () => {
		const { code, agents: [codex] } = await diagnose();
		assert.equal(code, 2);
		assert.deepEqual(codex.problems, ['kruxosd takes nothing from this user\'s hooks: you are a stranger']);
	}, { error: 'not_allowed', detail: 'you are a stranger' });
});

test('doctor: a daemon that is not there is unknown', async () => {
	installCodex();
	await succeeds('install', 'codex', '--user');
	const { code, reachable, stderr } = await diagnose();
	assert.equal(code, 3);
	assert.equal(reachable, false);
	assert.match(stderr, /ingest\.sock/);
});
