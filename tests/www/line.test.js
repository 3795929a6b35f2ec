import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const { handChecks, neighbour, NO_HASH, partsOf, sha256 } = await load('line.ts');

const hash = text => createHash('sha256').update(text).digest('hex');

/** A line as docs/log-format.md has it. */
function lineOf(seq, prev, payload) {
	const head = `{"seq":${seq},"capability":"shell.exec","status":"success","payload_hash":"${hash(payload)}","prev_hash":"${prev}"`;
	return { line: `${head},"entry_hash":"${hash(head)}",${payload}}\n`, hash: hash(head), payload: hash(payload) };
}

const sly = '"salt":"00","summary":"é\u{1f4a5} \\",\\"entry_hash\\":","request":{"a":1,"entry_hash":"x"},"z":"}}"';
const first = lineOf(6, NO_HASH, '"salt":"01"');
const second = lineOf(7, first.hash, sly);

test('a line has a head and a payload, whose hashes it names', async () => {
	const { head, payload } = partsOf(second.line);
	assert.equal(await sha256(head), second.hash);
	assert.equal(await sha256(payload), second.payload);
	assert.equal(payload, sly);
	assert.deepEqual(partsOf(second.line.trimEnd()), { head, payload }, 'with its newline or without');
});

test('what is no line has no parts', () => {
	for (const text of ['', '\n', '{}', '{"seq":1,"entry_hash":"ab"}', second.line.slice(0, 120), `${second.line.trimEnd()} `])
		assert.equal(partsOf(text), undefined, text);
});

test('a shell finds the same hashes by the commands that are given', t => {
	const folder = mkdtempSync(join(tmpdir(), 'line-'));
	t.after(() => rmSync(folder, { recursive: true }));
	writeFileSync(join(folder, '2026-11-28.jsonl'), second.line + lineOf(17, NO_HASH, '"salt":"02"').line);
	writeFileSync(join(folder, '2026-11-27.jsonl'), first.line);
	const checks = handChecks('7', '2026-11-28.jsonl', '2026-11-27.jsonl');
	const run = command => execFileSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });

	assert.equal(run(checks.line), '');
	assert.equal(run(checks.head).slice(0, 64), second.hash);
	assert.equal(run(checks.payload).slice(0, 64), second.payload);
	assert.equal(checks.chain, `grep '^{"seq":6,' 2026-11-27.jsonl | jq -r .entry_hash`);
	assert.equal(handChecks('1', 'x.jsonl', undefined).chain, undefined);
});

test('neighbours are exact, however large', () => {
	assert.equal(neighbour('42', 1), '43');
	assert.equal(neighbour('9007199254740993', -1), '9007199254740992');
});
