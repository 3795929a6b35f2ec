// The log that docs/log-format.md holds out to verifiers, and what it says of
// changes: by the product and by an outsider.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { markdowns, root } from './pages.js';
import { programAt, run } from './programs.js';

const page = markdowns.find(({ path }) => path === 'docs/log-format.md');
const lines = page.blocks.find(({ language }) => language === 'json').text.match(/.*\n/g);
const sha256 = text => createHash('sha256').update(text).digest('hex');

let folder, logs = 0;
before(() => {
	folder = mkdtempSync(join(tmpdir(), 'kruxos-docs-'));
});
after(() => rmSync(folder, { recursive: true }));

/** What both verifiers say of a log of these lines: { code, said } each. */
async function verdicts(changed) {
	const log = join(folder, String(logs++));
	mkdirSync(log);
	writeFileSync(join(log, '2026-11-23.jsonl'), changed.join(''));
	return Promise.all([
		[programAt('kruxos'), ['audit', 'verify', '--dir', log]],
		['python3', [join(root, 'tests/outsider/verify.py'), log]],
	].map(async ([program, args]) => {
		const { code, stdout } = await run(program, args);
		return { code, said: stdout };
	}));
}

/** A line with its hashes made right again. */
function forged(line) {
	const [, head, payload] = /^(.*),"entry_hash":"[0-9a-f]+",(.*)\}\n$/.exec(line);
	const changed = head.replace(/("payload_hash":")[0-9a-f]+/, `$1${sha256(payload)}`);
	return `${changed},"entry_hash":"${sha256(changed)}",${payload}}\n`;
}

const replaced = (at, from, to, finish = line => line) => lines.map((line, i) => {
	if (i !== at - 1)
		return line;
	assert.ok(line.includes(from), from);
	return finish(line.replace(from, to));
});
const without = at => lines.filter((_, i) => i !== at - 1);

test('it verifies, and its head is the one that is told', async () => {
	const [, head] = /`(4:[0-9a-f]{64})`/.exec(page.text);
	for (const { code, said } of await verdicts(lines)) {
		assert.equal(code, 0, said);
		assert.ok(said.includes(head), said);
		assert.match(said, /\b1 payloads? erased/);
	}
});

test('each change is found in the line that is told', async () => {
	const changes = [
		[replaced(2, '12.3', '12.4'), 2],
		[replaced(2, 'exit 0', 'exit 1'), 2],
		[without(2), 2],
		[replaced(4, '[3]', '[2]', forged), 3],
		[without(4), 3],
		[[...lines.slice(0, 3), lines[3].slice(0, -1)], 3],
		[without(1), 1],
	];
	const rows = page.text.slice(page.text.indexOf('## To try a verifier on')).match(/^\| .*\| (?:none|[0-9]).*\|$/gm);
	assert.equal(rows.length, changes.length);
	for (const [changed, line] of changes) {
		const [ours, outsiders] = await verdicts(changed);
		assert.equal(ours.code, 2, ours.said);
		assert.match(ours.said, new RegExp(`DAMAGED: 2026-11-23\\.jsonl, line ${line},`));
		assert.equal(outsiders.code, 2, outsiders.said);
		assert.ok(outsiders.said.startsWith(`2026-11-23.jsonl:${line}:`), outsiders.said);
	}
});
