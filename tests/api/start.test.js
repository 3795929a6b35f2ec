// Starting, stopping, and what stands in the way: said at once, by its name.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { assertShape, schemaOf } from './harness/contract.js';
import { request } from './harness/http.js';
import { until } from './harness/poll.js';
import { Stack, build, freePorts, run } from './harness/stack.js';

const kruxosRun = join(build, 'bin/kruxos-run');

let stack;
let folder;
before(async () => {
	folder = mkdtempSync(join(tmpdir(), 'kruxos-start-'));
	stack = await Stack.start();
	const door = await stack.door();
	await door.record({ actor_type: 'agent', agent_name: 'first', capability: 'shell.exec', status: 'success' });
	door.close();
});
after(async () => {
	await stack?.stop();
	rmSync(folder, { recursive: true, force: true });
});

/** Start a stack that must not come up; returns what was said. */
async function refused(changes) {
	const environment = { ...stack.environment, HEALTH_PORT: '1', DASH_PORT: '2', GATEWAY_PORT: '3', ...changes };
	const { code, stderr } = await run(kruxosRun, [], { env: environment });
	assert.notEqual(code, 0, JSON.stringify(changes));
	return stderr;
}

test('a path too long for a socket is named', async () => {
	const long = join(folder, 'x'.repeat(120));
	assert.match(await refused({ RUNDIR: long }), /x{20}/);
});

for (const variable of ['HEALTH_PORT', 'DASH_PORT', 'GATEWAY_PORT'])
	test(`a port in use is named, and ${variable}, which changes it`, async () => {
		const server = net.createServer();
		await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
		const port = String(server.address().port);
		try {
			const RUNDIR = join(folder, variable);
			const [HEALTH_PORT, DASH_PORT, GATEWAY_PORT] = (await freePorts(3)).map(String);
			const said = await refused({ RUNDIR, HEALTH_PORT, DASH_PORT, GATEWAY_PORT, [variable]: port });
			assert.ok(said.includes(port) && said.includes(variable), said);
			// Another can be given then: nothing has kept that one.
			assert.ok(!existsSync(join(RUNDIR, 'kruxos.conf')));
		} finally {
			server.close();
		}
	});

test('a tool that is missing is named', async () => {
	const RUNDIR = join(folder, 'tools');
	const [HEALTH_PORT, DASH_PORT, GATEWAY_PORT] = (await freePorts(3)).map(String);
	assert.match(await refused({ RUNDIR, HEALTH_PORT, DASH_PORT, GATEWAY_PORT, PATH: folder }), /awk: not found/);
});

test('a folder that others can write to is named', async () => {
	const open = join(folder, 'open');
	mkdirSync(open);
	chmodSync(open, 0o777);
	assert.ok((await refused({ RUNDIR: open })).includes(open));
});

test('a configuration with a mistake is named, with its line', async () => {
	const dir = join(folder, 'mistake');
	mkdirSync(dir, { mode: 0o700 });
	writeFileSync(join(dir, 'kruxos.conf'), '# mine\n[audit]\nretention = 3\n');
	assert.match(await refused({ RUNDIR: dir }), /kruxos\.conf:3: .*retention/);
});

test('a second one in the same folder is refused', async () => {
	const { code, stderr } = await run(kruxosRun, [], { env: stack.environment });
	assert.notEqual(code, 0);
	assert.ok(stderr.includes(stack.rundir), stderr);
	await stack.getHealth('/health');
});

test('start and stop may be said twice, and two stacks run side by side', async () => {
	const env = { ...stack.environment, RUNDIR: join(folder, 'other') };
	const ports = (await freePorts(3)).map(String);
	[env.HEALTH_PORT, env.DASH_PORT, env.GATEWAY_PORT] = ports;
	const say = word => run(kruxosRun, [word], { env });
	try {
		assert.equal((await say('status')).code, 3);
		assert.equal((await say('stop')).code, 0);
		assert.equal((await say('start')).code, 0);
		assert.equal((await say('start')).code, 0);
		assert.equal((await say('status')).code, 0);
		assert.equal((await request({ port: Number(ports[0]) }, '/health/ready')).status, 200);
		await stack.getHealth('/health/ready');
	} finally {
		assert.equal((await say('stop')).code, 0);
		assert.equal((await say('stop')).code, 0);
	}
	assert.deepEqual(readdirSync(env.RUNDIR).filter(name => name.endsWith('.sock')), []);
});

