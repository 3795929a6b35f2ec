// kruxos-hook: what real coding agents told their hooks, in the log.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
	chmodSync, chownSync, linkSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync,
	truncateSync, writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { until } from './harness/poll.js';
import { build, root, run, Stack } from './harness/stack.js';

const program = join(build, 'bin/kruxos-hook');
let stack;
let runtime; // where calls wait for their other half

before(async () => {
	stack = await Stack.start({
		'policy agent fenced': { 'shell.exec': 'blocked' },
		'policy agent asking': { 'shell.exec': 'approval_required' },
		'policy agent noted': { 'shell.*': 'notify' },
	});
	runtime = mkdtempSync(join(tmpdir(), 'kruxos-hook-'));
});
after(async () => {
	rmSync(runtime, { recursive: true, force: true });
	await stack.stop();
});

// A machine that does much else at once is waited for.
const patient = ['--timeout', '30000'];

/** Run the hook as an agent does. */
function hook(args, input, env = {}) {
	return run(program, [...args, ...patient], {
		input: typeof input === 'object' && !Buffer.isBuffer(input) ? JSON.stringify(input) : input,
		env: { ...stack.environment, XDG_RUNTIME_DIR: runtime, ...env },
	});
}

let sessions = 0;

/**
 * A recorded session as one of its own: scripted models count their ids from 1.
 * Returns { inputs: [{ event, stdin, stdout }], session }.
 */
function recording(file) {
	const session = `recorded-${++sessions}`;
	const text = readFileSync(join(root, 'tests/data/agents', file), 'utf8');
	const first = JSON.parse(text.split('\n').find(line => /"session_id"|"sessionID"/.test(line))).stdin;
	const id = first.session_id ?? first.properties?.sessionID ?? first.input.sessionID;
	return {
		session,
		inputs: text.replaceAll(id, session).trimEnd().split('\n').map(line => JSON.parse(line)),
	};
}

/** Give a recording to the hook, one input after the other: its answers. */
async function feed(agent, inputs, args = []) {
	const answers = [];
	for (const { event, stdin } of inputs) {
		const named = agent === 'opencode' ? ['--event', event] : [];
		const answer = await hook([agent, ...named, ...args], stdin);
		assert.equal(answer.code, 0, `${event}: ${answer.stderr}`);
		answers.push(answer);
	}
	return answers;
}

const entriesOf = session => stack.entries().filter(entry => entry.session_id === session);

/** In short: what was done, how it ended, who decided, and which call it was. */
function inShort(entries) {
	const calls = [];
	return entries.map(entry => {
		const { capability, status, decided_by: decider, call_id: id } = entry;
		if (/^(session|agent|subagent)\.(start|stop|end|prompt|notification|compact)$/.test(capability))
			return capability;
		if (!calls.includes(id))
			calls.push(id);
		return `${calls.indexOf(id) + 1} ${capability} ${status}${decider ? ` ${decider}` : ''}`;
	});
}

const mainSessions = {
	'claude-code': { file: 'claude-code/hooks.ndjson', entries: [
		'session.start', 'agent.prompt',
		'1 shell.exec pending', '1 shell.exec success none',
		'2 shell.exec pending', '2 shell.exec error none',
		'3 filesystem.read pending', '3 filesystem.read success none',
		'4 filesystem.write pending', '4 filesystem.write success mode',
		'5 filesystem.write pending', '5 filesystem.write success mode',
		'6 subagent.run pending', '6 subagent.run success none', 'subagent.start',
		'7 shell.exec pending', '8 shell.exec pending', '7 shell.exec success none', '8 shell.exec denied hook',
		'subagent.stop', 'agent.stop', 'agent.notification', 'agent.stop', 'session.end',
	] },
	codex: { file: 'codex/hooks.ndjson', entries: [
		'session.start', 'agent.prompt',
		'1 shell.exec pending', '1 shell.exec success mode',
		'2 shell.exec pending', '2 shell.exec success mode',
		'3 shell.exec pending', '3 shell.exec success mode',
		'4 filesystem.write pending', '4 filesystem.write success mode',
		'5 subagent.run pending', '5 subagent.run success mode', 'subagent.start',
		'6 subagent.wait pending', 'agent.prompt', '7 shell.exec pending', '7 shell.exec success mode',
		'subagent.stop', '6 subagent.wait success mode', '8 shell.exec pending', 'agent.stop', 'session.end',
	] },
	gemini: { file: 'gemini-cli/hooks.ndjson', entries: [
		'session.start', 'agent.prompt',
		'1 shell.exec pending', '1 shell.exec success none',
		'2 shell.exec pending', '2 shell.exec error none',
		'3 filesystem.read pending', '3 filesystem.read success none',
		'4 filesystem.write pending', '4 filesystem.write success none',
		'5 filesystem.write pending', '5 filesystem.write success none',
		'6 subagent.run pending', '7 shell.exec pending', '7 shell.exec success none',
		'8 subagent.complete pending', '8 subagent.complete success none', '6 subagent.run success none',
		'9 shell.exec pending', 'agent.stop', 'session.end',
	] },
	opencode: { file: 'opencode/hooks.ndjson', entries: [
		'session.start', 'agent.prompt',
		'1 shell.exec pending', '1 shell.exec success none',
		'2 shell.exec pending', '2 shell.exec error none',
		'3 filesystem.read pending', '3 filesystem.read success none',
		'4 filesystem.write pending', '4 filesystem.write success none',
		'5 filesystem.write pending', '5 filesystem.write success none',
		'6 subagent.run pending', 'subagent.start', '6 subagent.run success none',
		'7 shell.exec pending', '7 shell.exec error none', 'agent.stop',
	] },
};

