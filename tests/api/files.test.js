// kruxos with the files alone: a log in a folder, no daemon, no configuration.

import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { matches } from './harness/oracle.js';
import { Stack, build, root, run } from './harness/stack.js';

let folder;
let log;
let entries;
before(async () => {
	folder = mkdtempSync(join(tmpdir(), 'kruxos-files-'));
	log = join(folder, 'audit');
	const stack = await Stack.start();
	try {
		await stack.kruxos(['audit', 'import', join(root, 'demo/sessions.ndjson')]);
		const door = await stack.door();
		for (let batch = 0; batch < 3; batch++)
			await door.record({ actor_type: 'agent', agent_name: 'later', capability: 'shell.exec', status: 'success' });
		door.close();
		entries = stack.entries();
		cpSync(stack.auditDir, log, { recursive: true });
	} finally {
		await stack.stop();
	}
});
after(() => rmSync(folder, { recursive: true, force: true }));

const nowhere = { KRUXOS_CONFIG: '/nonexistent/kruxos.conf', NO_COLOR: '1' };
const kruxos = args => run(join(build, 'bin/kruxos'), args, { env: nowhere });

/** `kruxos ARGS --json`, parsed. */
async function answer(args, code = 0) {
	const said = await kruxos([...args, '--json']);
	assert.equal(said.code, code, `${args.join(' ')}: ${said.stdout}${said.stderr}`);
	return JSON.parse(said.stdout);
}

let copies = 0;

/** A copy of the log, and its last file. */
function copy() {
	const dir = join(folder, String(copies++));
	cpSync(log, dir, { recursive: true });
	const file = join(dir, readdirSync(dir).filter(name => name.endsWith('.jsonl')).sort().at(-1));
	return { dir, file, lines: readFileSync(file, 'utf8').split('\n').slice(0, -1) };
}

test('query finds in files what the API would, by any filter', async () => {
	for (const [args, filter] of [
		[[], []],
		[['-a', 'fixer-marshmallow'], [['agent_name', 'fixer-marshmallow']]],
		[['-s', 'error', '-s', 'denied'], [['status', 'error'], ['status', 'denied']]],
		[['--status=-success'], [['status', '-success']]],
		[['-C', 'filesystem.*'], [['capability', 'filesystem.*']]],
		[['--actor-type', 'system'], [['actor_type', 'system']]],
		[['-q', 'Replaced'], [['q', 'Replaced']]],
		[['--from', '2026-11-17', '--to', '2026-11-20'], [['from', '2026-11-17T00:00:00Z'], ['to', '2026-11-21T00:00:00Z']]],
		[['-a', 'nobody'], [['agent_name', 'nobody']]],
	]) {
		const found = await answer(['audit', 'query', '--dir', log, '-n', '200', ...args]);
		assert.deepEqual(found.entries, entries.filter(entry => matches(entry, filter)).reverse().slice(0, 200),
			args.join(' '));
	}
});

test('query turns pages through files', async () => {
	const query = ['audit', 'query', '--dir', log];
	const newest = entries.toReversed();
	assert.deepEqual((await answer(query)).entries, newest.slice(0, 50));
	assert.deepEqual((await answer([...query, '-n', '7', '--offset', '5'])).entries, newest.slice(5, 12));
	const { entries: page, limit, offset } = await answer([...query, '--through', '20', '-n', '3', '--offset', '1']);
	assert.deepEqual(page.map(({ seq }) => seq), [19, 18, 17]);
	assert.deepEqual([limit, offset], [3, 1]);
	const beyond = await kruxos([...query, '--offset', '100000', '--exit-code']);
	assert.equal(beyond.code, 2);
	assert.equal(beyond.stdout, '');
	assert.equal((await kruxos([...query, '--exit-code'])).code, 0);
});

test('query names the file in which a line is none', async () => {
	const { dir, file, lines } = copy();
	lines[10] = lines[10].replace('"seq"', '"seg"');
	writeFileSync(file, lines.map(line => `${line}\n`).join(''));
	const { code, stderr } = await kruxos(['audit', 'query', '--dir', dir, '-n', '200']);
	assert.equal(code, 1);
	assert.ok(stderr.includes(file.split('/').at(-1)), stderr);
});

