// docs/integrations: the tools themselves take each file, and every metric that
// one of them names is there.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Authority } from './harness/authority.js';
import { samples } from './harness/exposition.js';
import { request } from './harness/http.js';
import { Made, everything, services } from './harness/made.js';
import { until } from './harness/poll.js';
import { Prometheus } from './harness/prometheus.js';
import { Stack, freePorts, root, run } from './harness/stack.js';
import { Stream } from './harness/stream.js';

const yaml = createRequire(new URL('build/node/', `file://${root}`))('yaml');
const folder = join(root, 'docs/integrations');
const read = name => readFileSync(join(folder, name), 'utf8');

const dashboard = JSON.parse(read('grafana-dashboard.json'));
const rules = yaml.parse(read('kruxos.rules.yml')).groups.flatMap(group => group.rules);

/** The dashboard's expressions, with a machine and a range chosen. */
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
	.map(expr => expr.replaceAll('$instance', '.+').replaceAll('$__rate_interval', '1m'));

let stack, prometheus, names;
before(async () => {
	stack = await Stack.start();
	const made = new Made(stack, 'made', services);
	made.observe(everything);
	await made.remember([]);
	names = new Set(samples((await made.get('/metrics')).body).map(({ name }) => name));
	prometheus = await Prometheus.start(stack);
});
after(async () => {
	await prometheus?.stop();
	await stack?.stop();
});

const namesIn = text => [...text.matchAll(/\bkruxos_[a-z0-9_]+/g)].map(([name]) => name);

test('promtool takes the rules and the configuration', async () => {
	for (const args of [['check', 'rules', 'kruxos.rules.yml'], ['check', 'config', 'prometheus.yml']]) {
		const { code, stdout, stderr } = await run('promtool', args, { cwd: folder });
		assert.equal(code, 0, stdout + stderr);
	}
	assert.ok(rules.length > 10);
});

test('every metric that is named is there', () => {
	const texts = {
		rules: rules.map(({ expr }) => expr).join('\n'),
		dashboard: [...expressions, JSON.stringify(dashboard.templating)].join('\n'),
		configuration: read('prometheus.yml'),
		words: read('README.md'),
	};
	for (const [what, text] of Object.entries(texts)) {
		const named = namesIn(text);
		assert.ok(named.length > 0, what);
		assert.deepEqual(named.filter(name => !names.has(name)), [], what);
	}
});

test('the dashboard has a panel of each kind that fits', () => {
	const panels = dashboard.panels;
	assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
	assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
	for (const { gridPos: { x, w } } of panels)
		assert.ok(x >= 0 && x + w <= 24);
});

test('Prometheus scrapes the stack, and answers for its CPU', async () => {
	const [cpu] = await until('there is a sample', async () => {
		const found = await prometheus.query('kruxos_host_cpu_ratio');
		return found.length > 0 && found;
	}, 60_000);
	assert.ok(cpu.value >= 0 && cpu.value <= 1, String(cpu.value));
	assert.equal(cpu.metric.job, 'kruxos');
	assert.equal((await prometheus.query('up{job="kruxos"}'))[0].value, 1);
	// The head, whose series would be as many as entries, is dropped.
	assert.deepEqual(await prometheus.query('kruxos_audit_head_info'), []);
	const [target] = (await prometheus.get('/api/v1/targets')).activeTargets;
	assert.equal(target.lastError, '');
	// It has taken OpenMetrics, and knows what it reads.
	const metadata = await prometheus.get('/api/v1/metadata?metric=kruxos_host_cpu_ratio');
	assert.equal(metadata.kruxos_host_cpu_ratio[0].unit, 'ratio');
});

test('Prometheus understands what the dashboard and the rules ask', async () => {
	assert.ok(expressions.length > 20);
	for (const expression of [...expressions, ...rules.map(({ expr }) => expr)])
		await prometheus.query(expression);
	const groups = await until('the rules are evaluated', async () => {
		const { groups } = await prometheus.get('/api/v1/rules');
		return groups.every(group => group.rules.every(({ health }) => health === 'ok')) && groups;
	}, 60_000);
	assert.equal(groups.flatMap(group => group.rules).length, rules.length);
});

test('the probes ask what is answered', async () => {
	const pod = yaml.parse(read('kubernetes.yaml'));
	const [container] = pod.spec.containers;
	const ports = Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, containerPort]));
	for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
		const { path, port } = container[probe].httpGet;
		assert.equal(ports[port], 7701, probe);
		assert.equal((await request({ port: stack.healthPort }, path)).status, 200, probe);
	}
	const { 'prometheus.io/path': path, 'prometheus.io/port': port } = pod.metadata.annotations;
	assert.equal(port, '7701');
	assert.equal((await request({ port: stack.healthPort }, path)).status, 200);
});

