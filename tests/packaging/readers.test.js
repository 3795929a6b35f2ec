// Each program behind nginx, as its unit starts it, with the writer alive, killed,
// frozen, stopped, and missing with all that it has written. It is another user,
// and starts when it is asked.

import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { assertShape, schemaOf } from '../api/harness/contract.js';
import { until } from '../api/harness/poll.js';
import { cannotBoot, Container } from './harness/container.js';
import { ask, install, programs, signIn, untilReady } from './harness/installed.js';

const dashboard = 'https://localhost:7800';
const agents = 'http://127.0.0.1:7700';
const call = {
	jsonrpc: '2.0', id: 1, method: 'capabilities.invoke',
	params: { name: 'system.metrics', arguments: { category: 'agents' } },
};

// Held up in its start, systemd has a daemon that does not come up again.
const hold = '[Service]\nExecStartPre=/bin/sleep infinity\n';

describe('a program behind nginx', { skip: cannotBoot, concurrency: 1 }, () => {
	let box;
	let signedIn;
	let agent;

	before(async () => {
		box = await Container.booted();
		await install(box);
		await untilReady(box);
		await box.sh(`for i in 1 2 3; do
			echo '{"actor_type":"agent","agent_name":"writer","capability":"filesystem.write","status":"success"}'
		done | kruxos ingest`);
		signedIn = await signIn(box);
		const token = await box.sh('kruxos agent create caller --purpose "calls" 2>/dev/null');
		agent = ['-H', `Authorization: Bearer ${token}`, '-H', 'Content-Type: application/json'];
	});
	after(() => box?.remove());

	/** Ask one of them, which is not running yet. */
	async function fresh(name, url, ...options) {
		await box.sh('systemctl stop "kruxos-fcgi@$1.service"', name);
		const reply = await ask(box, url, ...options);
		assert.notEqual(await box.sh('systemctl is-failed "kruxos-fcgi@$1.service" || :', name), 'failed',
			await box.journal('-u', `kruxos-fcgi@${name}.service`));
		return reply;
	}

	const requests = {
		health: () => fresh('health', 'http://localhost:7701/health'),
		audit: () => fresh('audit', '/api/audit?limit=1'),
		activity: () => fresh('activity', '/api/activity?limit=1'),
		alerts: () => fresh('alerts', '/api/alerts'),
		approvals: () => fresh('approvals', `${dashboard}/api/approvals`, ...signedIn),
		metrics: () => fresh('metrics', 'http://localhost:7701/metrics'),
		proxy: () => fresh('proxy', '/api/proxy/status'),
		session: () => fresh('session', `${dashboard}/api/session`, ...signedIn),
		gateway: () => fresh('gateway', `${agents}/rpc`, ...agent, '-d', JSON.stringify(call)),
		otlp: () => fresh('otlp', `${agents}/v1/logs`, ...agent, '-d', '{"resourceLogs":[]}'),
	};
	assert.deepEqual(Object.keys(requests).sort(), [...programs].sort());

	/**
	 * What each has to answer: the statuses that are right, and what its body
	 * holds. They are asked all at once, since some wait for the writer.
	 */
	function each(when, wanted) {
		let replies;

		before(async () => {
			// approvals is asked through session.
			const { approvals, ...others } = requests;
			const names = Object.keys(others);
			const answers = await Promise.all(names.map(name => requests[name]()));
			replies = Object.fromEntries(names.map((name, index) => [name, answers[index]]));
			replies.approvals = await approvals();
		});
		for (const name of programs)
			test(`${name}, the writer ${when}`, () => {
				const [statuses, words] = wanted[name];
				const { status, body } = replies[name];
				assert.ok(statuses.includes(status), `${status}: ${body}`);
				assert.match(body, words);
				if (name === 'health')
					assertShape(schemaOf('Health'), JSON.parse(body), '/health');
				else if (status >= 400 && name !== 'gateway' && name !== 'otlp')
					assert.equal(JSON.parse(body).status, status, body);
			});
	}

	// What needs no writer.
	const read = {
		audit: [[200], /"entries":\[\{/],
		activity: [[200], /"capability"/],
		alerts: [[200], /"alerts":/],
		metrics: [[200], /kruxos_/],
		proxy: [[200], /"services"/],
	};
	// Who signs in, and what waits for a decision, the writer alone knows.
	const relayed = {
		approvals: [[200, 503], /./],
		session: [[200, 503], /./],
		gateway: [[200, 503], /unavailable|error/i],
		otlp: [[503], /./],
	};

	describe('alive', { concurrency: 1 }, () => {
		each('alive', {
			...read,
			health: [[200], /"status":"healthy"/],
			approvals: [[200], /"approvals":/],
			session: [[200], /"name":"root"/],
			gateway: [[200], /"active_count"/],
			otlp: [[200], /\{/],
		});
	});

	describe('killed', { concurrency: 1 }, () => {
		before(async () => {
			mkdirSync(join(box.root, 'etc/systemd/system/kruxosd.service.d'), { recursive: true });
			writeFileSync(join(box.root, 'etc/systemd/system/kruxosd.service.d/hold.conf'), hold);
			await box.sh('systemctl daemon-reload; systemctl kill -s KILL kruxosd.service');
			await until('systemd starts it again', async () =>
				(await box.run('systemctl', 'is-active', 'kruxosd.service')).stdout === 'activating\n' &&
				(await box.run('pgrep', '-x', 'kruxosd')).code === 1);
		});
		each('killed', { ...read, ...relayed, health: [[200, 503], /"status":/] });
		test('and it goes on when the writer is back', comesBack);
	});

	describe('frozen', { concurrency: 1 }, () => {
		before(() => box.sh('systemctl kill -s STOP kruxosd.service'));
		after(() => box.sh('systemctl kill -s CONT kruxosd.service'));
		each('frozen', { ...read, ...relayed, health: [[200, 503], /"status":/] });
	});

	describe('stopped', { concurrency: 1 }, () => {
		before(() => box.sh('systemctl stop kruxosd.socket kruxosd.service'));
		each('stopped', { ...read, ...relayed, health: [[200, 503], /"status":/] });
	});

	describe('missing', { concurrency: 1 }, () => {
		before(() => box.sh(`mkdir /var/aside
			mv /var/lib/kruxos/*.db* /var/aside; mv /var/lib/kruxos/state/* /var/aside
			mv /var/log/kruxos/audit/*.jsonl /var/aside
			rm -f /run/kruxos/kruxosd.*`));
		const gone = Object.fromEntries(programs.map(name => [name, [[503], /./]]));
		each('missing', {
			...gone, metrics: [[200, 503], /./], gateway: [[200, 503], /./],
			session: [[401, 503], /./], approvals: [[401, 503], /./],
		});
		test('and it goes on when the writer is back', async () => {
			await box.sh(`mv /var/aside/state.db* /var/lib/kruxos/state/
				mv /var/aside/*.db* /var/lib/kruxos/; mv /var/aside/*.jsonl /var/log/kruxos/audit/`);
			await comesBack();
			await box.sh('kruxos audit verify');
		});
	});

	async function comesBack() {
		rmSync(join(box.root, 'etc/systemd/system/kruxosd.service.d'), { recursive: true, force: true });
		await box.sh('systemctl daemon-reload; systemctl kill -s KILL kruxosd.service || :; systemctl start kruxosd.socket kruxosd.service');
		await untilReady(box);
		for (const name of programs)
			assert.equal((await requests[name]()).status, 200, name);
	}
});
