// What is slow holds nothing up: an export to one who hardly reads, a search
// that finds nothing and that nobody waits for.

import assert from 'node:assert/strict';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { Stack, build, run } from '../api/harness/stack.js';
import { KiB, MiB, cpuTimeOf, limitOf, median, memoryOf, milliseconds, runTool, sized } from './harness/tools.js';

const ENTRIES = Number(process.env.ENTRIES ?? sized(100_000, 1_000_000));

let stack;
before(async () => {
	stack = await Stack.start();
	const { code, stderr } = await run(join(build, 'bench/door_load'), ['--connections', '8',
		'--window', '4096', '--entries', String(ENTRIES), join(stack.rundir, 'ingest.sock')]);
	assert.equal(code, 0, stderr);
	await until('all are in the index', async () =>
		(await stack.get('/api/audit?limit=1')).through_seq >= ENTRIES, 300_000);
});
after(() => stack?.stop());

const query = seconds =>
	runTool('prober', ['--interval-ms', 5, '--seconds', seconds, stack.api.socketPath, '/api/audit?limit=50']);

/** Ask, and take the answer as slowly as its reader wants to. */
const open = path => new Promise((resolve, reject) => {
	const asked = http.get({ ...stack.api, path, agent: false }, answer => {
		answer.pause();
		resolve({ answer, end: () => asked.destroy() });
	});
	asked.on('error', reject);
});

test('an export to one who reads 1 KB a second', async t => {
	const pid = stack.pidOf('audit');
	const alone = [], beside = [], takes = [];
	const before = memoryOf(pid);
	const { answer, end } = await open('/api/audit/export?format=ndjson&from=1970-01-01');
	answer.on('error', () => {}); // it is ended below
	const reading = setInterval(() => takes.push(answer.read(KiB)?.length ?? 0), 1000);
	try {
		assert.equal(answer.statusCode, 200);
		await until('it has read some', () => takes.length > 1);
		beside.push(await query(3));
		const grown = memoryOf(pid) - before;
		t.diagnostic(`${ENTRIES} entries; ${(grown / MiB).toFixed(1)} MiB more in the program`);
		assert.ok(grown <= 8 * MiB, `${grown} bytes more`);
		assert.equal(answer.complete, false);
	} finally {
		clearInterval(reading);
		end();
	}
	alone.push(await query(3));
	t.diagnostic(`/api/audit p99 ${milliseconds(beside[0].p99_us)} beside it, ` +
		`${milliseconds(alone[0].p99_us)} alone; p50 ${milliseconds(beside[0].p50_us)}, ${milliseconds(alone[0].p50_us)}`);
	assert.equal(beside[0].answered, beside[0].asked);
	assert.ok(beside[0].p50_us <= 2 * alone[0].p50_us + 1000);
	assert.ok(beside[0].p99_us <= limitOf(t, alone[0].p99_us, 50_000));
});

const SEARCH = '/api/audit?q=nothing+is+called+so&from=1970-01-01';

/** Ask, and go away after `patience` milliseconds. Resolves then. */
const abandon = (path, patience) => new Promise((resolve, reject) => {
	const asked = http.get({ ...stack.api, path, agent: false }, answer => answer.resume());
	let isLeaving = false;
	asked.on('error', error => isLeaving || reject(error));
	asked.on('socket', socket => socket.on('connect', () => setTimeout(() => {
		isLeaving = true;
		asked.destroy();
		resolve();
	}, patience)));
});

test('a search ends when nobody waits for it', async t => {
	const pid = stack.pidOf('audit');
	const begun = cpuTimeOf(pid), asked = performance.now();
	await stack.get(SEARCH);
	const whole = cpuTimeOf(pid) - begun, took = performance.now() - asked;
	const rounds = [];
	for (let round = 0; round < 5; round++) {
		const before = cpuTimeOf(pid);
		await abandon(SEARCH, took / 4);
		const left = performance.now();
		let used = cpuTimeOf(pid), still = left;
		await until('it has ended', () => {
			const now = cpuTimeOf(pid);
			// What is no search is a look at the status page now and then.
			if (now > used + 1)
				still = performance.now();
			used = now;
			return performance.now() - still > 500;
		});
		rounds.push({ ran: still - left, used: used - before });
	}
	t.diagnostic(`${ENTRIES} entries in ${whole.toFixed(0)} ms of CPU; abandoned after a quarter ` +
		`of the time: ${rounds.map(({ used }) => used.toFixed(0)).join(', ')} ms, and on for ` +
		`${rounds.map(({ ran }) => ran.toFixed(0)).join(', ')} ms`);
	for (const { ran } of rounds)
		assert.ok(ran <= 2000, `it ran on for ${ran} ms`);
	if (whole >= 200) // else it may be over before its client could leave
		assert.ok(median(rounds.map(({ used }) => used)) <= 0.8 * whole, 'it was not cut short');
});
