// Sign-in, and what it is for: the life of a session, over HTTPS as a browser
// has it.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, renameSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DatabaseSync } from 'node:sqlite';

import { assertAnswer } from './harness/contract.js';
import { request } from './harness/http.js';
import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

const password = 'correct horse battery';
const json = { 'Content-Type': 'application/json' };

let stack, door;
before(async () => {
	stack = await Stack.start({ sign_in: { attempts_per_minute: 1000 } });
	door = await stack.door();
});
after(async () => {
	door?.close();
	await stack?.stop();
});

/** What must stand in no file of ours. */
const secrets = new Set([password]);

let names = 0;

/** A name that no other test has. */
const newName = role => `${role}-${++names}`;

async function signIn(role = 'operator', name = newName(role)) {
	const who = await stack.signIn(name, role);
	secrets.add(who.secret).add(who.csrf);
	return who;
}

async function account(role = 'operator') {
	const name = newName(role);
	await door.command('account.set', { name, role, password });
	return name;
}

const post = (url, headers, body = {}) => request(stack.dashboard, url, {
	method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body),
});

const get = (url, headers = {}) => request(stack.dashboard, url, { headers });

async function token(who, scope) {
	const made = await door.command('token.create', { label: 'a test', scope }, 'test', who.secret);
	secrets.add(made.token);
	return { id: made.id, headers: { ...json, Authorization: `Bearer ${made.token}` } };
}

/** Change what state.db has of a session, as time would. */
function age(who, columns) {
	const db = new DatabaseSync(join(stack.rundir, 'state.db'), { timeout: 10_000 });
	try {
		const set = Object.keys(columns).map(name => `${name} = ${name} + ?`).join(', ');
		const { changes } = db.prepare(`UPDATE signed_in SET ${set} WHERE id = ?`)
			.run(...Object.values(columns).map(seconds => seconds * 1_000_000), who.session.id);
		assert.equal(changes, 1);
	} finally {
		db.close();
	}
}

/** What the log says of `capability` by `name`, once it is there. */
const entryOf = (capability, name, matches = () => true) => until(`${capability} of ${name} is in the log`, () =>
	stack.entries().findLast(entry =>
		entry.capability === capability && entry.user_name === name && matches(entry)));

// --- in ----------------------------------------------------------------------

test('a name and its password open a session, which is a cookie', async () => {
	const name = await account('operator');
	const reply = await post('/api/session', { ...json, 'User-Agent': 'a test' }, { name, password });
	assert.equal(reply.status, 200, reply.body);
	assert.equal(reply.headers['set-cookie'].length, 1);
	const [pair, ...attributes] = reply.headers['set-cookie'][0].split('; ');
	assert.match(pair, new RegExp(`^__Host-kruxos-${stack.dashPort}=krx_session_[A-Za-z0-9_-]{43}$`));
	assert.deepEqual(attributes.filter(text => !text.startsWith('Max-Age')).sort(),
		['HttpOnly', 'Partitioned', 'Path=/', 'SameSite=Strict', 'Secure']);
	const maxAge = Number(attributes.find(text => text.startsWith('Max-Age=')).slice(8));
	assert.ok(maxAge > 12 * 3600 - 60 && maxAge <= 12 * 3600, String(maxAge));
	assert.equal(reply.headers['cache-control'], 'no-store');

	const who = stack.signedIn(reply);
	assert.equal(who.session.name, name);
	assert.equal(who.session.role, 'operator');
	assert.equal(who.session.via, 'session');
	assert.equal(who.session.scope, 'operate');
	assert.ok(!reply.body.includes(who.secret), 'no script ever sees the secret');
	const own = who.session.sessions.find(({ current }) => current);
	assert.equal(own.id, who.session.id);
	assert.equal(own.address, '127.0.0.1');
	assert.equal(own.user_agent, 'a test');

	assert.deepEqual(await stack.ask('GET', '/api/session', { headers: who.headers }), who.session);
	await stack.ask('GET', '/api/audit?limit=1', { headers: who.headers });
	const entry = await entryOf('account.sign_in', name);
	assert.equal(entry.status, 'success');
	assert.equal(entry.source, 'dashboard');
	assert.equal(entry.request.session, who.session.id);
	assert.equal(entry.request.address, '127.0.0.1');
});