/** A configuration of nginx in `at` that includes `file`, and its words on the command line. */
function including(file, at) {
	writeFileSync(join(at, 'nginx.conf'),
		`pid ${at}/pid; daemon off; worker_processes 1; events {} http { access_log off; ${
			['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi'].map(kind => `${kind}_temp_path ${at}/${kind};`).join(' ')
		} include ${file}; }`);
	return ['-p', at, '-c', join(at, 'nginx.conf'), '-e', join(at, 'error.log')];
}

test('nginx takes its example', async () => {
	const temporary = mkdtempSync(join(tmpdir(), 'kruxos-balancer-'));
	try {
		const { code, stderr } = await run('/usr/sbin/nginx', ['-t', ...including(join(folder, 'nginx.conf'), temporary)]);
		assert.equal(code, 0, stderr);
	} finally {
		rmSync(temporary, { recursive: true });
	}
});

test('behind a site of another nginx people sign in, watch and change things, and agents call', async () => {
	const temporary = mkdtempSync(join(tmpdir(), 'kruxos-site-'));
	const names = ['monitor.example.org', 'agents.example.org'];
	const [port] = await freePorts(1);
	const behind = await Stack.start({ http: { names: names.join(' ') } });
	let nginx, ended;
	try {
		await (await Authority.make(temporary)).issue(join(temporary, 'cert.pem'), join(temporary, 'key.pem'));
		writeFileSync(join(temporary, 'site.conf'), read('nginx-site.conf')
			.replaceAll('listen 443', `listen 127.0.0.1:${port}`)
			.replaceAll('127.0.0.1:7800', `127.0.0.1:${behind.dashPort}`)
			.replaceAll('127.0.0.1:7700', `127.0.0.1:${behind.gatewayPort}`)
			.replaceAll('/etc/kruxos', behind.rundir)
			.replaceAll(/ssl_certificate [^;]+/g, `ssl_certificate ${temporary}/cert.pem`)
			.replaceAll(/ssl_certificate_key [^;]+/g, `ssl_certificate_key ${temporary}/key.pem`));
		nginx = spawn('/usr/sbin/nginx', including(join(temporary, 'site.conf'), temporary), { stdio: 'ignore' });
		ended = new Promise(resolve => nginx.on('exit', resolve));
		const site = { port, tls: true };
		const asked = (name, options = {}) => ({
			...options, headers: { Host: name, Origin: `https://${name}`, ...options.headers },
		});
		await until('it answers', async () => (await request(site, '/', asked(names[0]))).status === 200);

		const reply = await request(site, '/api/session', asked(names[0], {
			method: 'POST', headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify({ link: await behind.link('anna', 'operator') }),
		}));
		assert.equal(reply.status, 200, reply.body);
		const who = behind.signedIn(reply);
		const stream = await Stream.open(site, '/api/activity/stream', { Host: names[0], Cookie: who.cookie });
		const door = await behind.door();
		await door.record({ actor_type: 'agent', agent_name: 'seen', capability: 'shell.exec', status: 'success' });
		door.close();
		await until('the entry has come', () => stream.events.some(({ data }) => data?.agent_name === 'seen'));
		stream.close();
		const signedOut = await request(site, '/api/session/end', asked(names[0], { method: 'POST', headers: who.headers, body: '{}' }));
		assert.equal(signedOut.status, 200, signedOut.body);

		// What ours refuses is refused.
		for (const headers of [{ Origin: 'https://evil.example' }, { Origin: 'null' }])
			assert.equal((await request(site, '/api/audit', asked(names[0], { headers }))).status, 403);
		assert.equal((await request(site, '/api/audit', asked(names[0]))).status, 401);
		assert.equal((await request(site, '/', { headers: { Host: 'evil.example' } })).status, 421);

		const call = await request(site, '/rpc', {
			method: 'POST', headers: { Host: names[1], 'Content-Type': 'application/json' }, body: '{}',
		});
		assert.equal(call.status, 401, call.body);
	} finally {
		nginx?.kill('SIGTERM');
		await ended;
		await behind.stop();
		rmSync(temporary, { recursive: true });
	}
});

test('HAProxy\'s example asks /health', () => {
	const lines = read('haproxy.cfg').split('\n').map(line => line.trim());
	assert.ok(lines.some(line => /^http-check send meth GET uri \/health /.test(line)));
	assert.ok(lines.some(line => /check port 7701\b/.test(line)));
});
