// What a wrong question gets: a 400 that names the parameter, a 404, a 405.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { assertAnswer } from './harness/contract.js';
import { request } from './harness/http.js';
import { Stack } from './harness/stack.js';

let stack;
before(async () => {
	stack = await Stack.start();
	const door = await stack.door();
	const [seq] = await door.record(
		{ actor_type: 'agent', agent_name: 'a', capability: 'shell.exec', status: 'success' });
	door.close();
	await stack.untilIndexed(seq);
});
after(() => stack?.stop());

const filters = [
	['actor_type=robot', 'actor_type'],
	['actor_type=', 'actor_type'],
	['actor_type=-', 'actor_type'],
	['actor_type=agent&actor_type=robot', 'actor_type'],
	['agent_name=', 'agent_name'],
	[`agent_name=${'x'.repeat(130)}`, 'agent_name'],
	['agent_name=a%00b', 'agent_name'],
	['agent_name=%ff', 'agent_name'],
	['agent_name=%zz', 'agent_name'],
	['agent_name=%2', 'agent_name'],
	['user_name=', 'user_name'],
	['capability=', 'capability'],
	[`capability=${'x'.repeat(200)}.y`, 'capability'],
	['status=ok', 'status'],
	['status=SUCCESS', 'status'],
	['status=--success', 'status'],
	['policy_tier=none', 'policy_tier'],
	['session_id=', 'session_id'],
	['call_id=', 'call_id'],
	['source=web', 'source'],
	['unheard_of=1', 'unheard_of'],
	['Status=success', 'Status'],
];

const ranges = [
	['from=yesterday', 'from'],
	['from=2026-13-01', 'from'],
	['from=2026-02-29', 'from'],
	['from=2026-11-23T25:00:00Z', 'from'],
	['from=2026-11-23T20:00:00', 'from'],
	['from=1969-12-31', 'from'],
	['from=10000-01-01', 'from'],
	['from=', 'from'],
	['from=2026-11-23%0d%0aX-Injected:%201', 'from'],
	['from=2026-11-23%22;filename=x', 'from'],
	['to=2026-11-23%00', 'to'],
	['to=tomorrow', 'to'],
	['to=2026-11-23T20:00:00%2B25:00', 'to'],
	['from=2026-11-23&from=2026-11-24', 'from'],
	['from=2026-11-23&to=2026-11-22', 'to'],
	['from=2026-11-23T12:00:00Z&to=2026-11-23T12:00:00Z', 'to'],
];

const searches = [
	['q=', 'q'],
	[`q=${'x'.repeat(1025)}`, 'q'],
	['q=a&q=b', 'q'],
	['q=%00', 'q'],
	['through=-1', 'through'],
	['through=x', 'through'],
	['through=18446744073709551616', 'through'],
];

const pages = [
	['limit=0', 'limit'],
	['limit=201', 'limit'],
	['limit=-1', 'limit'],
	['limit=1.5', 'limit'],
	['limit=1e2', 'limit'],
	['limit=0x10', 'limit'],
	['limit=', 'limit'],
	['limit', 'limit'],
	['limit=50&limit=50', 'limit'],
	['limit=99999999999999999999', 'limit'],
	['offset=-1', 'offset'],
	['offset=99999999999999999999', 'offset'],
	['offset=ten', 'offset'],
];

const lasts = [
	['last=0s', 'last'],
	['last=24', 'last'],
	['last=h', 'last'],
	['last=-1h', 'last'],
	['last=1y', 'last'],
	['last=401d', 'last'],
];

