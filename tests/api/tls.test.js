// The dashboard's listener: what it speaks, and the headers of its pages.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import http2 from 'node:http2';
import { after, before, test } from 'node:test';

import { request } from './harness/http.js';
import { Stack } from './harness/stack.js';

let stack;
let dashboard;
before(async () => {
	stack = await Stack.start();
	dashboard = { port: stack.dashPort, tls: true };
});
after(() => stack?.stop());

/** What `openssl s_client` reports of a handshake; `input` is typed to it. */
function handshake(args, input = '') {
	return new Promise((resolve, reject) => {
		const child = spawn('openssl',
			['s_client', '-connect', `127.0.0.1:${stack.dashPort}`, '-servername', 'localhost', ...args]);
		let text = '';
		for (const pipe of [child.stdout, child.stderr])
			pipe.setEncoding('utf8').on('data', piece => text += piece);
		child.on('error', reject);
		child.on('close', () => resolve(text));
		child.stdin.on('error', () => {}); // it may have ended before
		child.stdin.end(input);
	});
}

// Whatever this openssl can offer, it offers.
const anything = ['-cipher', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'];

test('TLS 1.2 and 1.3 are spoken, and nothing older', async () => {
	for (const [version, name] of [['-tls1_2', 'TLSv1.2'], ['-tls1_3', 'TLSv1.3']])
		assert.match(await handshake([version]), new RegExp(`New, ${name}, Cipher is `), version);
	for (const version of ['-tls1', '-tls1_1'])
		assert.match(await handshake([version, ...anything]), /alert protocol version/, version);
});

test('of TLS 1.2 only ciphers with forward secrecy and authenticated encryption', async () => {
	for (const cipher of [
		'ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305',
	])
		assert.match(await handshake(['-tls1_2', '-cipher', cipher]), new RegExp(`Cipher is ${cipher}\\n`));
	for (const cipher of [
		'ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES256-SHA', 'ECDHE-ECDSA-AES128-CCM', 'ECDHE-ECDSA-NULL-SHA',
		'AES128-GCM-SHA256', 'AES128-SHA', 'DHE-RSA-AES128-GCM-SHA256', 'AECDH-AES128-SHA',
	])
		assert.match(await handshake(['-tls1_2', '-cipher', `${cipher}:@SECLEVEL=0`]),
			/alert handshake failure/, cipher);
});

test('HTTP/2 is chosen by who offers it; no compression, no renegotiation', async () => {
	assert.match(await handshake(['-alpn', 'h2,http/1.1']), /ALPN protocol: h2\n/);
	assert.match(await handshake(['-alpn', 'http/1.1']), /ALPN protocol: http\/1\.1\n/);
	assert.match(await handshake([]), /Compression: NONE\n/);
	assert.match(await handshake(['-tls1_2'], 'R\n'), /no renegotiation/);
});

/** One request over HTTP/2, with the pseudo headers given. */
function over2(headers) {
	return new Promise((resolve, reject) => {
		const session = http2.connect(`https://127.0.0.1:${stack.dashPort}`, { rejectUnauthorized: false });
		session.on('error', reject);
		const stream = session.request({ ':path': '/', ...headers });
		let reply;
		let body = '';
		stream.on('response', headers => reply = headers);
		stream.setEncoding('utf8').on('data', text => body += text);
		stream.on('error', reject);
		stream.on('end', () => {
			session.close();
			resolve({ status: reply[':status'], headers: reply, body });
		});
		stream.end();
	});
}

test('over HTTP/2 the same is refused', async () => {
	assert.equal((await over2({})).status, 200);
	assert.equal((await over2({ ':authority': 'localhost' })).status, 200);
	for (const [headers, status] of [
		[{ ':authority': 'evil.example' }, 421],
		[{ ':authority': '0.0.0.0' }, 421],
		[{ ':authority': '127.0.0.1.nip.io' }, 421],
		[{ origin: 'null' }, 403],
		[{ origin: 'https://evil.example' }, 403],
		[{ ':method': 'POST' }, 405],
		[{ ':method': 'DELETE' }, 405],
		[{ ':path': '/../../etc/passwd' }, 400],
		[{ ':path': '/nothing.html' }, 404],
		[{ ':path': '/api/audit' }, 401],
		[{ ':path': '/malformed' }, 404],
	]) {
		const reply = await over2(headers);
		const what = JSON.stringify(headers).slice(0, 80);
		assert.equal(reply.status, status, what);
		assert.equal(reply.headers['content-type'], 'application/problem+json', what);
		assert.equal(JSON.parse(reply.body).status, status, what);
	}
	// ENHANCE_YOUR_CALM: nginx has no answer for one.
	await assert.rejects(over2({ 'x-long': 'a'.repeat(40_000) }), /error code 11/);
	assert.equal((await over2({})).status, 200);
});

const always = {
	'content-security-policy': 'default-src \'none\'; script-src \'self\'; style-src \'self\'; img-src \'self\' data:; ' +
		'connect-src \'self\'; font-src \'self\'; base-uri \'none\'; form-action \'self\'; frame-ancestors \'none\'; ' +
		'require-trusted-types-for \'script\'',
	'x-content-type-options': 'nosniff',
	'referrer-policy': 'no-referrer',
	'cross-origin-opener-policy': 'same-origin',
	'cross-origin-resource-policy': 'same-origin',
	'cache-control': 'no-store',
	server: 'nginx',
	// The certificate is our own: this would lock out other services of localhost.
	'strict-transport-security': undefined,
	'access-control-allow-origin': undefined,
	'x-powered-by': undefined,
	etag: undefined,
};

test('each answer of each listener carries the headers of the table, and only once', async () => {
	const health = { port: stack.healthPort };
	const signedIn = { headers: (await stack.signIn()).headers };
	delete signedIn.headers['Content-Type'];
	const page = { 'cache-control': 'no-cache', etag: /^"[0-9a-f-]+"$/ };
	const [asset] = /\/assets\/[^"]+\.js/.exec((await request(dashboard, '/')).body);
	for (const [where, path, options, status, but] of [
		[dashboard, '/', {}, 200, page],
		[dashboard, '/audit/42', {}, 200, page],
		[dashboard, '/sessions/a/b', {}, 200, page],
		[dashboard, '/index.html', {}, 200, page],
		[dashboard, asset, {}, 200, { ...page, 'cache-control': 'public, max-age=31536000, immutable' }],
		[dashboard, asset, { headers: { 'Accept-Encoding': 'gzip' } }, 200, {
			'cache-control': 'public, max-age=31536000, immutable', etag: /^(W\/)?"[0-9a-f-]+"$/,
			'content-encoding': 'gzip', vary: 'Accept-Encoding',
		}],
		[dashboard, '/assets/none.js', {}, 404],
		[dashboard, '/audit/x', {}, 404],
		[dashboard, '/nothing', {}, 404],
		[dashboard, '/nothing', { headers: { Accept: 'text/html,*/*;q=0.8' } }, 404, { 'content-type': 'text/html; charset=utf-8', etag: page.etag }],
		[dashboard, '/api/audit', {}, 401, { 'www-authenticate': /^Bearer / }],
		[dashboard, '/api/session', {}, 401, { 'www-authenticate': /^Bearer / }],
		[dashboard, '/auth', {}, 404],
		[dashboard, '/api/audit', signedIn, 200],
		[dashboard, '/api/session', signedIn, 200],
		[dashboard, '/api/alerts', signedIn, 200],
		[dashboard, '/api/audit?limit=0', signedIn, 400],
		[dashboard, '/api/silences', { ...signedIn, method: 'POST' }, 415],
		[dashboard, '/api/silences/1/end', signedIn, 405, { allow: /^POST$/ }],
		[dashboard, '/', { method: 'POST' }, 405, { allow: /^GET, HEAD$/ }],
		[dashboard, '/', { headers: { Host: 'evil.example' } }, 421],
		[dashboard, '/', { headers: { Origin: 'null' } }, 403],
		[health, '/health', {}, 200],
		[health, '/health/ready', {}, 200],
		[health, '/nothing', {}, 404],
		[health, '/health', { method: 'PUT' }, 405, { allow: /^GET, HEAD$/ }],
		[stack.api, '/api/audit', {}, 200],
		[stack.api, '/api/audit?limit=0', {}, 400],
		[stack.api, '/api/audit/export?format=csv', {}, 200],
		[stack.api, '/api/nothing', {}, 404],
	]) {
		const reply = await request(where, path, options);
		const what = `${path} ${JSON.stringify(options)}`;
		assert.equal(reply.status, status, what);
		for (const [name, value] of Object.entries({ ...always, ...but }))
			if (value instanceof RegExp)
				assert.match(reply.headers[name] ?? '', value, `${name} of ${what}`);
			else
				assert.equal(reply.headers[name], value, `${name} of ${what}`);
	}
});

test('http:// in place of https:// is led there, under a name of ours', async () => {
	const plain = { port: stack.dashPort };
	const { status, headers } = await request(plain, '/audit?x=%0d%0aX:y', { headers: { Host: `localhost:${stack.dashPort}` } });
	assert.equal(status, 308);
	assert.equal(headers.location, `https://localhost:${stack.dashPort}/audit?x=%0d%0aX:y`);
	assert.equal((await request(plain, '/', { headers: { Host: 'evil.example' } })).status, 421);
	assert.equal((await request(plain, '//evil.example/', { headers: { Host: 'localhost' } })).headers.location,
		`https://localhost:${stack.dashPort}//evil.example/`);
});
