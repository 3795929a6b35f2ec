// The pages that people read, taken apart.

import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

const read = path => readFileSync(join(root, path), 'utf8');

const markdownIn = folder => readdirSync(join(root, folder), { recursive: true })
	.filter(name => name.endsWith('.md') && !name.includes('node_modules'))
	.map(name => join(folder, name));

/** A page: { path, text, links, anchors, blocks, codes }; blocks are { language, text }. */
function markdown(path) {
	const page = { path, text: read(path), links: [], anchors: new Set(), blocks: [], codes: [] };
	const prose = page.text.replace(/^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm, (_, language, text) => {
		page.blocks.push({ language, text });
		return '';
	});
	const plain = prose.replace(/(`+)([\s\S]*?[^`])\1(?!`)/g, (whole, _, code) => {
		page.codes.push(code.replace(/\s+/g, ' ').trim());
		return '``';
	});
	for (const [, target] of plain.matchAll(/\]\(([^)\s]+)\)/g))
		page.links.push(target);
	for (const [, target] of prose.matchAll(/(?:src|srcset|href)="([^"]+)"/g))
		page.links.push(target);
	for (const [, title] of prose.matchAll(/^#+ +(.*)$/gm))
		page.anchors.add(title.toLowerCase().replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
			.replace(/[^\p{L}\p{N} _-]/gu, '').replace(/ /g, '-'));
	return page;
}

/** The words of a line of mdoc: quotes and escapes as they are printed. */
const plainMdoc = text => text.replace(/\\\(dq/g, '"').replace(/\\&/g, '').replace(/\\e/g, '\\');

/** A manual page: { path, name, section, text, blocks }. */
function manual(path) {
	const text = read(path);
	const page = { path, name: basename(path).replace(/\.[158]$/, ''), section: path.at(-1), text, blocks: [] };
	const lines = text.replace(/\\\n/g, '');
	for (const [, line] of lines.matchAll(/^\.Dl (.*)$/gm))
		page.blocks.push({ language: 'sh', text: plainMdoc(line) });
	for (const [, block] of lines.matchAll(/^\.Bd -literal.*\n([\s\S]*?)^\.Ed$/gm))
		page.blocks.push({ language: '', text: plainMdoc(block) });
	return page;
}

export const markdowns = [
	'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md',
	...markdownIn('docs'), ...markdownIn('sdk'), ...markdownIn('tests'),
].map(markdown);

export const manuals = readdirSync(join(root, 'docs/man'))
	.filter(name => /\.[158]$/.test(name)).map(name => manual(join('docs/man', name)));

/** What of a block one would type: at a prompt, or all of it in a script. */
export function typed({ language, text }) {
	if (language !== 'console')
		return ['', 'sh'].includes(language) ? text : '';
	const lines = [];
	let goesOn = false;
	for (const line of text.split('\n')) {
		if (/^[$#] /.test(line))
			lines.push(line.slice(2));
		else if (goesOn)
			lines.push(line);
		goesOn = (goesOn || /^[$#] /.test(line)) && isOpen(lines.join('\n'));
	}
	return lines.join('\n');
}

/** Does a line of shell go on with the next one? */
const isOpen = text => text.endsWith('\\') ||
	(text.replace(/'[^']*'/g, '').replace(/"(?:[^"\\]|\\.)*"/g, '').match(/['"]/) ?? null) !== null;
