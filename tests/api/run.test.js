// kruxos-run: what it starts, what it refuses, what it leaves behind.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { request } from './harness/http.js';
import { until } from './harness/poll.js';
import { build, freePorts, run } from './harness/stack.js';

const program = join(build, 'bin/kruxos-run');

let place;
let rundir;
let env;
before(async () => {
	place = mkdtempSync(join(tmpdir(), 'kruxos-'));
	rundir = join(place, 'run');
	const [health, dash, gateway] = await freePorts(3);
	env = {
		RUNDIR: rundir, BIND: '127.0.0.1',
		HEALTH_PORT: String(health), DASH_PORT: String(dash), GATEWAY_PORT: String(gateway),
	};
});
afterEach(() => kruxosRun('stop'));
after(() => rmSync(place, { recursive: true, force: true }));

const kruxosRun = (command, other = {}) => run(program, [command], { env: { ...env, ...other } });

const pidOf = part => Number(readFileSync(join(rundir, 'pid', `${part}.pid`), 'utf8'));

function lives(pid) {
	try {
		process.kill(pid, 0);
		return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch {
		return false;
	}
}

const health = async () => (await request({ port: Number(env.HEALTH_PORT) }, '/health/ready')).status;

test('start returns when everything answers, and again says that it runs', async () => {
	assert.equal((await kruxosRun('status')).code, 3);
	const started = await kruxosRun('start');
	assert.equal(started.code, 0, started.stderr);
	assert.match(started.stdout, new RegExp(`http://127\\.0\\.0\\.1:${env.HEALTH_PORT}/health`));
	assert.equal(await health(), 200);
	const pid = pidOf('kruxos-run');

	const again = await kruxosRun('start');
	assert.equal(again.code, 0, again.stderr);
	assert.match(again.stdout, new RegExp(`process ${pid}\\b`));
	assert.equal(pidOf('kruxos-run'), pid);
	assert.equal((await kruxosRun('status')).code, 0);
	assert.equal((await kruxosRun('run')).code, 1, 'in the foreground a second one is refused');
});

test('stop ends all parts and leaves no socket, and again says that nothing runs', async () => {
	await kruxosRun('start');
	const pids = readdirSync(join(rundir, 'pid')).map(name => pidOf(name.replace('.pid', '')));
	assert.ok(pids.length >= 6);
	assert.equal((await kruxosRun('stop')).code, 0);
	for (const pid of pids)
		assert.equal(lives(pid), false, `process ${pid}`);
	assert.deepEqual(readdirSync(rundir).filter(name => name.endsWith('.sock')), []);
	const again = await kruxosRun('stop');
	assert.equal(again.code, 0);
	assert.match(again.stderr, /nothing runs/);
});

test('what is found under RUNDIR is kept', async () => {
	const files = ['kruxos.conf', 'tls/key.pem', 'tls/cert.pem'];
	const before = files.map(name => readFileSync(join(rundir, name), 'utf8'));
	await kruxosRun('start');
	assert.deepEqual(files.map(name => readFileSync(join(rundir, name), 'utf8')), before);
	for (const name of files)
		assert.equal(statSync(join(rundir, name)).mode & 0o777, 0o600, name);
});

test('a part that is killed comes back, and no request is lost to its restart', async () => {
	await kruxosRun('start');
	for (const part of ['health', 'kruxosd', 'nginx']) {
		const before = pidOf(part);
		process.kill(before, 'SIGKILL');
		if (part === 'health')
			assert.equal(await health(), 200);
		await until(`${part} is back`, () => existsSync(join(rundir, 'pid', `${part}.pid`)) &&
			pidOf(part) !== before && lives(pidOf(part)));
		await until('all is well', async () => await health() === 200);
	}
	assert.match(readFileSync(join(rundir, 'log/kruxos-run.log'), 'utf8'), /nginx was ended by signal 9/);
});

test('a kruxos-run that is killed takes its parts along, and can be started again', async () => {
	await kruxosRun('start');
	const parts = ['kruxosd', 'nginx', 'health', 'audit', 'activity'].map(pidOf);
	process.kill(pidOf('kruxos-run'), 'SIGKILL');
	await until('the parts have ended', () => !parts.some(lives));
	const started = await kruxosRun('start');
	assert.equal(started.code, 0, started.stderr);
});

test('a port in use is named, with the variable that changes it', async () => {
	const server = net.createServer().listen(Number(env.DASH_PORT), '127.0.0.1');
	await new Promise(resolve => server.once('listening', resolve));
	const { code, stderr } = await kruxosRun('start');
	await new Promise(resolve => server.close(resolve));
	assert.equal(code, 1);
	assert.match(stderr, new RegExp(`port ${env.DASH_PORT} \\(DASH_PORT\\) is in use`));
});

test('what cannot be is refused, naming it', async () => {
	const open = join(place, 'open');
	mkdirSync(open);
	chmodSync(open, 0o755);
	writeFileSync(join(place, 'file'), '');
	for (const [other, code, what] of [
		[{ RUNDIR: open }, 1, /open: others may use this folder/],
		[{ RUNDIR: join(place, 'file') }, 1, /file: this is no folder/],
		[{ RUNDIR: join(place, 'none/run') }, 1, /none\/run: No such file/],
		[{ RUNDIR: join(place, 'x'.repeat(100)) }, 1, /too long for the paths of the sockets/],
		[{ HEALTH_PORT: '1' }, 1, /HEALTH_PORT is 1, but .*kruxos\.conf says/],
		[{ HEALTH_PORT: 'x' }, 64, /HEALTH_PORT is "x", not a port/],
		[{ RUNDIR: join(place, 'bind'), BIND: 'x' }, 1, /bind: "x" is not an IP address/],
	]) {
		const answer = await kruxosRun('start', other);
		assert.equal(answer.code, code, answer.stdout + answer.stderr);
		assert.match(answer.stderr, what);
	}
	assert.equal(existsSync(join(place, 'bind/kruxos.conf')), false, 'what is wrong is not kept');
	assert.equal((await kruxosRun('nonsense')).code, 64);
});

test('a part that cannot start is shown with the end of its log', async () => {
	const conf = join(rundir, 'kruxos.conf');
	const before = readFileSync(conf, 'utf8');
	// The daemon cannot make this folder.
	writeFileSync(conf, `[paths]\naudit_dir = ${join(rundir, 'kruxos.conf/audit')}\n${before}`);
	const { code, stderr } = await kruxosRun('start');
	writeFileSync(conf, before);
	assert.equal(code, 1);
	assert.match(stderr, /the end of .*kruxosd\.log:[^]*kruxos-run: kruxosd cannot be started\n$/);
	assert.equal((await kruxosRun('status')).code, 3);
});

test('options are those of the help, and an address of many is shown as one to open', async () => {
	const help = await run(program, ['--help']);
	assert.equal(help.code, 0);
	for (const word of ['run', 'start', 'stop', 'status', '--rundir', '--version'])
		assert.ok(help.stdout.includes(word), word);
	assert.match((await run(program, ['--version'])).stdout, /^kruxos-run [0-9.]+\n$/);
	for (const args of [['--nonsense'], ['dance'], ['start', 'stop']]) {
		const { code, stdout, stderr } = await run(program, args, { env });
		assert.equal(code, 64, args.join(' '));
		assert.equal(stdout, '');
		assert.match(stderr, /^kruxos-run: .+\n/);
	}
	for (const [bind, host] of [['0.0.0.0', 'localhost'], ['::1', '\\[::1\\]']]) {
		const other = { RUNDIR: join(place, `of-${bind.replaceAll(':', '_')}`), BIND: bind };
		const started = await kruxosRun('start', other);
		try {
			assert.equal(started.code, 0, started.stderr);
			assert.match(started.stdout, new RegExp(`http://${host}:${env.HEALTH_PORT}/health`));
		} finally {
			await kruxosRun('stop', other);
		}
	}
});

test('a start that is interrupted has started nothing, and does not say that it has', async () => {
	const child = spawn(program, ['start'], { env: { ...process.env, ...env, RUNDIR: join(place, 'interrupted') }, stdio: 'ignore' });
	const code = new Promise(resolve => child.on('exit', resolve));
	const file = join(place, 'interrupted/pid/kruxos-run.pid');
	await until('it is at it', () => existsSync(file) && readFileSync(file, 'utf8'));
	const pid = Number(readFileSync(file, 'utf8'));
	child.kill('SIGINT');
	assert.equal(await code, 1);
	assert.equal(lives(pid), false);
	assert.equal((await kruxosRun('status', { RUNDIR: join(place, 'interrupted') })).code, 3);
});

test('a part that is not there is named', { skip: process.getuid() !== 0 }, async () => {
	const bin = join(place, 'alone/bin');
	const alone = join(bin, 'kruxos-run');
	mkdirSync(bin, { recursive: true });
	copyFileSync(program, alone);
	chmodSync(alone, 0o755);
	// Nothing of an installed product is looked at, nor its nginx.
	const hidden = folders => run('unshare', ['-m', 'sh', '-c',
		`for dir in ${folders}; do test ! -d $dir || mount -t tmpfs none $dir; done; exec "$0"`, alone],
	{ env: { ...env, RUNDIR: join(place, 'alone/run') } });
	const own = '/usr/lib/kruxos /usr/share/kruxos';
	assert.match((await hidden(`${own} /usr/sbin /usr/local/sbin`)).stderr, /nginx is not installed/);
	for (const [missing, made] of [
		['kruxosd', 'bin/kruxosd'], ['health\\.fcgi', 'fcgi/health.fcgi'], ['nginx/instantiate'],
	]) {
		const { code, stderr } = await hidden(own);
		assert.equal(code, 1);
		assert.match(stderr, new RegExp(`${missing} is neither beside .*alone/bin nor in /usr`));
		if (made) {
			mkdirSync(dirname(join(place, 'alone', made)), { recursive: true });
			copyFileSync(program, join(place, 'alone', made));
			chmodSync(join(place, 'alone', made), 0o755);
		}
	}
});
