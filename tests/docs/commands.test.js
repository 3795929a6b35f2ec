// Each command line that a page shows is one that the program takes.

import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { before, test } from 'node:test';

import { manuals, markdowns, typed } from './pages.js';
import { commandsOfKruxos, facts, programAt, run } from './programs.js';
import { commandsOf, withoutPrefix } from './shell.js';

const programs = ['kruxos', 'kruxos-run', 'kruxos-hook', 'kruxosd', 'kruxos-observer'];

// What stands for a value, and a value.
const placeholders = {
	SEQ: '7', ID: '7', N: '5', DURATION: '1h', 'SEQ:HASH': `7:${'a'.repeat(64)}`, ROLE: 'viewer',
	CAPABILITY: 'shell.exec', SHELL: 'bash', AGENT: 'codex', CATEGORY: 'system', TIME: '2026-11-23', MS: '500', 'NAME=VALUE': 'rule=x',
	PORT: '7701', ADDRESS: '127.0.0.1', 'NAME=VALUE...': 'rule=x', 'ID...': '7', 'SEQ...': '7',
};

const valueOf = (word, i, words) => words[i - 1] === '--expect' ? placeholders['SEQ:HASH'] : placeholders[word] ?? word;

/** The command lines of one of our programs in a text of shell. */
const ours = text => commandsOf(text).map(withoutPrefix)
	.filter(([name, ...words]) => words.length > 0 && programs.includes(basename(name)))
	.map(([name, ...words]) => ({ program: basename(name), words: words.map(valueOf) }));

/** A form, not a line that one would type. */
const isForm = text => /…|\.\.\.|\[[A-Z-]|\]$/.test(text);

/** Every line of a page: { program, words, isMention }. */
function linesOf({ blocks, codes = [] }) {
	const shown = blocks.map(typed).filter(text => !isForm(text)).flatMap(ours);
	const mentioned = codes.filter(text => !isForm(text)).flatMap(ours)
		.map(line => ({ ...line, isMention: true }));
	return [...shown, ...mentioned];
}

let commands;
before(async () => {
	commands = await commandsOfKruxos();
});

/** Is it but a command's name, or the beginning of some? */
const isName = words => commands.some(({ name }) => `${name} `.startsWith(`${words.join(' ')} `));

/** What the program says against a line; '' when nothing. */
async function objection({ program, words, isMention }) {
	const help = async args => (({ code, stdout, stderr }) => code === 0 && stdout.includes('Usage:') ? '' : stderr || 'no help')(
		await run(programAt(program), args));
	const options = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
	const refusal = await help([...options, '--help']);
	if (refusal !== '' || program !== 'kruxos' || (isMention && isName(words)) || /^(?:-c|--config)/m.test(words.join('\n')) ||
	    /^hook (?:install|uninstall)\b/.test(words.join(' ')))
		return refusal;
	// Without a configuration nothing is done, and what is missing or too much is said before.
	const { code, stderr } = await run(programAt('kruxos'), words, { env: { KRUXOS_CONFIG: '/nonexistent/kruxos.conf' } });
	return code === 64 ? stderr : '';
}

/** Of all lines of all pages, those that a program does not take. */
async function refused(pages) {
	const wrong = [], seen = new Map();
	let count = 0;
	for (const page of pages)
		for (const line of linesOf(page)) {
			const text = [line.program, ...line.words].join(' ') + (line.isMention ? ' ' : '');
			if (!seen.has(text))
				seen.set(text, await objection(line));
			count++;
			if (seen.get(text) !== '')
				wrong.push(`${page.path}: ${text}: ${seen.get(text).split('\n')[0]}`);
		}
	return { wrong, count };
}

test('a program takes each command line of the pages', async () => {
	const { wrong, count } = await refused(markdowns);
	assert.deepEqual(wrong, []);
	assert.ok(count > 150, String(count));
});

test('a program takes each command line of the manual pages', async () => {
	const { wrong, count } = await refused(manuals);
	assert.deepEqual(wrong, []);
	assert.ok(count > 15, String(count));
});

test('kruxos takes each example of its own help', async () => {
	const { wrong, count } = await refused(commands.map(({ name, help }) => ({
		path: `kruxos help ${name}`, blocks: [{ language: 'sh', text: help.split('\nExamples:\n')[1] }],
	})));
	assert.deepEqual(wrong, []);
	assert.ok(count >= commands.length, String(count));
});

test('kruxos takes each command line of the settings', async () => {
	const { wrong } = await refused([{
		path: 'lib/config/settings.c', blocks: [],
		codes: (await facts()).flatMap(row => [...row.join(' ').matchAll(/`([^`]+)`/g)].map(([, code]) => code)),
	}]);
	assert.deepEqual(wrong, []);
});
