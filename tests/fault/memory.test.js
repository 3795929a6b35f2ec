// Family 4: every allocation fails once, of the libraries too. The process ends
// with a word on stderr; nothing acknowledged is lost, and nothing wrong said.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { Stack } from '../api/harness/stack.js';
import { Ledger, Producer, assertRecorded, daemonSubjects, manyKinds } from './harness/daemon.js';
import { Family } from './harness/family.js';
import { programSubjects } from './harness/programs.js';
import { happened, injecting, isSanitized, readSites, recording } from './harness/sites.js';

const DEPTH = 5; // return addresses that tell a site from another
const RESTARTS = 3;

const family = new Family({
	number: 4, what: 'an allocation fails', file: 'memory.test.js', seconds: 40,
	wanted: call => call === 'malloc',
	floors: { 'audit.fcgi': 20, 'activity.fcgi': 10, 'health.fcgi': 10,
		'metrics.fcgi': 10, 'alerts.fcgi': 10, 'approvals.fcgi': 10, 'gateway.fcgi': 10, 'otlp.fcgi': 10, 'proxy.fcgi': 10, 'session.fcgi': 10, kruxos: 20 },
	pairs: 0,
});

/* The sanitizers have an allocator of their own, which ends the process. */
if (isSanitized)
	console.log(`family 4: 0 cases, seed ${family.seed} (not with sanitizers)`);

test('every allocation fails once', { skip: isSanitized }, async context => {
	const programs = await programSubjects(context, DEPTH);
	await family.run(async room => [...await daemonSubjects(room, DEPTH), ...programs]);
});

/** A stack whose programs have `environment`, with entries in its log. */
async function run(environment, during) {
	const before = { ...process.env };
	Object.assign(process.env, environment);
	const stack = await Stack.start().finally(() => process.env = before);
	try {
		const ledger = new Ledger();
		const producer = new Producer({
			door: join(stack.rundir, 'ingest.sock'), hasEnded: false,
			get said() { return stack.output; },
		}, ledger);
		await producer.record(manyKinds('one'));
		producer.close();
		await stack.untilReady();
		assertRecorded(stack.entries(), ledger);
		const { code, stdout, stderr } = await stack.kruxos(['audit', 'verify']);
		assert.equal(code, 0, stdout + stderr);
		await during?.(stack);
	} finally {
		await stack.stop();
	}
}

test('a daemon without memory is started again, and nothing is lost', { skip: isSanitized }, async context => {
	const room = family.makeRoom();
	context.after(() => family.removeRoom());
	const file = join(room, 'sites');
	await run(recording('kruxosd', file, DEPTH));
	const sites = readSites(file).filter(({ call }) => call === 'malloc');
	for (let i = 0; i < RESTARTS; i++) {
		const { call, site } = family.chance.pick(sites);
		const mark = join(room, `mark-${i}`);
		const faults = [{ call, site, occurrence: 1, what: 12 }];
		await run(injecting('kruxosd', faults, mark, DEPTH), stack => {
			if (happened(mark, 1))
				assert.match(stack.output, /kruxosd: out of memory/);
		});
	}
});
