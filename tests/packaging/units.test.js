// The units of systemd as they stand in packaging/: that systemd takes them,
// that they are locked up as far as they can be, and that whoever and whatever
// they name is there. Nothing is started.

import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { build, root, run } from '../api/harness/stack.js';

const packaging = join(root, 'packaging');
const folder = join(packaging, 'systemd');
const files = readdirSync(folder, { recursive: true }).filter(name => /\.(service|socket|target|slice|path|timer|conf)$/.test(name));
const services = files.filter(name => name.endsWith('.service'));
const fcgi = readdirSync(join(build, 'fcgi')).map(name => name.replace(/\.fcgi$/, '')).sort();

/** A unit's settings: `Section.Key` to all its values, words apart where `words` asks. */
function settings(name) {
	const found = {};
	let section;
	for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
		if (/^\s*(#|$)/.test(line)) continue;
		const head = /^\[(\w+)\]$/.exec(line);
		if (head) {
			section = head[1];
			continue;
		}
		const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? assert.fail(`${name}: ${line}`);
		(found[`${section}.${key}`] ??= []).push(value);
	}
	return { all: key => found[key] ?? [], words: key => (found[key] ?? []).flatMap(value => value.split(/\s+/)) };
}

const lines = file => readFileSync(join(packaging, file), 'utf8').split('\n').filter(line => line && !line.startsWith('#'));

/** Users, groups, and who is in which, as systemd-sysusers(8) makes them. */
function accounts() {
	const users = new Map();
	const groups = new Set(['root']);
	users.set('root', new Set(['root']));
	for (const line of lines('sysusers.d/kruxos-monitor.conf')) {
		const [kind, name, other] = line.split(/\s+/);
		if (kind === 'u') users.set(name, new Set([name]));
		if (kind !== 'm') groups.add(name);
		if (kind === 'm') users.get(name).add(other);
	}
	return { users, groups };
}

/** Folders that systemd-tmpfiles(8) makes: path to { mode, user, group }. */
function folders() {
	return new Map(lines('tmpfiles.d/kruxos-monitor.conf').map(line => {
		const [kind, path, mode, user, group] = line.split(/\s+/);
		assert.equal(kind, 'd', line);
		return [path, { mode: parseInt(mode, 8), user, group }];
	}));
}

const { users, groups } = accounts();
const made = folders();

/** What a unit of the template is called when it is FastCGI program NAME's. */
const instances = fcgi.map(name => `kruxos-fcgi@${name}.service`);

/** Whom a service runs as; a program of the template may have a drop-in. */
function userOf(name) {
	const template = name.replace(/@\w+\./, '@.');
	const dropIn = files.filter(file => dirname(file) === `${name}.d`).flatMap(file => settings(file).all('Service.User'));
	return [...settings(template).all('Service.User'), ...dropIn].at(-1);
}

let fake;
before(() => {
	// A system of which there is nothing but units, and programs by name.
	const system = '/usr/lib/systemd/system';
	fake = mkdtempSync(join(tmpdir(), 'kruxos-units-'));
	const units = join(fake, system);
	mkdirSync(units, { recursive: true });
	for (const name of readdirSync(system).filter(each => each.endsWith('.target')))
		writeFileSync(join(units, name), readFileSync(join(system, name)));
	cpSync(folder, units, { recursive: true });
	const commands = services.flatMap(name => ['Pre', '', 'Post'].flatMap(when => settings(name).all(`Service.ExecStart${when}`))
		.concat(settings(name).all('Service.ExecReload')));
	for (const command of commands)
		for (const name of command.includes('%i') ? fcgi : ['']) {
			const program = join(fake, command.replace(/^-/, '').split(' ')[0].replace('%i', name));
			mkdirSync(dirname(program), { recursive: true });
			writeFileSync(program, '');
			chmodSync(program, 0o755);
		}
});
after(() => rmSync(fake, { recursive: true, force: true }));

test('systemd takes every unit, and has nothing to say about it', async () => {
	const names = files.filter(name => !name.endsWith('.conf') && !name.includes('@'));
	const { code, stdout, stderr } = await run('systemd-analyze',
		['verify', `--root=${fake}`, '--man=no', '--recursive-errors=yes', ...names, ...instances]);
	assert.deepEqual([code, stdout, stderr], [0, '', '']);
});

test('no program is more exposed than it has to be', async () => {
	for (const name of services) {
		const { stdout, stderr } = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', join(folder, name)]);
		const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? assert.fail(stdout + stderr);
		assert.ok(Number(exposure) <= (name === 'kruxosd.service' ? 0.6 : 1.5), `${name}: ${exposure}\n${stdout}`);
	}
});

test('a drop-in of one program changes its user and nothing else', () => {
	for (const name of files.filter(file => file.endsWith('/user.conf')))
		assert.match(readFileSync(join(folder, name), 'utf8'), /^\[Service\]\nUser=kruxos-\w+\n$/, name);
});

test('the daemon sees who is at its socket, and has no network', () => {
	const unit = settings('kruxosd.service');
	assert.deepEqual(unit.all('Service.PrivateUsers'), []);
	assert.deepEqual(unit.all('Service.PrivateNetwork'), ['yes']);
	assert.deepEqual(unit.all('Service.RestrictAddressFamilies'), ['AF_UNIX']);
});

test('the daemon can do nothing that the others cannot, but make itself idle', () => {
	const lines = name => readFileSync(join(folder, name), 'utf8').split('\n').filter(line => /^\w+=/.test(line));
	const own = lines('kruxosd.service');
	for (const line of lines('kruxos-.service.d/sandbox.conf')) assert.ok(own.includes(line), line);
	assert.deepEqual(settings('kruxosd.service').all('Service.SystemCallFilter').slice(2), ['sched_setscheduler ioprio_set']);
});

test('passwords, tokens and keys that a program holds are in no core file', () => {
	for (const name of services) assert.deepEqual(settings(name).all('Service.LimitCORE'), ['0'], name);
});

test('everybody is made before he is named', () => {
	for (const name of files) {
		const unit = settings(name);
		for (const key of ['Service.User', 'Socket.SocketUser'])
			for (const user of unit.all(key)) assert.ok(users.has(user), `${name}: ${user}`);
		for (const key of ['Service.Group', 'Socket.SocketGroup'])
			for (const group of unit.all(key)) assert.ok(groups.has(group), `${name}: ${group}`);
	}
	for (const [path, { user, group }] of made) assert.ok(users.has(user) && groups.has(group), path);
	for (const [user, his] of users) for (const group of his) assert.ok(groups.has(group), `${user}: ${group}`);
});

test('every program has a user, who is as few as can be', () => {
	const expected = { session: 'kruxos-session', gateway: 'kruxos-gateway', otlp: 'kruxos-gateway' };
	for (const name of fcgi) {
		const user = userOf(`kruxos-fcgi@${name}.service`);
		assert.equal(user, expected[name] ?? 'kruxos-web', name);
		// The log and the index to read, and no operator's rights.
		assert.deepEqual([...users.get(user)].sort(), [user, 'kruxos-audit'].sort());
	}
	assert.deepEqual([...users.get('kruxos')].sort(), ['kruxos', 'kruxos-audit', 'kruxos-session']);
	assert.deepEqual([...users.get('kruxos-observer')].sort(), ['kruxos-audit', 'kruxos-observer']);
	assert.deepEqual([...users.get('kruxos-nginx')], ['kruxos-nginx']);
	assert.equal(userOf('kruxosd.service'), 'kruxos');
	const roots = services.filter(name => userOf(name) === 'root');
	assert.deepEqual(roots.filter(name => !/certificate/.test(name)), []);
});

test('folders to write to are there, and can be written to', () => {
	for (const name of services) {
		const his = users.get(userOf(name));
		for (const path of settings(name).words('Service.ReadWritePaths')) {
			if (path === '/etc/kruxos/tls') continue; // made with what lies in it
			const { mode, user, group } = made.get(path) ?? assert.fail(`${name}: ${path}`);
			const writes = user === userOf(name) ? mode & 0o200 : his.has(group) ? mode & 0o020 : mode & 0o002;
			assert.ok(writes, `${name}: ${path}`);
		}
	}
	// FastCGI programs write nowhere.
	assert.deepEqual(settings('kruxos-fcgi@.service').all('Service.ReadWritePaths'), []);
});

test('sockets and what is watched lie in folders that are made', () => {
	for (const name of files) {
		const unit = settings(name);
		for (const path of [...unit.all('Socket.ListenStream'), ...unit.all('Path.PathChanged')])
			assert.ok(made.has(dirname(path)) || dirname(path) === '/etc/kruxos/tls', `${name}: ${path}`);
	}
	const paths = lines('kruxos.conf').flatMap(line => /^(?:\w+_dir|api_socket) = (\/\S+)$/.exec(line)?.[1] ?? []);
	assert.ok(paths.length >= 8);
	for (const path of paths) assert.ok(made.has(path) || made.has(dirname(path)), path);
});

test('who may open which socket is said by its folder and its mode', () => {
	assert.deepEqual(made.get('/run/kruxos/fcgi'), { mode: 0o2750, user: 'root', group: 'kruxos-nginx' });
	assert.deepEqual(made.get('/run/kruxos/api'), { mode: 0o750, user: 'kruxos-nginx', group: 'kruxos' });
	const given = name => ['SocketUser', 'SocketGroup', 'SocketMode'].flatMap(key => settings(name).all(`Socket.${key}`));
	assert.deepEqual(given('kruxos-fcgi@.socket'), ['0660']);
	assert.deepEqual(given('kruxosd.socket'), ['0666']);
	for (const [path, { mode }] of made)
		assert.equal(mode & 0o002, path === '/var/spool/kruxos' ? 2 : 0, path);
});

test('the target starts all of it, and all of it ends with the target', () => {
	const wanted = settings('kruxos.target').words('Unit.Wants').sort();
	const own = files.filter(name => /^kruxos[\w-]*\.(socket|path|timer)$/.test(name));
	const daemons = services.filter(name => !name.includes('@') && settings(name).all('Service.Type')[0] !== 'oneshot');
	assert.deepEqual(wanted, [...own, ...daemons, ...fcgi.map(name => `kruxos-fcgi@${name}.socket`)].sort());
	for (const name of [...own, ...daemons, 'kruxos-fcgi@.socket', 'kruxos-fcgi@.service'])
		assert.deepEqual(settings(name).all('Unit.PartOf'), ['kruxos.target'], name);
	for (const name of [...daemons, 'kruxos-fcgi@.service'])
		assert.deepEqual(settings(name).all('Unit.ReloadPropagatedFrom'), ['kruxos.target'], name);
	for (const name of services) assert.deepEqual(settings(name).all('Service.Slice'), ['kruxos.slice'], name);
});

test('what must run comes up again, however often it has ended', () => {
	for (const name of services.filter(each => settings(each).all('Service.Type')[0] !== 'oneshot')) {
		const unit = settings(name);
		assert.deepEqual([...unit.all('Service.Restart'), ...unit.all('Unit.StartLimitIntervalSec')], ['on-failure', '0'], name);
	}
	for (const name of ['kruxosd.service', 'kruxos-observer.service']) {
		const unit = settings(name);
		assert.deepEqual(unit.all('Service.Type'), ['notify'], name);
		assert.match(unit.all('Service.WatchdogSec').join(), /^[0-9]+$/, name);
	}
	for (const name of files.filter(each => each.endsWith('.socket')))
		assert.deepEqual(settings(name).all('Socket.TriggerLimitIntervalSec'), ['0'], name);
});
