// The daemon and the FastCGI programs by themselves: their options, the sockets
// that systemd hands them, SIGHUP.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Door } from './harness/door.js';
import { Hopeless, until } from './harness/poll.js';
import { Stack, build, run } from './harness/stack.js';

const kruxosd = join(build, 'bin/kruxosd');
const programs = Object.fromEntries(['health', 'audit', 'activity', 'metrics'].map(name => [name, join(build, `fcgi/${name}.fcgi`)]));

let stack; // halted: its folders and its configuration
let folder;
let config;
let settings;
before(async () => {
	folder = mkdtempSync(join(tmpdir(), 'kruxos-programs-'));
	stack = await Stack.start();
	await stack.halt();
	config = join(stack.rundir, 'kruxos.conf');
	settings = readFileSync(config, 'utf8');
});
const children = [];
after(async () => {
	for (const child of children)
		child.kill('SIGKILL');
	await stack?.stop();
	rmSync(folder, { recursive: true, force: true });
});

/** Start a program; `said` is what it says, `ended` its exit code or signal. */
function start(program, args, options = {}) {
	const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
	children.push(child);
	child.said = '';
	for (const pipe of [child.stdout, child.stderr])
		pipe.setEncoding('utf8').on('data', text => child.said += text);
	child.ended = new Promise(resolve => child.on('close', (code, signal) => resolve(signal ?? code)));
	return child;
}

const says = (child, pattern) => until(`it says ${pattern}`, () => {
	if (!pattern.test(child.said) && (child.exitCode ?? child.signalCode) !== null)
		throw new Hopeless(`it has ended: ${child.said}`);
	return pattern.test(child.said);
});

async function stop(child, signal = 'SIGTERM') {
	child.kill(signal);
	assert.equal(await child.ended, 0, child.said);
}

// Binds sockets, and becomes a program that is told of them as systemd does it.
const activator = `
import os, socket, sys
paths, kind, program = sys.argv[1].split(","), int(sys.argv[2]), sys.argv[3:]
for fd, path in enumerate(paths, 3):
    one = socket.socket(socket.AF_UNIX, kind)
    one.bind(path)
    if kind == socket.SOCK_STREAM:
        one.listen(64)
    made = one.detach()
    if made != fd:
        os.dup2(made, fd)
    os.set_inheritable(fd, True)
os.environ.update(LISTEN_FDS=str(len(paths)), LISTEN_PID=str(os.getpid()))
os.execv(program[0], program)
`;
const STREAM = '1';
const DATAGRAM = '2';
const activated = (paths, kind, program, args) =>
	start('python3', ['-c', activator, paths.join(','), kind, program, ...args]);

test('options are those of the help', async () => {
	for (const [program, name] of [[kruxosd, 'kruxosd'], ...Object.entries(programs).map(([name, path]) => [path, `${name}.fcgi`])]) {
		const help = await run(program, ['--help']);
		assert.equal(help.code, 0);
		assert.ok(help.stdout.startsWith(`Usage: ${name} `), help.stdout);
		assert.match(help.stdout, /--config FILE/);
		assert.match((await run(program, ['--version'])).stdout, new RegExp(`^${name.replace('.', '\\.')} [0-9.]+\n$`));
		for (const [args, said] of [[['--nonsense'], /nonsense/], [['word'], /word/], [['-c'], /'c'/]]) {
			const { code, stdout, stderr } = await run(program, args);
			assert.equal(code, 64, `${name} ${args}`);
			assert.equal(stdout, '');
			assert.match(stderr, said);
		}
		const none = await run(program, ['-c', join(folder, 'none.conf')]);
		assert.equal(none.code, 1, name);
		assert.match(none.stderr, /none\.conf: .*No such file or directory/);
	}
});

