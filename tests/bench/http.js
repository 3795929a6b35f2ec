// Requests a second, against what nginx makes of a static file of that size.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { request } from '../api/harness/http.js';
import { until } from '../api/harness/poll.js';
import { build } from '../api/harness/stack.js';
import { ROUNDS, median, milliseconds, must, number, progress, report } from './table.js';

/** An nginx beside ours: it serves a file, and our programs over TCP. */
export async function startPeer(stack, port) {
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

export async function benchHealth(stack, peer) {
	progress('/health against a static file');
	await compare('/health', peer, `http://127.0.0.1:${stack.healthPort}/health`, '>= 0.80');
}

export async function benchAudit(peer) {
	progress('/api/audit against a static file');
	const url = `http://127.0.0.1:${peer.port}/api/audit`;
	await compare('/api/audit, nothing committed', peer, url, '>= 0.45');
	const script = join(build, 'bench/vary.lua');
	writeFileSync(script, `math.randomseed(os.time())
request = function() return wrk.format('GET', '/api/audit?offset=' .. math.random(0, 100000)) end
`);
	await compare('/api/audit, each request new', peer, url, '>= 0.15', script);
}