test('what is found under RUNDIR is kept', async () => {
	const conf = join(stack.rundir, 'kruxos.conf');
	await stack.halt();
	writeFileSync(conf, `${readFileSync(conf, 'utf8')}\n[audit]\nretention_days = 30\n`);
	const text = readFileSync(conf, 'utf8');
	const entries = stack.entries();
	await stack.resume();
	assert.equal(readFileSync(conf, 'utf8'), text);
	assert.deepEqual(stack.entries().slice(0, entries.length), entries);
});

test('a planted link in the place of a file is not followed', async () => {
	const target = join(folder, 'precious');
	const plant = name => {
		writeFileSync(target, 'precious');
		rmSync(join(stack.rundir, name), { force: true });
		symlinkSync(target, join(stack.rundir, name));
	};
	await stack.halt();
	for (const name of ['kruxosd.status', 'kruxos.db', 'state.db', 'ingest.sock', 'audit/.lock']) {
		plant(name);
		// It refuses to start, or it starts with a file of its own there.
		const daemon = stack.startDaemon();
		await until('the daemon has ended or answers', async () =>
			daemon.exitCode !== null || stack.door().then(door => (door.close(), true), () => false));
		daemon.kill('SIGTERM');
		await daemon.ended;
		assert.equal(readFileSync(target, 'utf8'), 'precious', `${name}: ${daemon.said}`);
		rmSync(join(stack.rundir, name), { force: true });
	}
	for (const name of ['nginx.conf', 'nginx.conf.new', 'tls/key.pem.new']) {
		plant(name);
		await stack.resume();
		await stack.halt();
		assert.equal(readFileSync(target, 'utf8'), 'precious', name);
	}
	await stack.resume();
});

test('what stands in the place of a file or a socket is named, and left alone', async () => {
	const target = join(folder, 'precious');
	const kinds = {
		link: path => symlinkSync(target, path),
		folder: path => mkdirSync(path),
		file: path => writeFileSync(path, 'junk', { mode: 0o600 }),
		FIFO: path => execFileSync('mkfifo', [path]),
		socket: path => execFileSync('python3', ['-c', `import socket; socket.socket(socket.AF_UNIX).bind("${path}")`]),
	};
	// What each of these can not be.
	const sockets = ['link', 'folder', 'file', 'FIFO'];
	const files = ['link', 'folder', 'FIFO', 'socket'];
	const table = {
		'api.sock': sockets, 'ingest.sock': sockets, 'health.sock': sockets, 'audit.sock': sockets,
		'activity.sock': sockets, 'log/access.log': files, 'log/nginx-error.log': files, 'log/nginx.log': files,
		'log/kruxosd.log': files, 'log/kruxos-run.log': files, 'pid/nginx.pid': files, 'pid/kruxosd.pid': files,
		'pid/kruxos-run.pid': files, 'tmp/body': ['link', 'file', 'FIFO'], log: ['link', 'file'],
		tls: ['link', 'file'], 'nginx.conf': ['folder'], 'kruxosd.status': ['link', 'folder', 'FIFO'],
		'state.db': ['link', 'folder', 'FIFO'], 'audit/.lock': ['link', 'folder'], 'kruxos.conf': ['folder', 'FIFO'],
	};
	await stack.halt();
	writeFileSync(target, 'precious');
	for (const [name, planted] of Object.entries(table))
		for (const kind of planted) {
			const path = join(stack.rundir, name);
			const saved = join(folder, 'saved');
			if (existsSync(path))
				renameSync(path, saved);
			kinds[kind](path);
			const { code, stderr } = await run(kruxosRun, [], { env: stack.environment });
			assert.equal(code, 1, `${name}, a ${kind}: ${stderr}`);
			assert.ok(stderr.includes(name), `${name}, a ${kind}: ${stderr}`);
			// At once; or a part has tried it three times, which is told when it takes long.
			const lines = stderr.split('\n').filter(line => /^kruxos-run: (?!waiting, for: )/.test(line)).length;
			assert.equal(lines, stderr.includes('kruxosd cannot be started') ? 5 : 1, stderr);
			assert.equal(readFileSync(target, 'utf8'), 'precious', `${name}, a ${kind}`);
			rmSync(path, { recursive: true });
			if (existsSync(saved))
				renameSync(saved, path);
		}
	await stack.resume();
});

