// The door: entries a second, and how long one takes.

import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { request } from '../api/harness/http.js';
import { until } from '../api/harness/poll.js';
import { build } from '../api/harness/stack.js';
import { entriesOf } from './log.js';
import { ROUNDS, median, milliseconds, must, number, progress, report } from './table.js';

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

function doorLoad(stack, args) {
	return JSON.parse(must(join(build, 'bench/door_load'),
		[...args, join(stack.rundir, 'ingest.sock')]));
}

/** Returns how many entries a second reach log and index. */
export async function benchDoor(stack, entries) {
	progress('one entry at a time');
	const syncs = [], ones = [];
	for (let round = 0; round < 10; round++) { // short turns: a disk has moods
		syncs.push(syncTime(stack.rundir));
		ones.push(doorLoad(stack, ['--connections', '1', '--window', '1', '--entries', '100']).p50_us);
	}
	report('one durable entry', milliseconds(median(ones)), {
		peer: `fdatasync ${milliseconds(median(syncs))}`,
		ratio: median(ones) / median(syncs), target: '<= 2',
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
	const last = await entriesOf(stack);
	await until('all of them are in the index', async () =>
		JSON.parse((await request(stack.api, '/api/audit?limit=1')).body).through_seq >= last, 600_000);
	const indexed = (performance.now() - begin) / 1000;
	report('entries acknowledged, generator included', `${number(flood.entries_per_second)}/s`, {
		target: '100,000/s',
	});
	report('  and in the index', `${number(entries / indexed)}/s`);
	return entries / indexed;
}
