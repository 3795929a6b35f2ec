// The start, with the log of this run: how long the door stays shut.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { request } from '../api/harness/http.js';
import { Hopeless, until } from '../api/harness/poll.js';
import { build } from '../api/harness/stack.js';
import { entriesOf } from './log.js';
import { ROUNDS, atMost, chapter, median, progress, report } from './table.js';

const entry = {
	actor_type: 'agent', agent_name: 'bench', capability: 'bench.start', status: 'success',
};

/** Start the daemon; returns it, and how long its first answer took. */
async function open(stack) {
	const begin = performance.now();
	const child = stack.startDaemon();
	await until('the door answers', async () => {
		if (child.exitCode !== null)
			throw new Hopeless(`the daemon has ended: ${child.said}`);
		const door = await stack.door();
		try {
			return await door.record(entry);
		} finally {
			door.close();
		}
	}, 120_000);
	return { child, took_us: (performance.now() - begin) * 1000 };
}

const bytesOf = folder => readdirSync(folder)
	.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

/** End it while it takes as much as it can. */
async function killUnderLoad(stack, child) {
	const before = bytesOf(stack.auditDir);
	const load = spawn(join(build, 'bench/door_load'),
		['--connections', '8', '--window', '4096', '--entries', '1000000000', join(stack.rundir, 'ingest.sock')],
		{ stdio: 'ignore' });
	const ended = once(load, 'exit');
	await until('the log has grown', () => bytesOf(stack.auditDir) > before + (1 << 20));
	child.kill('SIGKILL');
	await Promise.all([child.ended, ended]);
}

function removeIndex(stack) {
	for (const end of ['', '-wal', '-shm'])
		rmSync(join(stack.rundir, `kruxos.db${end}`), { force: true });
}

async function time(stack, name, { before = () => {}, end }) {
	const took = [];
	for (let round = 0; round < ROUNDS; round++) {
		await before();
		const { child, took_us } = await open(stack);
		took.push(took_us);
		await end(child);
	}
	report(`the door answers, ${name}`, median(took), 'us', { target: atMost(2e6) });
}

async function terminate(child) {
	child.kill('SIGTERM');
	assert.equal(await child.ended, 0, child.said);
}

/** Afterwards the stack runs, its index is whole, and its log a bit longer. */
export async function benchStart(stack) {
	chapter('start');
	progress('starting with this log');
	await stack.halt();
	await time(stack, 'after a stop', { end: terminate });
	const { child } = await open(stack);
	await killUnderLoad(stack, child);
	await time(stack, 'after kill -9 under load', { end: daemon => killUnderLoad(stack, daemon) });
	await time(stack, 'after kill -9, without kruxos.db',
		{ before: () => removeIndex(stack), end: daemon => killUnderLoad(stack, daemon) });
	removeIndex(stack);
	const begin = performance.now();
	await stack.resume();
	const entries = await entriesOf(stack);
	await until('the index is whole', async () =>
		JSON.parse((await request(stack.api, '/api/audit?limit=1')).body).through_seq >= entries, 1_800_000);
	report('the index made anew from the log', entries / (performance.now() - begin) * 1000, '/s');
}
