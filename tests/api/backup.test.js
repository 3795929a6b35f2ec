// kruxos backup and restore, as an operator uses them: while everything runs, and
// in the place of what is there; whatever becomes of the file in between.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
	chmodSync, chownSync, copyFileSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync,
	readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';

import { until } from './harness/poll.js';
import { Stack, build } from './harness/stack.js';

let stack, folder;

before(async () => {
	folder = mkdtempSync(join(tmpdir(), 'kruxos-backup-'));
	stack = await Stack.start();
	await ingest(Array.from({ length: 200 }, (_, i) =>
		({ agent_name: 'builder', call_id: `call-${i}`, summary: `make ${'x'.repeat(i)}` })));
});

after(async () => {
	await stack?.stop();
	rmSync(folder, { recursive: true, force: true });
});

/** Record what an agent did. */
async function ingest(entries) {
	const { code, stderr } = await stack.kruxos(['ingest'], {
		input: entries.map(entry => `${JSON.stringify({
			actor_type: 'agent', capability: 'shell.exec', status: 'success', ...entry,
		})}\n`).join(''),
	});
	assert.equal(code, 0, stderr);
}

/** A path for a file of the tests. */
const at = name => join(folder, name);

/** Make a backup; what it was named, and the SEQ:HASH that was printed. */
async function backup(name) {
	const { code, stdout, stderr } = await stack.kruxos(['backup', at(name)]);
	assert.equal(code, 0, stderr);
	assert.match(stdout, /^\d+:[0-9a-f]{64}\n$/);
	return { file: at(name), head: stdout.trim() };
}

const restore = (...args) => stack.kruxos(['restore', ...args], { input: '' });

/** What lies in a folder and matters, by name. */
const there = path => readdirSync(path).filter(name => !/^(log|pid|tls|nginx|tmp)/.test(name)).sort();

let archives = 0;

/** Write an archive of `members` ([name, bytes, type]) as tar has it, with sums if they are wanted; its path. */
function archive(members, { sums = true } = {}) {
	const path = at(`archive-${++archives}`);
	const blocks = [];
	const list = members.map(([file, bytes]) =>
		`${createHash('sha256').update(bytes).digest('hex')}  ${file}\n`).join('');
	for (const [file, bytes, type = '0'] of [...members, ...sums ? [['SHA256SUMS', list]] : []]) {
		const body = Buffer.from(bytes);
		const head = Buffer.alloc(512);
		head.write(file, 0, 100);
		for (const [offset, digits, value] of [[100, 7, 0o600], [108, 7, 0], [116, 7, 0],
			[124, 11, body.length], [136, 11, 0]])
			head.write(value.toString(8).padStart(digits, '0'), offset);
		head.write(type, 156);
		head.write('ustar\x0000', 257, 'latin1');
		head.fill(' ', 148, 156);
		const sum = head.reduce((total, byte) => total + byte, 0);
		head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
		blocks.push(head, body, Buffer.alloc((512 - body.length % 512) % 512));
	}
	blocks.push(Buffer.alloc(1024));
	writeFileSync(path, execFileSync('zstd', ['-q', '-1', '-c'], { input: Buffer.concat(blocks), maxBuffer: 1 << 28 }));
	return path;
}

/** The members of a backup, as `archive` takes them. */
function membersOf(file) {
	const path = mkdtempSync(join(folder, 'x-'));
	execFileSync('tar', ['-I', 'zstd', '-C', path, '-xf', file]);
	const names = execFileSync('tar', ['-I', 'zstd', '-tf', file]).toString().trim().split('\n');
	const members = names.filter(name => name !== 'SHA256SUMS')
		.map(name => [name, readFileSync(join(path, name))]);
	rmSync(path, { recursive: true });
	return members;
}

test('a backup is made while everything runs, and tar and sha256sum can check it', async () => {
	const { file, head } = await backup('first');
	assert.equal(statSync(file).mode & 0o777, 0o600);
	const path = at('opened');
	mkdirSync(path);
	execFileSync('tar', ['-I', 'zstd', '-C', path, '-xf', file]);
	execFileSync('sha256sum', ['--quiet', '-c', 'SHA256SUMS'], { cwd: path });
	assert.equal(JSON.parse(readFileSync(join(path, 'kruxos-backup'))).head, head);
	for (const name of ['state.db', 'telemetry.db'])
		assert.equal(execFileSync('sqlite3', [join(path, name), 'PRAGMA integrity_check']).toString(), 'ok\n');
	const { code, stdout } = await stack.kruxos(['audit', 'verify', '-d', join(path, 'audit'), '--expect', head]);
	assert.equal(code, 0, stdout);
	// Its own entry is the last in it, by the name of who made it.
	const last = stack.entries().find(({ seq }) => seq === Number(head.split(':')[0]));
	assert.deepEqual([last.capability, last.actor_type, last.source], ['audit.backup', 'user', 'cli']);
	// The daemon keeps none of its copies.
	await until('the copies are gone', () => !existsSync(join(stack.rundir, 'backup')));
});