test('the daemon takes the socket that systemd listens on, and leaves it', async () => {
	const path = join(folder, 'handed.sock');
	const daemon = activated([path], STREAM, kruxosd, ['-c', config, '-v']);
	await says(daemon, /the log in .* goes on behind entry/);
	const door = await Door.open(path);
	await door.record({ actor_type: 'agent', agent_name: 'handed', capability: 'shell.exec', status: 'success' });
	door.close();
	assert.equal(existsSync(join(stack.rundir, 'ingest.sock')), false, 'it listens nowhere else');
	await stop(daemon);
	assert.equal(stack.entries().at(-1).agent_name, 'handed');
	assert.ok(existsSync(path), 'the socket is systemd\'s');
});

test('what is handed over and is no such socket is refused', async () => {
	const two = activated([join(folder, 'one.sock'), join(folder, 'two.sock')], STREAM, kruxosd, ['-c', config]);
	assert.equal(await two.ended, 1);
	assert.match(two.said, /systemd hands over 2 sockets where one is wanted/);
	const other = activated([join(folder, 'other.sock')], DATAGRAM, kruxosd, ['-c', config]);
	assert.equal(await other.ended, 1);
	assert.match(other.said, /what systemd hands over is no listening unix stream socket/);
});

test('SIGHUP takes a new configuration whole, or not at all', async () => {
	const daemon = start(kruxosd, ['-c', config]);
	try {
		await says(daemon, /goes on behind entry/);
		const door = join(stack.rundir, 'ingest.sock');
		const reload = async (text, pattern) => {
			writeFileSync(config, text);
			daemon.said = '';
			daemon.kill('SIGHUP');
			await says(daemon, pattern);
			(await Door.open(door)).close();
		};
		await reload(`${settings}\n[nonsense]\nx = 1\n`, /nonsense.*; all stays as it was/);
		await reload(`${settings}\n[paths]\nruntime_dir = ${folder}\n`, /kruxos\.conf: folders move at a restart only; all stays as it was/);
		await reload(settings, /kruxos\.conf was read again/);
	} finally {
		writeFileSync(config, settings);
	}
	await stop(daemon, 'SIGINT');
});

/** One request over FastCGI: the answer's bytes as text. */
function ask(path, method, url) {
	const pair = ([name, value]) => {
		const [a, b] = [Buffer.from(name), Buffer.from(value)];
		return Buffer.concat([Buffer.from([a.length, b.length]), a, b]);
	};
	const record = (type, content) => Buffer.concat([
		Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]), content]);
	const params = Buffer.concat(Object.entries({
		REQUEST_METHOD: method, DOCUMENT_URI: url, PATH_INFO: url, SCRIPT_NAME: url, QUERY_STRING: '', REQUEST_URI: url,
	}).map(pair));
	return new Promise((resolve, reject) => {
		const chunks = [];
		const socket = net.connect(path).on('error', reject).on('data', chunk => chunks.push(chunk))
			.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
		socket.write(Buffer.concat([
			record(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])), record(4, params), record(4, Buffer.alloc(0)),
			record(5, Buffer.alloc(0)),
		]));
	});
}

const urls = { health: '/health/live', audit: '/api/audit', activity: '/api/activity', metrics: '/api/health' };

test('a program listens where it is told, or where it is handed a socket', async () => {
	const daemon = start(kruxosd, ['-c', config]);
	await says(daemon, /goes on behind entry/);
	for (const [name, program] of Object.entries(programs)) {
		const own = join(folder, `${name}-own.sock`);
		const handed = join(folder, `${name}-handed.sock`);
		const usual = join(stack.rundir, `${name}.sock`);
		for (const [path, child, remains] of [
			[own, start(program, ['-c', config, '-s', own]), false],
			[handed, activated([handed], STREAM, program, ['-c', config]), true],
			[usual, start(program, ['-c', config]), false],
		]) {
			await says(child, /version [0-9.]+ serves/);
			assert.match(await ask(path, 'GET', urls[name]), /Content-Type: application\/json/i);
			await stop(child);
			assert.equal(existsSync(path), remains, path);
		}
		const busy = start(program, ['-c', config, '-s', join(stack.rundir, 'ingest.sock')]);
		assert.equal(await busy.ended, 1);
		assert.match(busy.said, /ingest\.sock/);
	}
	await stop(daemon);
});

