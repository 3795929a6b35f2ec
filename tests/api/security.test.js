// What an outsider may try at the listeners.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { raw, request } from './harness/http.js';
import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

/** What each listener answers to who only asks. */
const quiet = { health: '/health', dashboard: '/api/audit', gateway: '/healthz', api: '/api/audit' };

let stack;
let listeners;
let who; // is signed in
before(async () => {
	stack = await Stack.start();
	listeners = {
		health: { port: stack.healthPort },
		dashboard: { port: stack.dashPort, tls: true },
		gateway: stack.gateway,
		api: stack.api,
	};
	who = await stack.signIn();
});
after(() => stack?.stop());

test('a foreign Host is refused, ours are answered', async () => {
	const port = stack.healthPort;
	for (const host of [
		'evil.example', 'evil.example:7701', '0.0.0.0', `0.0.0.0:${port}`, '[::]', `[::]:${port}`,
		'127.0.0.1.nip.io', 'localhost.evil.example', 'evil.localhost.example', '127.0.0.2', '127.1',
		'2130706433', '0x7f000001', 'LOCALHOST.evil', '_',
	])
		for (const where of [listeners.health, listeners.dashboard]) {
			const reply = await request(where, '/health', { headers: { Host: host } });
			assert.equal(reply.status, 421, `Host: ${host}`);
			assert.equal((await request(listeners.gateway, '/healthz', { headers: { Host: host } })).status, 403, host);
		}
	for (const host of ['localhost', `localhost:${port}`, '127.0.0.1', `127.0.0.1:${port}`, 'LocalHost', hostname()]) {
		for (const [where, path] of [[listeners.health, '/health'], [listeners.gateway, '/healthz']]) {
			const reply = await request(where, path, { headers: { Host: host } });
			assert.equal(reply.status, 200, `Host: ${host}`);
		}
	}
});

test('no Host, two, or a bad one is no request', async () => {
	for (const hosts of [
		'', 'Host:\r\n', 'Host: localhost\r\nHost: evil.example\r\n', 'Host: local host\r\n',
		'Host: localhost/\r\n', 'Host: a@localhost\r\n', 'Host: localhost\0\r\n',
	]) {
		const { status } = await raw(listeners.health,
			`GET /health HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`);
		assert.ok([400, 421].includes(status), `${JSON.stringify(hosts)}: ${status}`);
	}
});

test('api.sock takes any Host: who may open it was decided by its folder', async () => {
	for (const host of ['localhost', 'kruxos', 'anything.example']) {
		const reply = await request(stack.api, '/api/audit?limit=1', { headers: { Host: host } });
		assert.equal(reply.status, 200, host);
	}
	assert.equal(statSync(stack.rundir).mode & 0o077, 0);
});

test('a foreign or null Origin is refused, and nobody gets a CORS header', async () => {
	const port = stack.healthPort;
	for (const origin of [
		'null', 'https://evil.example', 'http://localhost.evil.example', 'file://', `https://127.0.0.1.nip.io:${port}`,
		'http://0.0.0.0', 'chrome-extension://abc',
	])
		for (const [name, where] of Object.entries(listeners)) {
			const reply = await request(where, quiet[name], { headers: { Origin: origin } });
			assert.equal(reply.status, 403, `${name}, Origin: ${origin}`);
			assert.ok(!Object.keys(reply.headers).some(header => header.startsWith('access-control')));
		}
	for (const where of Object.values(listeners)) {
		const reply = await request(where, '/health', {
			method: 'OPTIONS',
			headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'GET' },
		});
		assert.ok(reply.status >= 400);
		assert.ok(!Object.keys(reply.headers).some(header => header.startsWith('access-control')));
	}
});

test('nothing but GET and HEAD changes or reads anything', async () => {
	for (const [name, where] of Object.entries(listeners)) {
		const path = quiet[name];
		for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND', 'CONNECT']) {
			if (method === 'CONNECT')
				continue; // not a request to a path
			const reply = await request(where, path, { method });
			assert.ok([401, 403, 405].includes(reply.status), `${name}: ${method} ${reply.status}`);
		}
	}
});

test('every answer carries the headers that it should', async () => {
	for (const [where, path] of [
		[listeners.health, '/health'], [listeners.health, '/health/live'], [listeners.health, '/nothing'],
		[stack.api, '/api/audit'], [stack.api, '/api/nothing'], [stack.api, '/api/audit?limit=0'],
		[listeners.gateway, '/healthz'], [listeners.gateway, '/rpc'], [listeners.gateway, '/nothing'],
		[stack.api, '/api/activity'], [listeners.dashboard, '/'], [listeners.dashboard, '/api/audit'],
	]) {
		const { headers } = await request(where, path);
		assert.equal(headers['x-content-type-options'], 'nosniff', path);
		assert.doesNotMatch(headers.server ?? '', /[0-9]/, path);
		if (path.startsWith('/api'))
			assert.equal(headers['cache-control'], 'no-store', path);
	}
});