test('a socket on which somebody answers is named, and left to him', async () => {
	await stack.halt();
	for (const name of ['api.sock', 'health.sock', 'ingest.sock']) {
		const path = join(stack.rundir, name);
		// What comes is read: else the end of it is never seen, and nothing closes.
		const server = net.createServer(socket => socket.resume().end());
		await new Promise(resolve => server.listen(path, resolve));
		const { code, stderr } = await run(kruxosRun, [], { env: stack.environment });
		assert.equal(code, 1, name);
		assert.match(stderr, new RegExp(`${name}: another process answers on this socket`), name);
		assert.ok(existsSync(path), name);
		await new Promise(resolve => server.close(resolve));
	}
	await stack.resume();
});

test('a part that cannot be started again is said once', async () => {
	const path = join(stack.rundir, 'log/health.log');
	rmSync(path);
	symlinkSync('/nonexistent', path);
	process.kill(stack.pidOf('health'), 'SIGKILL');
	const said = () => stack.said.match(/kruxos-run: health: .*health\.log/g)?.length ?? 0;
	await until('it is said', () => said() === 1);
	rmSync(path);
	await stack.untilReady();
	assert.equal(said(), 1);
});

test('a damaged index is kept aside and made again from the log', async () => {
	await stack.halt();
	const entries = stack.entries();
	for (const name of readdirSync(stack.rundir).filter(name => name.startsWith('kruxos.db')))
		rmSync(join(stack.rundir, name));
	writeFileSync(join(stack.rundir, 'kruxos.db'), 'this is no database'.repeat(1000), { mode: 0o600 });
	await stack.resume();
	await stack.untilIndexed(entries.at(-1).seq);
	const page = await stack.get('/api/audit?from=1970-01-01');
	assert.ok(page.total >= entries.length);
	assert.ok(readdirSync(stack.rundir).some(name => /^kruxos\.db.+/.test(name) && !/-(wal|shm)$/.test(name)),
		readdirSync(stack.rundir).join(' '));
	assert.match(stack.output, /kruxos\.db/);
});

test('a damaged state is kept aside, and said', async () => {
	await stack.halt();
	for (const name of readdirSync(stack.rundir).filter(name => name.startsWith('state.db')))
		rmSync(join(stack.rundir, name));
	writeFileSync(join(stack.rundir, 'state.db'), 'this is no database'.repeat(1000), { mode: 0o600 });
	await stack.resume();
	await until('health tells', async () => {
		const { services } = JSON.parse((await request({ port: stack.healthPort }, '/health')).body);
		return services.state !== 'healthy';
	});
	assert.ok(readdirSync(stack.rundir).some(name => /^state\.db.+/.test(name) && !/-(wal|shm)$/.test(name)));
	assert.match(stack.output, /state\.db/);
});

test('a program answers once from a shell, as plain CGI', async () => {
	const env = {
		...stack.environment, REQUEST_METHOD: 'GET', PATH_INFO: '/health', QUERY_STRING: '',
	};
	const { code, stdout } = await run(join(build, 'fcgi/health.fcgi'), ['-c', join(stack.rundir, 'kruxos.conf')], { env });
	assert.equal(code, 0);
	const [head, body] = stdout.split('\r\n\r\n');
	assert.match(head, /^Status: (200|503) /);
	assertShape(schemaOf('Health'), JSON.parse(body), 'health.fcgi as CGI');

	const audit = await run(join(build, 'fcgi/audit.fcgi'), ['-c', join(stack.rundir, 'kruxos.conf')],
		{ env: { ...env, PATH_INFO: '/api/audit', QUERY_STRING: 'limit=1&from=1970-01-01' } });
	assert.match(audit.stdout, /^Status: 200 /);
	assertShape(schemaOf('AuditPage'), JSON.parse(audit.stdout.split('\r\n\r\n')[1]), 'audit.fcgi as CGI');
});
