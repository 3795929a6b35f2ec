// Observing: what fifty services cost the observer, and two hundred rules the
// daemon.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { request } from '../api/harness/http.js';
import { until } from '../api/harness/poll.js';
import { Stack, build } from '../api/harness/stack.js';
import { memoryOf } from './memory.js';
import { atMost, chapter, median, must, progress, report, ROUNDS } from './table.js';

const SERVICES = 50;
const RULES = 200;
const OBSERVED_MS = 60_000; // four rounds of checks, twelve samples
const TICKS = 100; // a second has so many (proc(5); sysconf says so on Linux)

/** Half of them by HTTP, half by a connection; all are this stack's nginx. */
const serviceSections = port => Object.fromEntries(Array.from({ length: SERVICES }, (_, i) =>
	[`service bench-${i}`, i % 2 === 0
		? { kind: 'http', target: `http://127.0.0.1:${port}/health/live` }
		: { kind: 'tcp', target: `127.0.0.1:${port}` }]));

/** CPU that a process has taken since its start, in seconds. */
function cpuOf(pid) {
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
	return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function benchObserver(peer) {
	progress(`${SERVICES} services, observed for a minute`);
	const stack = await Stack.start(serviceSections(peer.healthPort));
	try {
		const pid = Number(readFileSync(join(stack.rundir, 'pid/observer.pid'), 'utf8'));
		await until('every service was checked', async () => {
			const { body } = await request(stack.api, '/api/health');
			return JSON.parse(body).services.filter(service => service.status === 'healthy').length >= SERVICES;
		}, 60_000);
		const before = cpuOf(pid), begun = performance.now();
		let most = 0;
		while (performance.now() - begun < OBSERVED_MS) {
			most = Math.max(most, memoryOf(pid));
			await new Promise(resolve => setTimeout(resolve, 500)); // the next look
		}
		const share = (cpuOf(pid) - before) / ((performance.now() - begun) / 1000);
		report(`kruxos-observer, ${SERVICES} services: of a core`, 100 * share, '%', { target: atMost(1) });
		report(`kruxos-observer, ${SERVICES} services: memory`, most / 1024, 'MiB', { target: atMost(16) });
	} finally {
		await stack.stop();
	}
}

function benchRules() {
	progress(`${RULES} rules`);
	const took = Array.from({ length: ROUNDS }, () =>
		Number(must(join(build, 'bench/rules'), [String(RULES)])));
	report(`${RULES} rules, evaluated once`, median(took), 'us', { target: atMost(1000) });
}

/** `peer` is a stack that runs: the services are its nginx. */
export async function benchObserving(peer) {
	chapter('observing');
	benchRules();
	await benchObserver(peer);
}