test('a wrong password and an unknown name look alike', async () => {
	const name = await account();
	const wrong = await post('/api/session', json, { name, password: 'wrong' });
	const unknown = await post('/api/session', json, { name: 'nobody-here', password: 'wrong' });
	for (const reply of [wrong, unknown]) {
		assertAnswer('/api/session', reply, 'POST');
		assert.equal(reply.status, 401);
		assert.equal(reply.headers['set-cookie'], undefined);
	}
	assert.equal(wrong.body, unknown.body);
	assert.equal((await entryOf('account.sign_in', name)).status, 'denied');
});

test('a link signs in once', async () => {
	const link = await stack.link(newName('operator'), 'operator');
	secrets.add(link);
	const first = await post('/api/session', json, { link });
	assert.equal(first.status, 200, first.body);
	secrets.add(stack.signedIn(first).secret);
	const second = await post('/api/session', json, { link });
	assert.equal(second.status, 401);
	assert.equal(second.headers['set-cookie'], undefined);
});

test('what is no sign-in is said to be none', async () => {
	for (const [body, parameter] of [
		[{}, 'name'], [{ name: 'anna' }, 'password'], [{ password: 'x' }, 'name'],
		[{ name: 'anna', password: 'x', link: 'y' }, 'link'], [{ name: 'anna', password: '' }, 'password'],
		[{ name: 5, password: 'x' }, 'name'], [{ name: 'anna', password: 'x', remember: true }, 'remember'],
		[{ name: 'a'.repeat(65), password: 'x' }, 'name'], [{ name: 'anna', password: 'x'.repeat(5000) }, 'password'],
	]) {
		const reply = await post('/api/session', json, body);
		assert.equal(reply.status, 400, reply.body);
		assert.equal(assertAnswer('/api/session', reply, 'POST').parameter, parameter, reply.body);
	}
	for (const body of ['', '[]', 'null', '{', '{"name":"a","name":"b"}', '\xff'])
		assert.equal((await post('/api/session', json, body)).status, 400, body);
});

