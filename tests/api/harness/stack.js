// A whole stack of its own: kruxos-run in a temporary RUNDIR, on ports that
// were free a moment ago.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { assertAnswer } from './contract.js';
import { Door } from './door.js';
import { request } from './http.js';
import { Hopeless, until } from './poll.js';
import { Stream } from './stream.js';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const build = process.env.KRUXOS_BUILD ?? join(root, 'build');

// Ports below those that the kernel takes for connections, so that none of
// anybody stands in the way; of them each process has some of its own, so that
// no test beside this one chooses the same before either listens.
const FIRST_PORT = 16384, LAST_PORT = 32767, PORTS_OF_A_PROCESS = 16;
let nextPort = FIRST_PORT + process.pid * PORTS_OF_A_PROCESS % (LAST_PORT - FIRST_PORT + 1);

const isFree = port => new Promise((resolve, reject) => {
	const server = net.createServer()
		.on('error', error => error.code === 'EADDRINUSE' ? resolve(false) : reject(error))
		.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
});

/** So many ports of the loopback that nobody listens on. */
export async function freePorts(count) {
	const ports = [];
	while (ports.length < count) {
		const port = nextPort;
		nextPort = port === LAST_PORT ? FIRST_PORT : port + 1;
		if (await isFree(port))
			ports.push(port);
	}
	return ports;
}

/** Run a program to its end: { code, stdout, stderr }. */
export function run(program, args, { env = {}, input, cwd, timeout = 120_000 } = {}) {
	return new Promise((resolve, reject) => {
		const child = execFile(program, args, {
			env: { ...process.env, ...env }, cwd, maxBuffer: 1 << 28, timeout,
		}, (error, stdout, stderr) => {
			if (error && typeof error.code !== 'number')
				reject(error);
			else
				resolve({ code: error?.code ?? 0, stdout, stderr });
		});
		child.stdin.on('error', () => {}); // it may not read all of it
		child.stdin.end(input);
	});
}

export class Stack {
	#child;
	#output = '';

	/**
	 * Start everything and wait until entries are accepted and answered.
	 * `settings` go into kruxos.conf: { section: { key: value } }.
	 */
	static async start(settings) {
		const stack = new Stack();
		stack.rundir = mkdtempSync(join(tmpdir(), 'kruxos-'));
		[stack.healthPort, stack.dashPort, stack.gatewayPort] = await freePorts(3);
		try {
			if (settings !== undefined)
				stack.#configure(settings);
			await stack.#start();
		} catch (error) {
			rmSync(stack.rundir, { recursive: true, force: true });
			throw error;
		}
		return stack;
	}

	get environment() {
		return {
			RUNDIR: this.rundir, BIND: '127.0.0.1',
			HEALTH_PORT: String(this.healthPort), DASH_PORT: String(this.dashPort),
			GATEWAY_PORT: String(this.gatewayPort),
			KRUXOS_CONFIG: join(this.rundir, 'kruxos.conf'),
		};
	}