const told = {}; // the main sessions, once they are

for (const [agent, { file, entries: expected }] of Object.entries(mainSessions))
	test(`a recorded session of ${agent} becomes these entries`, async () => {
		const { session, inputs } = told[agent] = recording(file);
		const answers = await feed(agent, inputs);
		const entries = entriesOf(session);

		assert.deepEqual(inShort(entries), expected);
		for (const { stdout, stderr } of answers)
			assert.equal(stdout + stderr, '');
		for (const entry of entries) {
			assert.equal(entry.source, 'hook');
			assert.equal(entry.agent_name, agent);
			if (agent !== 'opencode')
				assert.equal(entry.request.cwd, '/home/dev/project');
		}
		// A pair has a duration: the agent's own, or between the two hooks.
		const ended = entries.filter(({ capability, status }) =>
			['success', 'error'].includes(status) && !/^(session|agent|subagent\.st)/.test(capability));
		assert.ok(ended.length >= 6);
		for (const { duration_ms: duration } of ended)
			assert.ok(duration > 0, 'a call has a duration');
		// Nothing of it waits any more.
		if (agent !== 'opencode')
			assert.deepEqual(readdirSync(join(runtime, 'kruxos-hook'))
				.filter(name => name.startsWith('s-')), []);
	});

test('arguments are whole, and the agent measures its own calls', () => {
	const { session, inputs } = told['claude-code'];
	const entries = entriesOf(session);
	for (const { event, stdin } of inputs) {
		if (!['PreToolUse', 'PostToolUse', 'PostToolUseFailure'].includes(event))
			continue;
		const entry = entries.find(({ call_id: id, request }) =>
			id === stdin.tool_use_id && request.event === event);
		assert.deepEqual(entry.request.tool_input, stdin.tool_input);
		assert.equal(entry.request.permission_mode, 'acceptEdits');
		assert.equal(entry.duration_ms, stdin.duration_ms);
	}
});

test('a sub-agent is known, and the call that started it', () => {
	for (const agent of ['claude-code', 'codex', 'opencode']) {
		const { session } = told[agent];
		const all = stack.entries().filter(({ agent_name: name }) => name === agent);
		const starter = entriesOf(session).find(({ capability }) => capability === 'subagent.run');
		const start = entriesOf(session).find(({ capability }) => capability === 'subagent.start');
		const inner = all.find(({ request, status }) =>
			status === 'success' && request?.tool_input?.command === 'ls src | wc -l');
		assert.equal(start.parent_call_id, starter.call_id);
		assert.equal(inner.parent_call_id, starter.call_id);
		if (agent === 'opencode')
			assert.equal(inner.session_id, start.request.agent_id);
		else
			assert.equal(inner.request.agent_id, start.request.agent_id);
	}
});

test('code mode of codex, compaction and resuming', async () => {
	const code = recording('codex/hooks-code-mode.ndjson');
	await feed('codex', code.inputs);
	assert.equal(inShort(entriesOf(code.session)).filter(line => line.endsWith('success mode')).length, 7);

	const resumed = recording('codex/hooks-extra.ndjson');
	await feed('codex', resumed.inputs);
	assert.deepEqual(inShort(entriesOf(resumed.session)), [
		'session.start', 'agent.prompt', '1 shell.exec pending', '1 shell.exec success mode',
		...resumed.inputs.slice(4).flatMap(({ event, stdin }) => ({
			SessionStart: stdin.source === 'compact' ? 'agent.compact' : 'session.start',
			UserPromptSubmit: 'agent.prompt', Stop: 'agent.stop', SessionEnd: 'session.end',
		})[event] ?? []),
	]);
});