test('a page of another site can sign nobody in', async () => {
	const name = await account();
	for (const headers of [
		{ 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' }, { 'Sec-Fetch-Site': 'none' },
		{ Origin: 'https://evil.example' }, { Origin: 'null' },
	])
		assert.equal((await post('/api/session', { ...json, ...headers }, { name, password })).status, 403);
	assert.equal((await post('/api/session', { 'Content-Type': 'text/plain' }, { name, password })).status, 415);
	const own = { Origin: `https://127.0.0.1:${stack.dashPort}`, Host: `127.0.0.1:${stack.dashPort}`, 'Sec-Fetch-Site': 'same-origin' };
	assert.equal((await post('/api/session', { ...json, ...own }, { name, password })).status, 200);
});

test('a session is new at sign-in, and the one before it ends', async () => {
	const name = await account();
	const made = `${stack.cookieName}=krx_session_${'a'.repeat(43)}`;
	const first = stack.signedIn(await post('/api/session', { ...json, Cookie: made }, { name, password }));
	assert.notEqual(first.cookie, made);
	assert.equal((await get('/api/session', { Cookie: made })).status, 401);

	const second = stack.signedIn(await post('/api/session', { ...json, Cookie: first.cookie }, { name, password }));
	assert.notEqual(second.secret, first.secret);
	assert.equal((await get('/api/session', first.headers)).status, 401);
	assert.deepEqual(second.session.sessions.map(({ id }) => id), [second.session.id]);
});

test('who tries too often waits, before any password is looked at', async () => {
	const other = await Stack.start({ sign_in: { attempts_per_minute: 3 } });
	try {
		const tries = [];
		for (let i = 0; i < 5; i++)
			tries.push(await request(other.dashboard, '/api/session', {
				method: 'POST', headers: json, body: JSON.stringify({ name: 'nobody', password: 'wrong' }),
			}));
		assert.deepEqual(tries.map(({ status }) => status), [401, 401, 401, 429, 429]);
		for (const reply of tries.slice(3)) {
			assertAnswer('/api/session', reply, 'POST');
			const wait = Number(reply.headers['retry-after']);
			assert.ok(wait >= 1 && wait <= 60, reply.headers['retry-after']);
		}
		const { headers, status } = await request(other.dashboard, '/api/session');
		assert.equal(status, 401, 'to ask who one is is no attempt');
		assert.match(headers['www-authenticate'], /^Bearer /);

		// A flood does not even reach the programs.
		const flood = await Promise.all(Array.from({ length: 300 }, () =>
			request(other.dashboard, '/api/session', { method: 'POST', headers: json, body: '{' })));
		const refused = flood.filter(({ status }) => status === 429);
		assert.ok(refused.length > 0 && refused.length < 300, String(refused.length));
		for (const reply of refused)
			assertAnswer('/api/session', reply, 'POST');
	} finally {
		await other.stop();
	}
});

// --- what a change needs -----------------------------------------------------

test('each thing that a change needs is missed when it is left out', async () => {
	const who = await signIn();
	const other = await signIn();
	const body = { matchers: ['severity=warning'], reason: 'a test' };
	const own = { Origin: `https://127.0.0.1:${stack.dashPort}`, Host: `127.0.0.1:${stack.dashPort}` };
	const whole = { ...who.headers, ...own, 'Sec-Fetch-Site': 'same-origin' };
	const without = (...names) =>
		Object.fromEntries(Object.entries(whole).filter(([name]) => !names.includes(name)));

	for (const [what, headers, status, detail] of [
		['no cookie', without('Cookie'), 401],
		['a cookie of another name', { ...whole, Cookie: `kruxos=${who.secret}` }, 401],
		['a cookie that is none', { ...whole, Cookie: `${who.cookie}x` }, 401],
		['two cookies', { ...whole, Cookie: `${who.cookie}; ${who.cookie}` }, 401],
		['no CSRF token', without('X-CSRF-Token'), 403, /X-CSRF-Token/],
		['an empty one', { ...whole, 'X-CSRF-Token': '' }, 403, /X-CSRF-Token/],
		['a wrong one', { ...whole, 'X-CSRF-Token': 'a'.repeat(43) }, 403, /X-CSRF-Token/],
		['that of another session', { ...whole, 'X-CSRF-Token': other.csrf }, 403, /X-CSRF-Token/],
		['a foreign Origin', { ...whole, Origin: 'https://evil.example' }, 403, /another site/],
		['a null Origin', { ...whole, Origin: 'null' }, 403, /another site/],
		['an Origin without TLS', { ...whole, Origin: `http://127.0.0.1:${stack.dashPort}` }, 403, /another site/],
		['an Origin of another port', { ...whole, Origin: 'https://127.0.0.1:1' }, 403, /another site/],
		['another site', { ...whole, 'Sec-Fetch-Site': 'cross-site' }, 403, /another site/],
		['another port of this host', { ...whole, 'Sec-Fetch-Site': 'same-site' }, 403, /another site/],
		['an address that was typed', { ...whole, 'Sec-Fetch-Site': 'none' }, 403, /another site/],
		['a foreign Host', { ...whole, Host: 'evil.example' }, 421],
		['no content type', without('Content-Type'), 415],
		['a form', { ...whole, 'Content-Type': 'application/x-www-form-urlencoded' }, 415],
		['plain text', { ...whole, 'Content-Type': 'text/plain' }, 415],
	]) {
		const reply = await post('/api/silences', headers, body);
		assert.equal(reply.status, status, `${what}: ${reply.body}`);
		assert.equal(reply.headers['content-type'], 'application/problem+json', what);
		assert.match(JSON.parse(reply.body).detail, detail ?? /./, what);
		assert.ok(!Object.keys(reply.headers).some(name => name.startsWith('access-control')), what);
	}
	assert.deepEqual((await stack.get('/api/silences')).silences, []);

	// What a browser does not send, a program need not either.
	for (const headers of [whole, without('Origin'), without('Sec-Fetch-Site'), without('Origin', 'Sec-Fetch-Site')]) {
		const { id } = await stack.ask('POST', '/api/silences', { headers, body });
		await stack.ask('POST', `/api/silences/${id}/end`, { headers });
	}
});

test('a page of another site does not even read with its visitor\'s cookie', async () => {
	const who = await signIn();
	age(who, { last_used_at: -600, idle_expires_at: -600 });
	const expiry = async () => (await stack.ask('GET', '/api/session', {
		headers: { Cookie: who.cookie, 'X-Kruxos-Background': '1' },
	})).idle_expires_at;
	const before = await expiry();
	// Another port of this host is the same site: its pages send the cookie.
	for (const site of ['same-site', 'cross-site', 'nonsense'])
		for (const path of ['/api/audit/export', '/api/audit?limit=1', '/api/activity/stream', '/api/session']) {
			const reply = await get(path, { Cookie: who.cookie, 'Sec-Fetch-Site': site });
			assert.equal(reply.status, 403, `${site}: ${path}`);
			assert.match(JSON.parse(reply.body).detail, /another site/);
		}
	assert.deepEqual(stack.entries().filter(entry =>
		entry.capability === 'audit.export' && entry.user_name === who.session.name), []);
	assert.equal(await expiry(), before, 'nor does that keep him signed in');
	for (const site of ['same-origin', 'none'])
		assert.equal((await get('/api/audit?limit=1', { Cookie: who.cookie, 'Sec-Fetch-Site': site })).status, 200, site);
});

test('no other method changes anything, and no other path takes a POST', async () => {
	const who = await signIn();
	for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])
		for (const path of ['/api/silences', '/api/session', '/api/session/end', '/api/audit/1/erase', '/'])
			assert.equal((await request(stack.dashboard, path, { method, headers: who.headers })).status, 405, `${method} ${path}`);
	for (const path of ['/', '/audit', '/api', '/api/', '/api/audit', '/api/alerts', '/api/silences/preview', '/api/activity/stream', '/api/nothing', '/health', '/index.html'])
		assert.equal((await post(path, who.headers)).status, 405, path);
	assert.equal((await post('/auth', who.headers)).status, 404);
	assert.equal((await get('/auth', who.headers)).status, 404);
	for (const path of ['/api/session/end', '/api/audit/verify', '/api/silences/1/end'])
		assert.equal((await get(path, who.headers)).status, 405, path);
});

