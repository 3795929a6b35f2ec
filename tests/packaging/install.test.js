// A fresh Debian 12 on which an administrator's nginx serves a site: the two
// lines of the manual, and then who may what, until it is purged again.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { assertShape, schemaOf } from '../api/harness/contract.js';
import { until } from '../api/harness/poll.js';
import { root } from '../api/harness/stack.js';
import { atWork } from './harness/at_work.js';
import { cannotBoot, Container } from './harness/container.js';
import { api, ask, door, files, install, programs, rights, say, signIn, units, untilReady } from './harness/installed.js';

const site = `server {
	listen 127.0.0.1:80 default_server;
	location / { return 200 "the administrator's site\\n"; }
}
`;

describe('on a fresh Debian 12', { skip: cannotBoot, concurrency: 1 }, () => {
	let box;
	let neighbour; // what there is to know of the administrator's nginx
	let untouched; // every file before
	let said; // by the installation

	async function aboutTheNeighbour() {
		return [
			await box.sh('find /etc/nginx -type f | LC_ALL=C sort | xargs sha256sum'),
			await box.sh('systemctl show nginx.service -P MainPID -P ActiveEnterTimestamp'),
			(await ask(box, 'http://127.0.0.1/')).body,
		];
	}

	before(async () => {
		box = await Container.booted();
		await box.sh('apt-get -y -q install nginx && rm /etc/nginx/sites-enabled/default');
		writeFileSync(join(box.root, 'etc/nginx/sites-enabled/site'), site);
		await box.sh('systemctl restart nginx');
		neighbour = await aboutTheNeighbour();
		assert.equal(neighbour[2], "the administrator's site\n");
		untouched = await files(box);
		said = await install(box);
	});
	after(() => box?.remove());

	test('the package installs, and says how to sign in', () => {
		assert.match(said, /kruxos login-link/);
	});

	test('all its units run', async () => {
		await untilReady(box);
		const all = await units(box);
		for (const name of ['kruxos.target', 'kruxosd.socket', 'kruxosd.service', 'kruxos-observer.service',
			'kruxos-nginx.service', ...programs.map(name => `kruxos-fcgi@${name}.socket`)])
			assert.equal(all[name], 'active', `${name}\n${await box.journal()}`);
		assert.ok(!Object.values(all).includes('failed'), JSON.stringify(all));
	});

	test('a link of the command line signs in to the dashboard', async () => {
		const headers = await signIn(box);
		const who = await ask(box, 'https://localhost:7800/api/session', ...headers);
		assert.equal(who.status, 200);
		assert.equal(JSON.parse(who.body).name, 'root');
		const page = await ask(box, 'https://localhost:7800/', ...headers);
		assert.match(page.body, /<!doctype html>/i);
	});

	test('/health has the shape of the specification', async () => {
		const health = await until('the gateway has been checked', async () => {
			const printed = await box.sh('curl -s http://localhost:7701/health | python3 -m json.tool');
			const answer = JSON.parse(printed);
			assertShape(schemaOf('Health'), answer, '/health');
			return answer.services.gateway !== 'unknown' && answer;
		});
		assert.equal(health.status, 'healthy');
		assert.equal(health.services.gateway, 'healthy');
	});

	test('what README.md does by curl works', async () => {
		await box.sh(`for i in 1 2 3; do
			echo '{"actor_type":"agent","agent_name":"writer","capability":"filesystem.write","status":"denied"}'
		done | kruxos ingest`);
		const { code, stdout, stderr } = await box.run('sh', '-euc', `cd /root; umask 077
			${readme().join('\n')}`);
		assert.equal(code, 0, stdout + stderr);
		for (const part of ['"integrity":', 'retry: ', 'kruxos_status {status=', 'kruxos_service_status{service="audit"', '"call_id":'])
			assert.ok(stdout.includes(part), `${part} is not in ${stdout}`);
	});

	test('a backup is put back by root, and all of it belongs to whom it did', async () => {
		const owners = () => box.sh(`cd /; find var/lib/kruxos var/log/kruxos/audit etc/kruxos -name 'before-*' -prune \
			-o ! -name '*-wal' ! -name '*-shm' -printf '%M %u:%g %p\\n' | LC_ALL=C sort`);
		const before = await owners();
		const head = await box.sh('kruxos backup /root/all.kruxos');
		await box.sh('systemctl stop kruxos.target kruxosd.service');
		await box.sh('kruxos restore /root/all.kruxos --expect "$1"; systemctl start kruxos.target', head);
		await untilReady(box);
		assert.equal(await owners(), before);
		await box.sh('kruxos audit verify --expect "$1" && kruxos audit query -C audit.restore --exit-code', head);
	});

	describe('who may what', { concurrency: 1 }, () => whoMayWhat());

	describe('its units at work', { concurrency: 1 }, () => atWork(() => box));

	test('an agent in Python calls its tools', async () => {
		await box.sh('apt-get -y -q install /root/python3-kruxos_*.deb');
		const token = await box.sh('kruxos agent create snake --purpose tests 2>/dev/null');
		const { code, stdout, stderr } = await box.as('stranger', 'python3', '-c', `
import kruxos
agent = kruxos.KruxOS.connect(endpoint="http://127.0.0.1:7700", agent_name="snake", api_key="${token}")
print(agent.call("system.metrics", category="agents").active_count)`);
		assert.equal(code, 0, stderr);
		assert.match(stdout, /^[0-9]+\n$/);
	});

	for (const name of ['smoke', 'hook', 'tamper', 'sdk'])
		test(`autopkgtest: ${name}`, () => autopkgtest(name));

	test("the administrator's nginx is as it was", async () => {
		assert.deepEqual(await aboutTheNeighbour(), neighbour);
	});

	test('removed, nothing runs, and all data is there', async () => {
		const data = () => box.sh(`find /var/lib/kruxos /var/log/kruxos /etc/kruxos -type f \
			! -name '*-wal' ! -name '*-shm' | LC_ALL=C sort`);
		const before = await data();
		const head = await box.sh('kruxos audit head');
		const log = await box.sh('cat /var/log/kruxos/audit/*.jsonl');
		await box.sh('apt-get -y -q remove kruxos-monitor');
		assert.equal(await data(), before);
		assert.ok((await box.sh('cat /var/log/kruxos/audit/*.jsonl')).startsWith(log));
		assert.equal((await box.run('pgrep', '-u', 'kruxos,kruxos-web,kruxos-session,kruxos-gateway,kruxos-observer,kruxos-nginx')).code, 1);
		assert.deepEqual(await aboutTheNeighbour(), neighbour);

		await install(box);
		await untilReady(box);
		await box.sh('kruxos audit verify --expect "$1"', head);
	});

	test('purged, it says what goes, and leaves no file', async () => {
		const words = await box.sh('apt-get -y -q purge kruxos-monitor python3-kruxos');
		for (const folder of ['/var/lib/kruxos', '/var/log/kruxos', '/etc/kruxos'])
			assert.ok(words.includes(folder), `${folder} is not in: ${words}`);
		await box.sh('apt-get -y -q autoremove --purge');
		const now = await files(box);
		assert.deepEqual(now.filter(line => !untouched.includes(line)).filter(line => !/ \/etc\/.*-$/.test(line)), []);
		assert.deepEqual(await box.sh("find /run /etc -iname '*kruxos*'"), '');
		assert.deepEqual(await aboutTheNeighbour(), neighbour);
	});

	/** The commands of README.md with curl, with the paths of the package. */
	function readme() {
		const text = readFileSync(join(root, 'README.md'), 'utf8');
		const commands = [...text.matchAll(/^\$ ((?:.*\\\n)*.*)$((?:\n(?!\$ |```).*)*)/gm)]
			.map(([, line, rest]) => / -c "$/.test(line) ? line + rest.slice(0, rest.indexOf('\n"') + 2) : line);
		const wanted = commands.filter(line => /\bcurl\b|agent create|token create/.test(line) && !line.includes('docs/'));
		assert.ok(wanted.length >= 8, wanted.join('\n'));
		return wanted.map(line => line.replaceAll('build/bin/', '')
			.replaceAll('run/api.sock', api).replaceAll('run/tls', '/etc/kruxos/tls')
			// A stream has no end.
			.replace(/curl -sN (.*)/, 'curl -sN -m 2 $1 || [ $? -eq 28 ]'));
	}

	async function autopkgtest(name, ...args) {
		await box.sh('mkdir -p /root/tests');
		for (const file of ['until', name])
			box.put(join(root, 'packaging/deb/tests', file), '/root/tests/');
		const { code, stdout, stderr } = await box.run('sh', `/root/tests/${name}`, ...args);
		assert.equal(code, 0, stdout + stderr);
	}

	function whoMayWhat() {
		const audit = '/var/log/kruxos/audit';
		const data = '/var/lib/kruxos';
		const state = `${data}/state`;
		let paths;

		before(async () => {
			const log = await box.sh(`ls ${audit}/*.jsonl`);
			paths = {
				log, audit, data, state,
				index: `${data}/kruxos.db`, indexWal: `${data}/kruxos.db-wal`, indexShm: `${data}/kruxos.db-shm`,
				telemetry: `${data}/telemetry.db`, telemetryShm: `${data}/telemetry.db-shm`,
				accounts: `${state}/state.db`, accountsWal: `${state}/state.db-wal`, accountsShm: `${state}/state.db-shm`,
				status: '/run/kruxos/kruxosd.status', observed: '/run/kruxos/kruxosd.observed', runtime: '/run/kruxos',
				configuration: '/etc/kruxos/kruxos.conf', key: '/etc/kruxos/tls/key.pem',
				spool: '/var/spool/kruxos', door, api, fcgi: '/run/kruxos/fcgi/session.sock',
			};
			await box.sh('useradd -M olga -G kruxos; useradd -M auditor -G kruxos-audit; useradd -M runner -G kruxos-ingest; useradd -M stranger');
		});

		// What is not named, is denied.
		const everybody = { status: 'r', observed: 'r', runtime: 'r', configuration: 'r', spool: 'w', door: 'w' };
		const reader = {
			...everybody, log: 'r', audit: 'r', data: 'r', index: 'r', indexWal: 'r', indexShm: 'r',
			telemetry: 'r', telemetryShm: 'r',
		};
		for (const [user, may] of Object.entries({
			'kruxos-web': reader,
			'kruxos-session': { ...reader, state: 'r', accounts: 'r', accountsWal: 'r', accountsShm: 'r' },
			'kruxos-gateway': reader,
			'kruxos-observer': reader,
			'kruxos-nginx': { ...everybody, key: 'r', api: 'w', fcgi: 'w' },
			olga: { ...everybody, api: 'w' },
			auditor: reader,
			runner: everybody,
			stranger: everybody,
		}))
			test(`${user}: files and sockets`, async () => {
				const found = await rights(box, user, ...Object.values(paths));
				const named = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, found[path]]));
				const wanted = Object.fromEntries(Object.keys(paths).map(name => [name, may[name] ?? '-']));
				assert.deepEqual(named, wanted);
			});

		const entry = { actor_type: 'agent', agent_name: 'a', capability: 'shell.exec', status: 'success' };
		const actions = [
			{ do: 'account.link', id: '1', args: { name: 'eve', role: 'operator' } },
			{ do: 'agent.create', id: '1', args: { name: 'eve', purpose: 'none' } },
			{ do: 'token.create', id: '1', args: { name: 'eve', scope: 'operate' } },
			{ do: 'alerts.acknowledge', id: '1', args: { id: 1 } },
			{ do: 'approval.accept', id: '1', args: { id: 'a' } },
			{ do: 'silences.add', id: '1', args: { matchers: [], for_seconds: 60, reason: 'r' } },
			{ do: 'audit.erase', id: '1', args: { seqs: [2], reason: 'r' } },
			{ do: 'audit.verify', id: '1' },
			{ do: 'audit.backup', id: '1' },
		];
		for (const user of ['kruxos-web', 'kruxos-session', 'kruxos-gateway', 'kruxos-observer', 'kruxos-nginx', 'runner', 'stranger', 'auditor'])
			test(`${user}: without a credential nothing is done for it`, async () => {
				const lines = user === 'runner' ? actions : [entry, ...actions];
				const answers = await say(box, user, ...lines);
				answers.forEach((answer, index) =>
					assert.equal(answer.error, 'not_allowed', `${JSON.stringify(lines[index])}: ${JSON.stringify(answer)}`));
			});

		test('a runner records what agents do, an operator what he does', async () => {
			assert.equal((await say(box, 'runner', entry))[0].accepted, 1);
			const own = { actor_type: 'user', user_name: 'olga', capability: 'shell.exec', status: 'success' };
			assert.equal((await say(box, 'olga', own))[0].accepted, 1);
		});

		test('an operator has the commands, and is told which group the files have', async () => {
			assert.equal((await box.as('olga', 'kruxos', 'health')).code, 0);
			assert.equal((await box.as('olga', 'kruxos', 'audit', 'query')).code, 0);
			const { code, stderr } = await box.as('olga', 'kruxos', 'audit', 'verify');
			assert.notEqual(code, 0);
			assert.match(stderr, /kruxos-audit/);
			assert.equal((await box.as('auditor', 'kruxos', 'audit', 'verify')).code, 0);
			assert.notEqual((await box.as('olga', 'kruxos', 'login-link')).code, 0);
		});
	}
});
