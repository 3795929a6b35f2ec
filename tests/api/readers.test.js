// Programs as a packaged system runs them: each as a user who can read what it
// needs and write nothing, while the daemon works, is stopped, was killed, or
// has never been.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { FastCgi } from '../fault/harness/fastcgi.js';
import { Door } from './harness/door.js';
import { until } from './harness/poll.js';
import { build, freePorts, run } from './harness/stack.js';

const skip = process.getuid() !== 0 && 'it is done as several users';

// Numbers that nobody has: users and groups, each user with a group of its own.
const WRITER = 61000, WEB = 61001, SESSION = 61002, GATEWAY = 61003, OPERATOR = 61004, AUDITORS = 61010, INGEST = 61011;

const users = { session: SESSION, gateway: GATEWAY, otlp: GATEWAY };
const programs = ['health', 'audit', 'activity', 'alerts', 'approvals', 'metrics', 'proxy', 'session', 'gateway', 'otlp'];

/** What each is asked; of otlp, which answers nothing without a token, anything. */
const questions = {
	health: '/health', audit: '/api/audit?q=needle', activity: '/api/activity', alerts: '/api/alerts',
	approvals: '/api/approvals', metrics: '/api/metrics?category=agents', proxy: '/api/proxy/status', session: '/api/session',
	gateway: '/healthz', otlp: '/v1/logs',
};

const entry = number => ({
	actor_type: 'agent', agent_name: 'reader', session_id: 's-1', capability: 'shell.exec', status: 'success',
	summary: `needle ${number}`,
});

/** `program` as a user; `groups` beside its own. */
const as = (uid, groups, program, args) => ['setpriv', [
	`--reuid=${uid}`, `--regid=${uid}`, groups.length > 0 ? `--groups=${groups.join()}` : '--clear-groups', program, ...args,
]];

class System {
	#children = new Set();
	#count = 0;

	static async make() {
		const system = new System();
		const root = system.root = mkdtempSync(join(tmpdir(), 'kruxos-readers-'));
		const [health, dashboard, gateway] = await freePorts(3);
		system.config = join(root, 'kruxos.conf');
		chmodSync(root, 0o755);
		// Where they were built may be nobody else's to look into.
		mkdirSync(join(root, 'programs'));
		for (const name of ['kruxosd', 'kruxos', ...programs.map(name => `${name}.fcgi`)])
			cpSync(join(build, name.endsWith('.fcgi') ? 'fcgi' : 'bin', name), join(root, 'programs', name));
		for (const [name, mode, uid, gid] of [
			['data', 0o2750, WRITER, AUDITORS], ['data/state', 0o2750, WRITER, SESSION],
			['audit', 0o2750, WRITER, AUDITORS], ['run', 0o755, WRITER, WRITER],
			['spool', 0o3733, WRITER, WRITER], ['fcgi', 0o1777, 0, 0], ['log', 0o755, 0, 0],
		]) {
			const path = join(root, name);
			mkdirSync(path);
			chownSync(path, uid, gid);
			chmodSync(path, mode);
		}
		writeFileSync(system.config, `[paths]
data_dir = data
state_dir = data/state
audit_dir = audit
runtime_dir = run
log_dir = log
pid_dir = log
spool_dir = spool
[door]
web_users = ${WEB} ${SESSION} ${GATEWAY}
operator_group = ${WRITER}
ingest_group = ${INGEST}
[http]
health_port = ${health}
dashboard_port = ${dashboard}
gateway_port = ${gateway}
`);
		return system;
	}