test('a body has a bound, and a member that nobody knows is named', async () => {
	const who = await signIn();
	const { parameter } = await stack.ask('POST', '/api/silences', {
		headers: who.headers, status: 400, body: { matchers: ['severity=info'], reason: 'x', dry_run: true },
	});
	assert.equal(parameter, 'dry_run');
	await stack.ask('POST', '/api/silences', {
		headers: who.headers, status: 413, body: { reason: 'x'.repeat(70_000) },
	});
	await stack.ask('GET', '/api/session', { headers: who.headers });
});

test('over HTTP/2, with its cookies apart, a session is the same', async () => {
	const who = await signIn();
	const client = http2.connect(`https://127.0.0.1:${stack.dashPort}`, { rejectUnauthorized: false });
	try {
		const ask = (headers, body) => new Promise((resolve, reject) => {
			const stream = client.request(headers);
			let text = '';
			stream.on('response', answer => stream.setEncoding('utf8')
				.on('data', piece => text += piece)
				.on('end', () => resolve({ status: answer[':status'], text })));
			stream.on('error', reject);
			stream.end(body);
		});
		const cookie = ['a=b', who.cookie, 'c=d'];
		const read = await ask({ ':path': '/api/session', cookie });
		assert.equal(JSON.parse(read.text).id, who.session.id);
		const changed = await ask({
			':path': '/api/silences', ':method': 'POST', cookie,
			'content-type': 'application/json', 'x-csrf-token': who.csrf,
		}, '{"matchers":["severity=info"],"reason":"over HTTP/2"}');
		assert.equal(changed.status, 200, changed.text);
		await stack.ask('POST', `/api/silences/${JSON.parse(changed.text).id}/end`, { headers: who.headers });
	} finally {
		client.close();
	}
});

