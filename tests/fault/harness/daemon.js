// kruxosd under faults: a session at the door, what may come of it, and what
// must hold afterwards.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
	appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, utimesSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { Door } from '../../api/harness/door.js';
import { until } from '../../api/harness/poll.js';
import { build, run } from '../../api/harness/stack.js';
import { happened, injecting, preloading, recording } from './sites.js';

const DEADLINE_MS = 15_000;

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/** What can only be a bug, whatever failed. */
const BUG = /Assertion|Sanitizer|runtime error:|stack smashing|buffer overflow|free\(\)|malloc\(\):|corrupted|double free/;

/** The words of a program that ends itself by abort(). */
const LAST_WORDS = /out of memory|getrandom: |SHA-256 is not to be had/;

/* Bugs of others, which have no remedy here: each ends the process with these
 * words. */
const FOREIGN = [
	/* glibc 2.36 takes a getline() without memory for one that returned 0. */
	/nss_database\.c:\d+: nss_database_reload_1: Assertion/,
];

/** What was said beside "all is well": levels 0 to 5, or no level at all. */
export const words = said => said.split('\n').filter(line => line !== '' && !/^<[67]>/.test(line));

/** Whether this end, by exit code or signal, is one that a failure may have. */
export function assertEnd({ ended, said, faults, mayEndWell }) {
	if (FOREIGN.some(words => words.test(said)))
		return;
	assert.doesNotMatch(said, BUG);
	if (ended === 'SIGABRT') {
		assert.ok(faults.length > 0 && LAST_WORDS.test(said), 'it aborted');
	} else {
		assert.equal(typeof ended, 'number', `ended by ${ended}: ${said}`);
	}
	if (ended !== 0)
		assert.notDeepEqual(words(said), [], `it ended with ${ended} and without a word`);
	else
		assert.ok(mayEndWell, 'it ended as if all were well');
}

/** kruxosd alone in `folder`, with `environment`. */
class Daemon {
	said = '';
	ended; // its exit code, or the signal, once it has ended

	constructor(folder, environment = {}) {
		this.folder = folder;
		this.child = spawn(join(build, 'bin/kruxosd'), ['-c', join(folder, 'kruxos.conf')],
			{ env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'pipe'] });
		this.child.stderr.setEncoding('utf8').on('data', text => this.said += text);
		this.end = new Promise(resolve =>
			this.child.on('close', (code, signal) => resolve(this.ended = signal ?? code)));
	}

	get hasEnded() {
		return this.child.exitCode !== null || this.child.signalCode !== null;
	}

	get door() {
		return join(this.folder, 'ingest.sock');
	}

	async stop() {
		this.child.kill('SIGTERM');
		const timer = setTimeout(() => this.child.kill('SIGKILL'), DEADLINE_MS);
		await this.end;
		clearTimeout(timer);
		assert.notEqual(this.ended, 'SIGKILL', `it did not stop: ${this.said}`);
	}
}

/** What the producers of a folder know of its log. */
export class Ledger {
	acknowledged = new Map(); // call_id -> seq
	refused = new Set(); // call_ids that are not recorded
	erased = new Set(); // seqs
	#calls = 0;

	call() {
		return `call-${this.#calls++}`;
	}

	copy() {
		const copy = new Ledger();
		copy.acknowledged = new Map(this.acknowledged);
		copy.refused = new Set(this.refused);
		copy.erased = new Set(this.erased);
		copy.#calls = this.#calls;
		return copy;
	}
}

const entry = (agent, more) => ({
	actor_type: 'agent', agent_name: agent, session_id: `session-${agent}`,
	capability: 'shell.exec', status: 'success', ...more,
});

/** A connection's worth of entries, each sent until it is acknowledged. */
export class Producer {
	#door;

	constructor(daemon, ledger) {
		this.daemon = daemon;
		this.ledger = ledger;
	}

	async #open() {
		while (this.#door === undefined && !this.daemon.hasEnded)
			try {
				this.#door = await Door.open(this.daemon.door);
			} catch {
				assert.ok(performance.now() < this.deadline, `nobody opens the door: ${this.daemon.said}`);
				await pause(5);
			}
		return this.#door;
	}

	close() {
		this.#door?.close();
		this.#door = undefined;
	}

