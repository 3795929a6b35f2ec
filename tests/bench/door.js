// The door: entries a second, and how long one takes.

import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { request } from '../api/harness/http.js';
import { until } from '../api/harness/poll.js';
import { build } from '../api/harness/stack.js';
import { number } from './figure.js';
import { entriesOf } from './log.js';
import {
	ROUNDS, atLeast, atMost, chapter, median, must, progress, ratioAtMost, report,
} from './table.js';

/** The file system's own: an append of 600 bytes to a growing file, synced. */
function syncTime(folder) {
	const path = join(folder, 'sync-probe');
	const fd = openSync(path, 'wx', 0o600);
	const line = Buffer.alloc(600, 120);
	const took = [];
	for (let i = 0; i < 100; i++) {
		const begin = performance.now();
		writeSync(fd, line);
		fdatasyncSync(fd);
		took.push((performance.now() - begin) * 1000);
	}
	closeSync(fd);
	rmSync(path);
	return median(took);
}

/** What tests/bench/door_load.c says of its run. */
export function doorLoad(stack, args) {
	return JSON.parse(must(join(build, 'bench/door_load'),
		[...args, join(stack.rundir, 'ingest.sock')]));
}

export function benchAcknowledgements(stack) {
	chapter('door');
	progress('one entry at a time');
	const syncs = [], ones = [];
	for (let round = 0; round < 10; round++) { // short turns: a disk has moods
		syncs.push(syncTime(stack.rundir));
		ones.push(doorLoad(stack, ['--connections', '1', '--window', '1', '--entries', '100']).p50_us);
	}
	report('one durable entry', median(ones), 'us', {
		peer: { name: 'fdatasync', value: median(syncs) }, target: ratioAtMost(2),
	});

	progress('64 connections that wait for each acknowledgement');
	const many = [];
	for (let round = 0; round < ROUNDS; round++)
		many.push(doorLoad(stack, ['--connections', '64', '--window', '1', '--entries', '40000']));
	report('64 connections, each waiting', median(many.map(one => one.entries_per_second)), '/s',
		{ target: atLeast(20_000) });
	report('64 connections, each waiting: p99', median(many.map(one => one.p99_us)), 'us');
}

/** So many entries through the door: how fast they are in log and index. */
async function flood(stack, entries) {
	const begin = performance.now();
	const load = doorLoad(stack, ['--connections', '8', '--window', '4096', '--entries', String(entries)]);
	const acknowledged = performance.now();
	const last = await entriesOf(stack);
	await until('all of them are in the index', async () =>
		JSON.parse((await request(stack.api, '/api/audit?limit=1')).body).through_seq >= last, 600_000);
	const indexed = performance.now();
	return {
		acknowledged: load.entries_per_second,
		indexed: entries / (indexed - begin) * 1000,
		lag_us: (indexed - acknowledged) * 1000,
	};
}

/** Fill the log with `entries` more, in as many parts as there are rounds. */
export async function fill(stack, entries) {
	progress(`${number(entries)} entries through the door`);
	const parts = [];
	for (let round = 0; round < ROUNDS; round++)
		parts.push(await flood(stack, Math.ceil(entries / ROUNDS)));
	const of = name => median(parts.map(part => part[name]));
	return { acknowledged: of('acknowledged'), indexed: of('indexed'), lag_us: of('lag_us') };
}

export function reportFill(filled) {
	chapter('door');
	report('entries acknowledged, generator included', filled.acknowledged, '/s',
		{ target: atLeast(100_000) });
	report('entries in log and index', filled.indexed, '/s');
	report('the index lags behind the last of them', filled.lag_us, 'us', { target: atMost(1e6) });
}
