// The benchmarks: every figure beside a limit or a peer measured in the same
// run, since machines differ and this one may be busy. `make bench` runs it;
// BUILD/bench/results.json keeps the figures, standard output shows them.
//
//	node tests/bench/bench.js [--entries N]

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
	closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, readdirSync,
	rmSync, statSync, writeFileSync, writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { request } from '../api/harness/http.js';
import { until } from '../api/harness/poll.js';
import { Stack, build, run } from '../api/harness/stack.js';

const { values: options } = parseArgs({
	options: { entries: { type: 'string', default: '1000000' } },
});
const entries = Number(options.entries);
assert(Number.isSafeInteger(entries) && entries >= 10_000, '--entries: a number from 10000');

const ROUNDS = 3;
const rows = [];

/** A figure and what it is held against; `target` says what is wanted. */
function report(name, figure, { peer = '', ratio = null, target = '' } = {}) {
	rows.push({ name, figure, peer, ratio, target });
	const shown = ratio === null ? '' : `ratio ${ratio.toFixed(2)}`;
	console.log(`${name.padEnd(44)} ${figure.padEnd(28)} ${peer.padEnd(26)} ${shown.padEnd(12)} ${target}`);
}

function progress(words) {
	process.stderr.write(`# ${words}\n`);
}

const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const number = value => Math.round(value).toLocaleString('en');
const milliseconds = us => `${(us / 1000).toFixed(us < 10_000 ? 2 : 0)} ms`;

function must(program, args, settings = {}) {
	const done = spawnSync(program, args, { encoding: 'utf8', ...settings });
	assert.equal(done.status, 0, `${program} ${args.join(' ')}: ${done.stderr ?? done.error}`);
	return done.stdout;
}

// --- nginx beside ours: a static file, and our programs over TCP -------------

async function startPeer(stack, port) {
	const dir = mkdtempSync(join(tmpdir(), 'kruxos-bench-'));
	mkdirSync(join(dir, 'www'));
	const conf = `
worker_processes 2;
pid ${dir}/nginx.pid;
error_log stderr crit;
${process.getuid() === 0 ? 'user root;' : ''}
events { worker_connections 4096; }
http {
	access_log off;
	client_body_temp_path ${dir}/body;
	proxy_temp_path ${dir}/proxy;
	fastcgi_temp_path ${dir}/fastcgi;
	uwsgi_temp_path ${dir}/uwsgi;
	scgi_temp_path ${dir}/scgi;
	keepalive_requests 1000000;
	upstream audit { server unix:${stack.rundir}/audit.sock; keepalive 64; }
	server {
		listen 127.0.0.1:${port} reuseport;
		root ${dir}/www;
		types { application/json json; }
		location /api/ {
			fastcgi_pass audit;
			fastcgi_keep_conn on;
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param PATH_INFO $uri;
			fastcgi_param QUERY_STRING $query_string;
		}
	}
}`;
	writeFileSync(join(dir, 'nginx.conf'), conf);
	const child = spawn('/usr/sbin/nginx',
		['-c', join(dir, 'nginx.conf'), '-p', dir, '-g', 'daemon off;'],
		{ stdio: ['ignore', 'ignore', 'inherit'] });
	await until('the peer answers', async () => {
		assert.equal(child.exitCode, null, 'the peer has ended');
		return (await request({ port }, '/')).status > 0;
	});
	return {
		port,
		put: (name, bytes) => writeFileSync(join(dir, 'www', name), bytes),
		stop: async () => {
			const ended = new Promise(done => child.once('exit', done));
			child.kill('SIGTERM');
			await ended;
			rmSync(dir, { recursive: true });
		},
	};
}

/** Requests a second and the 99th percentile of 64 connections. */
function load(url, script) {
	const text = must('wrk', ['-t2', '-c64', '-d3s', '--latency',
		...(script ? ['-s', script] : []), url]);
	assert(!/Non-2xx/.test(text), `${url}: ${text}`);
	const p99 = /99%\s+([0-9.]+)(us|ms|s)/.exec(text);
	return {
		rate: Number(/Requests\/sec:\s+([0-9.]+)/.exec(text)[1]),
		p99_us: Number(p99[1]) * { us: 1, ms: 1e3, s: 1e6 }[p99[2]],
	};
}

