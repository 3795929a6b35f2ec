// The daemon's own troubles while it runs: an observer that is silent, a log
// that somebody damages, a telemetry.db that is deleted or damaged.

import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { alertsOf, untilAlert, untilEntry } from './harness/alerts.js';
import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

const always = { 'alert always': { when: 'disk_used_percent >= 0', severity: 'info', title: 'There is a disk' } };

function observer() {
	let stack;
	before(async () => stack = await Stack.start());
	after(() => stack?.stop());

	const observed = async () => (await stack.get('/api/health')).observed;

	test('that is killed is back by itself', async () => {
		await until('it reports', observed);
		await stack.restart('observer');
		await until('it reports again', async () =>
			(await stack.get('/api/health')).footprint.programs.some(({ name }) => name === 'observer'));
		assert.equal((await stack.getHealth('/health')).status, 'healthy');
	});

	test('that is silent is told of, and what it said is not known any more', async () => {
		await until('it reports', observed);
		const pid = stack.pidOf('observer');
		process.kill(pid, 'SIGSTOP');
		try {
			const alert = await untilAlert(stack, { rule: 'observer-silent', state: 'firing' });
			assert.equal(alert.title, 'Observer silent');
			assert.equal((await stack.getHealth('/health')).status, 'degraded');
			const health = await stack.get('/api/health');
			assert.equal(health.observed, false);
			assert.equal(health.resources.load_1m, null);
			assert.deepEqual(health.footprint.programs, []);
			await untilEntry(stack, 'alerts.fire', 'rule', 'observer-silent');
		} finally {
			process.kill(pid, 'SIGCONT');
		}
		await until('health is well', async () => (await stack.getHealth('/health')).status === 'healthy');
		await untilAlert(stack, { rule: 'observer-silent', state: 'resolved' });
		await untilEntry(stack, 'alerts.resolve', 'rule', 'observer-silent');
		assert.notEqual((await stack.get('/api/health')).resources.load_1m, null);
	});
}

function log() {
	let stack;
	before(async () => stack = await Stack.start());
	after(() => stack?.stop());

	test('that somebody damages is told of', async () => {
		const door = await stack.door();
		await door.record({ actor_type: 'agent', agent_name: 'a', capability: 'x.y', status: 'success' });
		await until('the chain is verified', async () =>
			(await stack.get('/api/audit?limit=1')).integrity.status === 'verified');
		const [file] = readdirSync(stack.auditDir).filter(name => name.endsWith('.jsonl'));
		rmSync(join(stack.auditDir, file));
		const alert = await untilAlert(stack, { rule: 'log-damaged', state: 'firing' });
		assert.equal(alert.title, 'Audit log damaged');
		assert.equal(alert.severity, 'critical');
		assert.ok(alert.message.includes(file), alert.message);
		await untilEntry(stack, 'alerts.fire', 'rule', 'log-damaged');
		assert.equal((await stack.getHealth('/health')).status, 'degraded');
		door.close();
	});
}

function telemetry() {
	let stack, database;
	before(async () => {
		stack = await Stack.start(always);
		database = join(stack.rundir, 'telemetry.db');
		await untilAlert(stack, { rule: 'always', state: 'firing' });
	});
	after(() => stack?.stop());

	/** Alerts are held, new ones come, and there is a history. */
	const works = async agent_name => {
		const known = await untilAlert(stack, { rule: 'always', state: 'firing' });
		const door = await stack.door();
		await door.record({
			actor_type: 'agent', agent_name, capability: 'alerts.send', status: 'success', request: { title: 'Help' },
		});
		door.close();
		await untilAlert(stack, { agent_name, title: 'Help' });
		await until('there is a sample', async () => {
			const { figures } = await stack.get('/api/metrics/history?figure=entries_total&step=5s');
			return figures[0].points.some(({ average }) => average !== null);
		});
		return known;
	};

	test('telemetry.db that is deleted is made anew, with the alerts that are held', async () => {
		const { id } = await works('before');
		for (const suffix of ['', '-wal', '-shm'])
			rmSync(database + suffix, { force: true });
		await until('there is another', () => existsSync(database));
		assert.equal((await works('after')).id, id);
		assert.ok((await alertsOf(stack)).some(({ agent_name }) => agent_name === 'before'));
		assert.equal((await stack.getHealth('/health')).status, 'healthy');
	});

	test('telemetry.db that is damaged is put aside, and made anew', async () => {
		for (const path of [database, `${database}-wal`]) {
			const file = openSync(path, 'r+');
			writeSync(file, Buffer.alloc(statSync(path).size, 'no database\n'), 0);
			closeSync(file);
		}
		const aside = await until('it is put aside', () =>
			readdirSync(stack.rundir).find(name => name.startsWith('telemetry.db.damaged-')));
		assert.ok(stack.output.includes(aside.replace(/-(wal|shm)$/, '')));
		await works('then');
		assert.ok((await alertsOf(stack)).some(({ agent_name }) => agent_name === 'before'));
	});
}

describe('of the daemon', { concurrency: true }, () => {
	describe('an observer', { concurrency: false }, observer);
	describe('a log', { concurrency: false }, log);
	describe('a history', { concurrency: false }, telemetry);
});
