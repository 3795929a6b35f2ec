// OpenTelemetry: what agents tell, who may, and that nothing is told twice.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { assertAnswer } from './harness/contract.js';
import { raw, request } from './harness/http.js';
import { until } from './harness/poll.js';
import { Stack, root } from './harness/stack.js';

const require = createRequire(new URL('../../build/node/', import.meta.url));
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { LoggerProvider, SimpleLogRecordProcessor } = require('@opentelemetry/sdk-logs');
const { TracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace');

let stack;
let door;
let token;

before(async () => {
	stack = await Stack.start();
	door = await stack.door();
	({ token } = await door.command('agent.create', { name: 'laptop', purpose: 'to be tested' }));
});
after(async () => {
	door?.close();
	await stack?.stop();
});

const bearer = () => ({ Authorization: `Bearer ${token}` });

function post(path, body, headers = {}) {
	return request(stack.gateway, path, {
		method: 'POST', headers: { 'Content-Type': 'application/json', ...bearer(), ...headers }, body,
	});
}

async function take(path, body, headers) {
	const reply = await post(path, typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body), headers);
	assert.equal(reply.status, 200, reply.body);
	assertAnswer(path, reply, 'POST');
	return reply;
}

const attributes = given => Object.entries(given).map(([key, value]) => ({
	key, value: typeof value === 'boolean' ? { boolValue: value } : { stringValue: String(value) },
}));

const nanos = ms => `${BigInt(ms) * 1000000n}`;

/** Spans as a request has them. */
const traces = (...spans) => ({
	resourceSpans: [{
		resource: { attributes: attributes({ 'service.name': 'tests' }) },
		scopeSpans: [{ scope: { name: 'tests' }, spans }],
	}],
});

let spans = 0;
/** A span of a tool call, by the conventions. */
function toolSpan(given = {}, more = {}) {
	const now = Date.now();
	return {
		traceId: '5b8efff798038103d269b633813fc60c', spanId: (++spans).toString(16).padStart(16, '0'),
		name: 'execute_tool Bash', kind: 1,
		startTimeUnixNano: nanos(now - 25), endTimeUnixNano: nanos(now),
		attributes: attributes({
			'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'Bash',
			'gen_ai.tool.call.id': `call-${spans}`, 'gen_ai.conversation.id': 'session-1',
			'gen_ai.tool.call.arguments': '{"command":"ls"}', ...given,
		}),
		status: { code: 0 }, ...more,
	};
}

function entryOf(call_id, session_id) {
	const found = stack.entries().filter(one =>
		one.call_id === call_id && (session_id === undefined || one.session_id === session_id));
	assert.equal(found.length, 1, `${call_id}: ${found.length} entries`);
	return found[0];
}

const otlpEntries = () => stack.entries().filter(({ source }) => source === 'otlp');

// --- calls -------------------------------------------------------------------

test('a span of a tool call is an entry of the agent whose token it came with', async () => {
	const reply = await take('/v1/traces', traces(toolSpan({ 'gen_ai.agent.name': 'helper' })));
	assert.equal(reply.headers['content-type'], 'application/json');
	assert.deepEqual(JSON.parse(reply.body), {});
	const entry = entryOf(`call-${spans}`);
	assert.equal(entry.source, 'otlp');
	assert.equal(entry.actor_type, 'agent');
	assert.equal(entry.agent_name, 'laptop');
	assert.equal(entry.session_id, 'session-1');
	assert.equal(entry.capability, 'shell.exec');
	assert.equal(entry.status, 'success');
	assert.equal(entry.duration_ms, 25);
	assert.equal(entry.trace_id, '5b8efff798038103d269b633813fc60c');
	assert.deepEqual(entry.request, { tool: 'Bash', agent: 'helper', arguments: { command: 'ls' } });
});

test('what is no tool call is taken, and nothing comes of it', async () => {
	const before = otlpEntries().length;
	await take('/v1/traces', traces(toolSpan({ 'gen_ai.operation.name': 'chat' })));
	await take('/v1/logs', { resourceLogs: [] });
	await take('/v1/logs', {});
	await take('/v1/metrics', { resourceMetrics: [{ anything: [1, 2] }] });
	assert.equal(otlpEntries().length, before);
});

test('a request that is sent again is recorded once', async () => {
	const body = traces(toolSpan(), toolSpan());
	await take('/v1/traces', body);
	const before = otlpEntries().length;
	await take('/v1/traces', body);
	assert.equal(otlpEntries().length, before);
});

