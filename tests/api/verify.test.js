// The proof: green, red at the right place, green after an erasure; by the
// product and by an outsider, who agree.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { random } from './harness/random.js';
import { Stack, root, run } from './harness/stack.js';

const outsider = join(root, 'tests/outsider/verify.sh');
const pythonOutsider = join(root, 'tests/outsider/verify.py');

let stack;
let copies;
before(async () => {
	stack = await Stack.start();
	copies = mkdtempSync(join(tmpdir(), 'kruxos-verify-'));
	const { code, stderr } = await stack.kruxos(
		['audit', 'import', join(root, 'demo/sessions.ndjson')]);
	assert.equal(code, 0, stderr);
	// An import can be one batch, and the last batch can be an unfinished
	// write: only what stands before later ones is damage for certain.
	const door = await stack.door();
	for (let batch = 0; batch < 3; batch++)
		await door.record({ actor_type: 'agent', agent_name: 'later', capability: 'shell.exec', status: 'success' });
	door.close();
});
after(async () => {
	await stack?.stop();
	rmSync(copies, { recursive: true, force: true });
});

let copied = 0;

/** The log as it is now, in a folder of its own. */
function copyOfLog() {
	const dir = join(copies, String(copied++));
	cpSync(stack.auditDir, dir, { recursive: true });
	return dir;
}

const logFile = dir => join(dir, readdirSync(dir).filter(name => name.endsWith('.jsonl')).sort().at(-1));

async function verdicts(dir) {
	const ours = await stack.kruxos(['audit', 'verify', '--dir', dir]);
	const theirs = await run(outsider, [dir]);
	const python = await run(pythonOutsider, [dir]);
	assert.equal(python.code, ours.code, `${python.stdout}${ours.stdout}`);
	return { ours, theirs };
}

test('the log verifies, with the daemon and without it', async () => {
	const live = await stack.kruxos(['audit', 'verify']);
	assert.equal(live.code, 0, live.stderr);
	const count = stack.lines().length;
	assert.match(live.stdout, new RegExp(`^${count} entries in 1 file verify, 0 payloads erased`));
	const { ours, theirs } = await verdicts(copyOfLog());
	assert.equal(ours.code, 0, ours.stdout + ours.stderr);
	assert.equal(theirs.code, 0, theirs.stdout + theirs.stderr);
	assert.match(theirs.stdout, new RegExp(`^ok: ${count} entries in 1 files, 0 payloads erased`));
});

test('head and --expect: nothing up to there was rewritten or cut', async () => {
	const { stdout } = await stack.kruxos(['audit', 'head']);
	assert.match(stdout, /^[0-9]+:[0-9a-f]{64}\n$/);
	assert.equal((await stack.kruxos(['audit', 'verify', '--expect', stdout.trim()])).code, 0);
	const other = stdout.trim().replace(/.$/, digit => digit === '0' ? '1' : '0');
	assert.equal((await stack.kruxos(['audit', 'verify', '--expect', other])).code, 2);

	const dir = copyOfLog();
	const lines = readFileSync(logFile(dir), 'utf8').split('\n');
	writeFileSync(logFile(dir), lines.slice(0, -3).join('\n') + '\n');
	assert.equal((await stack.kruxos(['audit', 'verify', '--dir', dir])).code, 0);
	assert.equal((await stack.kruxos(['audit', 'verify', '--dir', dir, '--expect', stdout.trim()])).code, 2);
});