test('a person is asked: what he does not allow is denied, and nothing stays open', async () => {
	const { session, inputs } = recording('claude-code/hooks-extra.ndjson');
	await feed('claude-code', inputs);
	const short = inShort(entriesOf(session));
	for (const line of ['2 approval.request pending', '2 shell.exec denied mode', '4 approval.request pending',
		'4 filesystem.write denied mode', 'agent.compact'])
		assert.ok(short.includes(line), `${line} in ${short.join(', ')}`);
	await stack.untilIndexed(stack.entries().at(-1).seq);
	assert.equal((await stack.get('/api/metrics?category=policy')).approval_pending_count, 0);
});

test('a person is asked, and how long he was waited for is known', async () => {
	const call = {
		session_id: `asked-${++sessions}`, tool_name: 'Bash', tool_input: { command: 'make install' },
		cwd: '/', permission_mode: 'default',
	};
	const tool = { ...call, tool_use_id: 'toolu_asked' };
	await hook(['claude-code'], { ...tool, hook_event_name: 'PreToolUse' });
	await hook(['claude-code'], { ...call, hook_event_name: 'PermissionRequest' });
	await hook(['claude-code'], {
		...tool, hook_event_name: 'PostToolUse', duration_ms: 0.25, tool_response: { stdout: '' },
	});
	const entries = entriesOf(call.session_id);
	assert.deepEqual(inShort(entries),
		['1 shell.exec pending', '1 approval.request pending', '1 shell.exec success user']);
	assert.ok(entries[2].request.waited_ms > 0);
	assert.equal(entries[2].duration_ms, 0.25);
});

test('what was asked and never ran is denied when the turn is over, or the next begins', async () => {
	for (const [event, capability] of [['Stop', 'agent.stop'], ['UserPromptSubmit', 'agent.prompt'],
		['SessionEnd', 'session.end']]) {
		const call = { session_id: `gone-${++sessions}`, tool_name: 'Bash', tool_input: { command: 'x' } };
		await hook(['codex'], { ...call, tool_use_id: 'call_gone', hook_event_name: 'PreToolUse' });
		await hook(['codex'], { ...call, hook_event_name: 'PermissionRequest' });
		await hook(['codex'], { session_id: call.session_id, hook_event_name: event, prompt: 'another' });
		assert.deepEqual(inShort(entriesOf(call.session_id)), ['1 shell.exec pending',
			'1 approval.request pending', '1 shell.exec denied user', capability]);
	}
});

for (const [agent, file, names] of [
	['claude-code', 'claude-code/hooks-parallel.ndjson', ['PreToolUse', 'PostToolUse']],
	['codex', 'codex/hooks-parallel.ndjson', ['PreToolUse', 'PostToolUse']],
	['gemini', 'gemini-cli/hooks-parallel.ndjson', ['BeforeTool', 'AfterTool']],
	['opencode', 'opencode/hooks-parallel.ndjson', ['tool.execute.before', 'tool.execute.after']],
])
	test(`calls of ${agent} run side by side, and two are the same`, async () => {
		const { session, inputs } = recording(file);
		const [befores, afters] = names.map(name => inputs.filter(({ event }) => event === name).slice(0, 3));

		// As the agent does it: all hooks of a moment at once.
		await Promise.all(befores.map(input => feed(agent, [input])));
		await Promise.all(afters.map(input => feed(agent, [input])));
		const entries = entriesOf(session);
		const ids = entries.filter(({ status }) => status === 'pending').map(({ call_id: id }) => id);
		assert.equal(new Set(ids).size, 3);
		const ends = entries.filter(({ status }) => status !== 'pending');
		assert.deepEqual(ends.map(({ call_id: id }) => id).sort(), ids.sort());
		for (const { duration_ms: duration } of ends)
			assert.ok(duration > 0);

		// The rest of the session, one after the other: each call has one end.
		await feed(agent, inputs.filter(input => !befores.includes(input) && !afters.includes(input)));
		const ended = entriesOf(session).filter(({ capability, status }) => capability === 'shell.exec' && status !== 'pending');
		assert.equal(ended.length, inputs.filter(({ event }) => names.slice(1).concat('PostToolUseFailure').includes(event)).length);
		assert.equal(new Set(ended.map(({ call_id: id }) => id)).size, ended.length);
	});

