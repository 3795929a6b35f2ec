// kruxos, as a person and as a script would use it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { assertShape, schemaOf } from './harness/contract.js';
import { until } from './harness/poll.js';
import { Stack, build, root, run } from './harness/stack.js';

let stack;
before(async () => stack = await Stack.start());
after(() => stack?.stop());

const sessions = join(root, 'demo/sessions.ndjson');

test('health is the text of the specification, line by line', async () => {
	const { stdout } = await until('there is a sample, a verified chain and a checked gateway', async () => {
		const answer = await stack.kruxos(['health']);
		return answer.stdout.includes('chain: verified') && !answer.stdout.includes('CPU: unknown') &&
			answer.stdout.includes('Gateway: running') && answer;
	});
	assert.match(stdout, new RegExp([
		'^System Health: HEALTHY',
		'━━━━━━━━━━━━━━━━━━━━━━━',
		'CPU: [0-9]+\\.[0-9]% \\((ok|high)\\)',
		'Memory: [0-9]+ MB / [0-9]+ MB \\((ok|high)\\)',
		'Disk: [0-9]+\\.[0-9]% \\((ok|critical)\\)',
		'Gateway: running',
		'Vault: unknown',
		'Proxy: unknown',
		'Audit: writing \\(chain: verified\\)\n$',
	].join('\n')));
	assert.equal((await stack.kruxos(['health'])).code, 0);
	assert.equal((await stack.kruxos(['status'])).code, 0);
	const { stdout: json } = await stack.kruxos(['health', '--json']);
	assertShape(schemaOf('Health'), JSON.parse(json), 'kruxos health --json');
});

test('import, query, show, stats', async () => {
	const imported = await stack.kruxos(['audit', 'import', '--json', sessions]);
	assert.equal(imported.code, 0, imported.stderr);
	const { accepted, refused, last_seq } = JSON.parse(imported.stdout);
	assert.equal(accepted, 132);
	assert.equal(refused, 0);
	await stack.untilIndexed(last_seq);

	const query = await stack.kruxos([
		'audit', 'query', '--agent-name', 'fixer-marshmallow', '--status', 'error', '--from', '2026-01-01', '--json',
	]);
	assert.equal(query.code, 0, query.stderr);
	const seqs = [...query.stdout.matchAll(/"seq": ?([0-9]+)/g)].map(([, seq]) => Number(seq));
	assert.deepEqual(seqs, stack.entries()
		.filter(entry => entry.agent_name === 'fixer-marshmallow' && entry.status === 'error')
		.map(({ seq }) => seq).reverse());

	const show = await stack.kruxos(['audit', 'show', String(seqs[0]), '--json']);
	assert.deepEqual(JSON.parse(show.stdout).entry_hash, stack.entries()[seqs[0] - 1].entry_hash);

	const stats = await stack.kruxos(['audit', 'stats', '--last', '24h', '--json']);
	assertShape(schemaOf('Stats'), JSON.parse(stats.stdout), 'kruxos audit stats --json');
	assert.equal((await stack.kruxos(['audit', 'stats'])).code, 0);
});

test('the answers of a script: exit codes', async () => {
	const codes = [
		[['version'], 0],
		[['--help'], 0],
		[['help', 'audit', 'query'], 0],
		[['audit', 'query', '--help'], 0],
		[['audit', 'query', '--agent-name', 'nobody'], 0],
		[['audit', 'query', '--agent-name', 'nobody', '--exit-code'], 2],
		[['audit', 'show', '999999999'], 1],
		[['audit', 'verify', '--dir', '/nonexistent'], 1],
		[[], 64],
		[['nonsense'], 64],
		[['audit'], 64],
		[['audit', 'nonsense'], 64],
		[['audit', 'query', '--nonsense'], 64],
		[['audit', 'query', '--limit', '0'], 64],
		[['audit', 'query', '--limit'], 64],
		[['audit', 'query', '--from', 'yesterday'], 64],
		[['audit', 'show'], 64],
		[['audit', 'show', 'x'], 64],
		[['audit', 'verify', '--expect', 'x'], 64],
		[['version', 'extra'], 64],
		[['audit', 'erase', '1'], 64],
		[['audit', 'erase', '1', '--reason', ''], 64],
		[['audit', 'erase', '1', 'x', '--reason', 'why'], 64],
		[['audit', 'query', '--from', '2026-01-02', '--last', '1h'], 64],
		[['audit', 'export', '--from', '2026-01-02', '--last', '1h'], 64],
		[['watch', '--capability', 'no capability'], 64],
		[['config', 'check'], 0],
		[['completions', 'bash'], 0],
	];
	for (const [args, code] of codes) {
		const answer = await stack.kruxos(args);
		assert.equal(answer.code, code, `kruxos ${args.join(' ')}: ${answer.stdout}${answer.stderr}`);
		if (code !== 0 && code !== 2)
			assert.ok(answer.stderr.length > 0 && answer.stdout === '', args.join(' '));
	}
});

