// The log and its index: their size, queries, verification, export.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { build, run } from '../api/harness/stack.js';
import {
	ROUNDS, atLeast, atMost, chapter, median, must, progress, ratioAtLeast, ratioAtMost, report,
} from './table.js';

const PASSES = 5;

function bytesOf(folder, pattern) {
	return readdirSync(folder).filter(name => pattern.test(name))
		.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** How many entries the log has. */
export async function entriesOf(stack) {
	return Number((await stack.kruxos(['audit', 'head'])).stdout.split(':')[0]);
}

export async function benchSize(stack) {
	chapter('index');
	const entries = await entriesOf(stack);
	report('the index, of each entry', bytesOf(stack.rundir, /^kruxos\.db$/) / entries, 'bytes', {
		peer: { name: 'log', value: bytesOf(stack.auditDir, /jsonl$/) / entries }, target: atMost(72),
	});
}

function pass(stack) {
	return must(join(build, 'bench/query'), [join(stack.rundir, 'kruxos.db'), stack.auditDir])
		.trim().split('\n').map(text => JSON.parse(text));
}

/**
 * What was asked, the totals, how long it took: medians of five passes. All of
 * them are asked of the entries up to `through`: if the daemon has something to
 * record meanwhile, they are asked again.
 */
export async function askQueries(stack) {
	progress('queries of the index');
	let through, passes;
	do {
		through = await entriesOf(stack);
		passes = Array.from({ length: PASSES }, () => pass(stack));
	} while (await entriesOf(stack) !== through);
	return {
		through,
		questions: passes[0].map((question, i) => ({
			...question,
			p50_us: median(passes.map(pass => pass[i].p50_us)),
			p99_us: median(passes.map(pass => pass[i].p99_us)),
		})),
	};
}

/** Which p99 is wanted: the counts of a week, one filter at most, or more. */
function wanted(question) {
	if (question.by_hour)
		return atMost(50_000);
	return atMost(Object.keys(question.filter).length <= 1 ? 5_000 : 20_000);
}

function reportScan(stack, question) {
	const grep = [];
	for (let round = 0; round < ROUNDS; round++) {
		const begin = performance.now();
		spawnSync('grep', ['-c', '-F', '-r', question.q, stack.auditDir]);
		grep.push((performance.now() - begin) * 1000);
	}
	report(question.question, question.p50_us, 'us', {
		peer: { name: 'grep -c -F', value: median(grep) },
		ratio: median(grep) / question.p50_us, target: ratioAtLeast(0.5),
	});
}

/** `fewer`: the same questions, when the log had a million entries. */
export function reportQueries(stack, { questions }, fewer) {
	chapter('queries');
	for (const question of questions.filter(({ q }) => q === undefined)) {
		report(question.question, question.p50_us, 'us');
		report(`${question.question}: p99`, question.p99_us, 'us', { target: wanted(question) });
	}
	questions.filter(({ q }) => q !== undefined).forEach(question => reportScan(stack, question));
	if (fewer === undefined)
		return;
	chapter('growth');
	questions.forEach((question, i) => {
		if (question.q === undefined)
			report(question.question, question.p50_us, 'us', {
				peer: { name: 'with a million', value: fewer.questions[i].p50_us }, target: ratioAtMost(2),
			});
	});
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

// Both are bound to it: who may move evades what else runs.
const onOneProcessor = ['taskset', '-c', '0'];

/** What `openssl speed` takes for one text of so many bytes. */
function secondsToHash(bytes) {
	const [program, ...rest] = onOneProcessor;
	const text = must(program, [...rest, 'openssl', 'speed', '-elapsed', '-seconds', '1', '-bytes', String(bytes), '-evp', 'sha256'],
		{ stdio: ['ignore', 'pipe', 'ignore'] });
	return bytes / (Number(/^sha256\s+([0-9.]+)k/im.exec(text)[1]) * 1000);
}

export async function benchVerify(stack) {
	chapter('log');
	progress('verification');
	const { head, payload } = lengthsOf(stack.auditDir);
	const entries = await entriesOf(stack);
	const verify = [join(build, 'bin/kruxos'), 'audit', 'verify', '--dir', stack.auditDir];
	const secondsTo = command => {
		const begin = performance.now();
		must(command[0], command.slice(1));
		return (performance.now() - begin) / 1000;
	};
	const one = [], all = [], hashing = [];
	for (let round = 0; round < ROUNDS; round++) {
		one.push(secondsTo([...onOneProcessor, ...verify]));
		all.push(secondsTo(verify));
		hashing.push((secondsToHash(head) + secondsToHash(payload)) * entries);
	}
	const speed = seconds => bytesOf(stack.auditDir, /jsonl$/) / seconds / 1e6;
	report('kruxos audit verify, one processor', speed(median(one)), 'MB/s', {
		peer: { name: 'openssl speed', value: speed(median(hashing)) }, target: ratioAtLeast(0.7),
	});
	report('kruxos audit verify', speed(median(all)), 'MB/s', {
		peer: { name: 'on one processor', value: speed(median(one)) },
	});
}

/** Which the log records: now it is longer. */
export async function benchExport(stack) {
	chapter('log');
	progress('export');
	const speeds = [];
	for (let round = 0; round < ROUNDS; round++) {
		const begin = performance.now();
		const done = await run('sh', ['-c',
			`curl -sS --unix-socket '${stack.rundir}/api.sock' 'http://localhost/api/audit/export?format=ndjson' | wc -c`]);
		const bytes = Number(done.stdout);
		assert(bytes > 0, done.stderr);
		speeds.push(bytes / (performance.now() - begin) / 1000);
	}
	report('export, NDJSON', median(speeds), 'MB/s', { target: atLeast(200) });
}
