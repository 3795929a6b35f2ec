// The dashboard's certificate: ours, kept good, or another's, left alone; and
// what systemd's units and an administrator have of nginx.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';

import { Authority, signItself } from './harness/authority.js';
import { request } from './harness/http.js';
import { until } from './harness/poll.js';
import { Stack, build, run } from './harness/stack.js';

const kruxosRun = join(build, 'bin/kruxos-run');

let stack;
let folder;
let inTls;
before(async () => {
	folder = mkdtempSync(join(tmpdir(), 'kruxos-certificate-'));
	stack = await Stack.start();
	inTls = name => join(stack.rundir, 'tls', name);
});
after(async () => {
	await stack?.stop();
	rmSync(folder, { recursive: true, force: true });
});

/** The certificate that is served, by its serial number. */
function served() {
	return new Promise((resolve, reject) => {
		const socket = tls.connect({ port: stack.dashPort, host: '127.0.0.1', rejectUnauthorized: false }, () => {
			resolve(socket.getPeerX509Certificate().serialNumber);
			socket.destroy();
		});
		socket.on('error', reject);
	});
}

const standing = (name = 'cert.pem') => new X509Certificate(readFileSync(inTls(name)));
const reload = () => process.kill(stack.pidOf('kruxos-run'), 'SIGHUP');

const hsts = async () =>
	(await request(stack.dashboard, '/')).headers['strict-transport-security'];

test('the first start makes one that a client can be told to trust, good for a year', async () => {
	const made = standing();
	assert.equal(made.checkHost('localhost'), 'localhost');
	assert.equal(made.checkIP('127.0.0.1'), '127.0.0.1');
	assert.equal(made.ca, false);
	const days = (Date.parse(made.validTo) - Date.now()) / 86_400_000;
	assert.ok(days > 365 && days < 398, made.validTo);
	assert.equal(statSync(inTls('key.pem')).mode & 0o777, 0o600);
	const asked = await run('curl', ['-sS', '--cacert', inTls('cert.pem'), `https://localhost:${stack.dashPort}/`]);
	assert.equal(asked.code, 0, asked.stderr);
	assert.equal(await hsts(), undefined);
});

test('one of ours that ends soon is made anew for the same key, and served', async () => {
	const key = readFileSync(inTls('key.pem'), 'utf8');
	await signItself(inTls('cert.pem'), inTls('key.pem'), 10);
	const old = standing().serialNumber;
	reload();
	await until('it is made anew', () => standing().serialNumber !== old);
	await until('it is served', async () => await served() === standing().serialNumber);
	assert.equal(readFileSync(inTls('key.pem'), 'utf8'), key);
});

test('what an administrator adds to nginx is read, and what is wrong in it changes nothing', async () => {
	const added = join(stack.rundir, 'nginx.d/mine.conf');
	const socketPath = join(stack.rundir, 'mine.sock');
	writeFileSync(added, `server { listen "unix:${socketPath}"; return 200 "mine"; }\n`);
	reload();
	await until('it answers', async () =>
		existsSync(socketPath) && (await request({ socketPath }, '/')).body === 'mine');
	writeFileSync(added, 'server { nonsense; }\n');
	reload();
	await until('nginx says what is wrong', () =>
		/unknown directive "nonsense" in .*mine\.conf:1/.test(readFileSync(join(stack.rundir, 'log/nginx-error.log'), 'utf8')));
	assert.equal((await request({ socketPath }, '/')).body, 'mine');
	rmSync(added);
});

test('a folder that would move keeps all as it was, until a restart', async () => {
	const path = join(stack.rundir, 'kruxos.conf');
	const before = readFileSync(path, 'utf8');
	const conf = readFileSync(join(stack.rundir, 'nginx.conf'), 'utf8');
	writeFileSync(path, `${before}\n[paths]\nruntime_dir = ${join(stack.rundir, 'elsewhere')}\n`);
	try {
		reload();
		await until('it is said', () => /folders move at a restart only/.test(stack.output));
		assert.equal(readFileSync(join(stack.rundir, 'nginx.conf'), 'utf8'), conf);
		await stack.getHealth('/health/ready');
	} finally {
		writeFileSync(path, before);
	}
});

test('one that somebody has issued is served as it is, and asks for HTTPS alone', async () => {
	const authority = await Authority.make(folder);
	await authority.issue(inTls('cert.pem'), inTls('key.pem'));
	const files = ['cert.pem', 'key.pem'].map(inTls);
	const before = files.map(file => readFileSync(file, 'utf8'));
	reload();
	// For a moment workers of before and after answer.
	await until('it is served', async () => await served() === standing().serialNumber &&
		await hsts() === 'max-age=63072000');
	for (const where of [{ port: stack.healthPort }, stack.api, stack.gateway])
		assert.equal((await request(where, '/health')).headers['strict-transport-security'], undefined);
	await stack.halt();
	await stack.resume();
	assert.deepEqual(files.map(file => readFileSync(file, 'utf8')), before);
});