// One of each command that needs a configuration.
const needy = [
	['health'], ['health', '--json'], ['metrics'], ['audit', 'query'], ['audit', 'show', '1'], ['audit', 'stats'],
	['audit', 'export'], ['audit', 'import'], ['audit', 'erase', '1', '--reason', 'x'], ['watch'], ['ingest'],
	['replay', sessions], ['reindex'], ['backup', '-'],
];
const offline = [['audit', 'head'], ['audit', 'verify']];

/** Run each of `commands`, and compare its exit code: of health and of the others. */
async function exits(commands, options, ofHealth, ofOthers) {
	for (const args of commands) {
		const answer = await stack.kruxos(args, { input: '', ...options });
		const said = `kruxos ${args.join(' ')}: ${answer.stdout}${answer.stderr}`;
		assert.equal(answer.code, args[0] === 'health' ? ofHealth : ofOthers, said);
		assert.match(answer.stderr, /^kruxos: .+\n/, said);
		if (args[0] !== 'health')
			assert.equal(answer.stdout, '', said);
		else if (args[1] === '--json')
			assert.equal(JSON.parse(answer.stdout).status, 'unknown', said);
		else
			assert.match(answer.stdout, /^System Health: UNKNOWN\n/, said);
	}
}

test('without a configuration a command fails, and health is unknown', async () => {
	const bad = join(stack.rundir, 'bad.conf');
	writeFileSync(bad, '[http]\nnonsense = 1\n');
	for (const config of [join(stack.rundir, 'elsewhere.conf'), bad, stack.rundir])
		await exits([...needy, ...offline], { env: { KRUXOS_CONFIG: config } }, 3, 1);
	assert.equal((await stack.kruxos(['config', 'check', bad])).code, 1);
});

test('who may not open the socket is told so', { skip: process.getuid() !== 0 }, async () => {
	const folder = mkdtempSync(join(tmpdir(), 'kruxos-'));
	const config = join(folder, 'kruxos.conf');
	copyFileSync(join(build, 'bin/kruxos'), join(folder, 'kruxos'));
	copyFileSync(sessions, join(folder, 'sessions'));
	writeFileSync(config, `[paths]\nruntime_dir = ${stack.rundir}\n`);
	for (const [path, mode] of [[folder, 0o755], [config, 0o644], [join(folder, 'kruxos'), 0o755]])
		chmodSync(path, mode);
	for (const command of needy) {
		const args = command.map(word => word === sessions ? join(folder, 'sessions') : word);
		const { code, stderr } = await run('setpriv', [
			'--reuid=65534', '--regid=65534', '--clear-groups', join(folder, 'kruxos'), '-c', config, ...args,
		], { input: '' });
		assert.equal(code, command[0] === 'health' ? 3 : 1, `${args.join(' ')}: ${stderr}`);
		assert.match(stderr, /Permission denied/, args.join(' '));
	}
	rmSync(folder, { recursive: true });
});

test('without a daemon the answer is: nobody knows', async () => {
	await stack.halt();
	await exits(needy, {}, 3, 3);
	for (const args of offline)
		assert.equal((await stack.kruxos(args)).code, 0, args.join(' '));
	await stack.resume();
});

