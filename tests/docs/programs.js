// The programs that the pages are about, asked for what they know of themselves.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root } from './pages.js';

export const build = process.env.KRUXOS_BUILD ?? join(root, 'build');

/** Run a program to its end, where it can do no harm: { code, stdout, stderr }. */
export function run(program, args, { env = {} } = {}) {
	const folder = mkdtempSync(join(tmpdir(), 'kruxos-docs-'));
	return new Promise((resolve, reject) => {
		const child = execFile(program, args, {
			cwd: folder, env: { PATH: process.env.PATH, HOME: folder, ...env }, timeout: 60_000,
		}, (error, stdout, stderr) => {
			rmSync(folder, { recursive: true });
			if (error && typeof error.code !== 'number')
				reject(error);
			else
				resolve({ code: error?.code ?? 0, stdout, stderr });
		});
		child.stdin.on('error', () => {}); // it may not read
		child.stdin.end();
	});
}

/** Where a program of that name is built. */
export const programAt = name => join(build, name.endsWith('.fcgi') ? 'fcgi' : 'bin', name);

/** The options of a help text: { letter, long } each; either may be missing. */
export const optionsIn = help => [...help.matchAll(/^ {2}(?:-(\w), |    )--([a-z-]+)/gm)]
	.map(([, letter, long]) => ({ letter, long }));

/** Every command of kruxos: { name, help, options }. */
export async function commandsOfKruxos() {
	const { stdout } = await run(programAt('kruxos'), ['help']);
	const [, table] = /\nCommands:\n([\s\S]*?)\n\n/.exec(stdout);
	return Promise.all(table.split('\n').map(async line => {
		const name = line.slice(2, 24).trim();
		const { stdout: help } = await run(programAt('kruxos'), ['help', ...name.split(' ')]);
		return { name, help, options: optionsIn(help) };
	}));
}

/** What the programs know and pages say: docs/source/facts.c. */
export async function facts() {
	const { stdout } = await run(join(build, 'docs/facts'), []);
	return stdout.trimEnd().split('\n').map(line => line.split('\t'));
}