	#configure(settings) {
		const sections = {
			...settings,
			http: {
				bind: '127.0.0.1', health_port: this.healthPort,
				dashboard_port: this.dashPort, gateway_port: this.gatewayPort,
				...settings.http,
			},
		};
		writeFileSync(this.environment.KRUXOS_CONFIG, Object.entries(sections)
			.flatMap(([section, keys]) => [`[${section}]`,
				...Object.entries(keys).map(([key, value]) => `${key} = ${value}`), '']).join('\n'));
	}

	async #start() {
		this.#child = spawn(join(build, 'bin/kruxos-run'), [], {
			env: { ...process.env, ...this.environment },
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		const before = this.#output.length;
		for (const pipe of [this.#child.stdout, this.#child.stderr])
			pipe.setEncoding('utf8').on('data', text => this.#output += text);
		try {
			await this.untilReady();
			// A part that ends before that is one that cannot be started.
			await until('kruxos-run says so', () => this.#output.includes('kruxos is ready', before));
		} catch (error) {
			error.message += `\n${this.output}`;
			await this.halt();
			throw error;
		}
	}

	untilReady() {
		return until('the stack is ready', async () => {
			if (this.#child.exitCode !== null)
				throw new Hopeless('kruxos-run has ended');
			// For a moment the status page says what a daemon said that is gone.
			(await this.door()).close();
			const health = await request({ port: this.healthPort }, '/health/ready');
			const audit = await request(this.api, '/api/audit?limit=1');
			const activity = await request(this.api, '/api/activity?limit=1');
			return health.status === 200 && audit.status === 200 && activity.status === 200;
		}, 60_000);
	}

	/** Stop all of it, and wait for the end; the files stay. */
	async halt() {
		if (this.#child.exitCode === null && this.#child.signalCode === null) {
			const ended = new Promise(resolve => this.#child.once('exit', resolve));
			this.#child.kill('SIGTERM');
			await ended;
		}
	}

	async resume() {
		await this.#start();
	}

	/** Stop, and leave nothing behind. A sanitizer's report is a failure. */
	async stop() {
		await this.halt();
		const said = this.output;
		rmSync(this.rundir, { recursive: true, force: true });
		assert.doesNotMatch(said, /Sanitizer|runtime error:|Assertion|stack smashing/);
	}

	/**
	 * Start the daemon alone, with nobody who starts it again: the child, with
	 * `ended` (its exit code, or the signal) and what it has `said`.
	 */
	startDaemon() {
		const child = spawn(join(build, 'bin/kruxosd'), ['-c', join(this.rundir, 'kruxos.conf')],
			{ stdio: ['ignore', 'ignore', 'pipe'] });
		child.said = '';
		child.stderr.setEncoding('utf8').on('data', text => child.said += text);
		child.ended = new Promise(resolve =>
			child.on('exit', (code, signal) => resolve(signal ?? code)));
		return child;
	}

	/** What kruxos-run has said. */
	get said() {
		return this.#output;
	}

	/** What it and the parts have said. */
	get output() {
		const logs = join(this.rundir, 'log');
		const files = existsSync(logs) ? readdirSync(logs).filter(name => name !== 'access.log') : [];
		return this.#output +
			files.map(name => `--- ${name}\n${readFileSync(join(logs, name), 'utf8')}`).join('');
	}

	get api() {
		return { socketPath: join(this.rundir, 'api.sock') };
	}

	/** The dashboard's listener. */
	get dashboard() {
		return { port: this.dashPort, tls: true };
	}

	/** The agents' listener. */
	get gateway() {
		return { port: this.gatewayPort };
	}

	/** The name of a session's cookie. */
	get cookieName() {
		return `__Host-kruxos-${this.dashPort}`;
	}

	/** A one-time link's secret for `name`, an account that is made if it is not there. */
	async link(name, role) {
		const door = await this.door();
		try {
			return (await door.command('account.link', { name, role })).secret;
		} finally {
			door.close();
		}
	}

	/**
	 * Sign in over HTTPS, with a link, as `name`, whose account is made with
	 * `role` if it is not there. Returns { cookie, secret, csrf, session, headers }:
	 * the cookie as it is sent back, what the API says of the session, and the
	 * headers of a change by it.
	 */
	async signIn(name = 'anna', role = 'operator') {
		const reply = await request(this.dashboard, '/api/session', {
			method: 'POST', headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify({ link: await this.link(name, role) }),
		});
		assert.equal(reply.status, 200, reply.body);
		return this.signedIn(reply);
	}

	/** The same of an answer to POST /api/session. */
	signedIn(reply) {
		const session = assertAnswer('/api/session', reply, 'POST');
		const [cookie] = reply.headers['set-cookie'][0].split(';');
		return {
			cookie, secret: cookie.split('=')[1], csrf: session.csrf, session,
			headers: { Cookie: cookie, 'X-CSRF-Token': session.csrf, 'Content-Type': 'application/json' },
		};
	}

	/** Ask the dashboard's listener, and compare the answer with docs/openapi.yaml. */
	async ask(method, url, { headers, body, status = 200 } = {}) {
		const reply = await request(this.dashboard, url, {
			method, headers, body: body === undefined ? undefined : JSON.stringify(body),
		});
		assert.equal(reply.status, status, `${method} ${url}: ${reply.body.slice(0, 500)}`);
		return assertAnswer(url, reply, method);
	}

	get auditDir() {
		return join(this.rundir, 'audit');
	}

	/** GET of `url` over api.sock, compared with docs/openapi.yaml. */
	async get(url, status = 200) {
		const reply = await request(this.api, url);
		assert.equal(reply.status, status, `${url}: ${reply.body.slice(0, 500)}`);
		return assertAnswer(url, reply);
	}

	/** The same on the health port. */
	async getHealth(url, status = 200) {
		const reply = await request({ port: this.healthPort }, url);
		assert.equal(reply.status, status, `${url}: ${reply.body.slice(0, 500)}`);
		return assertAnswer(url, reply);
	}

	door() {
		return Door.open(join(this.rundir, 'ingest.sock'));
	}

	stream(query = '', headers = {}, where = this.api) {
		return Stream.open(where, `/api/activity/stream${query}`, headers);
	}

	/** Run `kruxos ARGS`. */
	kruxos(args, options = {}) {
		return run(join(build, 'bin/kruxos'), args, {
			...options, env: { ...this.environment, NO_COLOR: '1', ...options.env },
		});
	}

	/** The process id of a part: kruxosd, observer, nginx, health, audit, activity. */
	pidOf(part) {
		return Number(readFileSync(join(this.rundir, 'pid', `${part}.pid`), 'utf8'));
	}

	/** End a part by `signal`, and wait until it has come back by itself. */
	async restart(part, signal = 'SIGKILL') {
		const before = this.pidOf(part);
		process.kill(before, signal);
		await until(`${part} is back`, () => {
			const now = this.pidOf(part);
			return now !== before && process.kill(now, 0);
		}, 30_000);
		await this.untilReady();
	}

	/** The log's lines, in order. */
	lines() {
		return readdirSync(this.auditDir).filter(name => name.endsWith('.jsonl')).sort()
			.flatMap(name => readFileSync(join(this.auditDir, name), 'utf8')
				.split('\n').slice(0, -1)
				.map(line => ({ line, log_file: name })));
	}

	/** The log's entries as the API shows them, in order. */
	entries() {
		return this.lines().map(({ line, log_file }) => ({ ...JSON.parse(line), log_file }));
	}

	/** Wait until the index holds the entry `seq`. */
	untilIndexed(seq) {
		return until(`entry ${seq} is in the index`, async () =>
			(await this.get('/api/audit?limit=1')).through_seq >= seq);
	}
}