test('an old time is brought within a day, and what it was is kept', async () => {
	const then = Date.now() - 3 * 86_400_000;
	await take('/v1/traces', traces(toolSpan({}, { endTimeUnixNano: nanos(then) })));
	const entry = entryOf(`call-${spans}`);
	assert.equal(Date.parse(entry.time_clamped), then);
	assert.ok(Date.parse(entry.time) > then);
});

test('hundreds of spans are as many entries, in their order', async () => {
	const many = Array.from({ length: 700 }, () => toolSpan({ 'gen_ai.conversation.id': 'many' }));
	await take('/v1/traces', traces(...many));
	const ids = stack.entries().filter(({ session_id }) => session_id === 'many').map(({ call_id }) => call_id);
	assert.deepEqual(ids, many.map(({ attributes }) =>
		attributes.find(({ key }) => key === 'gen_ai.tool.call.id').value.stringValue));
});

test('four megabytes of calls are taken', async () => {
	const text = 'x'.repeat(4000);
	const many = Array.from({ length: 900 }, () => toolSpan({
		'gen_ai.conversation.id': 'large', 'gen_ai.tool.call.arguments': JSON.stringify({ command: text }),
	}));
	await take('/v1/traces', traces(...many));
	assert.equal(stack.entries().filter(({ session_id }) => session_id === 'large').length, 900);
});

// --- hooks -------------------------------------------------------------------

const hook = more => ({
	actor_type: 'agent', agent_name: 'claude-code', source: 'hook', session_id: 'hooked',
	capability: 'shell.exec', status: 'success', ...more,
});

async function say(entry) {
	await door.write(JSON.stringify(entry) + '\n');
	return door.answer();
}

test('what a hook has told, telemetry does not tell again', async () => {
	await say(hook({ call_id: 'h-1', status: 'pending' }));
	await say(hook({ call_id: 'h-1' }));
	await take('/v1/traces', traces(
		toolSpan({ 'gen_ai.conversation.id': 'hooked', 'gen_ai.tool.call.id': 'h-1' }),
		toolSpan({ 'gen_ai.conversation.id': 'hooked', 'gen_ai.tool.call.id': 'h-2' })));
	assert.deepEqual(stack.entries().filter(({ call_id }) => call_id === 'h-1').map(({ source, status }) => [source, status]),
		[['hook', 'pending'], ['hook', 'success']]);
	assert.equal(entryOf('h-2').source, 'otlp');
});

test('telemetry, which an agent sends itself, keeps no word of a hook out', async () => {
	await take('/v1/traces', traces(toolSpan({ 'gen_ai.conversation.id': 'hooked', 'gen_ai.tool.call.id': 'h-3' })));
	const answer = await say(hook({ call_id: 'h-3', status: 'denied' }));
	assert.equal(answer.duplicate, undefined);
	assert.deepEqual(stack.entries().filter(({ call_id }) => call_id === 'h-3').map(({ source, status }) => [source, status]),
		[['otlp', 'success'], ['hook', 'denied']]);
	assert.equal((await say(hook({ call_id: 'h-3', status: 'denied' }))).duplicate, true);
});

test('a pending entry of a hook that has no end gets it from telemetry', async () => {
	await say(hook({ call_id: 'h-4', status: 'pending' }));
	await take('/v1/traces', traces(toolSpan({ 'gen_ai.conversation.id': 'hooked', 'gen_ai.tool.call.id': 'h-4' })));
	assert.deepEqual(stack.entries().filter(({ call_id }) => call_id === 'h-4').map(({ source, status }) => [source, status]),
		[['hook', 'pending'], ['otlp', 'success']]);
});

test('the calls of a sub-agent are known by its thread', async () => {
	await say(hook({ call_id: 'h-5', request: { agent_id: 'thread-5' } }));
	await take('/v1/traces', traces(toolSpan({ 'gen_ai.conversation.id': 'thread-5', 'gen_ai.tool.call.id': 'h-5' })));
	assert.equal(entryOf('h-5').source, 'hook');
});

