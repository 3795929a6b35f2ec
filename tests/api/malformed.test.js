// Requests that are none, or that nginx will not have: problem+json on every
// listener, nothing about versions, and nothing that a second reader of the
// same bytes could understand otherwise.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { raw, request } from './harness/http.js';
import { Stack } from './harness/stack.js';

let stack;
let listeners;
before(async () => {
	stack = await Stack.start();
	listeners = {
		health: { port: stack.healthPort },
		dashboard: { port: stack.dashPort, tls: true },
		'dashboard, spoken to without TLS': { port: stack.dashPort },
		gateway: stack.gateway,
		api: stack.api,
	};
});
after(() => stack?.stop());

/** The body is RFC 9457's, and of this status. */
function assertProblem(what, text, status) {
	const [head, body] = text.split(/\r\n\r\n([^]*)/);
	assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `), what);
	assert.match(head, /^content-type: application\/problem\+json(; charset=utf-8)?\r?$/im, what);
	assert.match(head, /^server: nginx\r?$/im, what);
	assert.match(head, /^x-content-type-options: nosniff\r?$/im, what);
	const problem = JSON.parse(body);
	assert.deepEqual(Object.keys(problem), ['type', 'title', 'status', 'detail'], what);
	assert.equal(problem.status, status, what);
	assert.notEqual(problem.title, 'Error', what);
}

const host = 'Host: localhost\r\nConnection: close\r\n';
const long = 'a'.repeat(100_000);
const malformed = [
	['\0\0\0\0\r\n\r\n', 400],
	['GET\r\n\r\n', 400],
	[`get /health HTTP/1.1\r\n${host}\r\n`, 400],
	[`GET * HTTP/1.1\r\n${host}\r\n`, 400],
	[`OPTIONS * HTTP/1.1\r\n${host}\r\n`, 400],
	[`CONNECT localhost:80 HTTP/1.1\r\n${host}\r\n`, 400],
	['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
	[`GET file:///etc/passwd HTTP/1.1\r\n${host}\r\n`, 400],
	[`GET http:///health HTTP/1.1\r\n${host}\r\n`, 400],
	[`GET /%zz HTTP/1.1\r\n${host}\r\n`, 400],
	[`GET /%00 HTTP/1.1\r\n${host}\r\n`, 400],
	[`GET /a b HTTP/1.1\r\n${host}\r\n`, 400],
	[`GET /../../etc/passwd HTTP/1.1\r\n${host}\r\n`, 400],
	['GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
	[`GET / HTTP/1.1\r\n${host}Host: localhost\r\n\r\n`, 400],
	['GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
	[`GET / HTTP/1.1\r\n${host}X y: a\r\n\r\n`, 400],
	[`GET / HTTP/1.1\r\n${host}X: a\0b\r\n\r\n`, 400],
	[`GET / HTTP/1.1\r\n${host}X: a\r\n b\r\n\r\n`, 400],
	[`GET /${long} HTTP/1.1\r\n${host}\r\n`, 414],
	[`GET / HTTP/1.1\r\n${host}X: ${long}\r\n\r\n`, 431],
	[`GET / HTTP/1.1\r\n${host}${'X: y\r\n'.repeat(20_000)}\r\n`, 431],
	['GET / HTTP/9.9\r\n\r\n', 505],
	['GET / HTTP/2.0\r\nHost: localhost\r\n\r\n', 505],
	// Where does the body end? Who cannot tell must not answer.
	[`GET / HTTP/1.1\r\n${host}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, 400],
	[`GET / HTTP/1.1\r\n${host}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 400],
	[`GET / HTTP/1.1\r\n${host}Content-Length: -5\r\n\r\n`, 400],
	[`GET / HTTP/1.1\r\n${host}Content-Length: +5\r\n\r\nhello`, 400],
	[`GET / HTTP/1.1\r\n${host}Content-Length: 5, 5\r\n\r\nhello`, 400],
	[`GET / HTTP/1.1\r\n${host}Content-Length: 0x5\r\n\r\nhello`, 400],
	[`GET / HTTP/1.1\r\n${host}Content-Length: 99999999999999999999\r\n\r\n`, 400],
	[`GET / HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
	[`GET / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`, 400],
	[`GET / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
	[`GET / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
	[`GET / HTTP/1.1\r\n${host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`, 400],
	[`GET / HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n`, 501],
	[`GET / HTTP/1.1\r\n${host}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`, 501],
	[`GET / HTTP/1.1\r\n${host}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`, 501],
];

test('what cannot be read is told so, on every listener', async () => {
	for (const [bytes, status] of malformed)
		for (const [name, where] of Object.entries(listeners)) {
			const { text } = await raw(where, bytes);
			assertProblem(`${name}: ${JSON.stringify(bytes.slice(0, 70))}`, text, status);
		}
	await stack.getHealth('/health');
});

test('what is refused is told so, on every listener', async () => {
	const paths = { health: '/health', api: '/api/audit', dashboard: '/' };
	const waiting = [];
	for (const [name, path] of Object.entries(paths))
		for (const [bytes, status] of [
			[`DELETE ${path} HTTP/1.1\r\n${host}\r\n`, 405],
			[`CONNECT ${path} HTTP/1.1\r\n${host}\r\n`, 405],
			[`TRACE ${path} HTTP/1.1\r\n${host}\r\n`, 405],
			[`GET ${path} HTTP/1.1\r\n${host}Origin: null\r\n\r\n`, 403],
			[`GET ${path} HTTP/1.1\r\n${host}Content-Length: 2000000\r\n\r\n`, 413],
			[`GET ${path} HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
			[`GET /nothing.html HTTP/1.1\r\n${host}\r\n`, 404],
			[`GET /malformed HTTP/1.1\r\n${host}\r\n`, 404],
			[`POST /malformed HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`, 404],
			// Of a page, nginx throws the body away as it comes.
			...name === 'dashboard' ? [] : [
				[`GET ${path} HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nfffffff\r\naaaa`, 413],
			],
			...name === 'api' ? [] : [[`GET ${path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`, 421]],
			...name === 'dashboard' ? [
				[`GET / HTTP/1.1\r\n${host}If-Match: "other"\r\n\r\n`, 412],
				[`GET / HTTP/1.1\r\n${host}Range: bytes=9999999-\r\n\r\n`, 416],
				[`GET /health HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
			] : [],
		])
			// nginx lingers a while on a body that it does not want.
			waiting.push(raw(listeners[name], bytes).then(({ text }) =>
				assertProblem(`${name}: ${JSON.stringify(bytes.slice(0, 120))}`, text, status)));
	await Promise.all(waiting);
});

test('a name in the request\'s first line counts as a Host does', async () => {
	const name = listeners.health;
	for (const [bytes, status] of [
		['GET http://evil.example/health HTTP/1.1\r\nHost: localhost', 421],
		['GET http://localhost/health HTTP/1.1\r\nHost: evil.example', 421],
		['GET http://evil.example/health HTTP/1.1\r\nHost: evil.example', 421],
		['GET http://evil.example/health HTTP/1.0', 421],
		['GET http://evil.example/health HTTP/1.0\r\nHost: localhost', 421],
		['GET http://localhost/health HTTP/1.1\r\nHost: localhost', 200],
		[`GET http://localhost:${stack.healthPort}/health HTTP/1.1\r\nHost: localhost:${stack.healthPort}`, 200],
		['GET /health HTTP/1.0', 200],
		['GET /health HTTP/1.0\r\nHost: evil.example', 421],
		['GET /health HTTP/1.1\r\nHost: localhost.', 200],
		['GET /health HTTP/1.1\r\nHost: evil.example|localhost', 421],
		['GET /health HTTP/1.1\r\nHost: localhost|evil.example', 421],
		['GET /health HTTP/1.1\r\nHost: [::1]', 200],
		['GET /health HTTP/1.1\r\nHost: [::ffff:127.0.0.1]', 421],
	]) {
		const reply = await raw(name, `${bytes}\r\nConnection: close\r\n\r\n`);
		assert.equal(reply.status, status, bytes);
	}
});

test('a second request behind the first is a second request', async () => {
	const inner = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
	for (const [first, answers] of [
		['GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n', 2],
		// It is the body of the first, in either of the two ways to send one.
		[`GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${inner.length}\r\n\r\n`, 1],
		[`GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`, 2],
		['GET /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 2],
	]) {
		const { text } = await raw(listeners.health, first + inner);
		assert.equal(text.match(/^HTTP\/1\.1 200 OK/gm)?.length, answers, JSON.stringify(first));
	}
});

test('what comes too slowly is ended, and costs nobody else a thing', async () => {
	const slow = [
		'GET /health HTTP/1.1\r\nHost: loc',
		'',
		`GET /health HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhe`,
	].map(bytes => raw(listeners.health, bytes));
	assert.equal((await request(listeners.health, '/health')).status, 200);
	for (const { status } of await Promise.all(slow))
		assert.ok([0, 408].includes(status), String(status));
});
