// The FastCGI programs and the CLI under faults, beside a stack in which
// nothing fails: what they say is right, or they say that they cannot.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { Agent } from '../../api/harness/agent.js';
import { until } from '../../api/harness/poll.js';
import { Stack, build } from '../../api/harness/stack.js';
import { assertEnd, words } from './daemon.js';
import { FastCgi } from './fastcgi.js';
import { happened, injecting, recording } from './sites.js';

const DEADLINE_MS = 20_000;
const ENTRIES = 40;

/** A program's life: its exit code or signal, stdout and stderr. */
function start(program, args, environment, input) {
	const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['pipe', 'pipe', 'pipe'] });
	const life = { child, stdout: '', said: '', ended: undefined, refusals: [] };
	child.stdout.setEncoding('latin1').on('data', text => life.stdout += text);
	child.stderr.setEncoding('utf8').on('data', text => life.said += text);
	child.stdin.on('error', () => {}); // it may have ended
	child.stdin.end(input);
	const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
	life.end = new Promise(resolve => child.on('close', (code, signal) => {
		clearTimeout(timer);
		resolve(life.ended = signal ?? code);
	}));
	return life;
}

/** What differs from one right answer to the next. */
const still = text => text
	.replace(/"integrity":\{[^}]*\}/g, '')
	.replace(/"(through_seq|head_seq|index|last_seq|generated_at)":("[^"]*"|[\d.]+|null)/g, '')
	.replace(/^(ETag|Last-Modified|Date): .*\r\n/gim, '');

/** Equal; else where they part. */
function assertSame(text, reference) {
	const [is, should] = [still(text), still(reference)];
	if (is === should)
		return;
	let at = 0;
	while (is[at] === should[at])
		at++;
	assert.fail(`wrong from byte ${at} on: ${JSON.stringify(is.slice(Math.max(0, at - 80), at + 80))} instead of ` +
		JSON.stringify(should.slice(Math.max(0, at - 80), at + 80)));
}

function parseAnswer(text) {
	const end = text.indexOf('\r\n\r\n');
	assert.ok(end !== -1, `no answer: ${text}`);
	const head = text.slice(0, end);
	return { status: Number(/^Status: (\d+)/im.exec(head)?.[1] ?? 200), head, body: text.slice(end + 4) };
}

const HEALTH = ['healthy', 'degraded', 'unhealthy', 'unknown', 'live', 'ready', 'not_ready'];

/** What was recorded, or the word that it could not be; who asks is known. */
const isGatewayAnswer = ({ status, result, error }) => status === 'ok' || result?.seq > 0 || error?.code === -32603;

/** All was taken, or the word that it is to be sent again. */
const isTelemetryAnswer = answer => answer.code === 14 || Object.keys(answer).length === 0;

/** Of what is never the same twice: whole, and of its shape. */
const shapes = {
	'health.fcgi': body => HEALTH.includes(JSON.parse(body).status),
	'metrics.fcgi': body => /^# HELP kruxos_[^]*\nkruxos_up [01]\n/.test(body) ||
		['status', 'cpu_percent', 'figures'].some(key => key in JSON.parse(body)),
	'approvals.fcgi': body => Array.isArray(JSON.parse(body).approvals),
	'gateway.fcgi': body => isGatewayAnswer(JSON.parse(body)),
	'otlp.fcgi': body => isTelemetryAnswer(JSON.parse(body)),
	'proxy.fcgi': body => Array.isArray(JSON.parse(body).writes),
	'session.fcgi': body => body === '' || JSON.parse(body).name === 'anna',
	'alerts.fcgi': body => ['alerts', 'silences'].some(key => Array.isArray(JSON.parse(body)[key])),
};

/** Right, or an error that says so; never a wrong answer. */
function assertAnswer(text, reference, hasShape) {
	const answer = parseAnswer(text);
	if (hasShape !== undefined && !/application\/problem\+json/.test(answer.head)) {
		assert.ok(hasShape(answer.body), answer.body.slice(0, 500));
	} else if (answer.status >= 400) {
		assert.match(answer.head, /application\/problem\+json/);
		assert.ok(JSON.parse(answer.body).title, answer.body);
	} else {
		assertSame(answer.body, parseAnswer(reference).body);
	}
}

/* --- subjects ------------------------------------------------------------- */

/** A subject whose every case stands alone: `once(environment, faults)`. */
function subject(context, name, program, once) {
	return {
		name, program, together: 1,
		async record(file) {
			await once(recording(program, file, context.depth), []);
			/* Some are for a while behind the first that asks. */
			await once(recording(program, file, context.depth), []);
		},
		async run([faults]) {
			const mark = join(context.stack.rundir, `mark-${context.count++}`);
			await once(injecting(program, faults, mark, context.depth), faults);
			const struck = happened(mark, faults.length);
			for (const i of faults.keys())
				rmSync(`${mark}.${i}`, { force: true });
			return [struck];
		},
	};
}

/** One answer on standard output; with `variables` in the environment. */
function cgi(context, program, url, variables = {}) {
	const [path, query = ''] = url.split('?');
	const environment = { REQUEST_METHOD: 'GET', PATH_INFO: path, QUERY_STRING: query, ...variables };
	let reference;
	return subject(context, `${program}${url.replace(/[=?&]/g, '_')}`, program, async (more, faults) => {
		const life = start(join(build, 'fcgi', program), ['-c', context.config], { ...environment, ...more });
		await life.end;
		assertEnd({ ended: life.ended, said: life.said, faults, mayEndWell: true });
		if (faults.length === 0)
			reference = life.stdout;
		if (life.ended === 0)
			assertAnswer(life.stdout, reference, shapes[program]);
	});
}

/**
 * A server, and some requests one behind the other, with `variables` of nginx,
 * to some urls a POST of a body; `of` tells it from another subject of the same
 * program.
 */
function server(context, program, urls, { variables, bodies = {}, shape = shapes[program], of = '' } = {}) {
	const references = new Map();
	const socket = join(context.stack.rundir, `fault-${program}.sock`);
	let count = 0;

	/* One request, on a connection of its own; false when it is refused. */
	async function ask(path, url, life, faults) {
		let client;
		try {
			client = await FastCgi.connect(path);
		} catch (error) {
			life.refusals.push(error.message);
			return false;
		}
		try {
			const until = url.includes('/stream') ? '\n\n' : undefined;
			const { text, isWhole } = await client.get(url, { until, variables, body: bodies[url] });
			if (!isWhole)
				life.refusals.push(text);
			if (!isWhole || until !== undefined)
				return isWhole;
			if (faults.length === 0)
				references.set(url, text);
			assertAnswer(text, references.get(url), shape);
			return true;
		} finally {
			client.close();
		}
	}

	return subject(context, `${program}/server${of}`, program, async (more, faults) => {
		const path = `${socket}.${count++}`;
		const life = start(join(build, 'fcgi', program), ['-c', context.config, '-s', path], more);
		try {
			const hasEnded = () => life.child.exitCode !== null || life.child.signalCode !== null;
			await until('it listens', async () =>
				hasEnded() || FastCgi.connect(path).then(client => client.close() ?? true), DEADLINE_MS);
			for (const url of [...urls, ...urls])
				await ask(path, url, life, faults);
			life.child.kill('SIGHUP');
			/* Whatever failed has failed: from now on it answers, or has ended. */
			for (const url of urls)
				await until(`${url} is answered`, async () =>
					hasEnded() || await ask(path, url, life, faults) || hasEnded(), DEADLINE_MS);
			const endedByItself = hasEnded();
			life.child.kill('SIGTERM');
			await life.end;
			assert.notEqual(life.ended, 'SIGKILL', 'it does not stop');
			assertEnd({ ended: life.ended, said: life.said, faults, mayEndWell: !endedByItself });
		} catch (error) {
			error.message += `\nIt said:\n${life.said}\nRefusals: ${life.refusals.join('\n')}`;
			throw error;
		} finally {
			life.child.kill('SIGKILL');
			await life.end;
			rmSync(path, { force: true });
		}
	});
}

/** `kruxos ARGS`: right and 0, or a word and an exit code that says so. */
function command(context, name, args, { input, isVolatile = false, after } = {}) {
	let reference;
	return subject(context, `kruxos/${name}`, 'kruxos', async (more, faults) => {
		const run = context.count++;
		const life = start(join(build, 'bin/kruxos'), args,
			{ ...context.stack.environment, NO_COLOR: '1', ...more }, input?.(run));
		await life.end;
		assert.notEqual(life.ended, 'SIGKILL', `kruxos ${name} does not end: ${life.said}`);
		assertEnd({ ended: life.ended, said: life.said, faults, mayEndWell: true });
		if (faults.length === 0) {
			assert.equal(life.ended, 0, life.said);
			reference = life.stdout;
		}
		/* 2 would be an answer: damaged, nothing found. */
		assert.notEqual(life.ended, 2, `a wrong answer: ${life.stdout}${life.said}`);
		if (life.ended === 0 && !isVolatile)
			assertSame(life.stdout, reference);
		if (life.ended === 0)
			after?.(run);
		else
			assert.notDeepEqual(words(life.said), []);
	});
}

const lines = run => Array.from({ length: 5 }, (_, i) => JSON.stringify({
	actor_type: 'agent', agent_name: 'fed', capability: 'shell.exec', status: 'success', call_id: `fed-${run}-${i}`,
}) + '\n').join('');

/** The subjects; their stack stops with the test. */
export async function programSubjects(test, depth) {
	const stack = await Stack.start();
	test.after(() => stack.stop());
	const door = await stack.door();
	const seqs = await door.record(...Array.from({ length: ENTRIES }, (_, i) => ({
		actor_type: 'agent', agent_name: 'fixture', session_id: `session-${i % 3}`, call_id: `fixture-${i}`,
		capability: i % 2 ? 'shell.exec' : 'filesystem.read', status: i % 5 ? 'success' : 'error',
		summary: `summary ${i} ${'x'.repeat(i * 50)}`, request: { number: i },
	})), {
		actor_type: 'agent', agent_name: 'asker', call_id: 'asked', capability: 'approval.request', status: 'pending',
		request: { capability: 'mail.send' },
	});
	door.close();
	await stack.kruxos(['proxy', 'report'], { input: JSON.stringify({
		services: [{ name: 'mail', status: 'synced' }],
		writes: [{ id: 'w', service: 'mail', summary: 'x', state: 'dead', created_at: '2026-11-28T10:00:00Z' }],
	}) });
	await stack.untilIndexed(seqs.at(-1));
	const context = { stack, depth, count: 0, config: join(stack.rundir, 'kruxos.conf') };
	const wasFed = run => {
		const calls = new Set(stack.entries().map(({ call_id }) => call_id));
		for (let i = 0; i < 5; i++)
			assert.ok(calls.has(`fed-${run}-${i}`), `fed-${run}-${i} is not recorded`);
	};
	const filter = 'agent_name=fixture&from=2020-01-01&to=2100-01-01';
	const options = ['--agent-name', 'fixture', '--from', '2020-01-01', '--to', '2100-01-01'];
	const audit = [
		`/api/audit?${filter}&limit=7`, `/api/audit?${filter}&q=summary+1&status=success`,
		`/api/audit/${seqs[4]}`, `/api/audit/${seqs[5]}/line`, `/api/audit/stats?${filter}`,
		`/api/audit/export?${filter}&format=csv`, `/api/audit/export?${filter}&format=ndjson`,
	];
	const activity = ['/api/activity?agent_name=fixture&limit=5'];
	const health = ['/health', '/health/live', '/health/ready'];
	const metrics = ['/metrics', '/api/metrics?category=system', '/api/metrics/history?figure=cpu_percent', '/api/health'];
	const alerts = ['/api/alerts?state=open', '/api/silences'];
	const approvals = ['/api/approvals?state=open'];
	const proxy = ['/api/proxy/status'];
	const session = ['/auth', '/api/session'];
	const agent = await Agent.create(stack, 'caller');
	const invocation = agent.request('capabilities.invoke', { name: 'system.metrics', arguments: { category: 'system' } });
	const telemetry = {
		resourceLogs: [{ scopeLogs: [{ logRecords: [{
			timeUnixNano: '1795533451963000000',
			attributes: Object.entries({ 'event.name': 'tool_result', tool_name: 'Bash', tool_use_id: 'told', tool_input: '{"command":"ls"}' })
				.map(([key, stringValue]) => ({ key, value: { stringValue } })),
		}] }] }],
	};
	const caller = cookie => ({
		KRUXOS_METHOD: 'GET', KRUXOS_DASHBOARD_PORT: String(stack.dashPort),
		HTTP_COOKIE: cookie, HTTP_X_KRUXOS_BACKGROUND: '1',
	});
	const anna = caller((await stack.signIn('anna')).cookie);
	const stranger = caller(`${stack.cookieName}=krx_session_${'a'.repeat(43)}`);

	return [
		server(context, 'audit.fcgi', audit),
		...audit.map(url => cgi(context, 'audit.fcgi', url)),
		server(context, 'activity.fcgi', [...activity, '/api/activity/stream?agent_name=fixture&after=1']),
		...activity.map(url => cgi(context, 'activity.fcgi', url)),
		server(context, 'health.fcgi', health),
		...health.map(url => cgi(context, 'health.fcgi', url)),
		server(context, 'metrics.fcgi', metrics),
		...metrics.map(url => cgi(context, 'metrics.fcgi', url)),
		server(context, 'alerts.fcgi', alerts),
		...alerts.map(url => cgi(context, 'alerts.fcgi', url)),
		server(context, 'approvals.fcgi', approvals),
		...approvals.map(url => cgi(context, 'approvals.fcgi', url)),
		server(context, 'gateway.fcgi', ['/healthz', '/rpc'], {
			variables: { HTTP_AUTHORIZATION: `Bearer ${agent.token}` }, bodies: { '/rpc': JSON.stringify(invocation) },
		}),
		server(context, 'otlp.fcgi', ['/v1/logs'], {
			variables: { HTTP_AUTHORIZATION: `Bearer ${agent.token}` }, bodies: { '/v1/logs': JSON.stringify(telemetry) },
		}),
		server(context, 'proxy.fcgi', proxy),
		...proxy.map(url => cgi(context, 'proxy.fcgi', url)),
		server(context, 'session.fcgi', session, { variables: anna }),
		/* Whatever fails, who is not signed in is not let in. */
		server(context, 'session.fcgi', session, { variables: stranger, shape: () => false, of: '-stranger' }),
		...session.map(url => cgi(context, 'session.fcgi', url, anna)),
		command(context, 'verify', ['audit', 'verify', '--dir', stack.auditDir], { isVolatile: true }),
		command(context, 'head', ['audit', 'head'], { isVolatile: true }),
		command(context, 'query', ['audit', 'query', '--json', ...options]),
		command(context, 'table', ['audit', 'query', ...options, '--status', 'error']),
		command(context, 'show', ['audit', 'show', String(seqs[3])]),
		command(context, 'stats', ['audit', 'stats', '--json', ...options]),
		command(context, 'export', ['audit', 'export', ...options]),
		command(context, 'check', ['config', 'check'], { isVolatile: true }),
		command(context, 'ingest', ['ingest'], { input: lines, isVolatile: true, after: wasFed }),
	];
}
