// The log and its index: their size, queries, verification, export.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { build, run } from '../api/harness/stack.js';
import { ROUNDS, median, milliseconds, must, progress, report } from './table.js';

function bytesOf(folder, pattern) {
	return readdirSync(folder).filter(name => pattern.test(name))
		.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** How many entries the log has. */
export async function entriesOf(stack) {
	return Number((await stack.kruxos(['audit', 'head'])).stdout.split(':')[0]);
}

export async function benchSize(stack) {
	const entries = await entriesOf(stack);
	report('the index', `${(bytesOf(stack.rundir, /^kruxos\.db$/) / entries).toFixed(0)} bytes an entry`, {
		peer: `log ${(bytesOf(stack.auditDir, /jsonl$/) / entries).toFixed(0)} bytes`, target: '72 bytes',
	});
}

/** Returns what was asked, the totals, and how long it took. */
export function benchQueries(stack) {
	progress('queries of the index');
	const lines = must(join(build, 'bench/query'), [join(stack.rundir, 'kruxos.db'), stack.auditDir])
		.trim().split('\n').map(text => JSON.parse(text));
	for (const line of lines) {
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
	return lines;
}

/** How long the head and the payload of an entry are, as a rule. */
function lengthsOf(folder) {
	const file = openSync(join(folder, readdirSync(folder).find(name => /jsonl$/.test(name))), 'r');
	const bytes = Buffer.alloc(1 << 20);
	const lines = bytes.toString('latin1', 0, readSync(file, bytes)).split('\n').slice(0, -1);
	closeSync(file);
	const heads = lines.map(line => line.indexOf(',"entry_hash":'));
	const rest = ',"entry_hash":"",}'.length + 64;
	return {
		head: median(heads),
		payload: median(lines.map((line, i) => line.length - heads[i] - rest)),
	};
}

/** What `openssl speed` takes for one text of so many bytes. */
function secondsToHash(bytes) {
	const text = must('openssl', ['speed', '-elapsed', '-seconds', '1', '-bytes', String(bytes), '-evp', 'sha256'],
		{ stdio: ['ignore', 'pipe', 'ignore'] });
	return bytes / (Number(/^sha256\s+([0-9.]+)k/im.exec(text)[1]) * 1000);
}

export async function benchVerify(stack) {
	progress('verification');
	const { head, payload } = lengthsOf(stack.auditDir);
	const entries = await entriesOf(stack);
	const took = [], hashing = [];
	for (let round = 0; round < ROUNDS; round++) {
		const begin = performance.now();
		const done = await stack.kruxos(['audit', 'verify', '--dir', stack.auditDir]);
		assert.equal(done.code, 0, done.stderr);
		took.push((performance.now() - begin) / 1000);
		hashing.push((secondsToHash(head) + secondsToHash(payload)) * entries);
	}
	const bytes = bytesOf(stack.auditDir, /jsonl$/);
	const speed = seconds => `${(bytes / seconds / 1e6).toFixed(0)} MB/s`;
	report('kruxos audit verify', speed(median(took)), {
		peer: `openssl speed ${speed(median(hashing))}`,
		ratio: median(hashing) / median(took), target: '>= 0.7',
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