test('calls without ids are known by what they are', async () => {
	const ends = { agent_name: 'gemini', capability: 'filesystem.read', request: { tool_input: { file_path: 'a b' } } };
	await say(hook({ ...ends, call_id: 'gemini-1' }));
	await say(hook({ ...ends, call_id: 'gemini-2' }));
	const tell = at => take('/v1/logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [{
		timeUnixNano: nanos(at),
		attributes: attributes({
			'event.name': 'gemini_cli.tool_call', 'session.id': 'hooked', function_name: 'read_file',
			function_args: '{\n  "file_path": "a b"\n}', success: true,
		}),
	}] }] }] });
	const before = otlpEntries().length;
	const now = Date.now();
	for (const at of [now, now, now + 1, now])
		await tell(at);
	assert.equal(otlpEntries().length, before);
	await tell(now + 2);
	await tell(now + 2);
	assert.equal(otlpEntries().length, before + 1);
});

test('what was recorded is known after a restart, too', async () => {
	const seq = stack.entries().at(-1).seq;
	await stack.untilIndexed(seq);
	await stack.restart('kruxosd');
	door.close();
	door = await stack.door();
	const before = otlpEntries().length;
	await take('/v1/traces', traces(
		toolSpan({ 'gen_ai.conversation.id': 'hooked', 'gen_ai.tool.call.id': 'h-1' }),
		toolSpan({ 'gen_ai.conversation.id': 'hooked', 'gen_ai.tool.call.id': 'h-2' }),
		toolSpan({ 'gen_ai.conversation.id': 'thread-5', 'gen_ai.tool.call.id': 'h-5' })));
	assert.equal(otlpEntries().length, before);
	assert.equal((await say(hook({ call_id: 'h-3', status: 'denied' }))).duplicate, true);
});

// --- what agents send ----------------------------------------------------------

const recorded = readdirSync(join(root, 'tests/data/agents'), { withFileTypes: true })
	.filter(entry => entry.isDirectory())
	.flatMap(({ name }) => readdirSync(join(root, 'tests/data/agents', name))
		.filter(file => file.startsWith('otlp')).map(file => `${name}/${file}`));

/** How many calls are in it. */
const callsIn = {
	'claude-code/otlp.ndjson': 8, 'claude-code/otlp-extra.ndjson': 8,
	'codex/otlp.ndjson': 7, 'codex/otlp-code-mode.ndjson': 13,
	'gemini-cli/otlp.ndjson': 9, 'opencode/otlp.ndjson': 1,
};

test('there are recordings of each agent', () => assert.equal(recorded.length, 6));

for (const file of recorded)
	test(`every request of ${file} is taken`, async () => {
		const before = otlpEntries().length;
		for (const line of readFileSync(join(root, 'tests/data/agents', file), 'utf8').trim().split('\n')) {
			const { path, content_type, body } = JSON.parse(line);
			await take(path, body, { 'Content-Type': content_type });
		}
		assert.equal(otlpEntries().length - before, callsIn[file]);
	});

// --- OpenTelemetry's own exporters -----------------------------------------------

const SUCCESS = 0; // ExportResultCode

/** An exporter, and the codes of what it comes to. */
function hear(exporter) {
	const results = [];
	return {
		results,
		heard: {
			export: (items, done) => exporter.export(items, result => {
				results.push(result.code);
				done(result);
			}),
			forceFlush: () => exporter.forceFlush(),
			shutdown: () => exporter.shutdown(),
		},
	};
}

