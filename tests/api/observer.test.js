// kruxos-observer between real servers that behave badly and a door of the
// test's own: what it reports.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { until } from './harness/poll.js';
import { build, run } from './harness/stack.js';

const TIMEOUT_MS = 1000;

let folder;
before(() => {
	folder = mkdtempSync(join(tmpdir(), 'kruxos-observer-'));
	mkdirSync(join(folder, 'audit'));
	mkdirSync(join(folder, 'log'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const listen = (server, ...where) =>
	new Promise((resolve, reject) => server.on('error', reject).listen(...where, () => resolve(server)));

/** A server for raw bytes; its port is `port`. */
async function serve(onSocket) {
	const sockets = new Set();
	const server = await listen(net.createServer(socket => {
		sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
		onSocket(socket);
	}), 0, '127.0.0.1');
	return {
		port: server.address().port,
		stop: () => {
			sockets.forEach(socket => socket.destroy());
			return new Promise(resolve => server.close(resolve));
		},
	};
}

/** The daemon's end of the door: keeps the reports, and answers them. */
async function openDoor() {
	const door = { reports: [], sockets: new Set() };
	const server = net.createServer(socket => {
		let rest = '';
		door.sockets.add(socket.on('error', () => {}).on('close', () => door.sockets.delete(socket)));
		socket.setEncoding('utf8').on('data', text => {
			const lines = (rest + text).split('\n');
			rest = lines.pop();
			for (const line of lines) {
				const { do: verb, id, args } = JSON.parse(line);
				assert.equal(verb, 'telemetry.report');
				door.reports.push(args);
				socket.write(`${JSON.stringify({ id, ok: {} })}\n`);
			}
		});
	});
	await listen(server, join(folder, 'ingest.sock'));
	door.close = () => {
		door.sockets.forEach(socket => socket.destroy());
		return new Promise(resolve => server.close(resolve));
	};
	/** The last that was said of a service. */
	door.service = name => door.reports.flatMap(report => report.services)
		.findLast(service => service.name === name);
	return door;
}

function configure(services, more = '') {
	writeFileSync(join(folder, 'kruxos.conf'), more + Object.entries(services)
		.map(([name, keys]) => [`[service ${name}]`,
			...Object.entries({ timeout_ms: TIMEOUT_MS, ...keys }).map(([key, value]) => `${key} = ${value}`), '']
			.join('\n')).join('\n'));
}

/** Run the observer while `during` lasts; it then ends at once, and well. */
async function observing(during) {
	const child = spawn(join(build, 'bin/kruxos-observer'), ['-c', join(folder, 'kruxos.conf')],
		{ stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, http_proxy: 'http://127.0.0.1:1' } });
	let said = '';
	child.stderr.setEncoding('utf8').on('data', text => said += text);
	const ended = new Promise(resolve => child.on('exit', (code, signal) => resolve(signal ?? code)));
	try {
		await during({ child, said: () => said });
	} finally {
		child.kill('SIGTERM');
		assert.equal(await ended, 0, said);
	}
	assert.doesNotMatch(said, /Sanitizer|runtime error:/);
}

const answer = (status, body = '', headers = '') =>
	`HTTP/1.1 ${status} X\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
/** A server that answers every request with these bytes. */
const saying = bytes => serve(socket => socket.once('data', () => socket.end(bytes)));

test('what is wrong with a service is told, and none delays another', async () => {
	const later = bytes => serve(socket => socket.once('data', () =>
		setTimeout(() => socket.end(bytes), TIMEOUT_MS * 0.7)));
	const servers = {
		good: await saying(answer(200, 'all is well')),
		hangs: await serve(() => {}),
		garbage: await saying('\x1b[31mgarbage\n'.repeat(10)),
		slow: await later(answer(200)),
		closes: await serve(socket => socket.destroy()),
		moved: await saying(answer(302, '', 'Location: http://elsewhere.example/\x1b[31m\r\n')),
		within: await saying(answer(302, '', 'Location: /login?token=hidden#hidden\r\n')),
		failing: await saying(answer(503)),
		absent: await saying(answer(404)),
		large: await saying(answer(200, 'x'.repeat(1 << 20))),
		gone: await serve(() => {}),
		stays: await serve(() => {}),
	};
	const at = name => `127.0.0.1:${servers[name].port}`;
	const url = name => ({ kind: 'http', target: `http://${at(name)}/` });
	const socketPath = join(folder, 'service.sock');
	const unix = await listen(net.createServer(), socketPath);
	await servers.gone.stop();
	configure({
		good: url('good'), matched: { ...url('good'), match: 'is well' }, unmatched: { ...url('good'), match: 'is ill' },
		hangs: url('hangs'), garbage: url('garbage'), slow: url('slow'), closes: url('closes'), moved: url('moved'),
		within: { kind: 'http', target: `http://someone:hidden@${at('within')}/` },
		failing: url('failing'), absent: url('absent'), large: url('large'), refused: url('gone'),
		unresolved: { kind: 'http', target: 'http://nowhere.invalid/', timeout_ms: 10_000 },
		metadata: { kind: 'http', target: 'http://169.254.169.254/' },
		tcp: { kind: 'tcp', target: at('stays') }, 'tcp-refused': { kind: 'tcp', target: at('gone') },
		'tcp-closes': { kind: 'tcp', target: at('closes') },
		unix: { kind: 'unix', target: socketPath }, 'unix-absent': { kind: 'unix', target: join(folder, 'none.sock') },
		beats: { kind: 'heartbeat' },
	});
	const expected = {
		good: ['healthy', /^HTTP 200$/], matched: ['healthy', /^HTTP 200$/],
		unmatched: ['unhealthy', /^HTTP 200, without what its body must contain$/],
		hangs: ['unhealthy', /^timed out after 1000 ms$/], garbage: ['unhealthy', /^garbage instead of HTTP$/],
		slow: ['degraded', /^HTTP 200, answers slowly$/], closes: ['unhealthy', /^closed at once$/],
		moved: ['degraded', /^HTTP 302, redirects to http:\/\/elsewhere\.example\/[^\x1b]*$/],
		within: ['degraded', /^HTTP 302, redirects to http:\/\/127\.0\.0\.1:\d+\/login$/],
		failing: ['unhealthy', /^HTTP 503$/], absent: ['unhealthy', /^HTTP 404$/], large: ['healthy', /^HTTP 200$/],
		refused: ['unhealthy', /^connection refused$/], unresolved: ['unhealthy', /^the name does not resolve$/],
		metadata: ['unhealthy', /^a link-local address is not asked$/],
		tcp: ['healthy', /^connected$/], 'tcp-refused': ['unhealthy', /^connection refused$/],
		'tcp-closes': ['unhealthy', /^closed at once$/],
		unix: ['healthy', /^connected$/], 'unix-absent': ['unhealthy', /^there is no such socket$/],
	};
	const door = await openDoor();
	try {
		await observing(async () => {
			await until('every service is told of', () =>
				Object.keys(expected).every(name => door.service(name)), 30_000);
			for (const [name, [status, details]] of Object.entries(expected)) {
				const service = door.service(name);
				assert.equal(service.status, status, `${name}: ${service.details}`);
				assert.match(service.details, details, name);
				assert.ok(Math.abs(Date.parse(service.checked_at) - Date.now()) < 60_000, name);
			}
			assert.equal(door.service('beats'), undefined);
			assert.equal(door.service('hangs').latency_ms, null);
			assert.ok(door.service('slow').latency_ms >= TIMEOUT_MS * 0.7);
			// It was checked beside those that hang and are slow.
			assert.ok(door.service('good').latency_ms < door.service('slow').latency_ms);
		});
	} finally {
		await door.close();
		unix.close();
		for (const [name, server] of Object.entries(servers))
			if (name !== 'gone')
				await server.stop();
	}
});

test('services are checked as often as is said, and what changes is told at once', async () => {
	const server = await saying(answer(200));
	const hangs = await serve(() => {});
	configure({
		web: { kind: 'http', target: `http://127.0.0.1:${server.port}/` },
		hangs: { kind: 'http', target: `http://127.0.0.1:${hangs.port}/`, timeout_ms: 15_000 },
	}, '[observer]\ncheck_interval_seconds = 1\n');
	const door = await openDoor();
	try {
		await observing(async () => {
			await until('one has not answered within the interval', () => door.service('hangs'));
			assert.equal(door.service('hangs').details, 'timed out after 1000 ms');
			const { checked_at: first } = await until('the other is well', () => door.service('web'));
			await until('its latency is its own, not that of a timer', () => door.service('web').latency_ms < 200);
			await server.stop();
			const { checked_at: last } = await until('it is told to be down', () =>
				door.service('web').status === 'unhealthy' && door.service('web'));
			assert.ok(Date.parse(last) - Date.parse(first) < 15_000);
			// Not with the next sample: the last one is told again.
			const samples = door.reports.map(({ figures }) => JSON.stringify(figures));
			assert.ok(new Set(samples).size < samples.length);
		});
	} finally {
		await door.close();
		await hangs.stop();
	}
});

test('a report has the figures of the host, and of its own', async () => {
	configure({});
	writeFileSync(join(folder, 'log/access.log'), '');
	const line = (path, status, seconds) => `${JSON.stringify({ path, status, seconds })}\n`;
	const door = await openDoor();
	try {
		await observing(async () => {
			const { figures } = await until('there is a report', () => door.reports[0]);
			for (const name of ['memory_used_mb', 'memory_total_mb', 'disk_used_percent', 'load_1m'])
				assert.ok(figures[name] > 0 || name === 'load_1m', `${name}: ${figures[name]}`);
			assert.equal(figures.http_p99_ms, null);
			appendFileSync(join(folder, 'log/access.log'),
				line('/api/audit/7', 200, 0.004) + 'junk\n' + line('/health', 503, 0.002));
			const report = await until('the access log is told of', () =>
				door.reports.find(({ figures: { http_requests_total: total } }) => total === 2));
			assert.equal(report.figures.http_errors_total, 1);
			assert.equal(report.figures.http_bad_lines_total, 1);
			assert.equal(report.figures.http_p99_ms, 4);
			assert.deepEqual(report.routes, [
				{ name: '/api/audit/:id', requests: 1, errors: 0, p50_ms: 4, p99_ms: 4 },
				{ name: '/health', requests: 1, errors: 1, p50_ms: 2, p99_ms: 2 },
			]);
			assert.ok(report.programs.find(({ name }) => name === 'observer').resident_bytes > 0);
		});
	} finally {
		await door.close();
	}
});

test('a daemon that comes back is told everything again', async () => {
	const server = await saying(answer(200));
	configure({ web: { kind: 'http', target: `http://127.0.0.1:${server.port}/` } });
	let door = await openDoor();
	await observing(async ({ said }) => {
		await until('the service is told of', () => door.service('web'));
		await door.close();
		await until('the observer says so', () => said().includes('trying again'));
		door = await openDoor();
		assert.equal((await until('it is told again', () => door.service('web'))).status, 'healthy');
	});
	await door.close();
	await server.stop();
});

test('SIGHUP takes a good configuration, and keeps the one it has from a bad one', async () => {
	const server = await saying(answer(200));
	const service = { kind: 'http', target: `http://127.0.0.1:${server.port}/` };
	configure({ first: service });
	const door = await openDoor();
	await observing(async ({ child, said }) => {
		await until('the first is told of', () => door.service('first'));
		writeFileSync(join(folder, 'kruxos.conf'), '[service first]\nkind = smoke\n');
		child.kill('SIGHUP');
		await until('it says what is wrong', () => said().includes('"smoke" is not'));
		configure({ second: service });
		child.kill('SIGHUP');
		await until('the second is told of', () => door.service('second'));
	});
	await door.close();
	await server.stop();
});

test('its own words', async () => {
	const observer = (...args) => run(join(build, 'bin/kruxos-observer'), args);
	assert.match((await observer('--help')).stdout, /^Usage: kruxos-observer /);
	assert.match((await observer('--version')).stdout, /^kruxos-observer \d/);
	assert.equal((await observer('more')).code, 64);
	assert.equal((await observer('--nothing')).code, 64);
	const missing = await observer('-c', join(folder, 'none.conf'));
	assert.equal(missing.code, 1);
	assert.match(missing.stderr, /none\.conf/);
});
