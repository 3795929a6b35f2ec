// Somebody is at the log's files while the daemon runs: what is acknowledged
// afterwards can be found, and it is said at once that something is missing.

import assert from 'node:assert/strict';
import {
	appendFileSync, copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync,
	truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

const entry = call => ({
	actor_type: 'agent', agent_name: 'research-agent', call_id: call, capability: 'shell.exec', status: 'success',
});

let stack;
beforeEach(async () => stack = await Stack.start());
afterEach(() => stack?.stop());

const dayFiles = () => readdirSync(stack.auditDir).filter(name => name.endsWith('.jsonl')).sort();
const integrity = async () => (await stack.get('/api/audit?limit=1')).integrity.status;
const verified = () => until('the chain is verified', async () => await integrity() === 'verified');
const damaged = () => until('the damage is said', async () => await integrity() === 'damaged', 5_000);

const meddlings = {
	removed: path => rmSync(path),
	'renamed away': path => renameSync(path, `${path}.old`),
	'cut to nothing': path => truncateSync(path, 0),
	'written to': path => appendFileSync(path, '{"seq":9}\n'),
	'replaced by a copy': path => {
		copyFileSync(path, `${path}.copy`);
		renameSync(`${path}.copy`, path);
	},
};

// Nothing is missing then: the damage is over as soon as the whole was read.
const harmless = ['written to', 'replaced by a copy'];

for (const [what, meddle] of Object.entries(meddlings))
	describe(`a file that is ${what}`, () => {
		test('keeps nobody from being recorded, and is said at once', async () => {
			const door = await stack.door();
			await door.record(...Array.from({ length: 20 }, (_, i) => entry(`before-${i}`)));
			await verified();
			const [file] = dayFiles();
			meddle(join(stack.auditDir, file));

			const [seq] = await door.record(entry('after'));
			const found = stack.lines().filter(({ log_file }) => log_file !== file)
				.map(({ line }) => JSON.parse(line));
			assert.equal(found.find(({ call_id }) => call_id === 'after')?.seq, seq);
			if (!harmless.includes(what)) {
				await damaged();
				assert.equal((await stack.getHealth('/health')).services.audit, 'degraded');
			}
			const said = await until('an entry says so', () => stack.lines()
				.filter(({ log_file }) => log_file !== file).map(({ line }) => JSON.parse(line))
				.find(({ capability }) => capability === 'log.damaged'));
			assert.equal(said.request.file, file);
			assert.match(stack.output, new RegExp(`audit-damaged: .*${file}`));
			const { code, stdout, stderr } = await stack.kruxos(['audit', 'verify']);
			assert.equal(code, harmless.includes(what) ? 0 : 2, stdout + stderr);
			door.close();

			// It is not forgotten, and the log goes on.
			await stack.restart('kruxosd', 'SIGTERM');
			const again = await stack.door();
			const [next] = await again.record(entry('later'));
			assert.ok(next > seq);
			again.close();
		});
	});

test('with nobody who writes it is said within seconds', async () => {
	const door = await stack.door();
	await door.record(entry('before'));
	door.close();
	await verified();
	rmSync(join(stack.auditDir, dayFiles()[0]));
	await damaged();
});

describe('the folder', () => {
	test('that was moved to another disk is opened anew at its path', async () => {
		const door = await stack.door();
		const [first] = await door.record(entry('before'));
		await verified();
		cpSync(stack.auditDir, `${stack.auditDir}.moved`, { recursive: true });
		renameSync(stack.auditDir, `${stack.auditDir}.old`);
		symlinkSync(`${stack.auditDir}.moved`, stack.auditDir);
		door.close();
		await until('the daemon has opened it again', async () => {
			const again = await stack.door();
			try {
				await again.record(entry('after'));
				return /no longer there/.test(stack.output);
			} finally {
				again.close();
			}
		});
		assert.equal(stack.entries().filter(({ call_id }) => call_id === 'before')[0].seq, first);
		const { code, stdout, stderr } = await stack.kruxos(['audit', 'verify']);
		assert.equal(code, 0, stdout + stderr);
	});

	test('that was replaced by an empty one is damage, and the log goes on in it', async () => {
		const door = await stack.door();
		const [seq] = await door.record(entry('before'));
		await verified();
		renameSync(stack.auditDir, `${stack.auditDir}.moved`);
		mkdirSync(stack.auditDir, { mode: 0o750 });
		door.close();
		await until('the log goes on', () => dayFiles().length > 0);
		await stack.untilReady();
		const again = await stack.door();
		const [next] = await again.record(entry('after'));
		assert.ok(next > seq);
		again.close();
		await damaged();
		assert.ok(stack.entries().some(({ capability }) => capability === 'log.damaged'));
	});
});

test('the status page that was removed or replaced is made anew', async () => {
	const page = join(stack.rundir, 'kruxosd.status');
	const madeAnew = () => stack.output.match(/kruxosd\.status was removed from outside; it is made anew/g)?.length ?? 0;
	const meddlings = [
		() => rmSync(page),
		() => {
			copyFileSync(page, `${page}.copy`);
			renameSync(`${page}.copy`, page);
		},
	];
	for (const [i, meddle] of meddlings.entries()) {
		meddle();
		await until('it is said', () => madeAnew() === i + 1, 5_000);
		await stack.untilReady();
		const door = await stack.door();
		const [seq] = await door.record(entry(`call-${i}`));
		door.close();
		await until('readers hear of it', async () => (await stack.get('/api/audit?limit=1')).head_seq >= seq);
	}
});

test('under load every acknowledged entry is found, in the log or in what was taken away', async () => {
	const taken = join(stack.rundir, 'taken');
	mkdirSync(taken);
	const acknowledged = new Map(); // call_id -> seq
	let recording = true;
	let calls = 0;
	const producers = Array.from({ length: 4 }, async () => {
		const door = await stack.door();
		while (recording) {
			const batch = Array.from({ length: 20 }, () => entry(`call-${calls++}`));
			const seqs = await door.record(...batch);
			seqs.forEach((seq, i) => acknowledged.set(batch[i].call_id, seq));
		}
		door.close();
	});
	for (let round = 0; round < 20; round++) {
		const enough = acknowledged.size + 200;
		await until('entries are acknowledged', () => acknowledged.size > enough);
		const file = dayFiles().at(-1);
		if (round % 3 === 0)
			appendFileSync(join(stack.auditDir, file), 'somebody else\n'.repeat(500));
		else
			renameSync(join(stack.auditDir, file), join(taken, file));
	}
	const enough = acknowledged.size + 200;
	await until('entries are acknowledged', () => acknowledged.size > enough);
	recording = false;
	await Promise.all(producers);

	const found = new Map(); // call_id -> its seqs: a batch may stand in two files
	for (const folder of [taken, stack.auditDir])
		for (const name of readdirSync(folder).filter(name => name.endsWith('.jsonl')))
			for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
				const [, seq] = line.match(/^\{"seq":(\d+),/) ?? [];
				const [, call] = line.match(/"call_id":"([^"]+)"/) ?? [];
				if (call)
					found.set(call, [...found.get(call) ?? [], Number(seq)]);
			}
	for (const [call, seq] of acknowledged)
		assert.ok(found.get(call)?.includes(seq), `${call}, acknowledged as ${seq}`);
	await damaged();
});