for (const kind of ['http', 'proto'])
	for (const compression of ['none', 'gzip']) {
		const settings = path => ({ url: `http://127.0.0.1:${stack.gatewayPort}${path}`, headers: bearer(), compression });
		const session = `${kind}-${compression}`;

		test(`spans of the ${kind} exporter arrive, compression ${compression}`, async () => {
			const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${kind}`);
			const exporter = new OTLPTraceExporter(settings('/v1/traces'));
			const { results, heard } = hear(exporter);
			const provider = new TracerProvider({
				resource: resourceFromAttributes({ 'service.name': 'research-agent' }),
				spanProcessors: [new SimpleSpanProcessor({ exporter: heard })],
			});
			const span = provider.getTracer('tests').startSpan('execute_tool read_file', {
				attributes: {
					'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'read_file',
					'gen_ai.tool.call.id': `span-${session}`, 'gen_ai.conversation.id': session,
				},
			});
			span.setStatus({ code: 2, message: 'no such file' });
			span.end();
			await provider.forceFlush();
			await provider.shutdown();
			assert.deepEqual(results, [SUCCESS]);
			const entry = entryOf(`span-${session}`);
			assert.equal(entry.capability, 'filesystem.read');
			assert.equal(entry.status, 'error');
			assert.equal(entry.request.error, 'no such file');
			assert.equal(entry.request.agent, 'research-agent');
		});

		test(`log records of the ${kind} exporter arrive, compression ${compression}`, async () => {
			const { OTLPLogExporter } = require(`@opentelemetry/exporter-logs-otlp-${kind}`);
			const exporter = new OTLPLogExporter(settings('/v1/logs'));
			const { results, heard } = hear(exporter);
			const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter: heard })] });
			provider.getLogger('tests').emit({
				eventName: 'tool_result',
				attributes: {
					'session.id': session, tool_name: 'mcp__github__create_issue', tool_use_id: `log-${session}`,
					success: true, duration_ms: 12.5, tool_input: '{"title":"a \\u0000 in it"}',
				},
			});
			await provider.forceFlush();
			await provider.shutdown();
			assert.deepEqual(results, [SUCCESS]);
			const entry = entryOf(`log-${session}`);
			assert.equal(entry.capability, 'mcp.github.create_issue');
			assert.equal(entry.status, 'success');
			assert.equal(entry.duration_ms, 12.5);
			assert.deepEqual(entry.request.arguments, { title: 'a \u0000 in it' });
		});
	}

// --- the command -----------------------------------------------------------------

test('calls that are none are refused, and those beside them recorded', async () => {
	const good = { session_id: 'direct', capability: 'shell.exec', status: 'success', duration_ms: 1.5, request: { tool: 'Bash' } };
	const calls = [
		{ ...good, call_id: 'd-1', time: '2026-11-28T10:00:00Z', decided_by: 'user', trace_id: 't-1' },
		{ ...good, call_id: 'no id' }, { ...good, call_id: 'd-2', capability: 'none' }, { ...good, call_id: 'd-2', status: 'pending' },
		{ ...good, call_id: 'd-2', time: 'now' }, { ...good, call_id: 'd-2', duration_ms: -1 }, { ...good, call_id: 'd-2', agent_name: 'other' },
		{ ...good, call_id: 'd-2', capability: 'account.create' }, { ...good, call_id: 'd-2', request: 'text' }, good, {},
		{ ...good, call_id: 'd-3' }, { ...good, call_id: 'd-3' },
	];
	const sequences = [{}, { session_id: 'direct' }, { session_id: 'direct', ranges: 1 }, { session_id: 'no name', ranges: [1, 2] },
		{ session_id: 'direct', ranges: [1] }, { session_id: 'direct', ranges: [3, 2] }, { session_id: 'direct', ranges: ['1', 2] },
		{ session_id: 'direct', ranges: [1, 5, 7, 9] }];
	await door.write(JSON.stringify({ do: 'otlp.record', id: 'd', args: { calls, sequences }, credential: token }) + '\n');
	assert.deepEqual(await door.answer(), { id: 'd', ok: { recorded: 2, known: 1, refused: 10 } });
	const found = stack.entries().filter(({ session_id }) => session_id === 'direct');
	assert.deepEqual(found.map(({ call_id, agent_name, uid }) => [call_id, agent_name, uid]),
		[['d-1', 'laptop', process.getuid()], ['d-3', 'laptop', process.getuid()]]);
	assert.equal(found[0].decided_by, 'user');
});

test('only an agent may say it, and only as it is foreseen', async () => {
	await door.write(JSON.stringify({ do: 'otlp.record', id: 'e1', args: { calls: [] } }) + '\n');
	assert.equal((await door.answer()).error, 'not_allowed');
	for (const [args, error] of [[{}, 'missing_field'], [{ calls: {} }, 'wrong_type'], [{ calls: [1] }, 'wrong_type'],
		[{ calls: [], other: 1 }, 'unknown_field']]) {
		await door.write(JSON.stringify({ do: 'otlp.record', id: 'e2', args, credential: token }) + '\n');
		assert.equal((await door.answer()).error, error);
	}
});

// --- bad input -------------------------------------------------------------------

const failure = reply => assertAnswer('/v1/traces', reply, 'POST');

test('without a token of an agent nothing is taken', async () => {
	const before = otlpEntries().length;
	const body = JSON.stringify(traces(toolSpan()));
	const person = await stack.signIn();
	for (const Authorization of ['', 'Bearer', 'Bearer krx_agent_', 'Basic YTpi', `Bearer ${person.secret}`,
		`Bearer krx_agent_${'A'.repeat(43)}`, `Bearer ${token}x`]) {
		const reply = await post('/v1/traces', body, { Authorization });
		assert.equal(reply.status, 401, `${Authorization}: ${reply.body}`);
		assert.match(reply.headers['www-authenticate'], /^Bearer/);
		assert.equal(failure(reply).code, 16);
	}
	assert.equal(otlpEntries().length, before);
});

test('nor by one that was revoked, and an entry says so', async () => {
	const { token: other } = await door.command('agent.create', { name: 'gone', purpose: 'to go' });
	await door.command('agent.revoke', { name: 'gone' });
	const reply = await post('/v1/traces', JSON.stringify(traces(toolSpan())), { Authorization: `Bearer ${other}` });
	assert.equal(reply.status, 401);
	const entry = stack.entries().findLast(({ capability }) => capability === 'agent.deny');
	assert.equal(entry.request.agent, 'gone');
	assert.equal(entry.request.command, 'otlp.record');
});

test('what is packed is not unpacked for nobody', async () => {
	const reply = await post('/v1/traces', Buffer.from('no gzip'),
		{ 'Content-Encoding': 'gzip', Authorization: `Bearer krx_agent_${'C'.repeat(43)}` });
	assert.equal(reply.status, 401);
});

test('a body of another type, or packed by something else, is refused', async () => {
	const body = JSON.stringify(traces());
	for (const headers of [{ 'Content-Type': 'text/plain' }, { 'Content-Type': 'application/jsonl' },
		{ 'Content-Type': '' }, { 'Content-Encoding': 'br' }, { 'Content-Encoding': 'deflate' }]) {
		const reply = await post('/v1/traces', body, headers);
		assert.equal(reply.status, 415, JSON.stringify(headers));
		assert.ok(failure(reply).message);
	}
});

test('what is no request is refused in words', async () => {
	const deep = n => '[' .repeat(n) + ']'.repeat(n);
	const cases = [
		'', '{', '[]', '"', 'null', '{"resourceSpans":{}}', '{"resourceSpans":[1]}', '{"resourceSpans":[{}]}x',
		'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a","name":"b"}]}]}]}',
		`{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":${deep(40)}}]}]}]}`,
		`{"resourceSpans":${deep(100)}}`, `{"a":${deep(100000)}}`,
		Buffer.from('{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"\xff"}]}]}]}', 'latin1'),
	];
	for (const body of cases) {
		const reply = await post('/v1/traces', body);
		assert.equal(reply.status, 400, `${String(body).slice(0, 60)}: ${reply.status}`);
		assert.equal(failure(reply).code, 3);
		assert.ok(failure(reply).message);
	}
});

test('protobuf that is none is refused in protobuf', async () => {
	for (const body of [Buffer.from([0xff]), Buffer.from([0x0a, 0x7f]), Buffer.from('{"resourceSpans":[]}')]) {
		const reply = await post('/v1/traces', body, { 'Content-Type': 'application/x-protobuf' });
		assert.equal(reply.status, 400);
		assert.equal(reply.headers['content-type'], 'application/x-protobuf');
		// google.rpc.Status: field 1, the code, then field 2, the message.
		assert.deepEqual([...reply.bytes.subarray(0, 3)], [0x08, 3, 0x12]);
	}
});

test('gzip that is broken, cut or a bomb is refused', async () => {
	const packed = gzipSync(JSON.stringify(traces(toolSpan())));
	const cases = [
		[Buffer.from('no gzip'), 400], [packed.subarray(0, packed.length - 9), 400], [packed.subarray(0, 5), 400],
		[Buffer.concat([packed, packed]), 400], [Buffer.alloc(0), 400],
		[gzipSync(Buffer.alloc(64 << 20, 0x20)), 413],
		[gzipSync(Buffer.concat(Array.from({ length: 17 }, () => Buffer.alloc(1 << 20, 'some telemetry, ')))), 413],
	];
	for (const [body, status] of cases) {
		const reply = await post('/v1/traces', body, { 'Content-Encoding': 'gzip' });
		assert.equal(reply.status, status, reply.body);
	}
	assert.equal((await post('/v1/traces', packed, { 'Content-Encoding': 'gzip' })).status, 200);
});

test('a body of more than four megabytes is refused', async () => {
	const reply = await post('/v1/traces', JSON.stringify({ resourceSpans: [], more: 'x'.repeat(4 << 20) }));
	assert.equal(reply.status, 413);
});

test('a record of more than a mebibyte is left out, and that is said', async () => {
	const session = 'too-long';
	const reply = await take('/v1/traces', traces(
		toolSpan({ 'gen_ai.conversation.id': session }),
		toolSpan({ 'gen_ai.conversation.id': session, other: 'x'.repeat(1 << 20) })));
	assert.deepEqual(JSON.parse(reply.body),
		{ partialSuccess: { rejectedSpans: '1', errorMessage: 'a record has more than a mebibyte' } });
	assert.equal(stack.entries().filter(({ session_id }) => session_id === session).length, 1);
});

test('arguments that are hostile to a line of the log are text', async () => {
	const arguments_ = ['{"a":1,"a":2}', `{"a":${'['.repeat(30)}${']'.repeat(30)}}`, '{"a":', '{\n"a":\r\n1}',
		`{"long":"${'y'.repeat(200_000)}"}`, '\u0000\u001b[31m"\\', '{}x'];
	const many = arguments_.map(text => toolSpan({ 'gen_ai.conversation.id': 'hostile', 'gen_ai.tool.call.arguments': text }));
	await take('/v1/traces', traces(...many));
	const found = stack.entries().filter(({ session_id }) => session_id === 'hostile').map(({ request }) => request.arguments);
	assert.equal(found.length, arguments_.length);
	assert.equal(found[0], arguments_[0]);
	assert.equal(found[1], arguments_[1]);
	assert.deepEqual(found[3], { a: 1 });
	assert.match(found[4], /^\{"long":"y+…\[cut \d+ bytes\]$/);
});

test('ids that are no names become some', async () => {
	await take('/v1/traces', traces(toolSpan({
		'gen_ai.tool.call.id': `-a b/c"é${'z'.repeat(300)}`, 'gen_ai.conversation.id': 'odd ids', 'gen_ai.tool.name': '-\n*',
	})));
	const entry = stack.entries().findLast(({ session_id }) => session_id === 'odd_ids');
	assert.match(entry.call_id, /^_a_b\/c___z+$/);
	assert.equal(entry.call_id.length, 128);
	assert.match(entry.capability, /^tool\./);
});

test('a body may come in chunks', async () => {
	const body = JSON.stringify(traces(toolSpan({ 'gen_ai.tool.call.id': 'chunked' })));
	const chunks = body.match(/.{1,100}/gs).map(piece => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('');
	const { status } = await raw(stack.gateway, `POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n` +
		`Content-Type: application/json\r\nAuthorization: Bearer ${token}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
	assert.equal(status, 200);
	assert.equal(entryOf('chunked').source, 'otlp');
});

test('a page of another site, another name and another method are refused', async () => {
	const body = JSON.stringify(traces());
	assert.equal((await post('/v1/traces', body, { Origin: 'https://evil.example' })).status, 403);
	assert.equal((await post('/v1/traces', body, { Host: 'evil.example' })).status, 403);
	assert.equal((await request(stack.gateway, '/v1/traces', { headers: bearer() })).status, 405);
	assert.equal((await post('/v1/profiles', body)).status, 404);
});

test('while the daemon is not there, the sender is told to come again', async () => {
	const body = JSON.stringify(traces(toolSpan({ 'gen_ai.tool.call.id': 'unreached' })));
	const socket = join(stack.rundir, 'ingest.sock');
	// It makes another socket as soon as it sees that this one is gone.
	const reply = await until('nobody is reached', async () => {
		rmSync(socket, { force: true });
		const found = await post('/v1/traces', body);
		return found.status !== 200 && found;
	});
	assert.equal(reply.status, 503);
	assert.ok(Number(reply.headers['retry-after']) > 0);
	assert.equal(failure(reply).code, 14);
	await until('it is reached again', async () => (await post('/v1/traces', body)).status === 200);
	assert.equal(entryOf('unreached').source, 'otlp');
});

test('who tries tokens is told to wait, and those who have one are not', async () => {
	const guess = () => post('/v1/logs', '{}', { Authorization: `Bearer krx_agent_${'B'.repeat(43)}` });
	let reply;
	for (let i = 0; i < 200 && reply?.status !== 429; i++)
		reply = await guess();
	assert.equal(reply.status, 429);
	assert.ok(Number(reply.headers['retry-after']) > 0);
	assert.equal(failure(reply).code, 8);
	await take('/v1/logs', {});
});

test('all that was recorded verifies', async () => {
	const { code, stdout } = await stack.kruxos(['audit', 'verify']);
	assert.equal(code, 0, stdout);
});
