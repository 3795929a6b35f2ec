// The manual pages: each program has one, with each of its options, and they are
// good mdoc(7).

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { manuals, root } from './pages.js';
import { build, commandsOfKruxos, optionsIn, programAt, run } from './programs.js';

const pageOf = name => manuals.find(page => page.name === name);

const hasLong = (text, { long }) => new RegExp(`(?:Fl|,) -${long}(?![a-z-])`).test(text);
const hasLetter = (text, { letter }) => new RegExp(`Fl ${letter}(?![a-z-])`).test(text);

/** Does a text of mdoc name the option, with both of its names? */
const names = (text, option) => hasLong(text, option) && (option.letter === undefined || hasLetter(text, option));

/** By one of them, as the head of a command does? */
const isIn = (text, option) => hasLong(text, option) || (option.letter !== undefined && hasLetter(text, option));

test('each program has a page, with each of its options', async () => {
	for (const [name, page] of [
		...readdirSync(join(build, 'bin')).filter(name => name.startsWith('kruxos') && name !== 'kruxos').map(name => [name, name]),
		...readdirSync(join(build, 'fcgi')).filter(name => name.endsWith('.fcgi')).map(name => [name, 'kruxos-fcgi']),
	]) {
		const { stdout } = await run(programAt(name), ['--help']);
		const options = optionsIn(stdout);
		assert.ok(pageOf(page), `${name} has no page`);
		assert.ok(options.length > 2, name);
		for (const option of options)
			assert.ok(names(pageOf(page).text, option), `${name} --${option.long}`);
		if (page === 'kruxos-fcgi')
			assert.ok(pageOf(page).text.includes(`Nm ${name}`) || pageOf(page).text.includes(`Cm ${name}`), name);
	}
});

test('kruxos(1) has each command, with each of its options', async () => {
	const { text } = pageOf('kruxos');
	const filters = text.slice(text.indexOf('.Sh FILTERS'));
	const missing = [];
	for (const { name, options } of await commandsOfKruxos()) {
		const items = [...text.replace(/\\\n/g, '').matchAll(/^\.It Cm (.*)$/gm)]
			.filter(([, line]) => line === name || line.startsWith(`${name} `));
		if (items.length === 0) {
			missing.push(name);
			continue;
		}
		const line = items.map(([found]) => found).join('\n');
		for (const option of options)
			if (!['config', 'help'].includes(option.long) && !isIn(line, option) &&
			    !(/filter/.test(line) && isIn(filters, option)))
				missing.push(`${name} --${option.long}`);
	}
	assert.deepEqual(missing, []);
});

test('mandoc finds nothing to object to', async () => {
	const own = new Set(manuals.map(({ name, section }) => `${name} ${section}`));
	for (const { path, text } of manuals) {
		const { stdout, stderr } = await run('mandoc', ['-T', 'lint', join(root, path)]);
		// Our own pages are where it does not look for them.
		const objections = stdout.split('\n').filter(line => line !== '' && !/referenced manual not found/.test(line));
		assert.deepEqual(objections, [], path + stderr);
		for (const [, page] of text.matchAll(/^\.Xr (kruxos\S* \d)/gm))
			assert.ok(own.has(page), `${path}: ${page}`);
	}
});