/** `url` and a static file of the same size, in turn. */
async function compare(name, peer, url, target, script) {
	const [where, path] = [Number(new URL(url).port), url.slice(new URL(url).origin.length)];
	const size = (await request({ port: where }, path)).bytes.length;
	peer.put('peer.json', Buffer.alloc(size, 32));
	const still = `http://127.0.0.1:${peer.port}/peer.json`;
	const ours = [], theirs = [];
	for (let round = 0; round < ROUNDS; round++) {
		theirs.push(load(still));
		ours.push(load(url, script));
	}
	const rate = list => median(list.map(one => one.rate));
	const p99 = list => median(list.map(one => one.p99_us));
	report(name, `${number(rate(ours))}/s`, {
		peer: `static ${number(rate(theirs))}/s`, ratio: rate(ours) / rate(theirs), target,
	});
	report(`  p99`, milliseconds(p99(ours)), {
		peer: `static ${milliseconds(p99(theirs))}`, ratio: p99(ours) / p99(theirs), target: '<= 2',
	});
}

// --- the door ------------------------------------------------------------------

/** The file system's own: an append of 600 bytes to a growing file, synced. */
function syncTimes(folder) {
	const path = join(folder, 'sync-probe');
	const fd = openSync(path, 'wx', 0o600);
	const line = Buffer.alloc(600, 120);
	const took = [];
	for (let i = 0; i < 500; i++) {
		const begin = performance.now();
		writeSync(fd, line);
		fdatasyncSync(fd);
		took.push((performance.now() - begin) * 1000);
	}
	closeSync(fd);
	rmSync(path);
	return median(took);
}

function doorLoad(stack, args) {
	return JSON.parse(must(join(build, 'bench/door_load'),
		[...args, join(stack.rundir, 'ingest.sock')]));
}

async function benchDoor(stack) {
	progress('one entry at a time');
	const sync = syncTimes(stack.rundir);
	const one = doorLoad(stack, ['--connections', '1', '--window', '1', '--entries', '1000']);
	report('one durable entry', milliseconds(one.p50_us), {
		peer: `fdatasync ${milliseconds(sync)}`, ratio: one.p50_us / sync, target: '<= 2',
	});

	progress('64 connections that wait for each acknowledgement');
	const many = [];
	for (let round = 0; round < ROUNDS; round++)
		many.push(doorLoad(stack, ['--connections', '64', '--window', '1', '--entries', '40000']));
	report('64 connections, each waiting', `${number(median(many.map(one => one.entries_per_second)))}/s`, {
		peer: `p99 ${milliseconds(median(many.map(one => one.p99_us)))}`, target: '20,000/s',
	});

	progress(`${number(entries)} entries through the door`);
	const begin = performance.now();
	const flood = doorLoad(stack, ['--connections', '8', '--window', '4096', '--entries', String(entries)]);
	const last = Number((await stack.kruxos(['audit', 'head'])).stdout.split(':')[0]);
	await until('all of them are in the index', async () =>
		JSON.parse((await request(stack.api, '/api/audit?limit=1')).body).through_seq >= last, 600_000);
	const indexed = (performance.now() - begin) / 1000;
	report('entries acknowledged, generator included', `${number(flood.entries_per_second)}/s`, {
		target: '100,000/s',
	});
	report('  and in the index', `${number(entries / indexed)}/s`);
}

// --- size, queries, verification, export ----------------------------------------

