// What is asked of an installation in a container: units, curl, the door.

import assert from 'node:assert/strict';
import { join } from 'node:path';

import { root } from '../../api/harness/stack.js';
import { until } from '../../api/harness/poll.js';

export const door = '/run/kruxos/ingest.sock';
export const api = '/run/kruxos/api/api.sock';
export const programs = ['health', 'audit', 'activity', 'alerts', 'approvals', 'metrics', 'proxy', 'session', 'gateway', 'otlp'];

/** Install the packages in /root as README.md says, and what they need. */
export async function install(container) {
	const { code, stdout, stderr } = await container.run('sh', '-c',
		'apt-get -y -q install /root/kruxos-monitor_*.deb');
	assert.equal(code, 0, stdout + stderr);
	return stdout;
}

/** Wait until entries are accepted, and nginx and the programs answer. */
export function untilReady(container) {
	return until('the installation is ready', async () => {
		const { code } = await container.run('curl', '-sf', '-m', '10', 'http://localhost:7701/health/ready');
		return code === 0 && (await ask(container, '/api/audit?limit=1')).status === 200;
	}, 60_000).catch(async error => {
		error.message += `\n${await container.journal()}`;
		throw error;
	});
}

/**
 * One request by curl: { status, body }; status 0 if there was no answer. A path
 * is asked of api.sock.
 */
export async function ask(container, url, ...options) {
	const [where, full] = url.startsWith('/') ? [['--unix-socket', api], `http://localhost${url}`] : [[], url];
	const { stdout } = await container.run('curl', '-s', '-m', '20', '-w', '\n%{http_code}',
		'--cacert', '/etc/kruxos/tls/cert.pem', ...where, ...options, full);
	const end = stdout.lastIndexOf('\n');
	return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}

/** Sign in by a link: what curl sends from then on. */
export async function signIn(container) {
	const link = await container.sh('kruxos login-link 2>/dev/null');
	assert.match(link, /^https:\/\/localhost:7800\/sign-in#krx_link_/);
	const secret = link.split('#')[1];
	const { status, body } = await ask(container, 'https://localhost:7800/api/session',
		'-c', '/root/cookies', '-H', 'Content-Type: application/json', '-d', JSON.stringify({ link: secret }));
	assert.equal(status, 200, body);
	return ['-b', '/root/cookies', '-H', 'Content-Type: application/json', '-H', `X-CSRF-Token: ${JSON.parse(body).csrf}`];
}

/** A program of ours beside this file, run as a user. */
async function script(container, user, name, ...args) {
	container.put(join(root, 'tests/packaging/harness', name), '/var/tmp/');
	const { code, stdout, stderr } = await container.as(user, 'python3', `/var/tmp/${name}`, ...args);
	assert.equal(code, 0, `${user}: ${stderr}`);
	return stdout;
}

/** What a user may do with paths: { path: 'w', 'r' or '-' } (probe.py). */
export async function rights(container, user, ...paths) {
	return JSON.parse(await script(container, user, 'probe.py', ...paths));
}

/** What the door answers a user's lines, an object each. */
export async function say(container, user, ...lines) {
	const said = await script(container, user, 'say.py', door, ...lines.map(line => JSON.stringify(line)));
	return said.trimEnd().split('\n').map(line => JSON.parse(line));
}

/** What systemd has of our units: { name: 'active' or what else }. */
export async function units(container) {
	const said = await container.sh("systemctl list-units --all --plain --no-legend 'kruxos*'");
	return Object.fromEntries(said.split('\n').map(line => line.split(/\s+/)).map(([name, , active]) => [name, active]));
}

/** Everything in the file system that stays, a line each: type, mode, owner, path. */
export async function files(container) {
	const said = await container.sh(`find / -xdev \\( ${
		['/proc', '/sys', '/dev', '/run', '/tmp', '/root', '/var/tmp', '/var/cache', '/var/lib/apt', '/var/lib/dpkg',
			'/var/log/journal', '/var/log/apt'].map(path => `-path ${path}`).join(' -o ')
	} \\) -prune -o -printf '%y %m %u:%g %p\\n' | LC_ALL=C sort`);
	return said.split('\n');
}
