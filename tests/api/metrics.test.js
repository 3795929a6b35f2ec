// What is measured: /metrics, /api/metrics, its history, and the Health page.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { api, assertAnswer } from './harness/contract.js';
import { sample, samples } from './harness/exposition.js';
import { request } from './harness/http.js';
import { Made, everything, figures, services } from './harness/made.js';
import { until } from './harness/poll.js';
import { Stack, run } from './harness/stack.js';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
// What Prometheus 2.42 sends.
const ACCEPT = 'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,' +
	'text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
// From the beginning of a minute on, a few minutes ago.
const then = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;

let stack, made;
before(async () => {
	stack = await Stack.start();
	made = new Made(stack, 'made', services);
	made.observe(everything);
	const us = ms => `${ms}000`;
	await made.remember([
		...[1, 2, null, 4].map((value, i) => value === null ? '' :
			`INSERT INTO samples VALUES (0, ${us(then + i * 5000)}, ${value});`),
		...[0, 1, 3].map(i => `INSERT INTO minutes VALUES (0, ${us(then + i * 60_000)}, ${i * 10}, ${i}, ${i * 20});`),
		`INSERT INTO spans VALUES ('mail', 1, ${us(then)}, ${us(then + 60_000)}, 'connected');`,
		`INSERT INTO spans VALUES ('mail', 3, ${us(then + 60_000)}, ${us(then + 70_000)}, 'connection refused');`,
		`INSERT INTO spans VALUES ('audit', 1, ${us(then)}, ${us(then + 70_000)}, '');`,
		`INSERT INTO alerts (fingerprint, state, severity, title, count, first_seen, last_seen, resolved_at,
			acknowledged_at, seq) VALUES (1, 1, 0, 'down', 1, 1, 1, 0, 0, 0), (2, 2, 0, 'was down', 1, 1, 1, 2, 0, 0),
			(3, 0, 1, 'hot', 0, 1, 1, 0, 0, 0);`,
		`INSERT INTO silences (matchers, author, reason, created_at, ends_at, until_resolved, ended_at) VALUES
			('severity=info', 'alice', 'x', ${us(then)}, ${us(then + 1e9)}, 0, 0),
			('severity=info', 'alice', 'x', 5, 6, 0, 0);`,
	]);
});
after(() => stack?.stop());

/** /metrics of the stack as it runs. */
async function scrape(accept) {
	const reply = await request({ port: stack.healthPort }, '/metrics', { headers: accept ? { accept } : {} });
	assert.equal(reply.status, 200, reply.body);
	assert.equal(assertAnswer('/metrics', reply), reply.body);
	return reply;
}

const promtool = text => run('promtool', ['check', 'metrics'], { input: text });

// --- /metrics ------------------------------------------------------------------

test('the format is the one that is wanted', async () => {
	for (const [accept, type] of [
		[undefined, TEXT], ['*/*', TEXT], ['text/html', TEXT], [ACCEPT, OPENMETRICS],
		['text/plain;version=0.0.4;q=0.6,application/openmetrics-text;q=0.5', TEXT],
	]) {
		const { headers, body } = await scrape(accept);
		assert.equal(headers['content-type'], type, accept);
		assert.equal(headers.vary, 'Accept');
		assert.equal(body.endsWith('\n# EOF\n'), type === OPENMETRICS, accept);
	}
});

test('metrics are of the log as it is', async () => {
	const door = await stack.door();
	const seq = (await door.record({ actor_type: 'agent', agent_name: 'a', capability: 'x.y', status: 'success' })).at(-1);
	door.close();
	const { body } = await until('the entry is counted', async () => {
		const reply = await scrape();
		return sample(reply.body, 'kruxos_audit_head_seq') >= seq && reply;
	});
	const head = samples(body).find(({ name }) => name === 'kruxos_audit_head_info').labels;
	assert.equal(stack.entries()[head.seq - 1].entry_hash, head.hash);
	assert.equal(sample(body, 'kruxos_audit_entries_total'), Number(head.seq));
	assert.equal(sample(body, 'kruxos_up'), 1);
	assert.equal(sample(body, 'kruxos_audit_accepting'), 1);
	const { services: states } = await stack.getHealth('/health');
	for (const [service, status] of Object.entries(states))
		assert.equal(sample(body, 'kruxos_service_status', { service, status }), 1);
	assert.ok(sample(body, 'process_resident_memory_bytes') > 1e5);
	assert.ok(Math.abs(sample(body, 'process_start_time_seconds') - Date.now() / 1000) < 600);
});

