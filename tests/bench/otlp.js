// What agents tell by OpenTelemetry: spans a second, each tool call among them
// durable before the answer, beside what the door itself takes.

import http from 'node:http';
import { performance } from 'node:perf_hooks';

import { doorLoad } from './door.js';
import { ROUNDS, atLeast, chapter, median, progress, report } from './table.js';

/** As many as an exporter puts into a request, and as many requests at once. */
const SPANS = 512, REQUESTS = 100, SENDERS = 4;

const attributes = given => Object.entries(given)
	.map(([key, stringValue]) => ({ key, value: { stringValue } }));

let made = 0;
function span(isCall, now) {
	made++;
	return {
		traceId: '5b8efff798038103d269b633813fc60c', spanId: made.toString(16).padStart(16, '0'),
		parentSpanId: 'eee19b7ec3c1b174', name: isCall ? 'execute_tool Bash' : 'sql.execute', kind: 1,
		startTimeUnixNano: `${now}`, endTimeUnixNano: `${now + 54_000_000n}`,
		attributes: attributes(isCall ? {
			'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'Bash',
			'gen_ai.tool.call.id': `call_${made}`, 'gen_ai.conversation.id': `bench-otlp-${made % 50}`,
			'gen_ai.agent.name': 'bench', 'gen_ai.tool.call.arguments': '{"command":"ls -la","description":"List files"}',
		} : {
			'code.file.path': 'src/storage/db.ts', 'code.line.number': '42', 'db.system': 'sqlite',
			'db.statement': 'SELECT * FROM message WHERE session_id = ?', 'thread.id': '1', 'thread.name': 'main',
		}),
		droppedAttributesCount: 0, events: [], links: [], status: { code: 0 },
	};
}

/** A request's body, in which every `every`th span is a tool call. */
function bodyOf(every) {
	const now = BigInt(Date.now()) * 1_000_000n;
	return Buffer.from(JSON.stringify({
		resourceSpans: [{
			resource: { attributes: attributes({ 'service.name': 'bench' }) },
			scopeSpans: [{ spans: Array.from({ length: SPANS }, (_, i) => span(i % every === 0, now)) }],
		}],
	}));
}

function post(stack, agent, token, body) {
	return new Promise((resolve, reject) => {
		http.request({
			agent, host: '127.0.0.1', port: stack.gatewayPort, path: '/v1/traces', method: 'POST',
			headers: {
				'Content-Type': 'application/json', 'Content-Length': body.length,
				Authorization: `Bearer ${token}`,
			},
		}, reply => {
			reply.resume().on('end', () => reply.statusCode === 200 ? resolve()
				: reject(new Error(`${reply.statusCode} of /v1/traces`)));
		}).on('error', reject).end(body);
	});
}

/** Spans a second of one round. */
async function round(stack, token, every) {
	const bodies = Array.from({ length: REQUESTS }, () => bodyOf(every));
	const agent = new http.Agent({ keepAlive: true, maxSockets: SENDERS });
	const begin = performance.now();
	await Promise.all(Array.from({ length: SENDERS }, async () => {
		for (let body = bodies.pop(); body !== undefined; body = bodies.pop())
			await post(stack, agent, token, body);
	}));
	agent.destroy();
	return REQUESTS * SPANS / (performance.now() - begin) * 1000;
}

export async function benchOtlp(stack) {
	chapter('telemetry');
	const door = await stack.door();
	const { token } = await door.command('agent.create', { name: 'bench-otlp', purpose: 'to be measured' });
	door.close();
	progress(`${SPANS * REQUESTS} spans by OpenTelemetry, ${ROUNDS} times`);
	const few = [], all = [], taken = [];
	for (let i = 0; i < ROUNDS; i++) {
		few.push(await round(stack, token, 20));
		all.push(await round(stack, token, 1));
		taken.push(doorLoad(stack, ['--connections', '8', '--window', '4096',
			'--entries', String(SPANS * REQUESTS)]).entries_per_second);
	}
	const peer = { name: 'the door, entries', value: median(taken) };
	report('OTLP, spans of which one in 20 is a tool call', median(few), '/s', { target: atLeast(50_000) });
	report('OTLP, spans that are all tool calls', median(all), '/s', { peer, target: atLeast(50_000) });
}
