// The packaged units at work under systemd: what each program may, and that
// nothing that happens to one of them stops it for good.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../../api/harness/poll.js';
import { ask, programs, units, untilReady } from './installed.js';

const daemons = ['kruxosd', 'kruxos-observer', 'kruxos-nginx'];
const accessLog = '/var/log/kruxos/nginx/access.log';
const users = { kruxosd: 'kruxos', session: 'kruxos-session', gateway: 'kruxos-gateway', otlp: 'kruxos-gateway' };

/** A path, or more than that for curl, by which each program is asked, and what it answers. */
const asked = {
	health: ['http://localhost:7701/health/live', 200], audit: ['/api/audit?limit=1', 200], activity: ['/api/activity?limit=1', 200],
	alerts: ['/api/alerts', 200], approvals: ['/api/approvals', 200], metrics: ['/api/metrics?category=system', 200],
	proxy: ['/api/proxy/status', 200], session: ['https://localhost:7800/api/session', 401],
	gateway: ['http://localhost:7700/healthz', 200], otlp: ['http://localhost:7700/v1/logs', 415, '-d', '{}'],
};

/** Tests of the container that `box` returns, in which everything runs. */
export function atWork(box) {
	const show = (unit, what) => box().sh(`systemctl show -P "$1" "$2"`, what, unit);

	async function askAll() {
		for (const name of programs) {
			const [url, status, ...more] = asked[name];
			const answer = await ask(box(), url, ...more);
			assert.equal(answer.status, status, `${name}: ${answer.body}\n${await box().journal()}`);
		}
	}

	async function nothingHasFailed() {
		assert.ok(!Object.values(await units(box())).includes('failed'), JSON.stringify(await units(box())));
	}

	test('each program is there when it is asked, and may no more than its unit says', async () => {
		await askAll();
		for (const name of [...daemons, ...programs.map(each => `kruxos-fcgi@${each}`)]) {
			const pid = await show(name, 'MainPID');
			const status = await box().sh('cat "/proc/$1/status"', pid);
			const field = key => new RegExp(`^${key}:\\s+(\\S+)`, 'm').exec(status)[1];
			const user = users[name.replace(/^.*@/, '')] ?? (name.includes('@') ? 'kruxos-web' : name);
			assert.equal(field('Uid'), await box().sh('id -u "$1"', user), name);
			assert.deepEqual(['CapBnd', 'CapEff', 'CapAmb'].map(key => parseInt(field(key), 16)), [0, 0, 0], name);
			assert.deepEqual([field('NoNewPrivs'), field('Seccomp')], ['1', '2'], name);
			assert.equal(await box().sh(`awk '$5 == "/" { print substr($6, 1, 2) }' "/proc/$1/mountinfo"`, pid), 'ro', name);
			const networks = await box().sh('readlink "/proc/$1/ns/net" /proc/1/ns/net | sort -u | wc -l', pid);
			assert.equal(networks, ['kruxos-nginx', 'kruxos-observer'].includes(name) ? '1' : '2', name);
		}
	});

	test('the configuration is read again by all of them, and each goes on', async () => {
		await box().sh('systemctl reload kruxos.target');
		await askAll();
		await askAll();
		await nothingHasFailed();
	});

	test('what is killed comes up again', async () => {
		const killed = [...daemons, 'kruxos-fcgi@health', 'kruxos-fcgi@audit'];
		const before = await Promise.all(killed.map(name => show(name, 'MainPID')));
		const head = await box().sh('kruxos audit head');
		await box().sh('kill -9 "$@"', ...before);
		await until('all of them run again', async () => {
			const now = await Promise.all(killed.map(name => show(name, 'MainPID')));
			return now.every((pid, i) => pid !== '0' && pid !== before[i]);
		}, 60_000);
		await untilReady(box());
		await askAll();
		await box().sh('kruxos audit verify --expect "$1"', head);
		await nothingHasFailed();
	});

	test('a daemon that hangs is ended by its watchdog', async () => {
		await box().sh(`
			mkdir -p /run/systemd/system/kruxosd.service.d
			printf '[Service]\\nWatchdogSec=5\\n' >/run/systemd/system/kruxosd.service.d/soon.conf
			systemctl daemon-reload
			systemctl restart kruxosd`);
		const pid = await show('kruxosd', 'MainPID');
		await box().sh('kill -STOP "$1"', pid);
		await until('another one runs', async () => {
			const now = await show('kruxosd', 'MainPID');
			return now !== '0' && now !== pid;
		}, 60_000);
		assert.match(await box().journal('-u', 'kruxosd'), /Watchdog timeout/);
		await box().sh('rm -r /run/systemd/system/kruxosd.service.d; systemctl daemon-reload; systemctl restart kruxosd');
		await untilReady(box());
	});

	test('a large access log is put aside, and nginx begins another', async () => {
		await box().as('kruxos-nginx', 'truncate', '-s', '16M', accessLog);
		await until('there are two', async () => {
			await ask(box(), 'http://localhost:7701/health/live');
			const { code, stdout } = await box().run('stat', '-c', '%s', `${accessLog}.1`, accessLog);
			const [old, now] = stdout.split('\n').map(Number);
			return code === 0 && old >= 16 << 20 && now > 0;
		}, 60_000);
		assert.equal(await box().sh(`stat -c '%U:%G %a' ${accessLog}`), 'kruxos-nginx:kruxos-observer 640');
		await nothingHasFailed();
	});

	test('what a hook leaves while nobody is there is taken in, whatever its umask', async () => {
		const event = JSON.stringify({
			hook_event_name: 'PostToolUse', session_id: 's', cwd: '/', transcript_path: '/tmp/t', tool_name: 'Bash',
			tool_use_id: 'toolu_left', tool_input: { command: 'true' }, tool_response: {},
		});
		await box().sh('useradd -M coder -G kruxos-ingest; systemctl stop kruxosd.socket kruxosd.service');
		await box().sh(`umask 077; printf '%s\\n' "$1" | setpriv --reuid=coder --regid=coder --init-groups kruxos-hook claude-code`, event);
		assert.notEqual(await box().sh('ls /var/spool/kruxos'), '');
		await box().sh('systemctl start kruxosd.service');
		await until('the entry is there', async () =>
			/"call_id":"toolu_left"/.test(await box().sh('cat /var/log/kruxos/audit/*.jsonl')), 60_000);
		await untilReady(box());
	});

	test('all of it is stopped and started by the target', async () => {
		await box().sh('systemctl stop kruxos.target');
		// Its own end is waited for, and not that of its parts.
		await until('all of it has stopped', async () => Object.entries(await units(box()))
			.every(([name, state]) => state === 'inactive' || name === 'kruxos.slice'), 60_000);
		assert.equal(await box().sh("find /run/kruxos -type s"), '');
		await box().sh('systemctl start kruxos.target');
		await untilReady(box());
		await askAll();
	});
}