test('show and head read files', async () => {
	const dir = ['--dir', log];
	assert.deepEqual(await answer(['audit', 'show', '42', ...dir]), entries[41]);
	const shown = await kruxos(['audit', 'show', '42', ...dir]);
	assert.match(shown.stdout, new RegExp(`^seq +42$[^]*^entry_hash +${entries[41].entry_hash}$`, 'm'));
	assert.equal((await kruxos(['audit', 'show', '99999', ...dir])).code, 1);
	assert.match((await kruxos(['audit', 'show', '99999', ...dir])).stderr, /there is no entry 99999/);

	const last = entries.at(-1);
	assert.equal((await kruxos(['audit', 'head', ...dir])).stdout, `${last.seq}:${last.entry_hash}\n`);
	assert.deepEqual(await answer(['audit', 'head', ...dir]), { seq: last.seq, entry_hash: last.entry_hash });
});

test('what is no log is told so by its name', async () => {
	const empty = join(folder, 'empty');
	mkdirSync(empty);
	for (const dir of [empty, join(folder, 'nothing')])
		for (const args of [['head'], ['verify'], ['show', '1']]) {
			const { code, stdout, stderr } = await kruxos(['audit', ...args, '--dir', dir]);
			assert.equal(code, 1, `${args} ${dir}: ${stderr}`);
			assert.equal(stdout, '');
			assert.match(stderr, args[0] === 'show' && dir === empty ? /there is no entry 1/ : new RegExp(dir));
		}
	const { dir, file } = copy();
	writeFileSync(file, 'no line of the log\n'.repeat(100));
	for (const args of [['head'], ['show', '1']])
		assert.equal((await kruxos(['audit', ...args, '--dir', dir])).code, 1, args.join(' '));
});

test('verify --json says what holds', async () => {
	const verdict = await answer(['audit', 'verify', '--dir', log]);
	const last = entries.at(-1);
	const bytes = readdirSync(log).filter(name => name.endsWith('.jsonl'))
		.reduce((sum, name) => sum + readFileSync(join(log, name)).length, 0);
	assert.deepEqual(verdict, {
		status: 'verified', entries: entries.length, files: 1, erased: 0, bytes, torn_bytes: 0, first_seq: 1,
		last_seq: last.seq, last_hash: last.entry_hash,
	});
	const text = await kruxos(['audit', 'verify', '--dir', log]);
	assert.match(text.stdout, new RegExp(`^${entries.length} entries in 1 file verify, 0 payloads erased\\.\nHead: `));
});

test('verify --json says where it does not hold, and what was there', async () => {
	const { dir, file, lines } = copy();
	lines[5] = lines[5].replace('"status":"success"', '"status":"denied!"').replace('"status":"pending"', '"status":"denied!"');
	writeFileSync(file, lines.map(line => `${line}\n`).join(''));
	const { status, fault, entries: good } = await answer(['audit', 'verify', '--dir', dir], 2);
	assert.equal(status, 'damaged');
	assert.equal(good, 5);
	assert.deepEqual([fault.file, fault.line, fault.seq, fault.what], [file.split('/').at(-1), 6, 6, 'format']);
	assert.equal(fault.offset, Buffer.byteLength(lines.slice(0, 5).join('\n')) + 1);
	assert.match(fault.found, /status/);

	// What is missing at the end has no place in a file.
	const beyond = await answer(['audit', 'verify', '--dir', log, '--expect', `100000:${'0'.repeat(64)}`], 2);
	assert.equal(beyond.fault.what, 'expected seq');
	assert.equal(beyond.fault.expected, '100000');
	assert.equal(beyond.fault.found, String(entries.length));
});

test('verify says of a torn end what that is, and what would show more', async () => {
	const { dir, file, lines } = copy();
	truncateSync(file, readFileSync(file).length - 10);
	const { code, stdout, stderr } = await kruxos(['audit', 'verify', '--dir', dir, '--json']);
	assert.equal(code, 0, stderr);
	const { torn_bytes: torn, last_seq: seq, status } = JSON.parse(stdout);
	assert.equal(status, 'verified');
	assert.equal(torn, Buffer.byteLength(lines.at(-1)) + 1 - 10);
	assert.match(stderr, new RegExp(`the last ${torn} bytes, from seq ${seq + 1} on, are the rest of an unfinished write, ` +
		'if they were never acknowledged; --expect with a later SEQ:HASH would show it'));
	appendFileSync(file, '\n'.repeat(2));
	assert.equal((await kruxos(['audit', 'verify', '--dir', dir])).code, 2);
});

test('a log of one entry is spoken of as one', async () => {
	const { dir, file, lines } = copy();
	writeFileSync(file, `${lines[0]}\n`);
	assert.match((await kruxos(['audit', 'verify', '--dir', dir])).stdout, /^1 entry in 1 file verifies, 0 payloads/);
});