function bytesOf(folder, pattern) {
	return readdirSync(folder).filter(name => pattern.test(name))
		.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

function benchSize(stack) {
	report('the index', `${(bytesOf(stack.rundir, /^kruxos\.db$/) / entries).toFixed(0)} bytes an entry`, {
		peer: `log ${(bytesOf(stack.auditDir, /jsonl$/) / entries).toFixed(0)} bytes`, target: '72 bytes',
	});
}

function benchQueries(stack) {
	progress('queries of the index');
	const lines = must(join(build, 'bench/query'), [join(stack.rundir, 'kruxos.db'), stack.auditDir]);
	for (const line of lines.trim().split('\n').map(text => JSON.parse(text))) {
		const settings = { peer: `p99 ${milliseconds(line.p99_us)}`, target: 'p99 <= 20 ms' };
		if (line.question.includes('substring')) {
			const begin = performance.now();
			spawnSync('grep', ['-c', '-F', '-r', 'no entry has these words', stack.auditDir]);
			const grep = (performance.now() - begin) * 1000;
			settings.peer = `grep -F ${milliseconds(grep)}`;
			settings.ratio = grep / line.p50_us;
			settings.target = '>= 0.5 of its speed';
		}
		report(`query: ${line.question}`, `p50 ${milliseconds(line.p50_us)}`, settings);
	}
}

async function benchVerify(stack) {
	progress('verification');
	const took = [];
	let bytes = 0;
	for (let round = 0; round < ROUNDS; round++) {
		const begin = performance.now();
		const done = await stack.kruxos(['audit', 'verify', '--dir', stack.auditDir]);
		assert.equal(done.code, 0, done.stderr);
		took.push((performance.now() - begin) / 1000);
		bytes = bytesOf(stack.auditDir, /jsonl$/);
	}
	const speed = bytes / median(took) / 1e6;
	const text = must('openssl', ['speed', '-seconds', '1', '-bytes', '300', '-evp', 'sha256'], { stdio: ['ignore', 'pipe', 'ignore'] });
	const openssl = Number(/^sha256\s+([0-9.]+)k/im.exec(text)[1]) / 1000;
	report('kruxos audit verify', `${speed.toFixed(0)} MB/s`, {
		peer: `openssl speed ${openssl.toFixed(0)} MB/s`, ratio: speed / openssl, target: '>= 0.7',
	});
}

async function benchExport(stack) {
	progress('export');
	const begin = performance.now();
	const done = await run('sh', ['-c',
		`curl -sS --unix-socket '${stack.rundir}/api.sock' 'http://localhost/api/audit/export?format=ndjson' | wc -c`]);
	const bytes = Number(done.stdout);
	assert(bytes > 0, done.stderr);
	report('export, ndjson', `${(bytes / (performance.now() - begin) / 1000).toFixed(0)} MB/s`, {
		target: '200 MB/s',
	});
}

/** Proportional set size of each part, in MiB. */
function benchMemory(stack) {
	for (const part of ['kruxosd', 'health', 'audit', 'activity']) {
		const text = must('cat', [`/proc/${stack.pidOf(part)}/smaps_rollup`]);
		const kib = Number(/^Pss:\s+([0-9]+) kB/m.exec(text)[1]);
		report(`memory of ${part} (PSS)`, `${(kib / 1024).toFixed(1)} MiB`, {
			target: part === 'kruxosd' ? '64 MiB' : '16 MiB',
		});
	}
}

// --- all of it -------------------------------------------------------------------

const stack = await Stack.start();
try {
	const peer = await startPeer(stack, stack.gatewayPort);
	try {
		progress('/health against a static file');
		await compare('/health', peer, `http://127.0.0.1:${stack.healthPort}/health`, '>= 0.80');
		await benchDoor(stack);
		benchSize(stack);
		benchQueries(stack);
		progress('/api/audit against a static file');
		const url = `http://127.0.0.1:${peer.port}/api/audit`;
		await compare('/api/audit, nothing committed', peer, url, '>= 0.45');
		const script = join(build, 'bench/vary.lua');
		writeFileSync(script, `math.randomseed(os.time())
request = function() return wrk.format('GET', '/api/audit?offset=' .. math.random(0, 100000)) end
`);
		await compare('/api/audit, each request new', peer, url, '>= 0.15', script);
	} finally {
		await peer.stop();
	}
	await benchVerify(stack);
	await benchExport(stack);
	benchMemory(stack);
} finally {
	await stack.stop();
}
mkdirSync(join(build, 'bench'), { recursive: true });
writeFileSync(join(build, 'bench/results.json'), `${JSON.stringify({ entries, rows }, null, '\t')}\n`);
