import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { assertAnswer } from './harness/contract.js';
import { request } from './harness/http.js';
import { until } from './harness/poll.js';
import { Stack, run } from './harness/stack.js';

let stack;
before(async () => stack = await Stack.start());
after(() => stack?.stop());

test('health has the shape of the specification', async () => {
	const health = await stack.getHealth('/health');
	assert.deepEqual(Object.keys(health),
		['status', 'version', 'uptime_seconds', 'services', 'resources']);
	assert.deepEqual(Object.keys(health.services).slice(0, 5),
		['gateway', 'vault', 'proxy', 'audit', 'state']);
	assert.equal(health.status, 'healthy');
	assert.equal(health.services.audit, 'healthy');
	assert.equal(health.services.state, 'healthy');
});

test('what nobody checks is unknown, and the gateway is checked', async () => {
	const services = await until('the gateway has been asked', async () => {
		const answer = await stack.getHealth('/health');
		return answer.services.gateway === 'healthy' && answer.services;
	});
	assert.equal(services.vault, 'unknown');
	assert.equal(services.proxy, 'unknown');
});

test('the figures are those of this machine', async () => {
	const health = await until('there is a sample', async () => {
		const answer = await stack.getHealth('/health');
		return answer.resources.cpu_percent !== null && answer;
	});
	const [, kilobytes] = /^MemTotal: +([0-9]+)/.exec(readFileSync('/proc/meminfo', 'utf8'));
	assert.equal(health.resources.memory_total_mb, Math.floor(kilobytes / 1024));
	assert.ok(health.resources.memory_used_mb < health.resources.memory_total_mb);

	const df = await run('df', ['--output=pcent', stack.auditDir]);
	const [, percent] = /([0-9]+)%/.exec(df.stdout);
	assert.ok(Math.abs(health.resources.disk_used_percent - percent) <= 1.5,
		`${health.resources.disk_used_percent} and df's ${percent}`);
	assert.ok(health.uptime_seconds < 600);
});

test('the figures are there a second after the start', async () => {
	const before = stack.pidOf('kruxosd');
	await stack.restart('kruxosd');
	assert.notEqual(stack.pidOf('kruxosd'), before);
	const health = await until('there is a sample', async () => {
		const answer = JSON.parse((await request({ port: stack.healthPort }, '/health')).body);
		return answer.resources.cpu_percent !== null && answer;
	}, 2000);
	assert.ok(health.uptime_seconds <= 1, String(health.uptime_seconds));
});

test('a daemon that is killed is missed at once', async () => {
	const supervisor = stack.pidOf('kruxos-run');
	process.kill(supervisor, 'SIGSTOP'); // who would start it again
	try {
		process.kill(stack.pidOf('kruxosd'), 'SIGKILL');
		const began = performance.now();
		await until('ready says no', async () =>
			(await request({ port: stack.healthPort }, '/health/ready')).status === 503, 1000);
		await until('health says no', async () =>
			(await request({ port: stack.healthPort }, '/health')).status === 503, 1000);
		assert.ok(performance.now() - began < 1000);
		const { status, services } = await stack.getHealth('/health', 503);
		assert.equal(status, 'unhealthy');
		assert.equal(services.audit, 'unhealthy');
		assert.match((await stack.getHealth('/health/ready', 503)).detail, /does not report/);
		const { code, stderr } = await stack.kruxos(['health']);
		assert.equal(code, 2, stderr);
	} finally {
		process.kill(supervisor, 'SIGCONT');
	}
	await stack.untilReady();
});

test('live and ready answer', async () => {
	assert.equal((await stack.getHealth('/health/live')).status, 'live');
	assert.equal((await stack.getHealth('/health/ready')).status, 'ready');
});

test('HEAD answers as GET does, without the body', async () => {
	const where = { port: stack.healthPort };
	const get = await request(where, '/health');
	const head = await request(where, '/health', { method: 'HEAD' });
	assert.equal(head.status, 200);
	assert.equal(head.body, '');
	assert.equal(head.headers['content-type'], get.headers['content-type']);
});

// As it stands in the specification, but for the port.
const snippet = String.raw`curl -s http://localhost:7701/health | python3 -c "
import json, sys
data = json.load(sys.stdin)
print(f'kruxos_cpu_percent {data[\"resources\"][\"cpu_percent\"]}')
print(f'kruxos_memory_used_mb {data[\"resources\"][\"memory_used_mb\"]}')
print(f'kruxos_status {{status=\"{data[\"status\"]}\"}} 1')
"`;

test('the specification\'s own program reads it', async () => {
	await until('there is a sample', async () =>
		(await stack.getHealth('/health')).resources.cpu_percent !== null);
	const { code, stdout, stderr } = await run('bash', ['-c', snippet.replace('7701', String(stack.healthPort))]);
	assert.equal(code, 0, stderr);
	assert.match(stdout, /^kruxos_cpu_percent [0-9.]+\nkruxos_memory_used_mb [0-9]+\nkruxos_status \{status="healthy"\} 1\n$/);
});

test('a daemon that has stopped reporting is unhealthy, and comes back', async () => {
	const pid = stack.pidOf('kruxosd');
	process.kill(pid, 'SIGSTOP');
	try {
		await until('health tells', async () => {
			const reply = await request({ port: stack.healthPort }, '/health');
			return reply.status === 503 && assertAnswer('/health', reply).status === 'unhealthy';
		}, 60_000);
		await stack.getHealth('/health/ready', 503);
		await stack.getHealth('/health/live');
	} finally {
		process.kill(pid, 'SIGCONT');
	}
	await stack.untilReady();
	await until('it is healthy again', async () =>
		(await request({ port: stack.healthPort }, '/health')).status === 200);
});

test('nginx answers for a health program that is gone', async () => {
	const pid = stack.pidOf('health');
	process.kill(pid, 'SIGSTOP');
	let seen;
	try {
		seen = await request({ port: stack.healthPort }, '/health');
	} finally {
		process.kill(pid, 'SIGCONT');
	}
	assert.equal(seen.status, 503);
	const { status, detail } = assertAnswer('/health', seen);
	assert.equal(status, 'unhealthy');
	assert.ok(detail.length > 0);

	await stack.restart('health');
	await stack.getHealth('/health');
});