	#spawn(uid, groups, program, args) {
		const child = spawn(...as(uid, groups, join(this.root, 'programs', program), ['-c', this.config, ...args]),
			{ stdio: ['ignore', 'ignore', 'pipe'] });
		child.said = '';
		child.stderr.setEncoding('utf8').on('data', text => child.said += text);
		child.ended = new Promise(resolve => child.on('exit', () => resolve(this.#children.delete(child))));
		this.#children.add(child);
		return child;
	}

	async startWriter() {
		this.writer = this.#spawn(WRITER, [AUDITORS, SESSION], 'kruxosd', []);
		await until('the door is open', async () => {
			assert.equal(this.writer.exitCode, null, this.writer.said);
			(await this.door()).close();
			return true;
		});
	}

	async endWriter(signal) {
		this.writer.kill(signal);
		if (signal === 'SIGSTOP') {
			await until('it stands still', () => /\) T /.test(readFileSync(`/proc/${this.writer.pid}/stat`, 'utf8')));
			return;
		}
		await this.writer.ended;
	}

	door() {
		return Door.open(join(this.root, 'run/ingest.sock'));
	}

	/** A program that listens, as its user; `ask(url)` answers { status, head, body }. */
	async start(name) {
		const socket = join(this.root, 'fcgi', `${name}-${++this.#count}.sock`);
		const child = this.#spawn(users[name] ?? WEB, [AUDITORS], `${name}.fcgi`, ['-s', socket]);
		const connection = await until(`${name}.fcgi listens`, () => {
			assert.equal(child.exitCode, null, child.said);
			return existsSync(socket) && FastCgi.connect(socket);
		});
		return {
			child,
			ask: async () => {
				const { text, isWhole } = await connection.get(questions[name], {
					variables: this.secret === undefined ? {} : {
						HTTP_COOKIE: `__Host-kruxos-7800=${this.secret}`, KRUXOS_DASHBOARD_PORT: '7800',
					},
				});
				const end = text.indexOf('\r\n\r\n');
				assert.ok(isWhole && end !== -1, `${name}: ${text}${child.said}`);
				const head = text.slice(0, end);
				return { status: Number(/^Status: (\d+)/im.exec(head)?.[1] ?? 200), head, body: text.slice(end + 4) };
			},
			stop: async () => {
				connection.close();
				child.kill('SIGTERM');
				await child.ended;
			},
		};
	}

	/** Run something as a user to its end. */
	run(uid, groups, program, args) {
		return run(...as(uid, groups, program, args), { env: { NO_COLOR: '1' } });
	}

	async stop() {
		for (const child of this.#children) {
			child.kill('SIGKILL');
			await child.ended;
			assert.doesNotMatch(child.said, /Sanitizer|runtime error:|Assertion/);
		}
		rmSync(this.root, { recursive: true });
	}
}

/** All that lies in data, state, audit and run, with its folders. */
function* filesOf(root) {
	for (const folder of ['data', 'data/state', 'audit', 'run'])
		for (const name of ['.', ...readdirSync(join(root, folder))])
			yield join(root, folder, name);
}

describe('programs that can only read', { skip }, () => {
	let system;
	const running = {};

	before(async () => {
		system = await System.make();
	});
	after(() => system.stop());

	/** Each program's answer, of those that run since the beginning and of new ones. */
	async function askAll(check) {
		for (const name of programs) {
			check(name, await running[name].ask());
			const fresh = await system.start(name);
			check(name, await fresh.ask());
			await fresh.stop();
		}
	}

	/** The answer of a reader that has all it needs. */
	function isGood(name, { status, head, body }) {
		if (name === 'otlp') // who asks has no token
			assert.equal(status, 405, body);
		else if (name === 'health')
			assert.ok(['healthy', 'degraded', 'unhealthy'].includes(JSON.parse(body).status), body);
		else
			assert.equal(status, 200, `${name}: ${head}\n${body}`);
		if (name === 'audit')
			assert.equal(JSON.parse(body).entries.length, 3);
		if (name === 'session')
			assert.equal(JSON.parse(body).name, 'anna');
	}

	test('without anything there they say that they cannot answer, and go on', async () => {
		for (const name of programs)
			running[name] = await system.start(name);
		await askAll((name, { status, head, body }) => {
			const isAlone = ['gateway', 'otlp', 'health', 'metrics'].includes(name);
			assert.ok(isAlone || status === 503 || status === 401, `${name}: ${head}\n${body}`);
		});
		assert.deepEqual(readdirSync(join(system.root, 'data')), ['state']);
	});

	test('when the writer comes they find what it has made', async () => {
		await system.startWriter();
		const door = await system.door();
		await door.record(entry(1), entry(2), entry(3));
		const { secret } = await door.command('account.link', { name: 'anna', role: 'operator' });
		system.secret = (await door.command('account.sign_in', { link: secret })).secret;
		door.close();
		assert.ok(system.secret);
		await until('the index has it', async () => {
			isGood('audit', await running.audit.ask());
			return true;
		});
		await askAll(isGood);
	});

	test('files are their groups\' to read, and the daemon\'s alone to write', async () => {
		const groups = { data: AUDITORS, state: SESSION, audit: AUDITORS, run: WRITER };
		const names = new Set();

		for (const path of filesOf(system.root)) {
			const { uid, gid, mode } = statSync(path);
			const folder = path.split('/').at(-2);
			if (path.endsWith('/.') || path.endsWith('.sock') || statSync(path).isDirectory())
				continue;
			names.add(path.split('/').at(-1));
			assert.equal(uid, WRITER, path);
			assert.equal(gid, groups[folder], path);
			assert.equal(mode & 0o022, 0, path);
			if (folder !== 'run')
				assert.equal(mode & 0o007, 0, path);
		}
		for (const name of ['kruxos.db', 'kruxos.db-wal', 'kruxos.db-shm', 'telemetry.db', 'state.db', 'state.db-wal',
			'state.db-shm', 'kruxosd.status'])
			assert.ok(names.has(name), name);
	});

	test('nobody but the daemon can write a byte of it', async () => {
		const script = 'for file; do ! test -w "$file" || echo "$file"; done';

		for (const uid of [WEB, SESSION, GATEWAY, OPERATOR]) {
			const { code, stdout } = await system.run(uid, [AUDITORS], 'sh', ['-c', script, 'sh', ...filesOf(system.root)]);
			assert.equal(code, 0);
			assert.deepEqual(stdout.split('\n').filter(path => path !== '' && !path.endsWith('ingest.sock')), [], `uid ${uid}`);
		}
	});

	test('of accounts nobody learns but the program of sign-ins', async () => {
		for (const uid of [WEB, GATEWAY, OPERATOR])
			assert.notEqual((await system.run(uid, [AUDITORS, WRITER], 'ls', [join(system.root, 'data/state')])).code, 0);
		assert.equal((await system.run(SESSION, [], 'ls', [join(system.root, 'data/state')])).code, 2);
		assert.equal((await system.run(SESSION, [AUDITORS], 'ls', [join(system.root, 'data/state')])).code, 0);
	});

	test('who may not read the log, or open a socket, is told which group may', async () => {
		const group = (await run('getent', ['group', '4'])).stdout.split(':')[0];
		const folder = join(system.root, 'other');
		const kruxos = args => system.run(OPERATOR, [WRITER], join(system.root, 'programs/kruxos'), ['-c', system.config, ...args]);
		const words = new RegExp(`^kruxos: [^ ]*: Permission denied; members of the group ${group} may, from their next login on$`, 'm');

		mkdirSync(folder);
		chownSync(folder, WRITER, 4);
		chmodSync(folder, 0o750);
		for (const args of [['audit', 'verify', '-d', folder], ['audit', 'head', '-d', folder], ['audit', 'query', '-d', folder],
			['audit', 'show', '1', '-d', folder]]) {
			const { code, stderr } = await kruxos(args);
			assert.equal(code, 1);
			assert.match(stderr, words, args.join(' '));
		}
		// Of nobody's group there is nothing to say.
		assert.match((await kruxos(['audit', 'verify'])).stderr, /: Permission denied$/m);
	});

	test('a program of the web does nothing in its own name, whatever its groups', async () => {
		const line = join(system.root, 'line.json');
		writeFileSync(line, `${JSON.stringify(entry(9))}\n`);
		for (const uid of [WEB, SESSION, GATEWAY])
			for (const args of [['ingest', line], ['silence', 'add', 'rule=x', '-r', 'x'], ['reindex'],
				['account', 'list'], ['token', 'list'], ['agent', 'create', 'x', '--purpose', 'x']]) {
				const { code, stderr } = await system.run(uid, [AUDITORS, WRITER, INGEST], join(system.root, 'programs/kruxos'),
					['-c', system.config, ...args]);
				assert.notEqual(code, 0, `${uid}: ${args}`);
				assert.match(stderr, /not yours to do|may not|refused|belong/, `${uid}: ${args}`);
			}
	});

	for (const [signal, what] of [['SIGSTOP', 'stands still'], ['SIGKILL', 'was killed']])
		test(`while the writer ${what} all is read on`, async () => {
			await system.endWriter(signal);
			await askAll(isGood);
		});

	test('a writer that comes back and ends in order leaves all to be read', async () => {
		await system.startWriter();
		await askAll(isGood);
		await system.endWriter('SIGTERM');
		await askAll(isGood);
	});
});