	/** The answers to the entries of one sending; returns those to send again. */
	async #settle(door, entries) {
		const first = door.sent + 1;
		door.sent += entries.length;
		const waiting = new Map(entries.map((one, i) => [first + i, one]));
		const again = [];
		await door.write(entries.map(one => JSON.stringify(one) + '\n').join(''));
		while (waiting.size > 0) {
			const answer = await door.answer();
			if (answer === null || answer.line === 0) {
				// Unanswered: what of it was recorded is a duplicate next time.
				this.close();
				again.push(...waiting.values());
				break;
			}
			if (answer.accepted !== undefined) {
				for (let i = 0; i < answer.accepted; i++) {
					const line = answer.line - i;
					this.ledger.acknowledged.set(waiting.get(line).call_id, answer.seq - i);
					waiting.delete(line);
				}
			} else {
				assert.equal(answer.error, 'audit_unavailable', JSON.stringify(answer));
				const one = waiting.get(answer.line);
				this.ledger.refused.add(one.call_id);
				again.push({ ...one, call_id: this.ledger.call() });
				waiting.delete(answer.line);
				await pause(20);
			}
		}
		return again;
	}

	/** Returns false when the daemon has ended over it. */
	async record(entries) {
		this.deadline = performance.now() + DEADLINE_MS;
		let left = entries.map(one => ({ call_id: this.ledger.call(), ...one }));
		while (left.length > 0) {
			const door = await this.#open();
			if (door === undefined)
				return false;
			door.sent ??= 0;
			left = await this.#settle(door, left);
			assert.ok(performance.now() < this.deadline,
				`it does not take entries: ${this.daemon.said}`);
		}
		return true;
	}

	/** Returns { ok } or { error, … }; an empty object when it was not answered. */
	async ask(verb, args, credential) {
		const door = await this.#open();
		if (door === undefined)
			return {};
		await door.write(JSON.stringify({ do: verb, id: 'r1', args, credential }) + '\n');
		for (;;) {
			const answer = await door.answer();
			if (answer === null || answer.line === 0) {
				this.close();
				return {};
			}
			if (answer.ok !== undefined || answer.error !== undefined)
				return answer;
		}
	}

	/** Returns what follows `ok`; undefined when it was refused or not answered. */
	async command(verb, args) {
		return (await this.ask(verb, args)).ok;
	}
}

const texts = ['exit 0', 'x'.repeat(5000), 'api_key=abcdefghijklmnop0123456789ABCDEF', 'Zoë 🜁 \u0001'];

/** Entries of many kinds. */
export function manyKinds(agent) {
	return [
		entry(agent, { capability: 'session.start' }),
		...texts.map(summary => entry(agent, { summary, request: { summary, list: [1, 2.50, null] } })),
		entry(agent, { capability: 'approval.request', status: 'pending' }),
		entry(agent, { capability: 'filesystem.read', status: 'error', policy_tier: 'notify', duration_ms: 12.3 }),
		entry(agent, { time: '2001-01-01T00:00:00Z', parent_call_id: 'call-0', trace_id: 'trace' }),
		...agent === 'one' ? [entry(agent, { request: { large: 'y'.repeat(70_000) } })] : [],
		entry(agent, { capability: 'session.end' }),
	];
}

/** One erasure; what was promised is kept in the ledger. */
async function erase(producer, ledger) {
	const seq = [...ledger.acknowledged.values()].findLast(one => !ledger.erased.has(one));
	const ok = seq === undefined ? undefined
		: await producer.command('audit.erase', { seqs: [seq], reason: 'a password' });
	if (ok !== undefined)
		ledger.erased.add(seq);
}

/** A call that a person has to approve: asked for, accepted, made and made again; and one that telemetry tells of, twice. */
async function approve(producer, ledger) {
	const agent = { name: 'asker', purpose: 'faults' };
	const { token } = await producer.command('agent.create', agent) ??
		await producer.command('agent.rotate', { name: agent.name }) ?? {};
	const call = { capability: 'alerts.send', arguments: { severity: 'info', title: ledger.call() } };
	const invoke = () => producer.ask('capability.invoke', call, token);
	if (token === undefined)
		return;
	const { approval_id: id } = await invoke();
	if (id !== undefined)
		await producer.command('approval.accept', { id });
	await invoke();
	await invoke();
	await producer.ask('otlp.record', { calls: [1, 2].map(() =>
		({ call_id: call.arguments.title, session_id: 'told', capability: 'shell.exec', status: 'error', request: {} })) }, token);
}