test('a page carries a policy that allows nothing foreign', async () => {
	const { headers } = await request(listeners.dashboard, '/');
	const policy = headers['content-security-policy'];
	for (const part of [
		'default-src \'none\'', 'base-uri \'none\'', 'form-action \'self\'', 'frame-ancestors \'none\'',
	])
		assert.ok(policy?.includes(part), `${part} in ${policy}`);
	assert.equal(headers['referrer-policy'], 'no-referrer');
	assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
	assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
	assert.equal(headers['strict-transport-security'], undefined);
});

test('without sign-in the dashboard\'s port tells nothing of the log', async () => {
	for (const path of [
		'/api/audit', '/api/audit/1', '/api/audit/export', '/api/activity', '/api/activity/stream',
		'/api/agents', '/api/alerts', '/api/silences', '/api/notices', '/api/approvals', '/api/proxy/status', '/api/session', '/auth', '/api/sessions/s1', '/api/metrics?category=http', '/api/health', '/metrics', '/api/', '/api', '//api/audit', '/./api/audit', '/%61pi/audit', '/x/../api/audit',
	]) {
		for (const headers of [{}, { Cookie: `${stack.cookieName}=krx_session_${'a'.repeat(43)}` }, {
			'KRUXOS_SESSION': who.session.id, 'X-Kruxos-Session': who.session.id, 'X-Original-URI': '/',
		}]) {
			const reply = await request(listeners.dashboard, path, { headers });
			assert.ok(reply.status >= 400, `${path}: ${reply.status}`);
			assert.doesNotMatch(reply.body, /entry_hash|log\.open/);
		}
	}
});

test('a session is of its own name of this server, and is lent to no other page', async () => {
	const ask = headers => request(listeners.dashboard, '/api/audit?limit=1', { headers: { Cookie: who.cookie, ...headers } });
	assert.equal((await ask({})).status, 200);
	for (const [headers, status] of [
		[{ Host: 'evil.example' }, 421], [{ Host: `127.0.0.1.nip.io:${stack.dashPort}` }, 421],
		[{ Origin: 'https://evil.example' }, 403], [{ Origin: 'null' }, 403],
		[{ Origin: `https://localhost:${stack.dashPort + 1}` }, 403], [{ Origin: `http://localhost:${stack.dashPort}` }, 403],
	]) {
		const reply = await ask(headers);
		assert.equal(reply.status, status, JSON.stringify(headers));
		assert.doesNotMatch(reply.body, /entry_hash/);
		assert.ok(!Object.keys(reply.headers).some(name => name.startsWith('access-control')));
	}
	const preflight = await request(listeners.dashboard, '/api/silences', {
		method: 'OPTIONS', headers: {
			Cookie: who.cookie, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'x-csrf-token',
		},
	});
	assert.equal(preflight.status, 405);
	assert.ok(!Object.keys(preflight.headers).some(name => name.startsWith('access-control')));
});