test('promtool has nothing to say of metrics as they are', async () => {
	const { code, stdout, stderr } = await promtool((await scrape()).body);
	assert.equal(code, 0, stdout + stderr);
	assert.equal(stdout + stderr, '');
});

test('what is known is there, by its name, and promtool has nothing to say', async () => {
	const { headers, body } = await made.get('/metrics');
	assert.equal(headers['content-type'], TEXT);
	const { code, stdout, stderr } = await promtool(body);
	assert.equal(code, 0, stdout + stderr);
	assert.equal(stdout + stderr, '');

	const names = new Set(samples(body).map(({ name }) => name));
	assert.ok(figures.length > 30);
	assert.deepEqual(figures.filter(({ metric }) => !names.has(metric)), []);
	assert.equal(sample(body, 'kruxos_service_status', { service: 'gateway', status: 'healthy' }), 1);
	assert.equal(sample(body, 'kruxos_service_status', { service: 'mail', status: 'unhealthy' }), 1);
	assert.equal(sample(body, 'kruxos_service_status', { service: 'mail', status: 'healthy' }), 0);
	assert.equal(sample(body, 'kruxos_service_latency_seconds', { service: 'gateway' }), 0.00125);
	assert.equal(sample(body, 'kruxos_health_status', { status: 'degraded' }), 1);
	assert.equal(sample(body, 'kruxos_http_route_requests_total', { route: '/a"b\\c' }), 3);
	assert.equal(sample(body, 'kruxos_http_route_latency_p99_seconds', { route: '/api/audit' }), 0.004);
	assert.equal(sample(body, 'kruxos_program_resident_memory_bytes', { program: 'kruxosd' }), 9437184);
	assert.equal(sample(body, 'kruxos_alerts', { severity: 'critical', state: 'firing' }), 1);
	assert.equal(sample(body, 'kruxos_alerts', { severity: 'warning', state: 'pending' }), 1);
	assert.equal(sample(body, 'kruxos_alerts', { severity: 'info', state: 'firing' }), 0);
	assert.equal(sample(body, 'kruxos_silences'), 1);
	assert.equal(sample(body, 'kruxos_silence_oldest_timestamp_seconds'), then / 1000);
});

test('OpenMetrics keeps to its grammar', async () => {
	const { headers, body } = await made.get('/metrics', { accept: ACCEPT });
	assert.equal(headers['content-type'], OPENMETRICS);
	assert.ok(body.endsWith('\n# EOF\n'));
	const families = new Map();
	let family;
	for (const line of body.split('\n').slice(0, -2)) {
		const [, keyword, name, text] = /^# (HELP|TYPE|UNIT) ([a-z0-9_]+) (.+)$/.exec(line) ?? [];
		if (keyword === undefined) {
			// Samples follow their family, and are named after it.
			const { name: sampled } = samples(`${line}\n`)[0];
			const suffix = { counter: '_total', info: '_info', gauge: '' }[family.type];
			assert.equal(sampled, family.name + suffix, line);
			continue;
		}
		if (keyword === 'HELP') {
			assert.ok(!families.has(name), `${name} comes twice`);
			families.set(name, family = { name });
		}
		assert.equal(name, family.name, line);
		if (keyword === 'TYPE')
			family.type = text;
		if (keyword === 'UNIT')
			assert.ok(name.endsWith(`_${text}`), line);
	}
	assert.ok(families.size > 40);
	assert.deepEqual([...families.values()].filter(({ type }) => type === undefined), []);
});

test('nobody is named who could be many', async () => {
	const door = await stack.door();
	await door.record({ actor_type: 'agent', agent_name: 'agent-of-a-test', session_id: 'session-of-a-test',
		capability: 'x.y', status: 'success' });
	door.close();
	assert.doesNotMatch((await scrape()).body, /of-a-test/);
	const labels = new Set(samples((await made.get('/metrics')).body).flatMap(one => Object.keys(one.labels)));
	assert.deepEqual([...labels].sort(),
		['channel', 'hash', 'program', 'route', 'seq', 'service', 'severity', 'state', 'status', 'version']);
});