test('output that is no text arrives as such', async () => {
	const { session, inputs } = recording('claude-code/hooks-parallel.ndjson');
	await feed('claude-code', inputs.filter(({ stdin }) => JSON.stringify(stdin).includes('\ufffd')));
	assert.match(JSON.stringify(entriesOf(session)), /\\u0000/);
	assert.match(JSON.stringify(entriesOf(session)), /\ufffd/);
});

// --- the policy --------------------------------------------------------------

const callOf = {
	'claude-code': session => ({
		session_id: session, hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_use_id: 'id-1',
		tool_input: { command: 'rm -rf build' },
	}),
	codex: session => callOf['claude-code'](session),
	gemini: session => ({
		session_id: session, hook_event_name: 'BeforeTool', tool_name: 'run_shell_command',
		tool_input: { command: 'rm -rf build' },
	}),
	cursor: session => ({
		conversation_id: session, hook_event_name: 'preToolUse', tool_name: 'Shell', tool_use_id: 'id-1',
		tool_input: { command: 'rm -rf build' },
	}),
	opencode: session => ({
		input: { tool: 'bash', sessionID: session, callID: 'id-1' }, output: { args: { command: 'rm -rf build' } },
	}),
};

const eventOf = agent => agent === 'opencode' ? ['--event', 'tool.execute.before'] : [];

/** What an answer denies or asks, in the agent's own form: [word, reason]. */
const read = {
	'claude-code': ({ stdout }) => {
		const { hookSpecificOutput: said } = JSON.parse(stdout);
		assert.equal(said.hookEventName, 'PreToolUse');
		return [said.permissionDecision, said.permissionDecisionReason];
	},
	codex: answer => read['claude-code'](answer),
	gemini: ({ stdout }) => [JSON.parse(stdout).decision, JSON.parse(stdout).reason],
	cursor: ({ stdout }) => [JSON.parse(stdout).permission, JSON.parse(stdout).agent_message],
	opencode: ({ stdout, stderr }) => {
		assert.equal(stdout, '');
		return ['deny', stderr.trimEnd()];
	},
};

