// The log and its index: their size, queries, verification, export.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { build, run } from '../api/harness/stack.js';
import { ROUNDS, median, milliseconds, must, progress, report } from './table.js';

function bytesOf(folder, pattern) {
	return readdirSync(folder).filter(name => pattern.test(name))
		.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

export function benchSize(stack, entries) {
	report('the index', `${(bytesOf(stack.rundir, /^kruxos\.db$/) / entries).toFixed(0)} bytes an entry`, {
		peer: `log ${(bytesOf(stack.auditDir, /jsonl$/) / entries).toFixed(0)} bytes`, target: '72 bytes',
	});
}

export function benchQueries(stack) {
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

export async function benchVerify(stack) {
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

export async function benchExport(stack) {
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
