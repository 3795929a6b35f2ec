// Requests a second, against what nginx makes of a static file of that size.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
	mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { request } from '../api/harness/http.js';
import { until } from '../api/harness/poll.js';
import { build, freePorts } from '../api/harness/stack.js';
import {
	ROUNDS, atMost, chapter, median, must, progress, ratioAtLeast, ratioAtMost, report,
} from './table.js';

/**
 * A second nginx with our own configuration, at ports of its own, since wrk
 * cannot speak to a unix socket. In each server a file is served too, by the
 * same checks, with the same headers and the same access log: what remains
 * between the two is FastCGI and our program. `bare` serves it without any.
 */
export async function startPeer(stack) {
	const dir = mkdtempSync(join(tmpdir(), 'kruxos-bench-'));
	const [health, dashboard, gateway, api, bare] = await freePorts(5);
	for (const folder of ['www', 'pid', 'log', 'tmp'])
		mkdirSync(join(dir, folder));
	const file = `alias ${dir}/www/; disable_symlinks off; types { application/json json; }`;
	const conf = readFileSync(join(stack.rundir, 'nginx.conf'), 'utf8')
		.replaceAll(new RegExp(`${stack.rundir}/(pid|log|tmp)\\b`, 'g'), `${dir}/$1`)
		.replace(`listen "unix:${stack.rundir}/api.sock"`, `listen 127.0.0.1:${api}`)
		.replace(`:${stack.healthPort} `, `:${health} `)
		.replace(`:${stack.dashPort} `, `:${dashboard} `)
		.replace(`:${stack.gatewayPort} `, `:${gateway} `)
		.replaceAll(/server_name (health|api\.sock);/g, `$&\n\t\tlocation /file/ { ${file} }`)
		.replace(/\}\s*$/, `	server {
		listen 127.0.0.1:${bare};
		access_log off;
		add_header Cache-Control no-store;
		location /file/ { ${file} }
	}\n}\n`);
	writeFileSync(join(dir, 'nginx.conf'), conf);
	const child = spawn('/usr/sbin/nginx', ['-c', join(dir, 'nginx.conf'), '-p', dir],
		{ stdio: ['ignore', 'ignore', 'inherit'] });
	await until('the peer answers', async () => {
		assert.equal(child.exitCode, null, 'the peer has ended');
		return (await request({ port: health }, '/health')).status === 200 &&
			(await request({ port: api }, '/api/audit?limit=1')).status === 200;
	});
	return {
		workers: childrenOf(child.pid),
		health: `http://127.0.0.1:${health}`,
		api: `http://127.0.0.1:${api}`,
		bare: `http://127.0.0.1:${bare}`,
		put: (name, bytes) => writeFileSync(join(dir, 'www', name), bytes),
		stop: async () => {
			const ended = new Promise(done => child.once('exit', done));
			child.kill('SIGTERM');
			await ended;
			rmSync(dir, { recursive: true });
		},
	};
}