test('help tells every command, with an example of each', async () => {
	const { stdout } = await stack.kruxos(['--help']);
	for (const name of [
		'health', 'audit query', 'audit show', 'audit head', 'audit verify', 'audit stats', 'audit export',
		'audit import', 'audit erase', 'watch', 'ingest', 'replay', 'reindex', 'backup', 'restore', 'config check', 'config show', 'version', 'completions',
	]) {
		assert.ok(stdout.includes(name), name);
		const help = await stack.kruxos([...name.split(' '), '--help']);
		assert.equal(help.code, 0);
		assert.match(help.stdout, new RegExp(`\\n +(\\w.* )?kruxos ${name}|kruxos ${name}`), name);
	}
});

test('ingest names the lines that are refused, and records the others', async () => {
	const good = '{"actor_type":"agent","agent_name":"cli","capability":"shell.exec","status":"success"}';
	const { code, stderr } = await stack.kruxos(['ingest'], {
		input: `${good}\n\nnot json\n${good.replace('success', 'ok')}\n${good}\n`,
	});
	assert.equal(code, 1);
	assert.match(stderr, /\b3\b.*\n/);
	assert.match(stderr, /\b4\b.*status/);
	assert.match(stderr, /2 entries recorded/);
});

test('export writes what the API does', async () => {
	for (const format of ['json', 'ndjson', 'csv']) {
		const { code, stdout, stderr } = await stack.kruxos(
			['audit', 'export', '--format', format, '--from', '2026-01-01', '--agent-name', 'fixer-testrepo']);
		assert.equal(code, 0, stderr);
		const own = stack.entries().filter(({ agent_name }) => agent_name === 'fixer-testrepo');
		if (format === 'json')
			assert.deepEqual(JSON.parse(stdout), own);
		if (format === 'ndjson')
			assert.deepEqual(stdout.split('\n').filter(Boolean).map(line => JSON.parse(line).seq), own.map(({ seq }) => seq));
		if (format === 'csv')
			assert.ok(stdout.startsWith('seq,recorded_at,'));
	}
});

/** Start `kruxos ARGS` and collect what it prints. */
function follow(args) {
	const child = spawn(join(build, 'bin/kruxos'), args,
		{ env: { ...process.env, ...stack.environment, NO_COLOR: '1' } });
	const seen = { child, text: '' };
	child.stdout.setEncoding('utf8').on('data', text => seen.text += text);
	seen.ended = new Promise(resolve => child.on('exit', (code, signal) => resolve({ code, signal })));
	return seen;
}

test('watch follows, filters, and ends with 130', async () => {
	const watching = follow(['watch', '--json', '--agent-name', 'watched', '-n', '0']);
	const door = await stack.door();
	// It may take a moment to connect: go on until something is seen.
	await until('watch shows an entry', async () => {
		await door.record({ actor_type: 'agent', agent_name: 'watched', capability: 'shell.exec', status: 'success' });
		await door.record({ actor_type: 'agent', agent_name: 'other', capability: 'shell.exec', status: 'success' });
		return watching.text.includes('\n');
	});
	door.close();
	watching.child.kill('SIGINT');
	const { code, signal } = await watching.ended;
	assert.equal(code, 130, `${code} ${signal}`);
	for (const line of watching.text.split('\n').slice(0, -1))
		assert.equal(JSON.parse(line).agent_name, 'watched');
});

test('Ctrl-C ends whatever waits with 130, and what is durable stays', async () => {
	const line = '{"actor_type":"agent","agent_name":"interrupted","capability":"shell.exec","status":"success"}\n';
	const entries = () => stack.entries().length;
	for (const [args, input] of [
		[['ingest'], line],
		[['audit', 'import'], line],
		[['replay', sessions, '--speed', '0.001', '--session', 'sess-019']],
		[['replay', sessions, '--session', 'sess-019', '--loop']],
	]) {
		const before = entries();
		const command = follow(args);
		if (input)
			command.child.stdin.write(input);
		await until('its first entry is there', () => entries() > before);
		command.child.kill('SIGINT');
		assert.deepEqual(await command.ended, { code: 130, signal: null }, args.join(' '));
	}
	const file = join(stack.rundir, 'export.json');
	const exporting = follow(['audit', 'export', '-o', file]);
	exporting.child.kill('SIGINT');
	const { code, signal } = await exporting.ended;
	// It may have been too early for it, or too late.
	assert.ok(code === 130 || signal === 'SIGINT' || code === 0, `${code} ${signal}`);
	assert.equal(existsSync(`${file}.part`), false);
});