/** A standard session, until it is over or the daemon has ended. */
async function drive(daemon, ledger) {
	const one = new Producer(daemon, ledger);
	const other = new Producer(daemon, ledger);
	try {
		await Promise.all([one.record(manyKinds('one')), other.record(manyKinds('other'))]);
		// Twice the same call, in a batch and after it.
		await one.record([entry('one', { call_id: 'twice' }), entry('one', { call_id: 'twice' })]);
		await erase(one, ledger);
		await approve(one, ledger);
		await one.command('audit.export', { format: 'ndjson', filters: {} });
		await one.command('audit.reindex', {});
		/* Signals come before entries. */
		daemon.child.kill('SIGHUP');
		await other.record([entry('other', { status: 'denied' })]);
		one.close();
		await one.record([entry('one', { capability: 'mcp__server__tool' })]);
	} finally {
		one.close();
		other.close();
	}
}

/** One life of the daemon, with what goes wrong in it. */
async function live(folder, ledger, environment, faults) {
	const refusedBefore = ledger.refused.size;
	const now = new Date();
	/* As if something had just changed: a listing of long ago is not read. */
	if (existsSync(join(folder, 'audit')))
		utimesSync(join(folder, 'audit'), now, now);
	const daemon = new Daemon(folder, environment);
	try {
		await drive(daemon, ledger);
		const endedByItself = daemon.hasEnded;
		if (endedByItself)
			await daemon.end;
		else
			await daemon.stop();
		assertEnd({ ended: daemon.ended, said: daemon.said, faults, mayEndWell: !endedByItself });
		if (ledger.refused.size > refusedBefore)
			assert.notDeepEqual(words(daemon.said), [], 'it refused entries and did not say why');
	} catch (error) {
		error.message += `\nIt said:\n${daemon.said}`;
		throw error;
	} finally {
		if (!daemon.hasEnded)
			daemon.child.kill('SIGKILL');
		await daemon.end;
	}
	return daemon;
}

/** The log's entries. What a write that failed has left behind is none of it. */
function readLog(folder) {
	const audit = join(folder, 'audit');
	const files = readdirSync(audit).filter(name => name.endsWith('.jsonl')).sort()
		.map(name => ({ name, bytes: readFileSync(join(audit, name)) }));
	const parse = ({ bytes }) => bytes.toString().split('\n').slice(0, -1).map(line => JSON.parse(line));
	for (const [i, file] of files.slice(1).entries()) {
		const end = parse(file)[0].request.previous_bytes;
		files[i].bytes = files[i].bytes.subarray(0, end);
	}
	return files.flatMap(parse);
}

async function assertIndexed(folder, daemon) {
	let answer;
	await until(`the index holds the log: ${daemon.said}`, async () => {
		const { stdout, stderr } = await run(join(build, 'fcgi/audit.fcgi'), ['-c', join(folder, 'kruxos.conf')], {
			env: { REQUEST_METHOD: 'GET', PATH_INFO: '/api/audit', QUERY_STRING: 'from=1970-01-01&limit=1' },
		});
		answer = stdout + stderr;
		const body = JSON.parse(stdout.slice(stdout.indexOf('\r\n\r\n')));
		const entries = readLog(folder);
		assert.notEqual(body.integrity?.status, 'damaged', answer);
		return body.total === entries.length && body.through_seq === entries.at(-1).seq;
	}, DEADLINE_MS).catch(error => {
		error.message += `\n${answer}`;
		throw error;
	});
}

/** Whether a log keeps what its ledger says. */
export function assertRecorded(entries, ledger) {
	const { seq: first } = entries[0];
	const at = seq => entries[seq - first];
	const calls = new Set(entries.map(({ call_id }) => call_id));
	entries.forEach(({ seq }, i) => assert.equal(seq, first + i));
	for (const [call, seq] of ledger.acknowledged)
		if (seq >= first)
			assert.equal(at(seq)?.call_id, call, `acknowledged as ${seq}`);
	for (const call of ledger.refused)
		assert.ok(!calls.has(call), `${call} was refused and is recorded`);
	for (const seq of ledger.erased)
		if (seq >= first)
			assert.ok(at(seq).erased_by > seq, `${seq} was not erased`);
}

/** Whether each call that took a person's word had it, once. */
function assertApproved(entries) {
	const accepted = new Set();
	for (const { capability, call_id, agent_name, status } of entries)
		if (capability === 'approval.accept')
			accepted.add(call_id);
		else if (capability === 'alerts.send' && agent_name === 'asker' && status === 'success')
			assert.ok(accepted.delete(call_id), `${call_id} has run without a person's word`);
}