test('/metrics takes no parameter, and nothing but GET', async () => {
	const where = { port: stack.healthPort };
	const wrong = await request(where, '/metrics?name=x');
	assert.equal(wrong.status, 400);
	assert.equal(assertAnswer('/metrics', wrong).parameter, 'name');
	assert.equal((await request(where, '/metrics', { method: 'POST' })).status, 405);
	const head = await request(where, '/metrics', { method: 'HEAD' });
	assert.equal(head.body, '');
	assert.equal(head.headers['content-type'], TEXT);
});

// --- /api/metrics --------------------------------------------------------------

test('a category is one flat object', async () => {
	for (const [category, fields] of Object.entries({
		system: ['cpu_percent', 'memory_used_mb', 'disk_used_percent', 'uptime_seconds'],
		agents: ['active_count', 'total_sessions', 'invocations_per_minute', 'error_rate'],
		policy: ['evaluations_total', 'denied_count', 'approval_pending_count'],
		http: ['requests_total', 'latency_p50', 'latency_p99', 'errors_total', 'routes'],
	})) {
		const answer = await stack.get(`/api/metrics?category=${category}`);
		assert.deepEqual(fields.filter(field => !(field in answer)), [], category);
	}
	const system = await until('there is a sample', async () => {
		const answer = await stack.get('/api/metrics?category=system');
		return answer.cpu_percent !== null && answer;
	});
	assert.ok(system.memory_used_mb > 0 && system.uptime_seconds < 600);
	assert.ok(system.entries_total > 0);
});

test('a category has what is observed', async () => {
	const reply = await made.get('/api/metrics?category=http');
	const http = assertAnswer('/api/metrics', reply);
	const observed = name => everything.figures[name];
	assert.equal(http.latency_p99, observed('http_p99_ms'));
	assert.deepEqual(http.routes, [
		{ route: '/api/audit', requests_total: 10, errors_total: 1, latency_p50: 1.5, latency_p99: 4 },
		{ route: '/a"b\\c', requests_total: 3, errors_total: 0, latency_p50: null, latency_p99: null },
	]);
});

// --- /api/metrics/history --------------------------------------------------------

const iso = ms => `${new Date(ms).toISOString().slice(0, -1)}000Z`;

/** A reply of the made history, compared with the document. */
const history = async query => assertAnswer('/api/metrics/history', await made.get(`/api/metrics/history?${query}`));

test('figures over time, and gaps are gaps', async () => {
	const samples = await history(`figure=cpu_percent&from=${iso(then)}&to=${iso(then + 25_000)}&step=5s`);
	assert.equal(samples.step_seconds, 5);
	assert.deepEqual(samples.figures[0].points.map(({ average }) => average), [1, 2, null, 4, null]);
	const minutes = await history(`figure=cpu_percent&figure=load_1m&from=${iso(then)}&to=${iso(then + 300_000)}&step=1m`);
	assert.deepEqual(minutes.figures.map(({ figure }) => figure), ['cpu_percent', 'load_1m']);
	assert.deepEqual(minutes.figures[0].points.map(({ average, minimum, maximum }) => [average, minimum, maximum]),
		[[0, 0, 0], [10, 1, 20], [null, null, null], [30, 3, 60], [null, null, null]]);
	assert.deepEqual(minutes.figures[1].points.map(({ average }) => average), Array(5).fill(null));
	assert.equal(minutes.figures[0].points[1].time, iso(then + 60_000));
});

test('every figure of the document has a history, and no other', async () => {
	const documented = api.paths['/api/metrics/history'].get.parameters
		.find(({ name }) => name === 'figure').schema.items.enum;
	assert.deepEqual(documented, figures.map(({ name }) => name));
	for (let i = 0; i < documented.length; i += 16) {
		const some = documented.slice(i, i + 16);
		const answer = await stack.get(`/api/metrics/history?${some.map(name => `figure=${name}`).join('&')}`);
		assert.deepEqual(answer.figures.map(({ figure }) => figure), some);
	}
});

// --- /api/health ---------------------------------------------------------------