for (const agent of Object.keys(callOf)) {
	test(`what the policy blocks is denied in ${agent}'s own words`, async () => {
		const session = `blocked-${agent}`;
		const answer = await hook([agent, ...eventOf(agent), '-n', 'fenced'], callOf[agent](session));
		assert.equal(answer.code, agent === 'opencode' ? 2 : 0);
		const [word, reason] = read[agent](answer);
		assert.equal(word, 'deny');
		assert.match(reason, /^shell\.exec is blocked by policy \(kruxos\.conf:\d+: \[policy agent fenced\] shell\.exec = blocked\)$/);
		const [entry, ...others] = entriesOf(session);
		assert.equal(others.length, 0);
		assert.deepEqual([entry.capability, entry.status, entry.policy_tier, entry.decided_by, entry.agent_name],
			['shell.exec', 'denied', 'blocked', 'policy', 'fenced']);
	});

	test(`what needs approval is asked for by ${agent}, or denied if it cannot ask`, async () => {
		const session = `asking-${agent}`;
		const canAsk = ['claude-code', 'gemini', 'cursor'].includes(agent);
		const answer = await hook([agent, ...eventOf(agent), '-n', 'asking'], callOf[agent](session));
		const [word, reason] = read[agent](answer);
		assert.equal(word, canAsk ? 'ask' : 'deny');
		assert.match(reason, /^shell\.exec needs a person's approval/);
		const [entry] = entriesOf(session);
		assert.deepEqual([entry.status, entry.policy_tier, entry.decided_by],
			canAsk ? ['pending', 'approval_required', undefined] : ['denied', 'approval_required', 'policy']);
	});
}

test('what is only noted runs, and its entries carry the tier', async () => {
	const call = callOf['claude-code']('noted-1');
	assert.equal((await hook(['claude-code', '-n', 'noted'], call)).stdout, '');
	await hook(['claude-code', '-n', 'noted'], { ...call, hook_event_name: 'PostToolUse', tool_response: {} });
	assert.deepEqual(entriesOf('noted-1').map(entry => [entry.status, entry.policy_tier, entry.decided_by]),
		[['pending', 'notify', undefined], ['success', 'notify', 'policy']]);
});

test('cursor tells of a command twice, and it is recorded once', async () => {
	const session = 'twice-1';
	const shell = { conversation_id: session, command: 'rm -rf build', cwd: '/' };
	await hook(['cursor'], callOf.cursor(session));
	await hook(['cursor'], { ...shell, hook_event_name: 'beforeShellExecution' });
	await hook(['cursor'], { ...shell, hook_event_name: 'afterShellExecution', output: '', duration: 12 });
	await hook(['cursor'], {
		...callOf.cursor(session), hook_event_name: 'postToolUse', duration: 12,
		tool_output: '{"exitCode":1}',
	});
	assert.deepEqual(inShort(entriesOf(session)), ['1 shell.exec pending', '1 shell.exec error none']);

	// An older one tells of it in these words alone.
	const older = { ...shell, conversation_id: 'twice-2' };
	await hook(['cursor'], { ...older, hook_event_name: 'beforeShellExecution' });
	await hook(['cursor'], { ...older, hook_event_name: 'afterShellExecution', output: '', duration: 12 });
	assert.deepEqual(inShort(entriesOf('twice-2')), ['1 shell.exec pending', '1 shell.exec success none']);
	assert.equal(entriesOf('twice-2')[0].request.tool_input.command, 'rm -rf build');
});

test('kruxos hook is kruxos-hook', async () => {
	const call = callOf['claude-code']('by-kruxos');
	const answer = await stack.kruxos(['hook', 'claude-code', '--name', 'fenced', ...patient],
		{ input: JSON.stringify(call), env: { XDG_RUNTIME_DIR: runtime } });
	assert.equal(read['claude-code'](answer)[0], 'deny');
});

// --- input that is none ------------------------------------------------------

test('no input breaks an agent', async () => {
	const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
	const inputs = {
		nothing: '', 'a line feed': '\n', 'no JSON': 'hello', 'half of it': '{"hook_event_name":"PreToolUse"',
		'no object': '[1]', 'an unknown event': '{"hook_event_name":"Nonsense"}', 'no event': '{}',
		'no tool': '{"hook_event_name":"PreToolUse"}',
		'other types': '{"hook_event_name":"PreToolUse","tool_name":7,"session_id":{},"tool_input":"x"}',
		'a key twice': '{"hook_event_name":"Stop","a":1,"a":2}',
	};
	for (const [what, input] of Object.entries(inputs)) {
		const { code, stdout } = await hook(['claude-code'], input);
		assert.deepEqual([code, stdout], [0, ''], what);
	}

	const odd = {
		session_id: '-rf /tmp/../ü\n', hook_event_name: 'PreToolUse', tool_use_id: 'x'.repeat(500), tool_name: 'Bash',
		tool_input: { command: 'odd names' },
	};
	for (const text of [JSON.stringify(odd), `${JSON.stringify(odd)}\n`,
		JSON.stringify({ ...odd, tool_use_id: 'deep' }, null, 2).replace('"odd names"', deep)]) {
		const answer = await hook(['claude-code'], text);
		assert.deepEqual([answer.code, answer.stdout, answer.stderr], [0, '', '']);
	}
	const raw = Buffer.from(JSON.stringify({ ...odd, tool_use_id: 'raw', tool_input: { command: '@@' } }));
	raw.set([0xff, 0xc3], raw.indexOf('@@'));
	assert.equal((await hook(['claude-code'], raw)).stderr, '');
	const entries = stack.entries().filter(({ session_id: id }) => id?.startsWith('_rf_'));
	assert.equal(entries.length, 3);
	assert.match(JSON.stringify(entries.find(({ call_id: id }) => id === 'deep').request), /\[nested too deep\]/);
	assert.equal(entries.find(({ call_id: id }) => id === 'raw').request.tool_input.command, '\ufffd\ufffd');
});

test('no arguments keep the policy from being asked', async () => {
	const command = '"command":"rm -rf build"';
	const inputs = {
		'keys-twice': `{${command},"command":"ls"}`,
		'keys-of-no-text': `{${command},"\\ud800x":1,"\\ud801x":2}`,
		'many-values': `{${command},"list":[${'1,'.repeat(600_000)}1]}`,
		'many-keys': `{${Array.from({ length: 100_000 }, (_, i) => `"key${i}":1,`).join('')}${command}}`,
		'a-long-key': `{${command},"${'k'.repeat(2_000_000)}":1}`,
	};
	for (const [what, input] of Object.entries(inputs)) {
		const { code, stdout } = await hook(['claude-code', '-n', 'fenced'], `{"session_id":"${what}",` +
			`"tool_input":${input},"hook_event_name":"PreToolUse","tool_name":"Bash","tool_use_id":"t"}`);
		assert.deepEqual([code, read['claude-code']({ code, stdout })[0]], [0, 'deny'], what);
		const [entry] = entriesOf(what);
		assert.deepEqual([entry.capability, entry.status], ['shell.exec', 'denied'], what);
		assert.match(JSON.stringify(entry.request), /\[left out\]|cut_bytes/, what);
	}
});

test('megabytes at once are recorded, cut', async () => {
	const output = 'x'.repeat(1_490_000);
	const call = {
		session_id: 'large-1', tool_name: 'run_shell_command', tool_input: { command: 'cat large' },
		hook_event_name: 'BeforeTool',
	};
	await hook(['gemini'], call);
	const answer = await hook(['gemini'], {
		...call, hook_event_name: 'AfterTool',
		tool_response: { llmContent: `Output: ${output}\nExit Code: 1\n`, returnDisplay: output },
	});
	assert.deepEqual([answer.code, answer.stderr], [0, '']);
	const [begun, ended] = entriesOf('large-1');
	assert.equal(ended.call_id, begun.call_id);
	assert.match(ended.request.tool_response.returnDisplay, /…\[cut \d+ bytes\]$/);

	const write = {
		session_id: 'large-2', tool_name: 'Write', tool_use_id: 'w', hook_event_name: 'PreToolUse',
		tool_input: { content: '\x7f'.repeat(2_000_000), file_path: '/large' },
	};
	assert.equal((await hook(['claude-code'], write)).stderr, '');
	assert.equal(entriesOf('large-2')[0].request.tool_input.file_path, '/large');

	const beyond = await hook(['claude-code'], `{"a":"${'x'.repeat(17 << 20)}"}`);
	assert.deepEqual([beyond.code, beyond.stdout], [0, '']);
	assert.match(beyond.stderr, /cannot be read/);
});

test('the environment is not recorded, and no key of a provider', async () => {
	const secret = 'an-environment-of-the-agents-own';
	const { session, inputs } = recording('opencode/hooks.ndjson');
	for (const { event, stdin } of inputs.filter(({ event }) => /^(config|chat\.(params|headers))$/.test(event)))
		await hook(['opencode', '--event', event], stdin, { ANTHROPIC_API_KEY: secret });
	await hook(['claude-code'], callOf['claude-code']('environment-1'), { ANTHROPIC_API_KEY: secret });
	assert.equal(entriesOf('environment-1').length, 1);
	assert.equal(entriesOf(session).length, 0);
	assert.ok(!stack.lines().some(({ line }) => line.includes(secret) || line.includes('apiKey')));
});

test('wrong usage is told to who types it', async () => {
	for (const args of [[], ['nobody'], ['codex', '-t', '0'], ['codex', 'extra'], ['codex', '--nonsense'], ['codex', '--name', 'a b']]) {
		const answer = await hook(args, '');
		assert.equal(answer.code, 64, args.join(' '));
		assert.match(answer.stderr, /--help/);
	}
	assert.match((await hook(['--help'], '')).stdout, /^Usage: kruxos-hook AGENT/);
});

// --- when nobody is there ----------------------------------------------------

const spoolFiles = () => readdirSync(join(stack.rundir, 'spool')).sort();

test('without the daemon the agent goes on, and all is recorded later, in order', async () => {
	const { session, inputs } = recording('codex/hooks.ndjson');
	await stack.halt();
	const answers = [];
	for (const { stdin } of inputs)
		answers.push(await hook(['codex'], stdin));
	for (const { code, stdout } of answers)
		assert.deepEqual([code, stdout], [0, '']);
	assert.ok(answers.some(({ stderr }) => /^kruxos-hook: recorded later: .*nobody answers/.test(stderr)));
	assert.equal(spoolFiles().length, mainSessions.codex.entries.length);
	for (const name of spoolFiles())
		assert.equal(statSync(join(stack.rundir, 'spool', name)).mode & 0o777, 0o640);
	const spooled = spoolFiles().map(name =>
		JSON.parse(readFileSync(join(stack.rundir, 'spool', name), 'utf8').split('\n')[0]));

	// The policy is in the configuration, too.
	const blocked = await hook(['claude-code', '-n', 'fenced'], callOf['claude-code']('blocked-alone'));
	assert.match(read['claude-code'](blocked)[1], /^shell\.exec is blocked by policy \(kruxos\.conf:\d+: /);

	await stack.resume();
	await until('all is taken in', () => spoolFiles().length === 0);
	const entries = entriesOf(session);
	assert.deepEqual(inShort(entries), mainSessions.codex.entries);
	assert.deepEqual(entries.map(({ time }) => time), spooled.map(({ time }) => time));
	assert.equal(entriesOf('blocked-alone')[0].status, 'denied');
	const said = await until('an entry says so', () =>
		stack.entries().findLast(({ capability }) => capability === 'ingest.spooled'));
	assert.equal(said.actor_type, 'system');
	assert.deepEqual(said.request, {
		uid: process.getuid(), files: spooled.length + 1, entries: spooled.length + 1, known: 0, refused: 0,
	});
});

test('--fail-closed, or the configuration, denies what cannot be recorded', async () => {
	const conf = join(stack.rundir, 'closed.conf');
	writeFileSync(conf, '[paths]\nruntime_dir = nowhere\n[hook]\non_audit_failure = deny\n');
	for (const agent of Object.keys(callOf)) {
		const args = agent === 'codex' ? ['-c', conf] : ['--fail-closed', '-c', conf];
		const answer = await hook([agent, ...eventOf(agent), ...args], callOf[agent](`closed-${agent}`));
		const [word, reason] = read[agent](answer);
		assert.equal(word, 'deny');
		assert.match(reason, /^no call may run that is not recorded: .*nobody answers/);
	}
	await until('the denials are in the log', () =>
		Object.keys(callOf).every(agent => entriesOf(`closed-${agent}`)[0]?.status === 'denied'));

	// Only calls are denied, and input that may be one.
	const stop = await hook(['codex', '-c', conf], { session_id: 'closed-stop', hook_event_name: 'Stop' });
	assert.deepEqual([stop.code, stop.stdout], [0, '']);
	await until('its end is in the log', () => entriesOf('closed-stop').length === 1);
	const half = await hook(['codex', '-c', conf], '{"hook_event_name": "PreToolUse", "tool_input": {');
	assert.equal(half.code, 2);
	assert.match(half.stderr, /no call may run that is not recorded/);
	assert.equal((await hook(['codex', '-c', conf], '{"hook_event_name": "Stop", ')).code, 0);
});

test('a daemon that does not answer is not waited for, nor by SIGTERM ended with nothing kept', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'kruxos-silent-'));
	const connections = [];
	const server = net.createServer(socket => connections.push(socket));
	await new Promise(resolve => server.listen(join(folder, 'ingest.sock'), resolve));
	mkdirSync(join(folder, 'spool'));
	writeFileSync(join(folder, 'kruxos.conf'), '');
	const child = spawn(program, ['codex', '-c', join(folder, 'kruxos.conf')],
		{ env: { XDG_RUNTIME_DIR: runtime }, stdio: ['pipe', 'pipe', 'pipe'] });
	const ended = new Promise(resolve => child.on('close', code => resolve(code)));
	let stdout = '', stderr = '';
	child.stdout.on('data', bytes => stdout += bytes);
	child.stderr.on('data', bytes => stderr += bytes);
	child.stdin.end(JSON.stringify(callOf.codex('silent-1')));
	await until('it has come', () => connections.length > 0);
	child.kill('SIGTERM');
	assert.deepEqual([await ended, stdout], [0, '']);
	assert.match(stderr, /recorded later: kruxosd gave no sign of life/);
	assert.equal(readdirSync(join(folder, 'spool')).length, 1);
	for (const socket of connections)
		socket.destroy();
	server.close();
	rmSync(folder, { recursive: true });
});

