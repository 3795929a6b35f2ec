// The gateway: tool calls of agents, each durable in the log before it is
// answered, beside what the door makes of as many that wait for it.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Agent } from '../api/harness/agent.js';
import { build } from '../api/harness/stack.js';
import { doorLoad } from './door.js';
import { ROUNDS, atLeast, atMost, chapter, median, must, progress, ratioAtLeast, report } from './table.js';

const CLIENTS = 64;
const WAITING = ['--connections', String(CLIENTS), '--window', '1', '--entries', '40000'];

/** What wrk sends, as a script of its own. */
function writeScript(agent) {
	const script = join(build, 'bench/invoke.lua');
	const body = agent.request('capabilities.invoke', { name: 'system.metrics', arguments: { category: 'system' } });
	writeFileSync(script, `wrk.method = 'POST'
wrk.body = [==[${JSON.stringify(body)}]==]
wrk.headers['Content-Type'] = 'application/json'
wrk.headers['Authorization'] = 'Bearer ${agent.token}'
`, { mode: 0o600 });
	return script;
}

function load(stack, script) {
	const text = must('wrk', ['-t2', `-c${CLIENTS}`, '-d3s', '--latency', '-s', script,
		`http://127.0.0.1:${stack.gatewayPort}/rpc`]);
	assert(!/Non-2xx|Socket errors/.test(text), text);
	const p99 = /99%\s+([0-9.]+)(us|ms|s)/.exec(text);
	return {
		rate: Number(/Requests\/sec:\s+([0-9.]+)/.exec(text)[1]),
		p99_us: Number(p99[1]) * { us: 1, ms: 1e3, s: 1e6 }[p99[2]],
	};
}

export async function benchGateway(stack) {
	chapter('gateway');
	progress(`${CLIENTS} agents that wait for each answer`);
	const agent = await Agent.create(stack, 'bench');
	const script = writeScript(agent);
	const pairs = [];
	for (let round = 0; round < ROUNDS; round++)
		pairs.push({ door: doorLoad(stack, WAITING), ours: load(stack, script) });
	const of = pick => median(pairs.map(pick));
	const { seq } = await agent.invoke('system.metrics', { category: 'system' });
	assert(seq > 0);
	report(`${CLIENTS} clients, system.metrics`, of(pair => pair.ours.rate), '/s', { target: atLeast(5_000) });
	report(`${CLIENTS} clients, system.metrics: p99`, of(pair => pair.ours.p99_us), 'us',
		{ target: atMost(25_000) });
	report('beside the door alone', of(pair => pair.ours.rate), '/s', {
		peer: { name: `${CLIENTS} at the door`, value: of(pair => pair.door.entries_per_second) },
		ratio: of(pair => pair.ours.rate / pair.door.entries_per_second), target: ratioAtLeast(0.1),
	});
}