test('what is secret is not compressed: its length would tell of it', async () => {
	const compressed = { 'Accept-Encoding': 'gzip, deflate, br' };
	for (const [where, path, headers] of [
		[listeners.dashboard, '/api/session', who.headers], [listeners.dashboard, '/api/audit', who.headers],
		[listeners.dashboard, '/api/audit/export', who.headers], [listeners.dashboard, '/api/activity', who.headers],
		[stack.api, '/api/audit', {}],
	]) {
		const reply = await request(where, path, { headers: { ...headers, ...compressed } });
		assert.equal(reply.status, 200, path);
		assert.equal(reply.headers['content-encoding'], undefined, path);
	}
	const [style] = /\/assets\/[^"]+\.css/.exec((await request(listeners.dashboard, '/')).body);
	const reply = await request(listeners.dashboard, style, { headers: compressed });
	assert.equal(reply.headers['content-encoding'], 'gzip');
	assert.equal(reply.headers['content-type'], 'text/css; charset=utf-8');
});

test('a page is the same for everybody, and sets no cookie', async () => {
	const pages = ['/', '/health', '/activity', '/audit', '/audit/42', '/audit?q=x', '/sessions/a%2Fb', '/alerts', '/approvals', '/proxy', '/sign-in'];
	const bodies = new Set();
	for (const path of pages)
		for (const headers of [{}, who.headers]) {
			const reply = await request(listeners.dashboard, path, { headers });
			assert.equal(reply.status, 200, path);
			assert.equal(reply.headers['content-type'], 'text/html; charset=utf-8', path);
			assert.equal(reply.headers['set-cookie'], undefined, path);
			bodies.add(reply.body);
		}
	assert.equal(bodies.size, 1);
	for (const path of ['/audit/', '/audit/x', '/audit/-1', '/sessions/', '/health/', '/Health', '/api', '/assets/', '/assets'])
		assert.equal((await request(listeners.dashboard, path)).status, 404, path);
});

test('no path leads out of the tree', async () => {
	const secrets = ['root:x:', 'PRIVATE KEY', 'SQLite format', '[audit]', '"prev_hash"'];
	const targets = ['etc/passwd', 'kruxos.conf', 'kruxos.db', 'state.db', 'tls/key.pem', 'audit/'];
	const ways = [
		'/../', '/../../../../../../', '/..%2f', '/%2e%2e/', '/%2e%2e%2f', '/.%2e/', '/..%5c', '/..\\',
		'/....//', '/..;/', '/%c0%ae%c0%ae/', '/%252e%252e/', '//', '/./', '/api/../', '/health/../',
		'/api/audit/../../', '/static../', '/assets../', '/%00/', '/..%00/', '/~root/',
	];
	let tried = 0;
	for (const [name, where] of Object.entries(listeners))
		for (const way of ways)
			for (const target of targets) {
				const path = way + target;
				const { status, text } = where.tls
					? await request(where, path).then(({ status, body }) => ({ status, text: body }))
					: await raw(where, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
				assert.ok([400, 403, 404, 405].includes(status), `${name} ${path}: ${status}`);
				for (const secret of secrets)
					assert.ok(!text.includes(secret), `${name} ${path}`);
				tried++;
			}
	assert.ok(tried > 300);
});

test('bytes that are no HTTP end the connection, and the next request is answered', async () => {
	for (const bytes of [
		'\0\0\0\0\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
		`GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
		`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
		'GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
		'GET /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n',
		'GET /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n',
	]) {
		const { status } = await raw(listeners.health, bytes);
		assert.ok(status === 0 || status >= 400, `${JSON.stringify(bytes.slice(0, 60))}: ${status}`);
	}
	await stack.getHealth('/health');
});

test('a body beyond its bound is refused', async () => {
	const { status } = await raw(listeners.health,
		`POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${2 << 20}\r\nConnection: close\r\n\r\n`);
	assert.ok([403, 405, 413].includes(status), String(status));
	for (const path of ['/api/session', '/api/silences']) {
		const { status } = await raw(listeners.dashboard, `POST ${path} HTTP/1.1\r\nHost: localhost\r\n` +
			`Content-Type: application/json\r\nContent-Length: ${(64 << 10) + 1}\r\nConnection: close\r\n\r\n`);
		assert.equal(status, 413, path);
	}
});

test('more connections than a listener takes are told to come again', async () => {
	const streams = [];
	try {
		for (let i = 0; i < 256; i++)
			streams.push(await stack.stream());
		assert.ok(streams.every(({ status }) => status === 200));
		const reply = await request(stack.api, '/api/audit?limit=1');
		assert.equal(reply.status, 429);
		assert.equal(reply.headers['content-type'], 'application/problem+json');
		assert.ok(Number(reply.headers['retry-after']) > 0);
		assert.equal(JSON.parse(reply.body).title, 'Too Many Requests');
		// The others have listeners of their own.
		assert.equal((await request(listeners.health, '/health')).status, 200);
		assert.equal((await request(listeners.dashboard, '/')).status, 200);
	} finally {
		for (const stream of streams)
			stream.close();
	}
	await until('there is room again', async () =>
		(await request(stack.api, '/api/audit?limit=1')).status === 200);
});

test('text of agents comes back as JSON text and nothing else', async () => {
	const hostile = '</script><img src=x onerror=alert(1)>\u2028\u001b[2J\u202e';
	const door = await stack.door();
	const [seq] = await door.record({
		actor_type: 'agent', agent_name: 'hostile', capability: 'shell.exec', status: 'success',
		summary: hostile, request: { [hostile]: hostile },
	});
	door.close();
	await stack.untilIndexed(seq);
	const reply = await request(stack.api, `/api/audit/${seq}`);
	assert.equal(reply.headers['content-type'], 'application/json');
	assert.equal(JSON.parse(reply.body).summary, hostile);
});

test('what lies under RUNDIR is nobody else\'s', () => {
	for (const path of ['', 'audit', 'tls', 'kruxos.db', 'state.db', 'kruxos.conf'])
		assert.equal(statSync(join(stack.rundir, path)).mode & 0o022, 0, path || 'RUNDIR');
});