test('a backup goes to standard output, and never over a file that is there', async () => {
	writeFileSync(at('taken'), 'mine');
	const { code, stderr } = await stack.kruxos(['backup', at('taken')]);
	assert.equal(code, 1);
	assert.match(stderr, /is there already/);
	assert.equal(readFileSync(at('taken'), 'utf8'), 'mine');
	symlinkSync(at('nowhere'), at('link.part'));
	assert.equal((await stack.kruxos(['backup', at('link')])).code, 1);
	assert.ok(!existsSync(at('nowhere')));

	execFileSync('sh', ['-c', `"$0" backup - >"$1"`, join(build, 'bin/kruxos'), at('piped')],
		{ env: { ...process.env, ...stack.environment }, stdio: 'pipe' });
	assert.equal((await restore('--check', at('piped'))).code, 0);
});

test('while a backup is read nothing is taken out of the log, and afterwards it may be', async t => {
	// The pipe is full soon: it stands still, and its daemon waits.
	const noise = () => Buffer.from(Array.from({ length: 20_000 },
		() => 35 + Math.floor(Math.random() * 56))).toString('latin1');
	await ingest(Array.from({ length: 60 }, (_, i) =>
		({ agent_name: 'talker', call_id: `long-${i}`, request: { noise: noise() } })));
	const child = spawn(join(build, 'bin/kruxos'), ['backup', '-'],
		{ env: { ...process.env, ...stack.environment }, stdio: ['ignore', 'pipe', 'pipe'] });
	t.after(() => child.kill());
	const ended = new Promise(resolve => child.on('exit', resolve));
	await until('it is being read', () => existsSync(join(stack.rundir, 'backup', 'telemetry.db')));
	const erase = () => stack.kruxos(['audit', 'erase', '2', '--reason', 'a test', '--yes']);
	const refused = await until('it is held', async () => {
		const answer = await erase();
		return answer.code === 1 && answer;
	});
	assert.match(refused.stderr, /a backup of the log is being made/);
	const second = await stack.kruxos(['backup', at('second')]);
	assert.equal(second.code, 1);
	assert.match(second.stderr, /another backup is being made/);
	assert.ok(!existsSync(at('second')) && !existsSync(at('second.part')));

	// Killed, it holds nothing up.
	child.kill('SIGKILL');
	await ended;
	await until('nothing is held', async () => (await erase()).code === 0, 60_000);
	assert.ok(!existsSync(join(stack.rundir, 'backup')));
	assert.equal((await stack.kruxos(['audit', 'verify'])).code, 0);
});

test('a backup of a damaged log is made, and says so; it is restored only if that is accepted', async () => {
	const { file } = await backup('whole');
	const members = membersOf(file).map(([name, bytes]) => name.startsWith('audit/20')
		? [name, Buffer.from(bytes.toString('latin1').replace('make xx', 'make xy'), 'latin1')] : [name, bytes]);
	const changed = archive(members);
	const refused = await restore('--check', changed);
	assert.equal(refused.code, 2, refused.stderr);
	assert.match(refused.stderr, /its log is DAMAGED: .*payload_hash does not hold/);
	const accepted = await restore('--check', '--accept-damage', changed);
	assert.equal(accepted.code, 0, accepted.stderr);
	assert.match(accepted.stderr, /which is DAMAGED/);
	assert.equal((await restore('--check', '--accept-damage', '--expect', `1:${'0'.repeat(64)}`, changed)).code, 64);
});

