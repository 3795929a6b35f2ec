// Each link leads somewhere, and the manual's index knows each page.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

import { manuals, markdowns, root } from './pages.js';

/** What a link of a page leads to: { path, anchor }; null: elsewhere. */
function destination(page, link) {
	if (/^[a-z]+:/.test(link))
		return null;
	const [path, anchor] = link.split('#');
	return { path: path === '' ? page.path : normalize(join(dirname(page.path), path)), anchor };
}

test('each link leads to a file, and to a heading in it', () => {
	const wrong = [];
	let links = 0;
	for (const page of markdowns)
		for (const link of page.links) {
			const to = destination(page, link);
			if (to === null)
				continue;
			links++;
			const target = markdowns.find(({ path }) => path === to.path);
			if (!existsSync(join(root, to.path)) || (to.anchor && target && !target.anchors.has(to.anchor)))
				wrong.push(`${page.path}: ${link}`);
		}
	assert.deepEqual(wrong, []);
	assert.ok(links > 100);
});

test('the index of the manual names each page and each manual page', () => {
	const index = markdowns.find(({ path }) => path === 'docs/README.md');
	const named = new Set(index.links.map(link => destination(index, link)?.path));
	const pages = readdirSync(join(root, 'docs'), { withFileTypes: true })
		.filter(entry => entry.isFile() && /\.(md|yaml)$/.test(entry.name) && entry.name !== 'README.md')
		.map(({ name }) => join('docs', name));
	for (const path of [...pages, ...manuals.map(({ path }) => path)])
		assert.ok(named.has(path), `${path} is not in docs/README.md`);
});

test('what is said of a unit is said of one that there is', () => {
	const folder = join(root, 'packaging/systemd');
	const units = new Set(readdirSync(folder));
	const wrong = [];
	for (const { path, text } of [...markdowns, ...manuals])
		for (const [, unit] of text.matchAll(/(?<![\w./-])(kruxos[\w-]*(?:@[\w-]*)?\.(?:service|socket|target|path|slice))\b/g))
			if (!units.has(unit.replace(/@[\w-]*/, '@')))
				wrong.push(`${path}: ${unit}`);
	assert.deepEqual(wrong, []);
});

test('install.md names each unit, user, group and folder of the package', () => {
	const { text } = markdowns.find(({ path }) => path === 'docs/install.md');
	const fields = path => readFileSync(join(root, path), 'utf8').split('\n')
		.filter(line => /^[a-z]/.test(line)).map(line => line.split(/\s+/));
	const names = [
		...readdirSync(join(root, 'packaging/systemd')).map(name => name.replace(/\.[a-z]+$/, '').replace(/@.*/, '@')),
		...fields('packaging/sysusers.d/kruxos-monitor.conf').map(([, name]) => name),
		...fields('packaging/tmpfiles.d/kruxos-monitor.conf').map(([, folder]) => folder),
	];
	assert.ok(names.length > 30);
	assert.deepEqual(names.filter(name => !text.includes(name)), []);
});

test('what is said of make is said of a target that there is', () => {
	const makefile = readFileSync(join(root, 'Makefile'), 'utf8');
	const targets = new Set([...makefile.matchAll(/^([a-z][a-z -]*):/gm)].flatMap(([, names]) => names.split(' ')));
	const wrong = [];
	for (const { path, codes, blocks } of markdowns)
		for (const text of [...codes, ...blocks.flatMap(({ text }) => text.split('\n'))]) {
			const words = /^(?:\$ )?make ((?:[A-Za-z_]+=\S+ )*)([a-z][a-z-]*)(?= |$)/.exec(text);
			if (words && !targets.has(words[2]))
				wrong.push(`${path}: make ${words[2]}`);
		}
	assert.deepEqual(wrong, []);
	assert.ok(targets.has('demo'));
});