test('what cannot be written is a failure', async () => {
	for (const args of [
		['version'], ['--help'], ['health'], ['health', '--json'], ['metrics'], ['audit', 'query'], ['audit', 'show', '1'],
		['audit', 'head'], ['audit', 'verify'], ['audit', 'stats'], ['audit', 'export'], ['watch'],
		['completions', 'bash'], ['config', 'check'],
	]) {
		const { code, stderr } = await run('sh', ['-c', `exec "$0" "$@" >/dev/full`, join(build, 'bin/kruxos'), ...args],
			{ env: stack.environment });
		assert.equal(code, 1, args.join(' '));
		assert.match(stderr, /standard output: No space left on device/, args.join(' '));
	}
});

test('nothing of an agent reaches the terminal raw', async () => {
	const hostile = 'a\u001b[31mred\u001b]0;title\u0007\u009b2J\u202eevil\u200b\r\nforged line';
	const door = await stack.door();
	const [seq] = await door.record({
		actor_type: 'agent', agent_name: 'hostile', capability: 'shell.exec', status: 'error', summary: hostile,
		request: { command: hostile },
	});
	door.close();
	await stack.untilIndexed(seq);
	for (const args of [['audit', 'query', '-n', '5'], ['audit', 'show', String(seq)]]) {
		const { stdout } = await stack.kruxos(args);
		assert.doesNotMatch(stdout, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b]/, args.join(' '));
		assert.doesNotMatch(stdout, /^forged line/m);
	}
});

test('what Unicode calls invisible is seen, and nothing else is changed', async () => {
	const invisible = /\p{Default_Ignorable_Code_Point}|\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u;
	// All of them, and both neighbours of each run.
	const hidden = [];
	const plain = [];
	for (let code = 0; code <= 0x10ffff; code++) {
		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		const is = number => number >= 0 && invisible.test(String.fromCodePoint(number));
		if (is(code))
			hidden.push(String.fromCodePoint(code));
		else if (is(code - 1) || (code < 0x10ffff && is(code + 1)))
			plain.push(String.fromCodePoint(code));
	}
	assert.ok(hidden.length > 4000 && plain.length > 30);
	const door = await stack.door();
	const pieces = [plain];
	for (let at = 0; at < hidden.length; at += 500)
		pieces.push(hidden.slice(at, at + 500));
	const seqs = await door.record(...pieces.map(characters => ({
		actor_type: 'agent', agent_name: 'invisible', capability: 'shell.exec', status: 'success',
		request: { text: `<${characters.join('')}>` },
	})));
	door.close();
	await stack.untilIndexed(seqs.at(-1));
	for (const [at, seq] of seqs.entries()) {
		const { stdout } = await stack.kruxos(['audit', 'show', String(seq)]);
		const shown = /<([^]*)>/.exec(stdout)[1];
		if (at === 0)
			assert.equal(shown, plain.join(''));
		else
			assert.doesNotMatch(shown.replaceAll('\n', '').replaceAll('\t', ''), new RegExp(invisible, 'u'));
	}
});

test('reindex makes the same index again', async () => {
	const before = await stack.get('/api/audit?from=1970-01-01&limit=200');
	const { code, stderr } = await stack.kruxos(['reindex']);
	assert.equal(code, 0, stderr);
	await stack.untilIndexed(before.through_seq);
	const after = await stack.get(`/api/audit?from=1970-01-01&limit=200&through=${before.through_seq}`);
	assert.deepEqual(after.entries, before.entries);
	assert.equal(after.total, before.total);
});

test('replay tells a session again, under an id of its own', async () => {
	const { code, stderr } = await stack.kruxos(['replay', sessions, '--session', 'sess-001', '--speed', '0']);
	assert.equal(code, 0, stderr);
	const recorded = readFileSync(sessions, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line))
		.filter(({ session_id }) => session_id === 'sess-001');
	const told = stack.entries().slice(-recorded.length);
	assert.deepEqual(told.map(({ capability }) => capability), recorded.map(({ capability }) => capability));
	assert.equal(new Set(told.map(({ session_id }) => session_id)).size, 1);
	assert.notEqual(told[0].session_id, 'sess-001');
	assert.ok(Math.abs(Date.now() - Date.parse(told[0].time)) < 60_000);
});