// --- who may what ------------------------------------------------------------

test('a viewer reads, and changes nothing', async () => {
	const who = await signIn('viewer');
	assert.equal(who.session.scope, 'read');
	for (const path of ['/api/audit', '/api/alerts', '/api/health', '/api/activity', '/api/silences', '/api/agents', '/api/proxy/status'])
		await stack.ask('GET', path, { headers: who.headers });
	for (const [path, body] of [
		['/api/silences', { matchers: ['severity=info'], reason: 'x' }], ['/api/alerts/1/acknowledge', {}],
		['/api/audit/verify', {}], ['/api/audit/1/erase', { reason: 'x', password }], ['/api/silences/1/end', {}],
	])
		await stack.ask('POST', path, { headers: who.headers, body, status: 403 });
	assert.equal((await get('/api/audit/export', who.headers)).status, 403);
});

test('an auditor exports and verifies, and changes nothing', async () => {
	const who = await signIn('auditor');
	await stack.ask('POST', '/api/audit/verify', { headers: who.headers, body: {}, status: 202 });
	assert.equal((await get('/api/audit/export', who.headers)).status, 200);
	for (const [path, body] of [
		['/api/silences', { matchers: ['severity=info'], reason: 'x' }], ['/api/alerts/1/acknowledge', {}],
		['/api/audit/1/erase', { reason: 'x', password }],
	])
		await stack.ask('POST', path, { headers: who.headers, body, status: 403 });
});

test('an export is recorded in the name of who asked', async () => {
	const who = await signIn();
	const reply = await get('/api/audit/export?format=ndjson&capability=log.open', who.headers);
	assert.equal(reply.status, 200, reply.body);
	assert.match(reply.body, /"capability":"log.open"/);
	const entry = await entryOf('audit.export', who.session.name);
	assert.equal(entry.source, 'dashboard');
	assert.equal(entry.request.format, 'ndjson');
	assert.equal(entry.request.via, undefined);
});

test('a token reads, or changes, as its scope says; and needs no cookie', async () => {
	const who = await signIn();
	const read = await token(who, 'read');
	const operate = await token(who, 'operate');
	const silence = { matchers: ['severity=info'], reason: 'by a token' };

	const session = await stack.ask('GET', '/api/session', { headers: read.headers });
	assert.deepEqual([session.via, session.scope, session.csrf, session.id], ['token', 'read', null, read.id]);
	await stack.ask('GET', '/api/audit?limit=1', { headers: read.headers });
	const { detail } = await stack.ask('POST', '/api/silences', { headers: read.headers, body: silence, status: 403 });
	assert.match(detail, /may only read/);

	const { id } = await stack.ask('POST', '/api/silences', { headers: operate.headers, body: silence });
	await stack.ask('POST', `/api/silences/${id}/end`, { headers: operate.headers });
	await stack.ask('POST', '/api/audit/1/erase', { headers: operate.headers, body: { reason: 'x', password }, status: 403 });

	// Each has its own way to come.
	for (const headers of [
		{ Authorization: `Bearer ${who.secret}` }, { Cookie: `${stack.cookieName}=${operate.headers.Authorization.slice(7)}` },
		{ Authorization: 'Bearer krx_user_' + 'a'.repeat(43) }, { Authorization: 'Bearer ' }, { Authorization: `Basic ${btoa('anna:x')}` },
		{ ...who.headers, Authorization: 'Bearer x' },
	])
		assert.equal((await get('/api/audit?limit=1', headers)).status, 401, JSON.stringify(headers));

	await door.command('token.revoke', { id: read.id }, 'test', who.secret);
	assert.equal((await get('/api/audit?limit=1', read.headers)).status, 401);
});

