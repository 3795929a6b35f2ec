// The same entries in PostgreSQL, and the same questions: Debian's programs, a
// server of our own in a temporary folder, reached by its socket alone.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { Hopeless, until } from '../api/harness/poll.js';
import { build } from '../api/harness/stack.js';
import { reportAnswers, reportIngest } from './peers.js';
import { statementsOf } from './sql.js';
import { ROUNDS, median, must, progress } from './table.js';

const programs = '/usr/lib/postgresql/15/bin';
const RUNS = 100;
const RUNS_LEAST = 5;
const PATIENCE_US = 10e6;

/** PostgreSQL refuses to be root's. */
const asItself = process.getuid() === 0
	? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--'] : [];

function ownerOf(name) {
	const [, , uid, gid] = must('getent', ['passwd', name]).split(':');
	return [Number(uid), Number(gid)];
}

/** A server in `dir`, until it is stopped. */
async function startServer(dir) {
	const data = join(dir, 'data');
	const [first, ...rest] = [...asItself, join(programs, 'initdb'),
		'-D', data, '-U', 'kruxos', '-A', 'trust', '--no-sync'];
	must(first, rest, { cwd: dir });
	const [program, ...args] = [...asItself, join(programs, 'postgres'), '-D', data, '-k', dir,
		'-c', 'listen_addresses=', '-c', 'shared_buffers=512MB', '-c', 'max_wal_size=4GB'];
	const child = spawn(program, args, { cwd: dir, stdio: 'ignore' });
	const ended = new Promise(done => child.once('exit', done));
	await until('PostgreSQL answers', () => {
		if (child.exitCode !== null)
			throw new Hopeless('PostgreSQL has ended');
		return spawnSync(join(programs, 'pg_isready'), ['-q', '-h', dir]).status === 0;
	});
	return {
		psql: (args, settings) => must(join(programs, 'psql'),
			['-h', dir, '-U', 'kruxos', '-d', 'postgres', '-X', '-q', '-A', '-t',
				'-v', 'ON_ERROR_STOP=1', ...args], settings),
		stop: async () => {
			child.kill('SIGINT'); // at once, but cleanly
			await ended;
		},
	};
}

/** How long an answer takes: each of the runs, in µs. */
function time(server, question, runs) {
	const statements = statementsOf(question);
	const script = statements.map((statement, i) =>
		statement + (i + 1 < statements.length ? ' \\g /dev/null' : ';')).join('\n');
	const lines = server.psql(['-f', '-'],
		{ input: `\\timing on\n${`${script}\n`.repeat(runs)}` }).trim().split('\n');
	const times = lines.filter(line => line.startsWith('Time: '))
		.map(line => parseFloat(line.slice(6)) * 1000);
	const totals = lines.filter(line => /^[0-9]+$/.test(line)).map(Number);
	assert.equal(times.length, statements.length * runs);
	assert.equal(totals[0], question.total, `${question.question}: another total`);
	return Array.from({ length: runs }, (_, run) =>
		times.slice(run * statements.length, (run + 1) * statements.length)
			.reduce((sum, time) => sum + time));
}

/** As table_ask.c does: many times, but not for long. */
function ask(server, question) {
	const [first] = time(server, question, 1);
	const runs = Math.min(RUNS, Math.max(RUNS_LEAST, Math.floor(PATIENCE_US / first)));
	const took = time(server, question, runs).sort((a, b) => a - b);
	return { p50_us: median(took), p99_us: took[Math.floor(took.length * 99 / 100)] };
}

/** Entries a second: medians of as many loads as there are rounds. */
function load(server, stack, through) {
	const script = join(stack.rundir, 'entries.sql');
	const out = openSync(script, 'w', 0o600);
	must(join(build, 'bench/table_load'), [stack.auditDir, String(through)], { stdio: ['ignore', out, 'pipe'] });
	closeSync(out);
	const seconds = [];
	for (let round = 0; round < ROUNDS; round++) {
		server.psql(['-c', 'DROP TABLE IF EXISTS entry']);
		const begin = performance.now();
		server.psql(['-f', script]);
		seconds.push((performance.now() - begin) / 1000);
	}
	rmSync(script);
	server.psql(['-c', 'VACUUM ANALYZE']);
	return Number(server.psql(['-c', 'SELECT count(*) FROM entry'])) / median(seconds);
}

/** `indexed`: how many entries a second we take; then what we were
 * asked, and answered, of the entries up to `through`. */
function measure(server, stack, indexed, { through, questions }) {
	progress('the same entries into PostgreSQL');
	reportIngest('PostgreSQL', indexed, load(server, stack, through));
	progress('the same questions to PostgreSQL');
	for (const question of questions)
		reportAnswers('PostgreSQL', question, ask(server, question));
}

export async function benchPostgres(stack, indexed, asked) {
	const dir = mkdtempSync(join(tmpdir(), 'kruxos-postgres-'));
	let server;
	try {
		if (process.getuid() === 0)
			chownSync(dir, ...ownerOf('postgres'));
		server = await startServer(dir);
		measure(server, stack, indexed, asked);
	} finally {
		await server?.stop();
		rmSync(dir, { recursive: true });
	}
}