test('one changed byte is found, with its file, line and seq', async () => {
	const { below } = random(3);
	for (let round = 0; round < 12; round++) {
		const dir = copyOfLog();
		const file = logFile(dir);
		const bytes = readFileSync(file);
		// Not in the last lines, where it could be an unfinished write.
		const at = below(Math.floor(bytes.length * 0.9));
		if (bytes[at] === 10)
			continue;
		bytes[at] = bytes[at] === 0x61 ? 0x62 : 0x61;
		writeFileSync(file, bytes);
		const line = bytes.subarray(0, at).filter(byte => byte === 10).length + 1;
		const { ours, theirs } = await verdicts(dir);
		const name = file.split('/').at(-1);
		assert.equal(ours.code, 2, `byte ${at}: ${ours.stdout}${ours.stderr}`);
		assert.match(ours.stdout, new RegExp(`${name}, line ${line}, seq ${line}: .+ does not hold`));
		assert.match(ours.stdout, /expected .+\n +found/);
		assert.equal(theirs.code, 2, `byte ${at}: ${theirs.stdout}`);
		assert.ok(theirs.stdout.startsWith(`${name}:${line}: seq ${line}:`), theirs.stdout);
	}
});

test('a line taken out, doubled or moved is found', async () => {
	const changes = {
		'taken out': lines => lines.toSpliced(40, 1),
		doubled: lines => lines.toSpliced(40, 0, lines[40]),
		moved: lines => lines.toSpliced(40, 2, lines[41], lines[40]),
		'the first gone': lines => lines.slice(1),
	};
	for (const [what, change] of Object.entries(changes)) {
		const dir = copyOfLog();
		const lines = readFileSync(logFile(dir), 'utf8').split('\n');
		writeFileSync(logFile(dir), change(lines).join('\n'));
		const { ours, theirs } = await verdicts(dir);
		assert.equal(ours.code, 2, `${what}: ${ours.stdout}`);
		assert.equal(theirs.code, 2, `${what}: ${theirs.stdout}`);
	}
});

test('an erased payload is gone, and the log still verifies', async () => {
	const door = await stack.door();
	const [seq] = await door.record({
		actor_type: 'agent', agent_name: 'leaky', capability: 'shell.exec', status: 'success',
		summary: 'the safe word is swordfish-9000', session_id: 'leak-1',
	});
	door.close();
	const size = readFileSync(logFile(stack.auditDir)).length;
	const erased = await stack.kruxos(['audit', 'erase', String(seq), '--reason', 'a password'], { input: '' });
	assert.equal(erased.code, 0, erased.stderr);
	const text = readFileSync(logFile(stack.auditDir), 'utf8');
	assert.ok(!text.includes('swordfish'));
	const lines = text.split('\n');
	assert.equal(Buffer.byteLength(lines.slice(0, seq).join('\n')) + 1, size, 'no offset moved');

	const entry = await stack.get(`/api/audit/${seq}`);
	assert.equal(entry.summary, undefined);
	assert.equal(stack.entries()[entry.erased_by - 1].capability, 'audit.erase');
	assert.deepEqual(stack.entries()[entry.erased_by - 1].request.seqs, [seq]);
	const { ours, theirs } = await verdicts(copyOfLog());
	assert.equal(ours.code, 0, ours.stdout + ours.stderr);
	assert.equal(theirs.code, 0, theirs.stdout);
	assert.match(theirs.stdout, / 1 payloads erased/);
	assert.equal((await stack.get('/api/audit?q=swordfish')).total, 0);

	// Nobody can play the same trick by hand.
	const dir = copyOfLog();
	const faked = readFileSync(logFile(dir), 'utf8').split('\n');
	faked[9] = faked[9].replace(/"salt".*\}$/, payload =>
		`${`"erased_by":${entry.erased_by}`.padEnd(payload.length - 1)}}`);
	writeFileSync(logFile(dir), faked.join('\n'));
	const again = await verdicts(dir);
	assert.equal(again.ours.code, 2, again.ours.stdout);
	assert.equal(again.theirs.code, 2, again.theirs.stdout);
});

test('what the log says of itself cannot be erased', async () => {
	const { code } = await stack.kruxos(['audit', 'erase', '1', '--reason', 'no'], { input: '' });
	assert.notEqual(code, 0);
	assert.equal((await stack.kruxos(['audit', 'verify'])).code, 0);
});