/** What processes have had of the CPU so far, in microseconds. */
function cpuOf(pids) {
	return pids.flatMap(pid => readdirSync(`/proc/${pid}/task`)
		.map(task => readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8')))
		.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1000, 0);
}

function childrenOf(pid) {
	return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

/**
 * Requests a second and the 99th percentile of 64 connections; and what a
 * request costs the processes that serve it: that holds on a busy machine, too.
 */
function load(workers, program, url, script) {
	const before = { workers: cpuOf(workers), program: cpuOf(program) };
	const text = must('wrk', ['-t2', '-c64', '-d3s', '--latency',
		...(script ? ['-s', script] : []), url]);
	assert(!/Non-2xx/.test(text), `${url}: ${text}`);
	const p99 = /99%\s+([0-9.]+)(us|ms|s)/.exec(text);
	const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text) ?? [];
	const requests = Number(/([0-9]+) requests in/.exec(text)[1]);
	const program_us = (cpuOf(program) - before.program) / requests;
	return {
		program_us,
		cpu_us: (cpuOf(workers) - before.workers) / requests + program_us,
		rate: Number(/Requests\/sec:\s+([0-9.]+)/.exec(text)[1]),
		p99_us: Number(p99[1]) * { us: 1, ms: 1e3, s: 1e6 }[p99[2]],
		unanswered: errors.slice(1).reduce((sum, count) => sum + Number(count), 0),
	};
}

/** A path of ours and a file of the same size, in turn: medians of pairs. */
async function compare(name, peer, program, server, path, least, script) {
	const { status, bytes } = await request({ port: Number(new URL(server).port) }, path);
	assert.equal(status, 200, name);
	peer.put('peer.json', Buffer.alloc(bytes.length, 32));
	const pairs = [];
	for (let round = 0; round < ROUNDS; round++)
		pairs.push({
			file: load(peer.workers, [], `${server}/file/peer.json`),
			ours: load(peer.workers, [program], server + path, script),
			bare: load(peer.workers, [], `${peer.bare}/file/peer.json`),
		});
	const of = pick => median(pairs.map(pick));
	const beside = (suffix, unit, figure, settings = {}) =>
		report(`${name}${suffix}`, of(pair => figure(pair.ours)), unit, {
			peer: { name: 'file', value: of(pair => figure(pair.file)) },
			ratio: of(pair => figure(pair.ours) / figure(pair.file)), ...settings,
		});
	beside('', '/s', one => one.rate, { target: ratioAtLeast(least) });
	beside(': p99', 'us', one => one.p99_us, { target: ratioAtMost(2) });
	beside(': CPU of a request, nginx included', 'us', one => one.cpu_us);
	report(`${name}: CPU of a request, the program alone`, of(pair => pair.ours.program_us), 'us');
	report(`${name}: beside a file without checks and log`, of(pair => pair.ours.rate), '/s', {
		peer: { name: 'file', value: of(pair => pair.bare.rate) },
		ratio: of(pair => pair.ours.rate / pair.bare.rate),
	});
	report(`${name}: unanswered`, pairs.reduce((sum, pair) => sum + pair.ours.unanswered, 0), 'requests',
		{ target: atMost(0) });
}

export async function benchHealth(stack, peer) {
	chapter('http');
	progress('/health against a static file');
	await compare('/health', peer, stack.pidOf('health'), peer.health, '/health', 0.80);
}

export async function benchAudit(stack, peer) {
	chapter('http');
	progress('/api/audit against a static file');
	await compare('/api/audit, nothing committed', peer, stack.pidOf('audit'), peer.api, '/api/audit', 0.45);
	const script = join(build, 'bench/vary.lua');
	writeFileSync(script, `math.randomseed(os.time())
request = function() return wrk.format('GET', '/api/audit?offset=' .. math.random(0, 100000)) end
`);
	await compare('/api/audit, each request new', peer, stack.pidOf('audit'), peer.api, '/api/audit', 0.15, script);
}

const HISTOGRAMS = 200;

/**
 * What the Audit page asks for above its table: the counts of a week, whole and
 * of what is not a success. One request after another, each of a range that
 * nobody has asked for before.
 */
export async function benchHistogram(peer) {
	chapter('http');
	progress('/api/audit/histogram');
	const now = Date.now();
	const week = 7 * 86_400_000;
	for (const [name, filter] of [['', ''], [', not success', '&status=-success']]) {
		const took = [];
		for (let i = 0; i < HISTOGRAMS; i++) {
			const from = new Date(now - week + i * 1000).toISOString();
			const begin = performance.now();
			const { status, body } = await request({ port: Number(new URL(peer.api).port) },
				`/api/audit/histogram?from=${from}${filter}`);
			took.push((performance.now() - begin) * 1000);
			assert.equal(status, 200, body);
		}
		took.sort((a, b) => a - b);
		report(`/api/audit/histogram${name}`, median(took), 'us');
		report(`/api/audit/histogram${name}: 99 % within`, took[HISTOGRAMS * 0.99 - 1], 'us',
			{ target: atMost(50_000) });
	}
}

/** The exporter of Debian, as it measures its own machine. */
async function startExporter() {
	const [port] = await freePorts(1);
	// It would refuse more than 40 at once.
	const child = spawn('prometheus-node-exporter',
		[`--web.listen-address=127.0.0.1:${port}`, '--web.max-requests=0'], { stdio: 'ignore' });
	await until('the exporter answers', async () => {
		assert.equal(child.exitCode, null, 'the exporter has ended');
		return (await request({ port }, '/metrics')).status === 200;
	});
	return {
		pid: child.pid,
		url: `http://127.0.0.1:${port}`,
		stop: async () => {
			const ended = new Promise(done => child.once('exit', done));
			child.kill('SIGTERM');
			await ended;
		},
	};
}

export async function benchMetrics(stack, peer) {
	chapter('http');
	progress('/metrics against a static file, and against node-exporter');
	await compare('/metrics', peer, stack.pidOf('metrics'), peer.health, '/metrics', 0.50);
	const exporter = await startExporter();
	try {
		const pairs = [];
		for (let round = 0; round < ROUNDS; round++)
			pairs.push({
				theirs: load([], [exporter.pid], `${exporter.url}/metrics`),
				ours: load(peer.workers, [stack.pidOf('metrics')], `${peer.health}/metrics`),
			});
		const of = pick => median(pairs.map(pick));
		report('/metrics, beside node-exporter', of(pair => pair.ours.rate), '/s', {
			peer: { name: 'node-exporter', value: of(pair => pair.theirs.rate) },
			ratio: of(pair => pair.ours.rate / pair.theirs.rate), target: ratioAtLeast(20),
		});
	} finally {
		await exporter.stop();
	}
}
