// Family 5: every system call fails once, as its manual page says it may, and
// transfers are short.

import { test } from 'node:test';

import { daemonSubjects } from './harness/daemon.js';
import { Family } from './harness/family.js';
import { programSubjects } from './harness/programs.js';

const DEPTH = 5; // return addresses that tell a site from another

const family = new Family({
	number: 5, what: 'a system call fails', file: 'calls.test.js', seconds: 40,
	wanted: call => call !== 'malloc',
	floors: { 'audit.fcgi': 20, 'activity.fcgi': 10, 'health.fcgi': 10,
		'metrics.fcgi': 10, 'alerts.fcgi': 10, 'approvals.fcgi': 10, 'gateway.fcgi': 10, 'otlp.fcgi': 10, 'proxy.fcgi': 10, 'session.fcgi': 10, kruxos: 20 },
	pairs: 5000,
});

test('every system call fails once', async context => {
	const programs = await programSubjects(context, DEPTH);
	await family.run(async room => [...await daemonSubjects(room, DEPTH), ...programs]);
});
