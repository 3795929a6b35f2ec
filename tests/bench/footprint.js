// How much memory the whole stack takes with a day of entries behind it, after
// everything has been asked of it: each page as a browser asks, the gateway and
// the receiver of telemetry as agents do, and what Prometheus reads. It is a
// stack of its own, into which the day is brought at once.

import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { Agent } from '../api/harness/agent.js';
import { request } from '../api/harness/http.js';
import { Mcp } from '../api/harness/mcp.js';
import { until } from '../api/harness/poll.js';
import { Stack } from '../api/harness/stack.js';
import { doorLoad } from './door.js';
import { number } from './figure.js';
import { entriesOf } from './log.js';
import { memoryOf } from './memory.js';
import { atMost, chapter, progress, report } from './table.js';

const DAY_S = 86_400;
const RATE = 10;
const VISITS = 3;
/** What a flood and a crowd of questions needed is given back in this time. */
const SETTLING_MS = 30_000;
const WATCHED_MS = 10_000;
const POLLED_MS = 5000;

const hoursAgo = hours => new Date(Date.now() - hours * 3_600_000).toISOString();

/** What a page asks, all of it at once, with the filters that it offers. */
const PAGES = {
	health: [
		'/api/health', '/api/approvals?state=open&limit=200', '/api/alerts?state=active',
		...[1, 24].map(hours => `/api/metrics/history?from=${hoursAgo(hours)}&figure=memory_percent&figure=cpu_percent`),
	],
	activity: ['/api/activity?limit=200', '/api/activity?limit=200&status=error', '/api/agents'],
	audit: [
		'/api/audit?limit=200', '/api/audit?limit=50&offset=100000', '/api/audit?agent_name=agent-07&status=error',
		'/api/audit?capability=filesystem.*&policy_tier=notify', '/api/audit?q=is-nowhere',
		'/api/audit/stats?last=30d', '/api/audit/histogram',
	],
	entry: ['/api/audit/431000', '/api/audit/431000/line', '/api/audit/430999'],
	alerts: ['/api/alerts?state=all', '/api/silences', '/api/notices'],
	approvals: ['/api/approvals?state=decided&limit=100'],
	proxy: ['/api/proxy/status'],
};

/** … and again and again while it stands open. */
const POLLED = ['/api/audit?limit=1', '/api/audit?limit=50', '/api/metrics?category=agents'];

/** A browser that is signed in: one connection, and a feed that it follows. */
class Browser {
	#session;
	#cookie;

	static async open(stack) {
		const browser = new Browser();
		browser.#cookie = (await stack.signIn()).cookie;
		browser.#session = http2.connect(`https://127.0.0.1:${stack.dashPort}`, { rejectUnauthorized: false });
		browser.#session.request({ ':path': '/api/activity/stream', cookie: browser.#cookie }).resume();
		return browser;
	}

	get(path) {
		return new Promise((resolve, reject) => {
			const stream = this.#session.request({ ':path': path, cookie: this.#cookie });
			stream.on('response', headers => headers[':status'] === 200 ? resolve()
				: reject(new Error(`${path}: ${headers[':status']}`)));
			stream.on('error', reject).resume();
		});
	}

	close() {
		this.#session.destroy();
	}
}

/** Each page as it is opened, and what agents and Prometheus ask. */
async function askAll(stack, browser, agent) {
	const mcp = new Mcp(stack, agent.token);
	for (const [page, paths] of Object.entries(PAGES)) {
		await browser.get(`/${page === 'entry' ? 'audit/431000' : page}`);
		await Promise.all(paths.map(path => browser.get(path)));
	}
	await Promise.all(['health', 'health/ready', 'metrics'].map(path => request({ port: stack.healthPort }, `/${path}`)));
	await agent.invoke('system.metrics', { category: 'system' });
	await mcp.alone('tools/list');
	await request(stack.gateway, '/v1/traces', {
		method: 'POST', body: '{"resourceSpans":[]}',
		headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${agent.token}` },
	});
}

/** Its processes, by part; of nginx, there are several. */
function processesOf(stack) {
	const folder = join(stack.rundir, 'pid');
	return Object.fromEntries(readdirSync(folder)
		.filter(name => name.endsWith('.pid') && name !== 'kruxos-run.pid').map(name => {
		const pid = readFileSync(join(folder, name), 'utf8').trim();
		const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
		return [name.replace('.pid', ''), [pid, ...children.filter(child => child !== '')]];
	}));
}

/** What each part has now, and all of them together, in KiB. */
function look(stack) {
	const parts = Object.entries(processesOf(stack)).map(([part, pids]) =>
		[part, pids.reduce((sum, pid) => sum + memoryOf(pid), 0)]);
	return { parts, sum: parts.reduce((sum, [, kib]) => sum + kib, 0) };
}

/** The most that they have had while entries come and a page stands open. */
async function watch(stack, browser) {
	const door = await stack.door();
	const begun = performance.now();
	let most = { sum: 0 };
	for (let sent = 0; performance.now() - begun < SETTLING_MS + WATCHED_MS; sent++) {
		await door.record({
			actor_type: 'agent', agent_name: 'agent-00', call_id: `watched-${sent}`, capability: 'shell.exec',
			status: 'success', source: 'hook', session_id: 'watched', request: { command: `make ${sent}` },
		});
		if (sent % (POLLED_MS / 1000 * RATE) === 0)
			await Promise.all([...PAGES.health, ...POLLED].map(path => browser.get(path)));
		await new Promise(resolve => setTimeout(resolve, 1000 / RATE)); // the rate
		const now = look(stack);
		if (performance.now() - begun > SETTLING_MS && now.sum > most.sum)
			most = now;
	}
	door.close();
	return most;
}

/** No other stack may run: what two share, none has of its own. */
export async function benchFootprint() {
	const entries = DAY_S * RATE;
	chapter('footprint');
	progress(`a day of ${number(entries)} entries, and everything asked of it`);
	const stack = await Stack.start();
	try {
		doorLoad(stack, ['--connections', '8', '--window', '4096', '--entries', String(entries), '--span', String(DAY_S)]);
		await stack.untilIndexed(await entriesOf(stack));
		const browser = await Browser.open(stack);
		const agent = await Agent.create(stack, 'bench');
		for (let visit = 0; visit < VISITS; visit++)
			await askAll(stack, browser, agent);
		const { sum, parts } = await watch(stack, browser);
		report('memory of the stack', sum / 1024, 'MiB', { target: atMost(64) });
		for (const [part, kib] of parts.toSorted(([, a], [, b]) => b - a))
			report(`memory of the stack: ${part}`, kib / 1024, 'MiB');
		browser.close();
	} finally {
		await stack.stop();
	}
}
