// A disk that is full and one that has turned read-only, in earnest: producers
// are told, /health says it, and when the disk takes writes again so does the
// daemon, by itself. Where nothing can be mounted (without root, in some
// containers), there is nothing to be tried.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	closeSync, fstatSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, truncateSync, writeFileSync,
	writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

const entry = call => ({
	actor_type: 'agent', agent_name: 'research-agent', call_id: call, capability: 'shell.exec', status: 'success',
});
const run = (program, ...args) => execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' }).trim();

/** Why a file system of that kind cannot be mounted here; false: it can. */
function cannotMount(...args) {
	const folder = mkdtempSync(join(tmpdir(), 'kruxos-mount-'));
	const image = join(folder, 'image');
	const mount = join(folder, 'mount');
	try {
		mkdirSync(mount);
		makeImage(image);
		run('mount', ...args.map(arg => arg === 'IMAGE' ? image : arg), mount);
		run('umount', mount);
		return false;
	} catch (error) {
		return `mount: ${error.stderr ?? error}`.trim();
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function makeImage(image) {
	writeFileSync(image, '');
	truncateSync(image, 64 << 20);
	run('mkfs.ext4', '-q', image);
}

/** Send an entry; what is answered. */
async function say(stack, call) {
	const door = await stack.door();
	try {
		await door.write(JSON.stringify(entry(call)) + '\n');
		return await door.answer();
	} finally {
		door.close();
	}
}

/** A stack whose RUNDIR lies on a file system of its own. */
async function startOn(mount, ...args) {
	const before = process.env.TMPDIR;
	run('mount', ...args, mount);
	process.env.TMPDIR = mount;
	try {
		return await Stack.start();
	} finally {
		if (before === undefined)
			delete process.env.TMPDIR;
		else
			process.env.TMPDIR = before;
	}
}

async function verifies(stack) {
	const { code, stdout, stderr } = await stack.kruxos(['audit', 'verify']);
	assert.equal(code, 0, stdout + stderr);
}

describe('a full disk', { skip: cannotMount('-t', 'tmpfs', 'none') }, () => {
	const mount = mkdtempSync(join(tmpdir(), 'kruxos-full-'));
	const filler = join(mount, 'filler');
	let stack;
	before(async () => stack = await startOn(mount, '-t', 'tmpfs', '-o', 'size=48m', 'none'));
	after(async () => {
		await stack?.stop();
		run('umount', mount);
		rmSync(mount, { recursive: true });
	});

	// All but `left` bytes.
	const fill = (left = 0) => {
		const fd = openSync(filler, 'w');
		for (let size = 1 << 20; size > 0;)
			try {
				writeSync(fd, Buffer.alloc(size));
			} catch (error) {
				assert.equal(error.code, 'ENOSPC');
				size = size === 1 ? 0 : size >> 1;
			}
		if (left > 0)
			ftruncateSync(fd, fstatSync(fd).size - left);
		closeSync(fd);
	};

	test('is told to producers and by /health, and the daemon takes up again by itself', async () => {
		const door = await stack.door();
		await door.record(...Array.from({ length: 50 }, (_, i) => entry(`before-${i}`)));
		door.close();
		fill();

		const told = await until('an entry is refused', async () => {
			const answer = await say(stack, `full-${Math.random()}`);
			return answer.error && answer;
		});
		assert.equal(told.error, 'audit_unavailable');
		assert.match(told.detail, /disk|space/i);
		const health = await until('/health says so', async () => {
			const answer = await stack.getHealth('/health', 503);
			return answer.services.audit === 'unhealthy' && answer;
		});
		assert.equal(health.status, 'unhealthy');
		// A write may fail before the daemon has looked at the room, or not;
		// it may also have looked while the disk was filling.
		const ready = await stack.getHealth('/health/ready', 503);
		assert.match(ready.detail, /^disk_full: .*(No space left on device|the disk is (nearly )?full)/);
		const failed = /audit-write-failure: .*No space left on device/.test(stack.output);

		rmSync(filler);
		const again = await until('entries are taken again', async () => {
			const answer = await say(stack, 'after');
			return answer.accepted === 1 && answer;
		}, 30_000);
		await until('/health is well again', () => stack.getHealth('/health', 200));
		if (failed)
			await until('the failure is an entry', () => stack.entries()
				.find(({ capability, request }) => capability === 'log.write_failure' &&
					/No space left/.test(request.failure) && request.entries_refused > 0));
		assert.equal(stack.entries()[again.seq - 1].call_id, 'after');
		await verifies(stack);
	});

	test('that is nearly full takes alerts and operators\' entries, and is told', async () => {
		fill(1 << 20);
		await until('/health/ready says so', async () =>
			/^disk_full: .*nearly full/.test((await stack.getHealth('/health/ready', 503)).detail), 30_000);
		const door = await stack.door();
		for (const [line, taken] of [
			[entry('refused'), false],
			[{ actor_type: 'agent', agent_name: 'research-agent', capability: 'alerts.send', status: 'success' }, true],
			[{ actor_type: 'user', user_name: 'ann', capability: 'shell.exec', status: 'success' }, true],
		]) {
			await door.write(JSON.stringify(line) + '\n');
			const answer = await door.answer();
			assert.equal(answer.error, taken ? undefined : 'audit_unavailable');
		}
		door.close();
		rmSync(filler);
		await until('/health is well again', () => stack.getHealth('/health', 200), 30_000);
		assert.equal((await say(stack, 'nearly')).accepted, 1);
	});

	test('answers reindex with what is in its way, and not at all late', async () => {
		fill();
		const { code, stderr } = await stack.kruxos(['reindex']);
		assert.equal(code, 1, stderr);
		assert.match(stderr, /index.*No space left on device/);
		rmSync(filler);
		const again = await until('it is built again', async () => {
			const { code, stdout } = await stack.kruxos(['reindex', '--json']);
			return code === 0 && JSON.parse(stdout);
		}, 60_000);
		assert.ok(again.entries >= 50);
	});
});

/** Put the log on the file system in `image`, by the way an operator would. */
async function moveLog(stack, image) {
	await stack.halt();
	renameSync(stack.auditDir, `${stack.auditDir}.before`);
	mkdirSync(stack.auditDir);
	run('mount', '-o', 'loop,errors=remount-ro', image, stack.auditDir);
	run('cp', '-a', `${stack.auditDir}.before/.`, stack.auditDir);
	await stack.resume();
}

// The status page is not on it, as in the package: it goes on telling.
describe('a file system that has turned read-only under the log', { skip: cannotMount('-o', 'loop', 'IMAGE') }, () => {
	const folder = mkdtempSync(join(tmpdir(), 'kruxos-read-only-'));
	const image = join(folder, 'image');
	let stack;
	before(async () => {
		makeImage(image);
		stack = await Stack.start();
		await moveLog(stack, image);
	});
	after(async () => {
		await stack.halt();
		run('umount', stack.auditDir);
		await stack.stop();
		rmSync(folder, { recursive: true });
	});

	test('is told to producers and by /health, and what was acknowledged is there afterwards', async () => {
		const door = await stack.door();
		const seqs = await door.record(...Array.from({ length: 50 }, (_, i) => entry(`before-${i}`)));
		door.close();
		const device = basename(run('findmnt', '-no', 'SOURCE', stack.auditDir));
		writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, 'a test');

		const told = await say(stack, 'refused');
		assert.equal(told.error, 'audit_unavailable');
		assert.match(told.detail, /Read-only file system/);
		assert.equal((await stack.getHealth('/health', 503)).services.audit, 'unhealthy');
		assert.match((await stack.getHealth('/health/ready', 503)).detail,
			/^read_only: .*Read-only file system/);

		// As after a look at the disk by its owner.
		await stack.halt();
		run('umount', stack.auditDir);
		execFileSync('sh', ['-c', 'e2fsck -fy "$1" >/dev/null 2>&1; test $? -le 1', 'sh', image]);
		run('mount', '-o', 'loop,errors=remount-ro', image, stack.auditDir);
		await stack.resume();
		assert.equal((await say(stack, 'after')).accepted, 1);
		for (const [i, seq] of seqs.entries())
			assert.equal(stack.entries()[seq - 1].call_id, `before-${i}`);
		await verifies(stack);
	});
});
