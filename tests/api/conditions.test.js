// The conditions of the specification, each made to happen: its alert is raised
// and resolves, and health, history and log tell the same. What takes minutes
// is tried with a clock of the test's (tests/unit/kruxosd/alert_engine.c).

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { alertsOf, ask, entryOf, untilAlert, untilEntry } from './harness/alerts.js';
import { Door } from './harness/door.js';
import { until } from './harness/poll.js';
import { Stack, freePorts } from './harness/stack.js';

const OFTEN = { observer: { check_interval_seconds: 1 } };
const NOBODY = 65534;

const entry = (capability, more = {}) =>
	({ actor_type: 'agent', agent_name: 'deployer', capability, status: 'success', ...more });

/** A server that is stopped and started again at the same place. */
class Server {
	#make;
	#where;
	#server;
	#sockets = new Set();

	constructor(make, ...where) {
		this.#make = make;
		this.#where = where;
	}

	start() {
		this.#server = this.#make().on('connection', socket =>
			this.#sockets.add(socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket))));
		return new Promise((resolve, reject) =>
			this.#server.on('error', reject).listen(...this.#where, resolve));
	}

	async stop() {
		const closed = new Promise(resolve => this.#server.close(resolve));
		this.#sockets.forEach(socket => socket.destroy());
		await closed;
	}
}

function services() {
	let stack, web, shop, mail, folder;
	before(async () => {
		const [webPort, shopPort] = await freePorts(2);
		folder = mkdtempSync(join(tmpdir(), 'kruxos-services-'));
		const socket = join(folder, 'mail.sock');
		web = new Server(() => http.createServer((request, response) => response.end('well')), webPort, '127.0.0.1');
		shop = new Server(() => net.createServer(), shopPort, '127.0.0.1');
		mail = new Server(() => net.createServer(), socket);
		await Promise.all([web, shop, mail].map(server => server.start()));
		stack = await Stack.start({
			...OFTEN,
			'service web': { kind: 'http', target: `http://127.0.0.1:${webPort}/`, critical: 'yes' },
			'service shop': { kind: 'tcp', target: `127.0.0.1:${shopPort}`, depends_on: 'web' },
			'service mail': { kind: 'unix', target: socket },
		});
	});
	after(async () => {
		await stack?.stop();
		await Promise.allSettled([web, shop, mail].map(server => server?.stop()));
		rmSync(folder, { recursive: true, force: true });
	});

	const untilHealth = (status, wanted) => until(`health is ${status}, ${JSON.stringify(wanted)}`, async () => {
		const health = await stack.getHealth('/health', status === 'unhealthy' ? 503 : 200);
		return health.status === status &&
			Object.entries(wanted).every(([name, state]) => health.services[name] === state);
	});
	const service = async name =>
		(await stack.get('/api/health')).services.find(one => one.name === name);
	// The newest first. On a busy machine it may have been slow for a moment.
	const states = async name => (await service(name)).history.map(({ status }) => status)
		.filter(status => status !== 'degraded').filter((status, i, all) => status !== all[i - 1]);
	const allWell = () => untilHealth('healthy', { web: 'healthy', shop: 'healthy', mail: 'healthy' });

	test('what agents do is counted as it comes', async () => {
		const door = await stack.door();
		await door.record(
			...Array.from({ length: 6 }, () => entry('shell.exec', { agent_name: 'a', policy_tier: 'notify' })),
			...Array.from({ length: 2 }, () => entry('shell.exec', { agent_name: 'b', status: 'error' })),
			entry('shell.exec', { agent_name: 'c', status: 'denied', policy_tier: 'blocked' }),
			entry('session.start', { agent_name: 'c', session_id: 's1' }),
			entry('approval.request', { agent_name: 'c', call_id: 'x', status: 'pending' }));
		const policy = await until('all of it is counted', async () => {
			const figures = await stack.get('/api/metrics?category=policy');
			return figures.approval_pending_count === 1 && figures;
		});
		assert.equal(policy.evaluations_total, 7);
		assert.equal(policy.denied_count, 1);
		const agents = await stack.get('/api/metrics?category=agents');
		assert.equal(agents.active_count, 3);
		assert.equal(agents.total_sessions, 1);
		assert.ok(agents.invocations_per_minute >= 9, String(agents.invocations_per_minute));
		assert.ok(agents.error_rate > 0.2 && agents.error_rate <= 0.25, String(agents.error_rate));
		await door.record({
			actor_type: 'user', user_name: 'ann', capability: 'approval.accept', status: 'success', call_id: 'x',
		});
		door.close();
		await until('the approval does not wait any more', async () =>
			(await stack.get('/api/metrics?category=policy')).approval_pending_count === 0);
	});

	test('figures have a history', async () => {
		const points = await until('there are two samples', async () => {
			const history = await stack.get('/api/metrics/history?figure=cpu_percent&figure=active_agents&step=5s');
			const known = history.figures.map(({ points }) => points.filter(({ average }) => average !== null));
			return known.every(list => list.length >= 2) && known;
		});
		assert.ok(points[0].every(({ average }) => average >= 0 && average <= 100));
		assert.equal(points[1].at(-1).average, 3);
	});

	test('one that is not critical makes it degraded, and says why', async () => {
		await allWell();
		await mail.stop();
		await untilHealth('degraded', { mail: 'unhealthy', web: 'healthy' });
		const alert = await untilAlert(stack, { service: 'mail', state: 'firing' });
		assert.equal(alert.title, 'Service down');
		assert.equal(alert.severity, 'critical');
		// A check may have been under way.
		assert.match(alert.message, /^mail is down: (there is no such socket|closed at once)$/);
		await until('it is known why', async () => (await service('mail')).details === 'there is no such socket');
		await mail.start();
		await allWell();
		await untilAlert(stack, { service: 'mail', state: 'resolved' });
	});

	test('one that others depend on is told of; they wait', async () => {
		const began = Date.now();
		await allWell();
		await web.stop();
		await shop.stop();
		await untilHealth('unhealthy', { web: 'unhealthy', shop: 'unhealthy' });

		const down = await until('it is known why', async () => {
			const found = await service('web');
			return found.details === 'connection refused' && found;
		});
		assert.ok(Date.parse(down.since) >= began, down.since);
		const alert = await untilAlert(stack, { service: 'web', state: 'firing' });
		assert.match(alert.message, /^web is down: (connection refused|closed at once)$/);
		const { seq, request } = await untilEntry(stack, 'alerts.fire', 'service', 'web');
		assert.equal(request.fingerprint, alert.fingerprint);
		assert.equal(stack.entries()[seq - 1].capability, 'alerts.fire');
		await untilAlert(stack, { service: 'shop', state: 'pending', count: 0 });
		await until('the history has it', async () => (await states('web'))[0] === 'unhealthy');

		const ack = await stack.kruxos(['alerts', 'ack', String(alert.id), '--note', 'on it']);
		assert.equal(ack.code, 0, ack.stderr);
		const silence = await stack.kruxos(['silence', 'add', 'service=web', '-r', 'known', '--until-resolved']);
		assert.equal(silence.code, 0, silence.stderr);
		const seen = await untilAlert(stack, { service: 'web', silenced_by: Number(silence.stdout) });
		assert.equal(seen.note, 'on it');

		await shop.start();
		await web.start();
		await allWell();
		await untilAlert(stack, { service: 'web', state: 'resolved' });
		await untilEntry(stack, 'alerts.resolve', 'service', 'web');
		assert.equal((await alertsOf(stack)).find(one => one.service === 'shop'), undefined);
		assert.equal(await entryOf(stack, 'alerts.fire', 'service', 'shop'), undefined);
		await until('the silence is over', async () => (await stack.get('/api/silences')).silences.length === 0);
		await until('the history has it all', async () => {
			assert.deepEqual(await states('web'), ['healthy', 'unhealthy', 'healthy']);
			return true;
		});
	});

	test('an acknowledgement does not count when it comes back', async () => {
		const { id } = await untilAlert(stack, { service: 'web', state: 'resolved' });
		await web.stop();
		const again = await untilAlert(stack, { service: 'web', state: 'firing' });
		assert.equal(again.id, id);
		assert.equal(again.count, 2);
		assert.equal(again.acknowledged_by, null);
		assert.equal(again.silenced_by, null);
		// The newest first.
		assert.deepEqual((await stack.get(`/api/alerts/${id}`)).history.map(({ event }) => event),
			['fire', 'resolve', 'silence', 'acknowledge', 'fire']);
		await web.start();
		await untilAlert(stack, { service: 'web', state: 'resolved' });
	});

	test('a reload with a service that depends on nothing known, or on itself, changes nothing', async () => {
		const path = stack.environment.KRUXOS_CONFIG;
		const good = readFileSync(path, 'utf8');
		for (const [wrong, words] of [
			['depends_on = web nowhere', 'there is no service "nowhere"'],
			['depends_on = shop', 'it would depend on itself'],
		]) {
			const said = stack.output.length;
			writeFileSync(path, good.replace('depends_on = web', wrong));
			process.kill(stack.pidOf('kruxosd'), 'SIGHUP');
			await until('the daemon says so', () => {
				const news = stack.output;
				return news.length > said && news.includes(words) && news.includes('all stays as it was');
			});
		}
		writeFileSync(path, good);
		await allWell();
	});
}

function figuresAndAgents() {
	let stack;
	before(async () => {
		stack = await Stack.start({
			...OFTEN,
			'service pulse': { kind: 'heartbeat', uid: 'nobody' },
			'alert high-cpu': { when: 'cpu_percent > 1 for 1s' },
			'alert high-memory': { when: 'memory_percent > 0.1' },
			'alert approval-waiting': { when: 'approval_waiting_seconds > 1' },
		});
	});
	after(() => stack?.stop());

	test('high CPU and high memory', async () => {
		const path = stack.environment.KRUXOS_CONFIG;
		const busy = spawn('sh', ['-c', 'while :; do :; done']);
		try {
			const cpu = await untilAlert(stack, { rule: 'high-cpu', state: 'firing' });
			assert.equal(cpu.title, 'High CPU');
			assert.equal(cpu.severity, 'warning');
			assert.match(cpu.message, /^cpu_percent is [0-9.e+]+; the rule: cpu_percent > 1 for 1s$/);
			const memory = await untilAlert(stack, { rule: 'high-memory', state: 'firing' });
			assert.equal(memory.title, 'High memory');
			assert.equal(memory.severity, 'warning');
		} finally {
			busy.kill('SIGKILL');
		}
		writeFileSync(path, readFileSync(path, 'utf8')
			.replace('cpu_percent > 1', 'cpu_percent > 1000').replace('memory_percent > 0.1', 'memory_percent > 1000'));
		process.kill(stack.pidOf('kruxosd'), 'SIGHUP');
		for (const rule of ['high-cpu', 'high-memory']) {
			await untilAlert(stack, { rule, state: 'resolved' });
			await untilEntry(stack, 'alerts.fire', 'rule', rule);
			await untilEntry(stack, 'alerts.resolve', 'rule', rule);
		}
	});

	test('an approval that waits', async () => {
		const door = await stack.door();
		await door.record(entry('approval.request', { call_id: 'waits', status: 'pending' }));
		const alert = await untilAlert(stack, { rule: 'approval-waiting', state: 'firing' });
		assert.equal(alert.title, 'Approval waiting');
		assert.equal(alert.severity, 'info');
		await door.record({
			actor_type: 'user', user_name: 'ann', capability: 'approval.accept', status: 'success', call_id: 'waits',
		});
		door.close();
		await untilAlert(stack, { rule: 'approval-waiting', state: 'resolved' }, 40_000);
		await untilEntry(stack, 'alerts.resolve', 'rule', 'approval-waiting');
	});

	describe('what agents send', { concurrency: false }, () => {
		test('a rate limit that an agent hits', async () => {
			const door = await stack.door();
			await door.record(entry('rate_limit.hit', { agent_name: 'crawler', status: 'denied' }));
			const alert = await untilAlert(stack, { rule: 'rate-limit', agent_name: 'crawler', state: 'firing' });
			assert.equal(alert.title, 'Rate limit exceeded');
			assert.equal(alert.message, 'crawler has exceeded its rate limit');
			door.close();
		});

		test('ten thousand of the same alert are a row and a count', async () => {
			const door = await stack.door();
			const request = { severity: 'critical', title: 'Down', message: 'The build is red.', context: { run: 7 } };
			for (let i = 0; i < 10; i++)
				await door.record(...Array.from({ length: 1000 }, () => entry('alerts.send', { request })));
			door.close();
			const alert = await untilAlert(stack, { agent_name: 'deployer', title: 'Down', count: 10_000 });
			assert.equal(alert.severity, 'critical');
			assert.equal(alert.message, request.message);
			assert.deepEqual(alert.context, request.context);
			assert.equal((await alertsOf(stack)).filter(({ title }) => title === 'Down').length, 1);
		});

		test('many alerts of an agent, and of many agents, are bounded', async () => {
			const door = await stack.door();
			const send = (agent_name, title) => entry('alerts.send', { agent_name, request: { title } });
			await door.record(...Array.from({ length: 100 }, (_, i) => send('loud', `wrong-${i}`)));
			await untilAlert(stack, { agent_name: 'loud', title: 'More alerts than are held for an agent', count: 68 });
			for (let i = 0; i < 6; i++)
				await door.record(...Array.from({ length: 100 }, (_, j) => send(`agent-${i}-${j}`, 'wrong')));
			door.close();
			await untilAlert(stack, { title: 'More alerts than are held for all agents' });
			const sent = (await alertsOf(stack)).filter(({ source }) => source === 'agent');
			assert.equal(sent.filter(({ agent_name }) => agent_name === 'loud').length, 33);
			assert.ok(sent.length <= 513, String(sent.length));
		});
	});

	test('a heartbeat that stops', { skip: process.getuid() !== 0 && 'it is sent as another user' }, async () => {
		// Who may open it is decided by the kernel's word, of when it was opened.
		const openAs = uid => {
			process.seteuid(uid);
			try {
				return Door.open(join(stack.rundir, 'ingest.sock'));
			} finally {
				process.seteuid(0);
			}
		};
		chmodSync(stack.rundir, 0o711);
		const door = await openAs(NOBODY);
		const beat = args => ask(door, 'service.heartbeat', { service: 'pulse', ...args });
		assert.deepEqual(await beat({ status: 'degraded', details: '7 jobs wait' }), { ok: {} });
		const pulse = async () => (await stack.get('/api/health')).services.find(({ name }) => name === 'pulse');
		const degraded = await until('it is degraded', async () => {
			const service = await pulse();
			return service.status === 'degraded' && service;
		});
		assert.equal(degraded.details, '7 jobs wait');
		for (const [args, error, field] of [
			[{ service: 'web' }, 'not_found', 'service'],
			[{ service: 'audit' }, 'not_found', 'service'],
			[{ status: 'fine' }, 'out_of_range', 'status'],
			[{ status: 'unknown' }, 'out_of_range', 'status'],
			[{ status: 1 }, 'wrong_type', 'status'],
			[{ since: 'now' }, 'unknown_field', 'since'],
		]) {
			const answer = await beat(args);
			assert.equal(answer.error, error, JSON.stringify(args));
			assert.equal(answer.field, field);
		}
		assert.equal((await ask(door, 'telemetry.report', { figures: {} })).error, 'not_allowed');
		await door.write(`${JSON.stringify(entry('shell.exec'))}\n`);
		assert.equal((await door.answer()).error, 'not_allowed');
		// Another user's is not his to send; a stranger is not heard at all.
		const stranger = await openAs(NOBODY - 1);
		assert.equal((await stranger.answer())?.error, 'not_allowed');
		stranger.close();

		assert.deepEqual(await beat({}), { ok: {} });
		await until('it is healthy', async () => (await pulse()).status === 'healthy');
		const alert = await untilAlert(stack, { service: 'pulse', state: 'firing' }, 60_000);
		assert.equal(alert.message, 'pulse is down: no heartbeat for 15 s');
		assert.deepEqual(await beat({}), { ok: {} });
		await untilAlert(stack, { service: 'pulse', state: 'resolved' });
		door.close();
	});

	test('what a report may say', async () => {
		const door = await stack.door();
		for (const [args, error, field] of [
			[{}, 'missing_field', 'figures'],
			[{ figures: { cpu: 1 } }, 'unknown_field', 'cpu'],
			[{ figures: { entries_total: 1 } }, 'unknown_field', 'entries_total'],
			[{ figures: { cpu_percent: 'much' } }, 'wrong_type', 'cpu_percent'],
			[{ figures: {}, services: [{ name: 'pulse' }] }, 'missing_field', 'status'],
			[{ figures: {}, hosts: [] }, 'unknown_field', 'hosts'],
		]) {
			const answer = await ask(door, 'telemetry.report', args);
			assert.equal(answer.error, error, JSON.stringify(args));
			assert.equal(answer.field, field);
		}
		// One that nobody configured, and one that is not the observer's, are
		// no news.
		const checked_at = new Date().toISOString();
		assert.deepEqual(await ask(door, 'telemetry.report', { figures: {}, services: ['elsewhere', 'audit', 'state']
			.map(name => ({ name, status: 'unhealthy', details: 'x', checked_at })) }), { ok: {} });
		const { services } = await stack.getHealth('/health');
		assert.equal(services.elsewhere, undefined);
		assert.equal(services.audit, 'healthy');
		assert.equal(services.state, 'healthy');
		door.close();
	});
}

/** Why nothing can be mounted here; false: it can. */
function cannotMount() {
	const folder = mkdtempSync(join(tmpdir(), 'kruxos-mount-'));
	try {
		execFileSync('mount', ['-t', 'tmpfs', 'none', folder], { stdio: 'pipe' });
		execFileSync('umount', [folder]);
		return false;
	} catch (error) {
		return `mount: ${error.stderr ?? error}`.trim();
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function diskOfTheLog() {
	const mount = mkdtempSync(join(tmpdir(), 'kruxos-disk-'));
	const filler = join(mount, 'filler');
	let stack;
	before(async () => {
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'none', mount]);
		mkdirSync(join(mount, 'audit'), { mode: 0o750 });
		stack = await Stack.start({ paths: { audit_dir: join(mount, 'audit') } });
	});
	after(async () => {
		await stack?.stop();
		execFileSync('umount', [mount]);
		rmSync(mount, { recursive: true });
	});

	/** Take all of the disk but this part of it. */
	const fill = free => {
		const { blocks, bavail, bsize } = statfsSync(mount);
		writeFileSync(filler, Buffer.alloc(Math.floor(bavail - blocks * free) * bsize));
	};

	test('is told when it is nearly full', async () => {
		fill(0.07);
		const alert = await untilAlert(stack, { rule: 'disk-space', state: 'firing' });
		assert.equal(alert.title, 'Disk space');
		assert.equal(alert.severity, 'critical');
		await untilEntry(stack, 'alerts.fire', 'rule', 'disk-space');
		truncateSync(filler, 0);
		await untilAlert(stack, { rule: 'disk-space', state: 'resolved' }, 40_000);
		await untilEntry(stack, 'alerts.resolve', 'rule', 'disk-space');
	});

	test('is told when it takes nothing, though the log cannot; and it is in the log afterwards', async () => {
		fill(0);
		const door = await stack.door();
		await until('an entry is refused', async () => {
			await door.write(JSON.stringify(entry('shell.exec', { summary: 'x'.repeat(4000) })) + '\n');
			return (await door.answer()).error === 'audit_unavailable';
		});
		door.close();
		const alert = await untilAlert(stack, { rule: 'audit-write-failure', state: 'firing' });
		assert.equal(alert.title, 'Audit write failure');
		assert.equal(alert.severity, 'critical');
		assert.match(alert.message, /[Nn]o space left on device|full|written again/);
		await until('/health says so', () => stack.getHealth('/health', 503));
		rmSync(filler);
		await untilAlert(stack, { rule: 'audit-write-failure', state: 'resolved' }, 60_000);
		await untilEntry(stack, 'alerts.fire', 'rule', 'audit-write-failure');
		await untilEntry(stack, 'alerts.resolve', 'rule', 'audit-write-failure');
	});
}

describe('of the specification', { concurrency: true }, () => {
	describe('services', { concurrency: false }, services);
	describe('figures and agents', figuresAndAgents);
	describe('the disk of the log', { concurrency: false, skip: cannotMount() }, diskOfTheLog);
});