test('a payload is erased by who knows the password again', async () => {
	const name = await account();
	const who = stack.signedIn(await post('/api/session', json, { name, password }));
	const [seq] = await door.record({
		actor_type: 'agent', agent_name: 'careless', capability: 'shell.exec', status: 'success', summary: 'what must go',
	});
	await stack.untilIndexed(seq);
	const wrong = await post(`/api/audit/${seq}/erase`, who.headers, { reason: 'a slip', password: 'wrong' });
	assert.ok([401, 403].includes(wrong.status), wrong.body);
	assert.equal((await stack.get(`/api/audit/${seq}`)).summary, 'what must go');
	await stack.ask('POST', `/api/audit/${seq}/erase`, { headers: who.headers, body: { password }, status: 400 });
	await stack.ask('POST', `/api/audit/${seq}/erase`, { headers: who.headers, body: { reason: 'a slip' }, status: 400 });

	const answer = await stack.ask('POST', `/api/audit/${seq}/erase`, { headers: who.headers, body: { reason: 'a slip', password } });
	assert.equal(answer.erased, 1);
	assert.equal((await stack.get(`/api/audit/${seq}`)).erased_by, answer.seq);
	const entry = await entryOf('audit.erase', name, ({ status }) => status === 'success');
	assert.equal(entry.seq, answer.seq);
	assert.equal(entry.request.reason, 'a slip');
	assert.equal(entry.request.password, undefined);
});

// --- out ---------------------------------------------------------------------

const openStream = who => stack.stream('', { Cookie: who.cookie }, stack.dashboard);

test('who signs out is out, here and in his streams', async () => {
	const who = await signIn();
	const other = await signIn();
	const streams = [await openStream(who), await openStream(other)];
	assert.deepEqual(streams.map(({ status }) => status), [200, 200]);
	const reply = await post('/api/session/end', who.headers);
	assert.equal(assertAnswer('/api/session/end', reply, 'POST').id, who.session.id);
	assert.match(reply.headers['set-cookie'][0],
		new RegExp(`^${stack.cookieName}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict; Partitioned$`));
	assert.equal(reply.headers['clear-site-data'], '"cache"');

	assert.equal((await get('/api/audit?limit=1', who.headers)).status, 401);
	await until('the stream has ended', () => streams[0].ended);
	await stack.ask('GET', '/api/session', { headers: other.headers });
	const [seq] = await door.record({ actor_type: 'agent', agent_name: 'a', capability: 'shell.exec', status: 'success' });
	await streams[1].untilSeq(seq);
	assert.ok(!streams[0].seqs.includes(seq));
	streams[1].close();
	const entry = await entryOf('account.sign_out', who.session.name);
	assert.equal(entry.request.session, who.session.id);
});

test('another session of the same account can be ended, one of another account not', async () => {
	const name = newName('operator');
	const here = await signIn('operator', name);
	const there = await signIn('operator', name);
	const stranger = await signIn();
	const { sessions } = await stack.ask('GET', '/api/session', { headers: here.headers });
	assert.deepEqual(new Set(sessions.map(({ id }) => id)), new Set([here.session.id, there.session.id]));

	await stack.ask('POST', '/api/session/end', { headers: here.headers, body: { id: stranger.session.id }, status: 404 });
	const reply = await post('/api/session/end', here.headers, { id: there.session.id });
	assert.equal(assertAnswer('/api/session/end', reply, 'POST').id, there.session.id);
	assert.equal(reply.headers['set-cookie'], undefined);
	assert.equal((await get('/api/session', there.headers)).status, 401);
	await stack.ask('GET', '/api/session', { headers: stranger.headers });

	await signIn('operator', name);
	await stack.ask('POST', '/api/session/end', { headers: here.headers, body: { id: 'all' } });
	assert.equal((await get('/api/session', here.headers)).status, 401);
});