test('a certificate without its key is named, and left alone', async () => {
	const key = readFileSync(inTls('key.pem'));
	const certificate = readFileSync(inTls('cert.pem'), 'utf8');
	await stack.halt();
	rmSync(inTls('key.pem'));
	const { code, stderr } = await run(kruxosRun, [], { env: stack.environment });
	assert.notEqual(code, 0);
	assert.match(stderr, /tls: cert\.pem is there, and key\.pem, its key, is not/);
	assert.equal(readFileSync(inTls('cert.pem'), 'utf8'), certificate);
	writeFileSync(inTls('key.pem'), key, { mode: 0o600 });
	await stack.resume();
});

/** Folders as the package has them, below one of ours. */
function packaged(name) {
	const at = join(folder, name);
	for (const each of ['etc/tls', 'etc/nginx.d', 'run/nginx', 'run/fcgi', 'run/api', 'log'])
		mkdirSync(join(at, each), { recursive: true });
	writeFileSync(join(at, 'etc/kruxos.conf'), [
		'[paths]', `data_dir = ${at}`, `runtime_dir = ${at}/run`, `api_socket = ${at}/run/api/api.sock`,
		`log_dir = ${at}/log`, `pid_dir = ${at}/run/nginx`, '',
	].join('\n'));
	return at;
}

const runAt = (at, command) => run(kruxosRun, [command, '-c', join(at, 'etc/kruxos.conf')]);

test('where systemd starts nginx, its certificate and configuration are made by commands', async () => {
	const at = packaged('package');
	const made = await runAt(at, 'certificate');
	assert.equal(made.code, 0, made.stderr);
	assert.match(made.stdout, /tls\/cert\.pem is made: SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}, ends \d{4}-\d{2}-\d{2}\n$/);
	const again = await runAt(at, 'certificate');
	assert.equal(again.stdout, made.stdout.replace('is made', 'stays'));

	const written = await runAt(at, 'nginx');
	assert.equal(written.code, 0, written.stderr);
	const conf = join(at, 'run/nginx/nginx.conf');
	const text = readFileSync(conf, 'utf8');
	assert.ok(text.includes(`unix:${at}/run/fcgi/audit.sock`));
	assert.ok(text.includes(`include "${at}/etc/nginx.d/*.conf"`));
	assert.ok(text.includes(`pid "${at}/run/nginx/nginx.pid"`));
	assert.ok(text.includes('error_log "stderr"'));
	const tried = await run('/usr/sbin/nginx', ['-t', '-q', '-c', conf, '-e', 'stderr']);
	assert.equal(tried.code, 0, tried.stderr);
});

test('an api.sock on which nobody answers is removed, another one stays', async () => {
	const at = packaged('socket');
	await runAt(at, 'certificate');
	const path = join(at, 'run/api/api.sock');
	const server = net.createServer();
	await new Promise(resolve => server.listen(path, resolve));
	assert.equal((await runAt(at, 'nginx')).code, 0);
	assert.ok(existsSync(path));
	await new Promise(resolve => server.close(resolve)); // node removes it

	const left = await run('python3', ['-c', 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])', path]);
	assert.equal(left.code, 0, left.stderr);
	assert.equal((await runAt(at, 'nginx')).code, 0);
	assert.ok(!existsSync(path));
	writeFileSync(path, 'a file');
	const refused = await runAt(at, 'nginx');
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /api\.sock/);
	assert.equal(readFileSync(path, 'utf8'), 'a file');
});

test('what these commands lack is named', async () => {
	const nowhere = await run(kruxosRun, ['nginx', '-c', join(folder, 'none/kruxos.conf')]);
	assert.equal(nowhere.code, 1);
	assert.match(nowhere.stderr, /none\/kruxos\.conf: open: No such file/);
	const at = packaged('lacking');
	rmSync(join(at, 'run/nginx'), { recursive: true });
	assert.match((await runAt(at, 'nginx')).stderr, /run\/nginx: No such file/);
	rmSync(join(at, 'etc/tls'), { recursive: true });
	assert.match((await runAt(at, 'certificate')).stderr, /etc\/tls: No such file/);
	const misused = await run(kruxosRun, ['status', '-c', 'x']);
	assert.equal(misused.code, 64);
});