const table = {
	'/api/audit': [...filters, ...ranges, ...searches, ...pages, ['last=1h', 'last'], ['format=csv', 'format']],
	'/api/audit/export': [
		...filters, ...ranges, ...searches, ['format=xml', 'format'], ['format=', 'format'],
		['limit=10', 'limit'], ['offset=10', 'offset'],
	],
	'/api/audit/stats': [...filters, ...ranges, ...lasts, ['q=x', 'q'], ['limit=1', 'limit']],
	'/api/audit/histogram': [
		...filters, ...ranges, ...lasts,
		['step=0s', 'step'], ['step=500ms', 'step'], ['step=31d', 'step'], ['step=fast', 'step'],
		['last=400d&step=1s', 'step'],
	],
	'/api/activity': [
		...filters, ['limit=0', 'limit'], ['limit=201', 'limit'], ['offset=1', 'offset'], ['q=x', 'q'],
		['from=2026-11-23', 'from'],
	],
	'/api/activity/stream': [
		...filters, ['after=-1', 'after'], ['after=x', 'after'], ['after=', 'after'],
		['after=18446744073709551616', 'after'], ['limit=5', 'limit'],
	],
	'/api/audit/1': [['limit=1', 'limit']],
	'/api/audit/1/line': [['limit=1', 'limit']],
	'/api/agents': [['limit=0', 'limit'], ['limit=201', 'limit'], ['agent_name=x', 'agent_name']],
	'/api/sessions/x': [['limit=1', 'limit']],
	'/api/metrics': [
		['', 'category'], ['category=', 'category'], ['category=weather', 'category'], ['category=System', 'category'],
		['category=http&category=http', 'category'], ['figure=cpu_percent', 'figure'],
	],
	'/api/metrics/history': [
		['', 'figure'], ['figure=', 'figure'], ['figure=weather', 'figure'], ['figure=cpu_percent&figure=x', 'figure'],
		[Array(17).fill('figure=load_1m').join('&'), 'figure'],
		...ranges.map(([query, parameter]) => [`figure=load_1m&${query}`, parameter]),
		...['4s', '31d', '5500ms', '1', 'fast'].map(step => [`figure=load_1m&step=${step}`, 'step']),
		['figure=load_1m&from=2026-01-01&step=5s', 'step'], ['figure=load_1m&last=1h', 'last'],
	],
	'/api/health': [['history=90d', 'history']],
	'/api/alerts': [
		['state=bad', 'state'], ['severity=bad', 'severity'], ['last=1', 'last'], ['last=91d', 'last'],
		['limit=1', 'limit'],
	],
	'/api/alerts/1': [['state=all', 'state']],
	'/api/silences': [['limit=1', 'limit']],
	'/api/silences/preview': [['matcher=a', 'matcher'], ['matcher=a%3Db', 'matcher'], ['x=1', 'x']],
};

for (const [path, cases] of Object.entries(table))
	test(`${path} refuses what it cannot take and names it`, async () => {
		for (const [query, parameter] of cases) {
			const url = `${path}?${query}`;
			const reply = await request(stack.api, url);
			assert.equal(reply.status, 400, `${url}: ${reply.status} ${reply.body.slice(0, 200)}`);
			const problem = assertAnswer(url, reply);
			assert.equal(problem.parameter, parameter, `${url}: ${reply.body}`);
			assert.ok(problem.detail, url);
		}
	});

test('a bad Last-Event-ID is refused', async () => {
	for (const id of [
		'x', '-1', '+1', '1.5', '1e3', '0x1', '1 2', '1,2', '1;2', '٣', '１', '\xff', '9'.repeat(4000),
		'99999999999999999999', '18446744073709551616', '%31', '"1"', '1\u00a0',
	].map(id => Buffer.from(id).toString('latin1'))) {
		const reply = await request(stack.api, '/api/activity/stream',
			{ headers: { 'Last-Event-ID': id } });
		assert.equal(reply.status, 400, id);
		assert.equal(assertAnswer('/api/activity/stream', reply).parameter, 'Last-Event-ID');
	}
});

test('what is not there is a 404', async () => {
	for (const path of [
		'/api/audit/0', '/api/audit/999999999', '/api/audit/18446744073709551615',
		'/api/audit/999999999/line', '/api/sessions/no-such-session',
	])
		assertAnswer(path, await request(stack.api, path));
	for (const path of [
		'/api', '/api/', '/api/nothing', '/api/audit/', '/api/audit/x', '/api/audit/-1',
		'/api/audit/1/2', '/api/audit/1/line/', '/api/audits', '/api/activity/', '/api/sessions/',
		'/api/audit/18446744073709551616', '/',
	]) {
		const reply = await request(stack.api, path);
		assert.equal(reply.status, 404, `${path}: ${reply.body.slice(0, 200)}`);
		assert.equal(reply.headers['content-type'], 'application/problem+json', path);
		assert.equal(JSON.parse(reply.body).status, 404);
	}
});

test('only GET and HEAD are answered', async () => {
	for (const path of Object.keys(table))
		for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
			const reply = await request(stack.api, path, { method });
			assert.ok([403, 405].includes(reply.status), `${method} ${path}: ${reply.status}`);
		}
});

