// What pages say of kruxos.conf is what is read.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { manuals, markdowns, root } from './pages.js';
import { build, facts, programAt, run } from './programs.js';

let rows, folder;
before(async () => {
	rows = (await facts()).filter(([kind]) => kind === 'setting')
		.map(([, section, key]) => ({ section, key }));
	folder = mkdtempSync(join(tmpdir(), 'kruxos-docs-'));
});
after(() => rmSync(folder, { recursive: true }));

test('the pages that list settings are those of the table', async () => {
	const table = join(folder, 'facts.tsv');
	writeFileSync(table, execFileSync(join(build, 'docs/facts')));
	for (const path of ['docs/configuration.md', 'docs/man/kruxos.conf.5']) {
		const source = join(root, 'docs/source', `${path.split('/').at(-1)}.in`);
		const page = execFileSync('awk', ['-f', join(root, 'docs/source/pages.awk'), table, source],
			{ encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
		assert.equal(readFileSync(join(root, path), 'utf8'), page, `${path}: make manual`);
	}
});

test('each configuration that is shown is a good one', async () => {
	const wrong = [];
	let count = 0;
	for (const { path, blocks } of [...markdowns, ...manuals])
		for (const { language, text } of blocks) {
			if (language !== '' || !/^\[[a-z_]+(?: [\w.-]+)?\]$/m.test(text) || text.includes('\nkey = value\n'))
				continue;
			const file = join(folder, 'kruxos.conf');
			writeFileSync(file, text);
			const { code, stdout, stderr } = await run(programAt('kruxos'), ['config', 'check', file]);
			count++;
			if (code !== 0)
				wrong.push(`${path}: ${stdout}${stderr}\n${text}`);
		}
	assert.deepEqual(wrong, []);
	assert.ok(count > 5, String(count));
});

test('the package\'s configuration is a good one', async () => {
	const { code, stdout, stderr } = await run(programAt('kruxos'), ['config', 'check', join(root, 'packaging/kruxos.conf')]);
	assert.equal(code, 0, stdout + stderr);
});

test('each setting that is named is there', () => {
	const sections = new Set([...rows.map(({ section }) => section)]);
	const isFree = section => rows.some(row => row.section === section && row.key === 'CAPABILITY');
	const wrong = [];
	let count = 0;
	for (const { path, codes } of markdowns.filter(({ path }) => path !== 'CHANGELOG.md'))
		for (const code of codes)
			for (const [whole, head, key] of code.matchAll(/^\[([a-z_]+|(?:service|alert|notify|policy agent) [A-Za-z-]+)\](?: ([a-z_]+)(?= |$))?/g)) {
				const [section] = head.split(' ');
				count++;
				if (!sections.has(section) ||
				    (key && !isFree(section) && !rows.some(row => row.section === section && row.key === key)))
					wrong.push(`${path}: ${whole}`);
			}
	assert.deepEqual(wrong, []);
	assert.ok(count > 20, String(count));
});