/** A door that answers as `answer` says, with a stack's folders around it: what is left in its spool. */
async function withDoor(answer, use) {
	const folder = mkdtempSync(join(tmpdir(), 'kruxos-door-'));
	const server = net.createServer(socket => {
		let line = 0;
		socket.on('error', () => {}).setEncoding('utf8').on('data', text => {
			for (const said of text.trimEnd().split('\n'))
				socket.write(answer(JSON.parse(said), ++line));
		});
	});
	await new Promise(resolve => server.listen(join(folder, 'ingest.sock'), resolve));
	mkdirSync(join(folder, 'spool'));
	writeFileSync(join(folder, 'kruxos.conf'), '[policy]\nnetwork.* = blocked\n');
	try {
		await use(['-c', join(folder, 'kruxos.conf')], () => readdirSync(join(folder, 'spool')).length);
	} finally {
		server.close();
		rmSync(folder, { recursive: true });
	}
}

test('a log that takes nothing now is told later; what is refused is not', async () => {
	const call = callOf.codex('answers-1');
	const failed = (code, line) => `{"error":"${code}","line":${line},"detail":"so it is"}\n`;

	await withDoor((said, line) => said.do ? '{"id":"c1","error":"not_found"}\n' : failed('audit_unavailable', line),
		async (config, left) => {
			const answer = await hook(['codex', ...config], call);
			assert.deepEqual([answer.code, answer.stdout], [0, '']);
			assert.match(answer.stderr, /recorded later: so it is/);
			assert.equal(left(), 1);
			// A daemon that knows of no policy: the file has it.
			const blocked = await hook(['codex', ...config], { ...call, tool_name: 'WebFetch' });
			assert.equal(read.codex(blocked)[0], 'deny');
		});
	for (const refuse of [(said, line) => said.do ? '{"id":"c1","ok":{}}\n' : failed('not_allowed', line),
		() => failed('not_allowed', 0)])
		await withDoor(refuse, async (config, left) => {
			const answer = await hook(['codex', ...config], call);
			assert.deepEqual([answer.code, answer.stdout], [0, '']);
			assert.match(answer.stderr, /not recorded: so it is/);
			assert.equal(left(), 0);
		});
	await withDoor(() => 'no JSON\n', async (config, left) => {
		const answer = await hook(['codex', ...config], call);
		assert.deepEqual([answer.code, answer.stdout], [0, '']);
		assert.equal(left(), 1);
	});
});