test('HEAD answers as GET does, without the body', async () => {
	for (const path of [
		'/health', '/health/ready', '/api/audit', '/api/audit/1', '/api/audit/1/line', '/api/audit/stats',
		'/api/audit/histogram', '/api/agents', '/api/activity', '/api/audit/export', '/api/audit/export?format=csv',
		'/api/metrics?category=policy', '/api/metrics/history?figure=load_1m&from=2026-11-01&to=2026-11-02', '/api/metrics',
		'/api/audit?limit=0', '/api/audit/999999', '/api/sessions/none', '/api/nothing',
	]) {
		const get = await request(stack.api, path);
		const head = await request(stack.api, path, { method: 'HEAD' });
		assert.equal(head.status, get.status, path);
		assert.equal(head.body, '', path);
		for (const name of ['content-type', 'content-disposition', 'cache-control', 'x-content-type-options'])
			assert.equal(head.headers[name], get.headers[name], `${name} of ${path}`);
	}
});

test('HEAD of an export is no export, and of the stream no subscription', async () => {
	const exports = () => stack.entries().filter(({ capability }) => capability === 'audit.export').length;
	const open = () => readdirSync(`/proc/${stack.pidOf('activity')}/fd`).length;
	const before = exports();
	await request(stack.api, '/api/audit/export', { method: 'HEAD' });
	await request(stack.api, '/api/activity/stream', { method: 'HEAD' });
	const descriptors = open();
	for (let i = 0; i < 100; i++) {
		const head = await request(stack.api, '/api/activity/stream', { method: 'HEAD' });
		assert.equal(head.status, 200);
		assert.equal(head.headers['content-type'], 'text/event-stream');
	}
	assert.ok(open() <= descriptors + 5, `${open()} after ${descriptors}`);
	assert.equal(exports(), before);
});

test('a query in any other encoding is refused, however long it is', async () => {
	for (const [query, parameter] of [
		['=', undefined],
		['=1', undefined],
		['%00=1', '%00'],
		['agent%00_name=1', 'agent%00_name'],
		['a%0d%0aX:y=1', 'a\\r\\nX:y'],
		['%1b%5b2J=1', '\\e[2J'],
		['agent_name=%c0%ae', 'agent_name'], // overlong
		['agent_name=%e0%80%ae', 'agent_name'],
		['agent_name=%f0%80%80%ae', 'agent_name'],
		['agent_name=%ed%a0%80', 'agent_name'], // a surrogate
		['agent_name=%f4%90%80%80', 'agent_name'],
		['agent_name=%u0041', 'agent_name'],
		['q=%f0%80%80%af', 'q'],
		['limit=1;offset=2', 'limit'],
		['limit=1%23x', 'limit'],
		['limit=1?offset=2', 'limit'],
		['limit=%ef%bc%91', 'limit'],
		[`${'status=error&'.repeat(500)}x=1`, undefined],
		[`${'z'.repeat(7000)}=1`, 'z'.repeat(40)],
	]) {
		const reply = await request(stack.api, `/api/audit?${query}`);
		assert.equal(reply.status, 400, `${query.slice(0, 80)}: ${reply.body.slice(0, 200)}`);
		const problem = assertAnswer('/api/audit', reply);
		assert.equal(problem.parameter, parameter, query.slice(0, 80));
	}
	assert.equal((await request(stack.api, `/api/audit?${'&'.repeat(7000)}`)).status, 200);
	assert.equal((await request(stack.api, `/api/audit?${'x'.repeat(9000)}`)).status, 414);
});

test('conditions and ranges change no answer', async () => {
	const whole = await request(stack.api, '/api/audit/1');
	for (const headers of [
		{ Range: 'bytes=0-3' }, { Range: 'bytes=-1' }, { 'If-Match': '"x"' }, { 'If-None-Match': '*' },
		{ 'If-Modified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT' }, { 'If-Range': '"x"', Range: 'bytes=1-2' },
		{ 'Accept-Encoding': 'gzip, br' }, { Accept: 'text/html' }, { Expect: 'nonsense' },
		{ 'X-HTTP-Method-Override': 'DELETE' }, { 'X-Forwarded-Host': 'evil.example' }, { 'X-Original-URL': '/health' },
	]) {
		const reply = await request(stack.api, '/api/audit/1', { headers });
		assert.equal(reply.status, 200, JSON.stringify(headers));
		assert.equal(reply.body, whole.body, JSON.stringify(headers));
	}
});