test('a new password, and the end of an account, end its sessions and their streams', async () => {
	for (const change of [
		name => door.command('account.set', { name, password: 'a new correct horse' }),
		name => door.command('account.remove', { name }),
	]) {
		const name = await account();
		const who = await signIn('operator', name);
		const stream = await openStream(who);
		await change(name);
		await until('the stream has ended', () => stream.ended);
		assert.equal((await get('/api/session', who.headers)).status, 401);
	}
	secrets.add('a new correct horse');
});

test('what a token has opened ends when it is revoked, and with its account', async () => {
	for (const end of [
		(name, id) => door.command('token.revoke', { id }),
		name => door.command('account.remove', { name }),
	]) {
		const name = await account();
		const who = await signIn('operator', name);
		const [ends, stays] = [await token(who, 'read'), await token(await signIn(), 'read')];
		const streams = [];
		for (const { headers } of [ends, stays])
			streams.push(await stack.stream('', { Authorization: headers.Authorization }, stack.dashboard));
		assert.deepEqual(streams.map(({ status }) => status), [200, 200]);
		await end(name, ends.id);
		await until('the stream has ended', () => streams[0].ended);
		const [seq] = await door.record({ actor_type: 'agent', agent_name: 'a', capability: 'shell.exec', status: 'success' });
		await streams[1].untilSeq(seq);
		streams[1].close();
		assert.equal((await get('/api/audit?limit=1', ends.headers)).status, 401);
	}
});

test('a session ends when nobody looks, and at its time in any case', async () => {
	const idle = await signIn();
	age(idle, { last_used_at: -3600, idle_expires_at: -3600 });
	assert.equal((await get('/api/session', idle.headers)).status, 401);
	assert.equal((await post('/api/silences', idle.headers)).status, 401);

	const old = await signIn();
	age(old, { created_at: -13 * 3600, expires_at: -13 * 3600 });
	assert.equal((await get('/api/audit', old.headers)).status, 401);

	// A stream that was let in before ends then, too.
	const ending = await signIn();
	age(ending, { expires_at: -12 * 3600 + 2 });
	const stream = await openStream(ending);
	assert.equal(stream.status, 200);
	await until('the stream has ended', () => stream.ended);
	await until('the session is over', async () => (await get('/api/audit', ending.headers)).status === 401);
});

test('who looks lets his session live on; what a page asks by itself does not', async () => {
	const polling = await signIn();
	const looking = await signIn();
	for (const who of [polling, looking])
		age(who, { last_used_at: -600, idle_expires_at: -600 });
	const idle = async who => (await stack.ask('GET', '/api/session', {
		headers: { ...who.headers, 'X-Kruxos-Background': '1' },
	})).idle_expires_at;
	const before = await idle(polling);
	const beforeLooking = await idle(looking);

	for (const path of ['/api/health', '/api/alerts'])
		await stack.ask('GET', path, { headers: { ...polling.headers, 'X-Kruxos-Background': '1' } });
	const stream = await openStream(polling);
	await stack.ask('GET', '/api/health', { headers: looking.headers });
	const renewed = await until('who looks is renewed', async () => {
		const now = await idle(looking);
		return now > beforeLooking && now;
	});
	stream.close();
	// They are told in their order, so this one was not told at all.
	assert.equal(await idle(polling), before);
	// At most once a minute.
	await stack.ask('GET', '/api/health', { headers: looking.headers });
	assert.equal(await idle(looking), renewed);
});

// --- what is gone ------------------------------------------------------------