test('what does not belong in the spool is removed and not looked into', async () => {
	const spool = join(stack.rundir, 'spool');
	const place = name => join(spool, name);
	const outside = join(stack.rundir, 'outside');
	const line = `${JSON.stringify({
		actor_type: 'agent', agent_name: 'x', capability: 'shell.exec', status: 'success', session_id: 'hostile',
	})}\n`;
	writeFileSync(outside, line);
	await stack.halt();
	symlinkSync(outside, place('1-link.ndjson'));
	linkSync(outside, place('2-second-name.ndjson'));
	execFileSync('mkfifo', [place('3-fifo.ndjson')]);
	mkdirSync(place('4-folder.ndjson'));
	mkdirSync(place('4-full.ndjson/within'), { recursive: true });
	writeFileSync(place('5-large.ndjson'), line);
	truncateSync(place('5-large.ndjson'), (16 << 20) + 1);
	writeFileSync(place('6-commands.ndjson'),
		'{"do":"account.set","id":"r1","args":{"name":"mallory","role":"operator"}}\nnonsense\n' +
		line.replace('hostile', 'after-commands'));
	writeFileSync(place('another.txt'), 'stays');
	const isRoot = process.getuid() === 0;
	if (isRoot) {
		writeFileSync(place('7-stranger.ndjson'), line);
		chownSync(place('7-stranger.ndjson'), 54321, 54321);
	}
	await stack.resume();
	await until('it is taken in', () => entriesOf('after-commands').length === 1);
	await until('all of it is gone', () => spoolFiles().join() === '4-full.ndjson,another.txt');
	assert.equal(entriesOf('hostile').length, 0);
	const accounts = await stack.kruxos(['account', 'list', '--json']);
	assert.doesNotMatch(accounts.stdout, /mallory/);
	const said = readFileSync(join(stack.rundir, 'log/kruxosd.log'), 'utf8');
	if (isRoot)
		assert.match(said, /7-stranger\.ndjson is removed: uid 54321 is in none of the groups/);
	for (const words of [/1-link\.ndjson is removed: it is a link/, /2-second-name\.ndjson is removed: .*another name/,
		/3-fifo\.ndjson is removed: it is no file/, /4-folder\.ndjson is removed/, /5-large\.ndjson is removed: .*more than/])
		assert.match(said, words);
	const spooled = stack.entries().findLast(({ capability }) => capability === 'ingest.spooled');
	assert.deepEqual(spooled.request, { uid: process.getuid(), files: 1, entries: 1, known: 0, refused: 2 });
	assert.doesNotMatch(said, /4-full/, 'nothing is said of what stays');
	rmSync(place('4-full.ndjson'), { recursive: true });
	rmSync(place('another.txt'));
});

test('a folder that others can change is not used', async () => {
	const other = mkdtempSync(join(tmpdir(), 'kruxos-open-'));
	mkdirSync(join(other, 'kruxos-hook'));
	chmodSync(join(other, 'kruxos-hook'), 0o777);
	const call = callOf['claude-code']('open-1');
	await hook(['claude-code'], call, { XDG_RUNTIME_DIR: other });
	assert.deepEqual(readdirSync(join(other, 'kruxos-hook')), []);
	assert.equal(entriesOf('open-1').length, 1);
	rmSync(other, { recursive: true });
});

test('the log of all that verifies', async () => {
	assert.equal((await stack.kruxos(['audit', 'verify'])).code, 0);
});