/** What must hold once nothing fails any more. */
async function assertWhole(folder, ledger) {
	const refusedBefore = ledger.refused.size;
	const daemon = new Daemon(folder);
	const producer = new Producer(daemon, ledger);
	try {
		assert.ok(await producer.record([entry('after'), entry('after')]),
			`it does not start any more: ${daemon.said}`);
		assert.equal(ledger.refused.size, refusedBefore, `it refuses entries: ${daemon.said}`);
		await assertIndexed(folder, daemon);
		producer.close();
		await daemon.stop();
		assert.equal(daemon.ended, 0, daemon.said);
		assert.doesNotMatch(daemon.said, /entry \d+ .*damage|\.jsonl.*damage/);
	} finally {
		if (!daemon.hasEnded)
			daemon.child.kill('SIGKILL');
		await daemon.end;
	}

	assertRecorded(readLog(folder), ledger);
	assertApproved(readLog(folder));
	const { code, stdout, stderr } = await run(join(build, 'bin/kruxos'),
		['audit', 'verify', '--dir', join(folder, 'audit')]);
	assert.equal(code, 0, stdout + stderr);
}

/* --- scenes --------------------------------------------------------------- */

const DAY = 24 * 3600;
const config = days => `[audit]\nretention_days = ${days}\n[policy]\nalerts.send = approval_required\n`;

/** A folder as a daemon leaves it after a few days, with the ledger of it. */
async function makeTemplate(folder, environment) {
	mkdirSync(folder);
	writeFileSync(join(folder, 'kruxos.conf'), config(0));
	const ledger = new Ledger();
	for (const days of [-40, -39, -38, 0]) {
		if (days === 0)
			cpSync(join(folder, 'kruxos.db'), join(folder, 'older.db'));
		const daemon = await live(folder, ledger, { ...environment, INJECT_CLOCK: String(days * DAY) }, []);
		assert.equal(daemon.ended, 0, daemon.said);
	}
	return ledger;
}

/** What a folder is made into before the daemon starts in it. */
const scenes = {
	/** As yesterday. */
	usual(folder, ledger) {
		return ledger;
	},
	/** Nothing is there. */
	fresh(folder) {
		for (const name of readdirSync(folder))
			rmSync(join(folder, name), { recursive: true });
		writeFileSync(join(folder, 'kruxos.conf'), config(0));
		return new Ledger();
	},
	/** Old files, a torn tail, an index that is behind. */
	worn(folder, ledger) {
		writeFileSync(join(folder, 'kruxos.conf'), config(30));
		const audit = join(folder, 'audit');
		const last = join(audit, readdirSync(audit).filter(name => name.endsWith('.jsonl')).sort().at(-1));
		const seq = Math.max(...ledger.acknowledged.values()) + 100;
		appendFileSync(last, `{"seq":${seq},"recorded_at":"2`);
		for (const end of ['', '-wal', '-shm'])
			rmSync(join(folder, `kruxos.db${end}`), { force: true });
		renameSync(join(folder, 'older.db'), join(folder, 'kruxos.db'));
		return ledger;
	},
	/** Databases that are none. */
	damaged(folder, ledger) {
		for (const name of ['kruxos.db', 'state.db']) {
			rmSync(join(folder, `${name}-wal`));
			writeFileSync(join(folder, name), 'no database\n'.repeat(1000));
		}
		return ledger;
	},
};

/** The daemon's scenes as subjects of faults: see family.js. */
export async function daemonSubjects(room, depth) {
	const template = join(room, 'template');
	const known = await makeTemplate(template, preloading);
	let count = 0;

	const prepare = scene => {
		const folder = join(room, `kruxosd-${count++}`);
		cpSync(template, folder, { recursive: true, preserveTimestamps: true });
		return { folder, ledger: scenes[scene](folder, known.copy()) };
	};
	return Object.keys(scenes).map(scene => ({
		name: `kruxosd/${scene}`,
		program: 'kruxosd',
		/* Lives of one folder: a template that is used up by its first life
		 * has only one. */
		together: scene === 'usual' ? 16 : 1,
		async record(file) {
			const { folder, ledger } = prepare(scene);
			await live(folder, ledger, recording('kruxosd', file, depth), []);
			await assertWhole(folder, ledger);
			rmSync(folder, { recursive: true });
		},
		async run(cases) {
			const { folder, ledger } = prepare(scene);
			const struck = [];
			for (const [i, faults] of cases.entries()) {
				const mark = join(folder, `mark-${i}`);
				await live(folder, ledger, injecting('kruxosd', faults, mark, depth), faults);
				struck.push(happened(mark, faults.length));
			}
			await assertWhole(folder, ledger);
			rmSync(folder, { recursive: true });
			return struck;
		},
	}));
}
