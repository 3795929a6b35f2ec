// What an outsider may try against the sign-in, byte by byte: paths that mean
// the API and do not look like it, cookies that are nearly one, bodies that lie.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { raw } from './harness/http.js';
import { Stack } from './harness/stack.js';

let stack, who, host;
before(async () => {
	stack = await Stack.start({ sign_in: { attempts_per_minute: 1000 } });
	who = await stack.signIn('anna', 'operator');
	host = `Host: localhost:${stack.dashPort}\r\nConnection: close\r\n`;
});
after(() => stack?.stop());

const send = (line, headers = '', body = '') =>
	raw(stack.dashboard, Buffer.from(`${line} HTTP/1.1\r\n${host}${headers}\r\n${body}`, 'latin1'));

// --- paths -------------------------------------------------------------------

test('no way of writing a path leads past the question who asks', async () => {
	const paths = [
		'/api/audit', '/api//audit', '//api/audit', '/api/%61udit', '/%61pi/audit', '/api%2faudit', '/api%2Faudit',
		'/api/../api/audit', '/api/session/../audit', '/api/session/..%2faudit', '/api/session%2f..%2faudit',
		'/api/session/%2e%2e/audit', '/api/session/end/../../audit', '/API/audit', '/api/audit;', '/api;/audit',
		'/api/audit/', '/api/audit.', '/api/audit%20', '/api/audit%0a', '/api/./audit', '/x/../api/audit',
		'/assets/../api/audit', '/assets/%2e%2e/api/audit', '/sign-in/../api/audit', '/sessions/../api/audit',
		'/sessions/..%2fapi/audit', '/health/../api/audit', '/auth/../api/audit', '/malformed/../api/audit',
		'/auth', '/auth/', '/malformed', '/api/activity/stream/', '/api/activity/stream/../../audit', '/api\\audit',
		'/api/%5caudit', '/api/audit%3fx', '/api/audit#x', '/index.html/../api/audit', '/api/audit/export',
		'/api/audit/1', '/api/audit/01', '/api/audit/1/line', '/api/audit/18446744073709551616',
		`http://localhost:${stack.dashPort}/api/audit`, `HTTPS://localhost:${stack.dashPort}/api/audit`, 'http://evil.example/api/audit',
	];
	for (const method of ['GET', 'HEAD', 'POST'])
		for (const path of paths) {
			const { status, text } = await send(`${method} ${path}`,
				method === 'POST' ? 'Content-Type: application/json\r\nContent-Length: 2\r\n' : '', method === 'POST' ? '{}' : '');
			assert.ok([400, 401, 404, 405, 421].includes(status), `${method} ${path}: ${status}`);
			assert.doesNotMatch(text, /entry_hash/, path);
		}
});

test('over HTTP/2 a request has one name, one path, and the cookies of both', async () => {
	const client = http2.connect(`https://127.0.0.1:${stack.dashPort}`, { rejectUnauthorized: false });
	const ask = (headers, body) => new Promise(resolve => {
		const stream = client.request(headers, { endStream: false });
		stream.on('response', answer => resolve(answer[':status']));
		stream.on('error', error => resolve(error.code));
		stream.resume();
		stream.end(body);
	});
	const cookie = who.cookie;
	const authority = `localhost:${stack.dashPort}`;
	try {
		for (const [what, headers, status, body] of [
			['as it should be', { cookie }, 200],
			['a name that is not ours', { ':authority': 'evil.example', cookie }, 421],
			['two names', { ':authority': authority, host: 'evil.example', cookie }, 400],
			['an absolute path', { ':path': `https://${authority}/api/session`, cookie }, 400],
			['a path without its slash', { ':path': 'api/session', cookie }, 400],
			['a path that climbs', { ':path': '/api/session/../audit' }, 401],
			['a path of two slashes', { ':path': '//api/audit' }, 401],
			['the cookie twice', { cookie: [cookie, cookie] }, 401],
			['a method in small letters', { ':method': 'get', cookie }, 400],
			['a length that is not the body\'s', { ':method': 'POST', 'content-type': 'application/json', 'content-length': '2' }, 400, '{"name":"anna"}'],
		])
			assert.equal(await ask({ ':path': '/api/session', ...headers }, body), status, what);
	} finally {
		client.close();
	}
});

// --- cookies -----------------------------------------------------------------

test('only a whole cookie of the whole name is one', async () => {
	const secret = who.secret, name = stack.cookieName;
	const ask = async headers => (await send('GET /api/session', headers)).status;
	for (const cookie of [
		`${name}="${secret}"`, `${name}= ${secret}`, `${name} =${secret}`, `${name}=${secret}x`, `${name}=${secret.slice(0, -1)}`,
		`${name}=${secret.replace('_', '%5f')}`, `${name}=${secret.toUpperCase()}`, `${name}=`, secret, `=${name}=${secret}`,
		`${name.toLowerCase()}=${secret}`, `${name.replace('__Host-', '')}=${secret}`, `${name.replace('__Host-', '__Secure-')}=${secret}`,
		`${name}0=${secret}`, `x${name}=${secret}`, `a=b, ${name}=${secret}`, `${name}=${secret}; ${name}=${secret}`,
		`${name}=; ${name}=${secret}`, `${name}=krx_session_${'a'.repeat(43)}; ${name}=${secret}`,
		`${name}=${secret.replace('krx_session_', 'krx_user_')}`, `${name}=${secret.replace('krx_session_', 'krx_link_')}`,
	])
		assert.equal(await ask(`Cookie: ${cookie}\r\n`), 401, cookie);
	assert.equal(await ask(`Cookie: ${name}=${secret}\0\r\n`), 400);
	assert.equal(await ask(`Cookie: a=${'x'.repeat(9000)}; ${name}=${secret}\r\n`), 431);
	// With neighbours of other names it is one.
	for (const cookie of [`a=b; ${name}=${secret}; c=d`, `a=b;${name}=${secret}`, `${name}x=y; ${name}=${secret}`,
		`${Array.from({ length: 300 }, (_, i) => `a${i}=b`).join('; ')}; ${name}=${secret}`])
		assert.equal(await ask(`Cookie: ${cookie}\r\n`), 200, cookie.slice(0, 60));
});