test('the Health page has all that is known', async () => {
	const page = assertAnswer('/api/health', await made.get('/api/health'));
	assert.equal(page.status, 'degraded');
	assert.equal(page.issue_count, 1);
	assert.equal(page.observed, true);
	assert.equal(page.total_latency_ms, 1.25);
	const service = name => page.services.find(one => one.name === name);
	assert.deepEqual(page.services.map(({ name }) => name), ['gateway', 'vault', 'proxy', 'audit', 'state', 'mail']);
	assert.equal(service('gateway').details, 'HTTP 200');
	assert.equal(service('vault').kind, null);
	assert.equal(service('mail').status, 'unhealthy');
	assert.deepEqual(service('mail').history.map(({ status, details }) => [status, details]),
		[['unhealthy', 'connection refused'], ['healthy', 'connected']]);
	assert.equal(service('audit').since, iso(then));
	assert.equal(service('audit').kind, 'daemon');
	assert.deepEqual(page.footprint.programs,
		[{ name: 'kruxosd', resident_bytes: 9437184, cpu_seconds: 0.25, cpu_percent: 0.5 }]);
});

test('the Health page of the stack says what /health says', async () => {
	const [page, health] = [await stack.get('/api/health'), await stack.getHealth('/health')];
	assert.equal(page.status, health.status);
	assert.deepEqual(Object.fromEntries(page.services.map(({ name, status }) => [name, status])), health.services);
	assert.equal(page.footprint.integrity.status, 'verified');
	assert.equal(page.footprint.on_audit_failure, 'deny');
});

test('a database that cannot be read makes no service a bad one', async () => {
	const bare = new Made(stack, 'bare', services);
	bare.observe(everything);
	const page = assertAnswer('/api/health', await bare.get('/api/health'));
	assert.deepEqual(page.services.map(({ history }) => history), Array(6).fill(null));
	assert.equal(page.issue_count, 1);
	const answer = await bare.get('/api/metrics/history?figure=cpu_percent');
	assert.equal(answer.status, 503);
});

// --- kruxos metrics --------------------------------------------------------------

test('kruxos metrics shows a category, or all of them', async () => {
	const one = await stack.kruxos(['metrics', 'system']);
	assert.equal(one.code, 0, one.stderr);
	assert.match(one.stdout, /^SYSTEM +VALUE\ncpu_percent +([0-9.]+ %|unknown)\n/);
	assert.match(one.stdout, /\nuptime_seconds +[0-9]/);
	const all = await stack.kruxos(['metrics']);
	assert.deepEqual([...all.stdout.matchAll(/^([A-Z]+) +VALUE$/gm)].map(([, title]) => title),
		['SYSTEM', 'AGENTS', 'POLICY', 'HTTP']);
	const json = JSON.parse((await stack.kruxos(['metrics', '--json'])).stdout);
	assert.deepEqual(Object.keys(json), ['system', 'agents', 'policy', 'http']);
	const agents = JSON.parse((await stack.kruxos(['metrics', 'agents', '--json'])).stdout);
	assert.deepEqual(Object.keys(agents), Object.keys(json.agents));
	assert.equal((await stack.kruxos(['metrics', 'weather'])).code, 64);
	assert.equal((await stack.kruxos(['metrics', 'http', 'agents'])).code, 64);
});

// --- who is gone ---------------------------------------------------------------

test('metrics say so when the daemon is gone, and nginx when the program is', async () => {
	const supervisor = stack.pidOf('kruxos-run');
	process.kill(supervisor, 'SIGSTOP'); // who would start them again
	try {
		process.kill(stack.pidOf('kruxosd'), 'SIGKILL');
		const { body } = await until('it is missed', async () => {
			const reply = await scrape();
			return sample(reply.body, 'kruxos_up') === 0 && reply;
		});
		assert.equal(sample(body, 'kruxos_health_status', { status: 'unhealthy' }), 1);
		assert.ok(!samples(body).some(({ name }) => name.startsWith('kruxos_host_')));
		process.kill(stack.pidOf('metrics'), 'SIGKILL');
		const gone = await until('nginx answers', async () => {
			const reply = await request({ port: stack.healthPort }, '/metrics');
			return reply.status === 503 && reply;
		});
		assertAnswer('/metrics', gone);
	} finally {
		process.kill(supervisor, 'SIGCONT');
	}
	await until('both are back', async () => sample((await scrape()).body, 'kruxos_up') === 1, 30_000);
	await stack.untilReady();
});