test('what is not whole, or no backup, is refused, and says which', async () => {
	const { file, head } = await backup('good');
	const bytes = readFileSync(file);
	const members = membersOf(file);
	const without = name => members.filter(([member]) => member !== name);
	const flipped = Buffer.from(bytes);
	flipped[bytes.length >> 1] ^= 1;
	const manifest = { ...JSON.parse(members[0][1]) };
	const withManifest = changes =>
		[['kruxos-backup', JSON.stringify({ ...manifest, ...changes })], ...members.slice(1)];
	const newer = Buffer.from(members.find(([name]) => name === 'state.db')[1]);
	newer.writeUInt32BE(999, 60);
	const cases = [
		[Buffer.alloc(0), /is no backup/],
		[Buffer.from('PK\x03\x04 something else'), /is no backup/],
		[execFileSync('zstd', ['-q', '-c'], { input: 'not a tar' }), /is no backup|ends within/],
		[bytes.subarray(0, bytes.length >> 1), /is cut short/],
		[bytes.subarray(0, bytes.length - 1), /is cut short/],
		[flipped, /is damaged/],
		[Buffer.concat([bytes, Buffer.from('more')]), /something follows/],
		[Buffer.concat([bytes, bytes]), /something follows/],
		[archive(members.slice(1)), /is no backup/],
		[archive(members, { sums: false }), /has no SHA256SUMS/],
		[archive([...members, members.at(-1)]), /is in the backup twice/],
		[archive(without(members.at(-1)[0])), /does not end where it says|does not hold/],
		[archive(withManifest({ format: 2 })), /was made by a later version/],
		[archive(withManifest({ head: `5:${head.split(':')[1]}` })), /does not end where it says|does not hold/],
		[archive([['kruxos-backup', '{}'], ...members.slice(1)]), /does not say what it is/],
		[archive([...without('state.db'), ['state.db', newer]]), /of a later version \(schema 999/],
		[archive([...without('state.db'), ['state.db', 'accounts']]), /its state.db is no database/],
	];
	for (const [input, words] of cases) {
		if (Buffer.isBuffer(input))
			writeFileSync(at('case'), input);
		else
			copyFileSync(input, at('case'));
		const { code, stdout, stderr } = await restore('--check', at('case'));
		assert.match(stderr, words);
		assert.ok(code === 1 || code === 2, `${words}: ${code}`);
		assert.equal(stdout, '');
	}
	assert.equal((await restore('--check', file, '--expect', `${Number(head.split(':')[0]) + 1}:${'0'.repeat(64)}`)).code, 2);
	assert.equal((await restore('--check', file, '--expect', head)).code, 0);
});

test('no name in a backup leads elsewhere', async () => {
	const { file } = await backup('names');
	const members = membersOf(file);
	const names = [
		'../evil', '/tmp/kruxos-evil', 'audit/../../evil', 'audit/./x', 'audit//x', './state.db', 'audit/',
		'audit/torn/../../evil', 'config/conf.d/../../evil.conf', 'audit/torn/a/b', 'audit/.lock', 'audit/x.jsonl',
		'config/evil', 'config/conf.d/x', 'config/tls/key.pem', 'kruxos.db', 'state.db-wal', 'restore.done',
		'audit/2026-13-45.jsonl', 'audit/torn/', 'STATE.DB', 'audit/2026-11-23.jsonl/x', 'a'.repeat(100),
	];
	for (const name of names) {
		const { code, stderr } = await restore('--check', archive([...members, [name, 'evil']]));
		assert.equal(code, 2, `${name}: ${stderr}`);
		assert.match(stderr, /no backup has a file of that name|is none of ours/, name);
	}
	// Links, folders, devices.
	for (const type of ['1', '2', '3', '5', '6', 'L', 'x', '\0'])
		assert.equal((await restore('--check',
			archive([...members, ['audit/torn/x', 'evil', type]]))).code, 2, type);
	assert.ok(!existsSync(join(tmpdir(), 'kruxos-evil')) && !existsSync('/var/tmp/evil'));
	assert.deepEqual(readdirSync('/var/tmp').filter(name => name.startsWith('kruxos-restore-')), []);
});

test('nothing is restored while the daemon runs', async () => {
	const { file } = await backup('running');
	const was = there(stack.rundir);
	const { code, stderr } = await restore(file);
	assert.equal(code, 1);
	assert.match(stderr, /kruxosd is running; stop it/);
	assert.deepEqual(there(stack.rundir), was);
});

test('a restore brings everything back, keeps what was there, and is recorded', async () => {
	const { cookie } = await stack.signIn('anna');
	await stack.kruxos(['account', 'role', 'berta', 'auditor']);
	const confd = join(stack.rundir, 'conf.d');
	mkdirSync(join(confd, 'folder'), { mode: 0o700, recursive: true });
	writeFileSync(join(confd, 'a.conf'), '[audit]\nretention_days = 400\n');
	const { file, head } = await backup('back');
	writeFileSync(join(confd, 'a.conf'), '[audit]\nretention_days = 500\n');
	writeFileSync(join(confd, 'b.conf'), '[sign_in]\nidle_timeout = 20m\n');
	await stack.kruxos(['account', 'remove', 'berta']);
	await ingest([{ agent_name: 'late' }]);
	const lost = stack.entries().at(-1).seq;
	await stack.halt();
	const { code, stderr } = await restore(file, '--expect', head);
	assert.equal(code, 0, stderr);
	assert.equal(stack.entries().at(-1).seq, Number(head.split(':')[0]));
	const [, kept] = /in folders (before-\S+) beside it/.exec(stderr);
	assert.ok(existsSync(join(stack.rundir, kept, 'state.db')));
	assert.ok(existsSync(join(stack.rundir, kept, 'kruxos.db')));
	assert.ok(existsSync(join(stack.rundir, kept, 'kruxos.conf')));
	assert.deepEqual(there(confd), ['a.conf', 'folder']);
	assert.match(readFileSync(join(confd, 'a.conf'), 'utf8'), /400/);
	assert.deepEqual(there(join(stack.rundir, kept, 'conf.d')), ['a.conf', 'b.conf']);
	assert.match(readFileSync(join(stack.rundir, kept, 'conf.d', 'a.conf'), 'utf8'), /500/);
	const old = await stack.kruxos(['audit', 'verify', '-d', join(stack.auditDir, kept)]);
	assert.match(old.stdout, new RegExp(`Head: ${lost}:`));

	await stack.resume();
	assert.equal((await stack.kruxos(['audit', 'verify', '--expect', head])).code, 0);
	const said = stack.entries().filter(({ capability }) => capability === 'audit.restore');
	assert.equal(said.length, 1);
	assert.equal(said[0].request.head, head);
	assert.equal(said[0].actor_type, 'system');
	assert.ok(!existsSync(join(stack.rundir, 'restore.done')));
	const accounts = JSON.parse((await stack.kruxos(['account', 'list', '--json'])).stdout).accounts;
	assert.ok(accounts.some(({ name, role }) => name === 'berta' && role === 'auditor'));
	// Who was signed in then is not any more.
	assert.equal(accounts.find(({ name }) => name === 'anna').sessions, 0);
	await stack.ask('GET', '/api/session', { headers: { Cookie: cookie }, status: 401 });
	// The index is that of the log that is here now.
	await stack.untilIndexed(said[0].seq);
	assert.equal((await stack.get('/api/audit?agent_name=late')).total, 0);
	const health = await stack.getHealth('/health');
	assert.equal(health.services.audit, 'healthy');
});

test('the configuration is left as it is when it says otherwise where things are, or is told to be', async () => {
	const { file } = await backup('configured');
	const conf = join(stack.rundir, 'kruxos.conf');
	const here = readFileSync(conf, 'utf8');
	const theirs = membersOf(file).map(([name, bytes]) => name === 'config/kruxos.conf'
		? [name, '[paths]\naudit_dir = /srv/elsewhere\n'] : [name, bytes]);
	const foreign = archive(theirs);
	await stack.halt();
	const was = there(stack.rundir);
	const refused = await restore(foreign);
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /another audit_dir \(\/srv\/elsewhere, here .*--keep-config/);
	assert.deepEqual(there(stack.rundir), was);
	const nonsense = await restore(archive(theirs.map(([name, bytes]) =>
		name === 'config/kruxos.conf' ? [name, '[nonsense]\n'] : [name, bytes])));
	assert.match(nonsense.stderr, /its configuration is not understood/);
	const { code, stderr } = await restore(foreign, '--keep-config');
	assert.equal(code, 0, stderr);
	assert.equal(readFileSync(conf, 'utf8'), here);
	await stack.resume();
});

test('files that no backup takes stay where they are, and links among those it takes are followed', async t => {
	const confd = join(stack.rundir, 'conf.d');
	const nginxd = join(stack.rundir, 'nginx.d');
	for (const path of [confd, nginxd])
		mkdirSync(path, { recursive: true });
	writeFileSync(join(nginxd, 'mine.conf'), '# mine\n');
	writeFileSync(join(nginxd, 'late.inc'), '# late\n');
	writeFileSync(join(confd, 'README'), 'mine');
	writeFileSync(at('linked'), '[audit]\nretention_days = 300\n');
	symlinkSync(at('linked'), join(confd, 'linked.conf'));
	t.after(() => rmSync(join(confd, 'linked.conf')));
	const { file } = await backup('links');
	const members = membersOf(file).filter(([name]) => /^config\/.*\.d\//.test(name));
	assert.equal(members.find(([name]) => name === 'config/conf.d/linked.conf')[1].toString(),
		readFileSync(at('linked'), 'utf8'));
	assert.ok(members.every(([name]) => name.endsWith('.conf')));

	writeFileSync(join(nginxd, 'users.htpasswd'), 'anna:x');
	writeFileSync(join(nginxd, 'new.conf'), '# new\n');
	await stack.halt();
	const { code, stderr } = await restore(file);
	assert.equal(code, 0, stderr);
	assert.deepEqual(there(nginxd), ['late.inc', 'mine.conf', 'users.htpasswd']);
	assert.ok(there(confd).includes('README'));
	const [, kept] = /in folders (before-\S+) beside it/.exec(stderr);
	assert.deepEqual(readdirSync(join(stack.rundir, kept, 'nginx.d')).sort(), ['mine.conf', 'new.conf']);
	await stack.resume();
});

test('no link in the folders of the log is followed', async t => {
	const torn = join(stack.auditDir, 'torn');
	mkdirSync(torn, { recursive: true });
	writeFileSync(at('secret'), 'secret');
	symlinkSync(at('secret'), join(torn, 'link'));
	t.after(() => rmSync(join(torn, 'link')));
	const { code, stderr } = await stack.kruxos(['backup', at('planted')]);
	assert.equal(code, 1);
	assert.match(stderr, /torn\/link: Too many levels of symbolic links/);
});

test('a configuration that cannot be replaced is found out before anything is moved', async t => {
	const { file } = await backup('unmoved');
	const confd = join(stack.rundir, 'conf.d');
	const nginxd = join(stack.rundir, 'nginx.d');
	mkdirSync(confd, { recursive: true });
	mkdirSync(nginxd, { recursive: true });
	await stack.halt();
	const was = there(stack.rundir);
	const log = there(stack.auditDir);
	const refused = async name => {
		const { code, stderr } = await restore(file);
		assert.equal(code, 1);
		assert.match(stderr, new RegExp(`/${name.replace('.', '\\.')}: is a link, a mount .*--keep-config`));
		assert.deepEqual(there(stack.rundir), was);
		assert.deepEqual(there(stack.auditDir), log);
	};
	await t.test('a link', async () => {
		renameSync(confd, at('conf.d'));
		symlinkSync(at('conf.d'), confd);
		await refused('conf.d');
		rmSync(confd);
		cpSync(at('conf.d'), confd, { recursive: true });
	});
	await t.test('a mount', { skip: process.getuid() !== 0 }, async () => {
		for (const path of [nginxd, join(stack.rundir, 'kruxos.conf')]) {
			execFileSync('mount', ['--bind', path, path]);
			try {
				await refused(basename(path));
			} finally {
				execFileSync('umount', [path]);
			}
		}
	});
	const { code, stderr } = await restore(file);
	assert.equal(code, 0, stderr);
	await stack.resume();
});

test('who could read a file of the configuration can read it when it is restored, and nobody else', async () => {
	const confd = join(stack.rundir, 'conf.d');
	mkdirSync(confd, { recursive: true });
	const group = process.getuid() === 0 ? 1 : process.getgid();
	const names = ['gone.conf', 'linked.conf', 'open.conf', 'secret.conf'];
	for (const name of names) {
		writeFileSync(join(confd, name), `# ${name}\n`);
		chmodSync(join(confd, name), 0o644);
	}
	const conf = join(stack.rundir, 'kruxos.conf');
	const { file } = await backup('modes');
	await stack.halt();
	for (const path of [conf, join(confd, 'secret.conf'), join(confd, 'linked.conf')]) {
		chownSync(path, process.getuid(), group);
		chmodSync(path, 0o640);
	}
	renameSync(join(confd, 'linked.conf'), at('linked.conf'));
	symlinkSync(at('linked.conf'), join(confd, 'linked.conf'));
	chownSync(join(confd, 'secret.conf'), process.getuid() === 0 ? 2 : process.getuid(), group);
	chmodSync(join(confd, 'open.conf'), 0o666);
	rmSync(join(confd, 'gone.conf'));
	const { code, stderr } = await restore(file);
	assert.equal(code, 0, stderr);
	const rights = path => {
		const { mode, gid } = lstatSync(path);
		return [mode & 0o7777, gid];
	};
	for (const path of [conf, join(confd, 'secret.conf'), join(confd, 'linked.conf')])
		assert.deepEqual(rights(path), [0o640, group], path);
	if (process.getuid() === 0)
		assert.equal(lstatSync(join(confd, 'secret.conf')).uid, 2);
	for (const path of [join(confd, 'open.conf'), join(confd, 'gone.conf')])
		assert.equal(rights(path)[0], 0o644, path);
	for (const name of names)
		rmSync(join(confd, name));
	await stack.resume();
});

test('a restore that was killed is done again, and no daemon starts in between', async () => {
	const { file, head } = await backup('killed');
	await stack.halt();
	// As one leaves it that is killed when the log was moved, and nothing was put in its place.
	writeFileSync(join(stack.rundir, 'restore.begun'), '');
	mkdirSync(join(stack.auditDir, '.restore'), { mode: 0o700 });
	writeFileSync(join(stack.auditDir, '.restore', 'half'), 'half');
	for (const name of readdirSync(stack.auditDir).filter(name => name.endsWith('.jsonl')))
		rmSync(join(stack.auditDir, name));
	const daemon = stack.startDaemon();
	assert.equal(await daemon.ended, 1);
	assert.match(daemon.said, /a restore was begun and did not end/);
	assert.deepEqual(stack.lines(), []);
	const { code, stderr } = await restore(file);
	assert.equal(code, 0, stderr);
	assert.ok(!existsSync(join(stack.rundir, 'restore.begun')));
	assert.ok(!existsSync(join(stack.auditDir, '.restore')));
	await stack.resume();
	assert.equal((await stack.kruxos(['audit', 'verify', '--expect', head])).code, 0);
});

test('whenever a restore is killed, either nothing has changed or it is done again', async () => {
	const { file, head } = await backup('anytime');
	await stack.halt();
	let finished = 0;
	for (let delay = 0; delay < 40 && finished < 3; delay += 2) {
		const child = spawn(join(build, 'bin/kruxos'), ['restore', file],
			{ env: { ...process.env, ...stack.environment }, stdio: 'ignore' });
		const ended = new Promise(resolve => child.on('exit', resolve));
		await new Promise(resolve => setTimeout(resolve, delay));
		child.kill('SIGKILL');
		finished += await ended === 0;
		if (!existsSync(join(stack.rundir, 'restore.begun')))
			assert.equal((await stack.kruxos(['audit', 'verify', '-d', stack.auditDir])).code, 0);
	}
	assert.equal((await restore(file)).code, 0);
	await stack.resume();
	assert.equal((await stack.kruxos(['audit', 'verify', '--expect', head])).code, 0);
});

test('a daemon that is started anew still holds the log still for who reads', async t => {
	const path = join(stack.rundir, 'backup');
	await stack.halt();
	mkdirSync(path, { mode: 0o700 });
	const reader = spawn('flock', ['-s', path, 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] });
	t.after(() => reader.kill());
	const ended = new Promise(resolve => reader.on('exit', resolve));
	await until('it is locked', () => {
		try {
			execFileSync('flock', ['-xn', path, 'true']);
			return false;
		} catch {
			return true;
		}
	});
	await stack.resume();
	const erase = () => stack.kruxos(['audit', 'erase', '3', '--reason', 'a test', '--yes']);
	assert.match((await erase()).stderr, /a backup of the log is being made/);
	reader.stdin.end();
	await ended;
	await until('nothing is held', async () => (await erase()).code === 0);
	assert.ok(!existsSync(path));
});

test('a full disk leaves neither half a backup nor half a restore', { skip: process.getuid() !== 0 }, async () => {
	const small = at('small');
	mkdirSync(small);
	execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
	try {
		const { code, stderr } = await stack.kruxos(['backup', join(small, 'file')]);
		assert.equal(code, 1);
		assert.match(stderr, /No space left on device/);
		assert.deepEqual(readdirSync(small), []);
		const { file } = await backup('fits');
		const checked = await stack.kruxos(['restore', '--check', file], { env: { TMPDIR: small } });
		assert.equal(checked.code, 1);
		assert.match(checked.stderr, /No space left on device/);
		assert.deepEqual(readdirSync(small), []);
	} finally {
		execFileSync('umount', [small]);
	}
});
