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
import { median, milliseconds, must, number, progress, report } from './table.js';

const programs = '/usr/lib/postgresql/15/bin';
const RUNS = 100;

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

const quoted = text => `'${text.replaceAll("'", "''")}'`;

/** One parameter of a filter as SQL; names may have a `*` or a `-` before. */
function conditionOf(column, value) {
	if (value.startsWith('-'))
		return `${column} IS DISTINCT FROM ${quoted(value.slice(1))}`;
	if (!value.includes('*'))
		return `${column} = ${quoted(value)}`;
	return `${column} LIKE ${quoted(value.replaceAll(/[\\%_]/g, '\\$&').replaceAll('*', '%'))}`;
}

function whereOf(question) {
	const conditions = Object.entries(question.filter).map(([column, value]) =>
		conditionOf(column, value));
	if (question.from_us !== undefined)
		conditions.push(`time >= ${question.from_us}`);
	if (question.q !== undefined)
		conditions.push(`(summary LIKE ${quoted(`%${question.q}%`)} OR request LIKE ${quoted(`%${question.q}%`)})`);
	return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}

/** The page and the total, or the counts of each hour; a total comes last. */
function statementsOf(question) {
	const where = whereOf(question);
	if (question.by_hour)
		return [`SELECT sum(count) FROM (SELECT count(*) FROM entry ${where} GROUP BY time / 3600000000, status) AS hour;`];
	return [
		`SELECT * FROM entry ${where} ORDER BY seq DESC LIMIT 50 \\g /dev/null`,
		`SELECT count(*) FROM entry ${where};`,
	];
}

/** How long an answer takes: in µs, each of the runs. */
function ask(server, question) {
	const statements = statementsOf(question);
	const runs = question.q === undefined ? RUNS : 5;
	const lines = server.psql(['-f', '-'],
		{ input: `\\timing on\n${`${statements.join('\n')}\n`.repeat(runs)}` }).trim().split('\n');
	const times = lines.filter(line => line.startsWith('Time: '))
		.map(line => parseFloat(line.slice(6)) * 1000);
	const totals = lines.filter(line => /^[0-9]+$/.test(line)).map(Number);
	assert.equal(times.length, statements.length * runs);
	assert.equal(totals[0], question.total, `${question.question}: another total`);
	return Array.from({ length: runs }, (_, run) =>
		times.slice(run * statements.length, (run + 1) * statements.length)
			.reduce((sum, time) => sum + time));
}

function load(server, stack) {
	const script = join(stack.rundir, 'entries.sql');
	const out = openSync(script, 'w', 0o600);
	must(join(build, 'bench/table_load'), [stack.auditDir], { stdio: ['ignore', out, 'pipe'] });
	closeSync(out);
	const begin = performance.now();
	server.psql(['-f', script]);
	const seconds = (performance.now() - begin) / 1000;
	rmSync(script);
	server.psql(['-c', 'VACUUM ANALYZE']);
	return Number(server.psql(['-c', 'SELECT count(*) FROM entry'])) / seconds;
}

/** `indexed`: how many entries a second we take; `questions`: what we were
 * asked, and answered. */
async function measure(server, stack, indexed, questions) {
	progress('the same entries into PostgreSQL');
	const theirs = load(server, stack);
	report('entries in log and index', `${number(indexed)}/s`, {
		peer: `PostgreSQL ${number(theirs)}/s`, ratio: indexed / theirs, target: '>= 1',
	});
	progress('the same questions to PostgreSQL');
	for (const question of questions) {
		const took = ask(server, question).sort((a, b) => a - b);
		const p99 = took[Math.floor(took.length * 99 / 100)];
		report(`query: ${question.question}`, `p50 ${milliseconds(question.p50_us)}`, {
			peer: `PostgreSQL ${milliseconds(median(took))}`,
			ratio: question.p50_us / median(took), target: '<= 1',
		});
		report('  p99', milliseconds(question.p99_us), {
			peer: `PostgreSQL ${milliseconds(p99)}`, ratio: question.p99_us / p99, target: '<= 1',
		});
	}
}

export async function benchPostgres(stack, indexed, questions) {
	const dir = mkdtempSync(join(tmpdir(), 'kruxos-postgres-'));
	let server;
	try {
		if (process.getuid() === 0)
			chownSync(dir, ...ownerOf('postgres'));
		server = await startServer(dir);
		await measure(server, stack, indexed, questions);
	} finally {
		await server?.stop();
		rmSync(dir, { recursive: true });
	}
}