// --- bodies ------------------------------------------------------------------

const signed = () => `Cookie: ${who.cookie}\r\nX-CSRF-Token: ${who.csrf}\r\nContent-Type: application/json\r\n`;

test('a body that lies about itself changes nothing', async () => {
	const good = '{"matchers":["severity=info"],"reason":"a test"}';
	const whole = body => [`Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`, body];
	const chunked = body => ['Transfer-Encoding: chunked\r\n', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`];
	const padded = bytes => `${good.slice(0, -1)}${' '.repeat(bytes - good.length)}}`;
	const cases = [
		['no length', ['', good], 400],
		['a length too short', ['Content-Length: 10\r\n', good], 400],
		['two lengths', [`Content-Length: ${good.length}\r\nContent-Length: 10\r\n`, good], 400],
		['a length and chunks', [`Content-Length: 5\r\n${chunked(good)[0]}`, chunked(good)[1]], 400],
		['64 KiB and a byte', whole(padded(65537)), 413],
		['as much in a chunk', chunked(padded(65537)), 413],
		['a key twice', whole('{"matchers":["severity=info"],"reason":"x","reason":"y"}'), 400],
		['a key twice, once escaped', whole('{"matchers":["severity=info"],"reason":"x","reaso\\u006e":"y"}'), 400],
		['a deep one', whole(`{"matchers":${'['.repeat(5000)}${']'.repeat(5000)},"reason":"x"}`), 400],
		['a NUL', whole('{"matchers":["severity=info"],"reason":"a\0b"}'), 400],
		['an escaped NUL', whole('{"matchers":["severity=info"],"reason":"a\\u0000b"}'), 400],
		['no UTF-8', whole('{"matchers":["severity=info"],"reason":"\xff\xfe"}'), 400],
		['a byte order mark', whole(`\xef\xbb\xbf${good}`), 400],
		['something behind it', whole(`${good} ${good}`), 400],
		['a matcher of two lines', whole('{"matchers":["title=x\\nseverity=*"],"reason":"x"}'), 400],
		['no matcher', whole('{"matchers":[],"reason":"x"}'), 400],
		['a thousand', whole(`{"matchers":[${Array(1000).fill('"title=x"').join()}],"reason":"x"}`), 400],
		['a number', whole('{"matchers":["severity=info"],"reason":7}'), 400],
	];
	for (const [what, [headers, body], status] of cases)
		assert.equal((await send('POST /api/silences', signed() + headers, body)).status, status, what);
	assert.deepEqual((await stack.get('/api/silences')).silences, []);

	for (const [what, [headers, body]] of [
		['as it should be', whole(good)], ['in a chunk', chunked(good)], ['64 KiB', whole(padded(65536))], ['64 KiB in a chunk', chunked(padded(65536))],
	])
		assert.equal((await send('POST /api/silences', signed() + headers, body)).status, 200, what);
	assert.equal((await stack.get('/api/silences')).silences.length, 4);
	// It may hold a password: not even a large one lay in a file in between.
	assert.doesNotMatch(readFileSync(join(stack.rundir, 'log/nginx-error.log'), 'utf8'), /temporary file/);
});

test('a number of an alert, a silence or an entry has its bounds', async () => {
	const things = [
		number => [`/api/alerts/${number}/acknowledge`, '{}'], number => [`/api/silences/${number}/end`, '{}'],
		number => [`/api/audit/${number}/erase`, '{"reason":"x","password":"wrong"}'],
	];
	for (const [number, ...statuses] of [
		['0', 400, 400, 400],
		['9223372036854775807', 404, 404, 409 /* she has no password */],
		['9223372036854775808', 400, 400, 400],
		['18446744073709551615', 400, 400, 400],
		['18446744073709551616', 404, 404, 404],
		['9'.repeat(40), 404, 404, 404],
		...['-1', '+1', '1e0', '0x1', '1.', '%20', '1;2', "1'"].map(number => [number, 405, 405, 405]),
	])
		for (const [i, thing] of things.entries()) {
			const [path, body] = thing(number);
			const { status } = await send(`POST ${path}`, `${signed()}Content-Length: ${body.length}\r\n`, body);
			assert.equal(status, statuses[i], path);
		}
});

// --- a link ------------------------------------------------------------------

test('of all who bring a link at the same moment one comes in', async () => {
	for (let round = 0; round < 3; round++) {
		const body = JSON.stringify({ link: await stack.link('anna') });
		const replies = await Promise.all(Array.from({ length: 8 }, () =>
			send('POST /api/session', `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`, body)));
		assert.deepEqual(replies.map(({ status }) => status).sort(), [200, ...Array(7).fill(401)]);
		assert.equal(replies.filter(({ text }) => /^set-cookie:/im.test(text)).length, 1);
	}
});