test('SIGHUP of a program takes a new configuration, or keeps the old one', async () => {
	const daemon = start(kruxosd, ['-c', config]);
	await says(daemon, /goes on behind entry/);
	for (const [name, program] of Object.entries(programs)) {
		const own = join(folder, `${name}-hup.sock`);
		const changing = join(stack.rundir, `${name}.conf`);
		writeFileSync(changing, settings);
		const child = start(program, ['-c', changing, '-s', own]);
		await says(child, /serves/);
		writeFileSync(changing, 'nonsense');
		child.kill('SIGHUP');
		await says(child, /the configuration stays as it was: .*\.conf:1: /);
		writeFileSync(changing, settings);
		child.kill('SIGHUP');
		await says(child, /\.conf has been read again/);
		assert.match(await ask(own, 'GET', urls[name]), /Content-Type: application\/json/i);
		await stop(child);
	}
	await stop(daemon);
});

test('each program answers once from a shell, as plain CGI', async () => {
	const daemon = start(kruxosd, ['-c', config]);
	await says(daemon, /goes on behind entry/);
	for (const [name, program] of Object.entries(programs)) {
		for (const [env, pattern] of [
			[{ PATH_INFO: urls[name] }, /^(Status: 200[^\r]*\r\n)?[^]*Content-Type: application\/json[^]*\r\n\r\n\{[^]*\}\n?$/i],
			[{ PATH_INFO: '/nothing' }, /^Status: 404 [^]*problem\+json/],
			[{ PATH_INFO: urls[name], REQUEST_METHOD: 'POST' }, /^Status: 405 /],
		]) {
			const { code, stdout, stderr } = await run(program, ['-c', config],
				{ env: { REQUEST_METHOD: 'GET', QUERY_STRING: '', ...env } });
			assert.equal(code, 0, stderr);
			assert.match(stdout, pattern, name);
		}
	}
	await stop(daemon);
	// The index can be read without the daemon's word; how far the log goes
	// nobody knows then.
	const status = join(stack.rundir, 'kruxosd.status');
	const page = readFileSync(status);
	const { stdout } = await (async () => {
		try {
			writeFileSync(status, Buffer.alloc(page.length));
			return await run(programs.activity, ['-c', config],
				{ env: { REQUEST_METHOD: 'GET', QUERY_STRING: '', PATH_INFO: '/api/activity' } });
		} finally {
			writeFileSync(status, page);
		}
	})();
	const { index, head_seq: head, entries } = JSON.parse(stdout.slice(stdout.indexOf('\r\n\r\n')));
	assert.deepEqual([index, head], ['unknown', null]);
	assert.ok(entries.length > 0);
});

test('an export needs the door, and no index', async () => {
	const exported = () => run(programs.audit, ['-c', config], { env: {
		REQUEST_METHOD: 'GET', PATH_INFO: '/api/audit/export', QUERY_STRING: 'format=ndjson&from=1970-01-01',
	} });
	const refused = await exported();
	assert.match(refused.stdout, /^Status: 503 [^]*the export cannot be recorded: .*ingest\.sock/);

	const daemon = start(kruxosd, ['-c', config]);
	await says(daemon, /goes on behind entry/);
	const files = ['kruxos.db', 'kruxos.db-wal', 'kruxos.db-shm'].map(name => join(stack.rundir, name)).filter(existsSync);
	for (const file of files)
		renameSync(file, `${file}.away`);
	const before = stack.entries().length;
	const { code, stdout, stderr } = await exported();
	for (const file of files)
		renameSync(`${file}.away`, file);
	assert.equal(code, 0, stderr);
	const lines = stdout.slice(stdout.indexOf('\r\n\r\n') + 4).trim().split('\n').map(line => JSON.parse(line));
	assert.deepEqual(lines.map(({ seq }) => seq), stack.entries().slice(0, lines.length).map(({ seq }) => seq));
	assert.ok(lines.length >= before);
	await stop(daemon);
});