test('without the daemon reading goes on; nobody signs in, and nothing changes', async () => {
	const who = await signIn();
	const name = await account();
	const supervisor = stack.pidOf('kruxos-run');
	process.kill(supervisor, 'SIGSTOP'); // who would start it again
	try {
		process.kill(stack.pidOf('kruxosd'), 'SIGKILL');
		await until('the door is closed', () => stack.door().then(door => door.close(), () => true));
		age(who, { last_used_at: -600 }); // so that there is something to tell
		await stack.ask('GET', '/api/session', { headers: who.headers });
		await stack.ask('GET', '/api/audit?limit=1', { headers: who.headers });
		const { detail } = await stack.ask('POST', '/api/session', { headers: json, body: { name, password }, status: 503 });
		assert.match(detail, /^nobody can sign in now/);
		assert.ok(!detail.includes(stack.rundir), 'a stranger learns no paths');
		await stack.ask('POST', '/api/silences', {
			headers: who.headers, body: { matchers: ['severity=info'], reason: 'x' }, status: 503,
		});
		await stack.ask('POST', '/api/session/end', { headers: who.headers, body: {}, status: 503 });
		await stack.ask('GET', '/api/session', { headers: who.headers });
	} finally {
		process.kill(supervisor, 'SIGCONT');
		await stack.untilReady();
		door.close();
		door = await stack.door();
	}
	await stack.ask('POST', '/api/session/end', { headers: who.headers, body: {} });
});

test('without what is known of accounts nobody is let in, and a stranger learns no paths', async () => {
	const who = await signIn();
	const files = readdirSync(stack.rundir).filter(name => /^state[.]db/.test(name)).map(name => join(stack.rundir, name));
	for (const file of files)
		renameSync(file, `${file}.away`);
	try {
		for (const [method, headers, body] of [['GET', who.headers], ['POST', json, { name: 'anna', password }]]) {
			// Within a second the daemon has seen it, too.
			const { detail } = await until(`${method} is 503`, () =>
				stack.ask(method, '/api/session', { headers, body, status: 503 }));
			assert.match(detail, /^nobody can sign in now/);
			assert.ok(!detail.includes(stack.rundir));
		}
		await stack.ask('GET', '/api/audit?limit=1', { headers: who.headers, status: 503 });
	} finally {
		for (const file of files)
			renameSync(`${file}.away`, file);
	}
	await stack.ask('GET', '/api/session', { headers: who.headers });
});

test('without the program that knows who is signed in nobody is let in, and it is said', async () => {
	const who = await signIn();
	const socket = join(stack.rundir, 'session.sock');
	const supervisor = stack.pidOf('kruxos-run');
	process.kill(supervisor, 'SIGSTOP');
	renameSync(socket, `${socket}.away`);
	try {
		process.kill(stack.pidOf('session'), 'SIGKILL');
		for (const path of ['/api/audit', '/api/session', '/api/activity/stream'])
			await until(`${path} is 503`, async () => {
				const reply = await get(path, who.headers);
				assert.equal(reply.headers['content-type'], 'application/problem+json');
				assert.ok(Number(reply.headers['retry-after']) >= 1);
				return reply.status === 503 && JSON.parse(reply.body).status === 503;
			});
		assert.equal((await get('/')).status, 200, 'the page is there, to say so');
		await stack.get('/api/audit?limit=1');
	} finally {
		renameSync(`${socket}.away`, socket);
		process.kill(supervisor, 'SIGCONT');
	}
	await until('it is back', async () => (await get('/api/session', who.headers)).status === 200);
});

test('no secret stands in a file of ours', async () => {
	const files = ['log', 'audit'].flatMap(folder => readdirSync(join(stack.rundir, folder), { recursive: true })
		.map(name => join(stack.rundir, folder, name)))
		.concat(readdirSync(stack.rundir).filter(name => /[.]db/.test(name)).map(name => join(stack.rundir, name)));
	let read = 0;
	assert.ok(secrets.size > 30);
	await until('nginx has written its log', () =>
		readFileSync(join(stack.rundir, 'log/access.log'), 'utf8').includes('/api/session/end'));
	for (const file of files) {
		let bytes;
		try {
			bytes = readFileSync(file);
		} catch (error) {
			if (error.code === 'EISDIR')
				continue;
			throw error;
		}
		read++;
		for (const secret of secrets)
			assert.ok(!bytes.includes(secret), `${file} has ${secret}`);
	}
	assert.ok(read > 10);
});
