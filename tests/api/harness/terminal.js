// A command at a terminal, as a person sees it: script(1) brings a
// pseudoterminal, and what is typed goes through it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';

import { until } from './poll.js';

const quoted = word => `'${word.replaceAll('\'', '\'\\\'\'')}'`;

export class Terminal {
	/** All that was shown, escapes included; lines end in \r\n. */
	text = '';
	#child;
	#code;

	/** Run `program ARGS` at a terminal of so many columns. */
	constructor(program, args, { env = {}, columns = 80 } = {}) {
		const command = [program, ...args].map(quoted).join(' ');
		this.#child = spawn('script',
			['-qefc', `stty cols ${columns} -echo; exec ${command}`, '/dev/null'],
			{ env: { ...process.env, TERM: 'xterm', NO_COLOR: '', SHELL: '/bin/sh', ...env } });
		this.#child.stdout.setEncoding('utf8').on('data', text => this.text += text);
		this.#child.stdin.on('error', () => {});
		this.#child.on('close', (code, signal) => this.#code = code ?? signal);
	}

	/** Wait until it shows `pattern`. */
	shows(pattern) {
		return until(`the terminal shows ${pattern}: ${JSON.stringify(this.text.slice(-500))}`, () => {
			const match = this.text.match(pattern);
			if (!match && this.#code !== undefined)
				assert.fail(`it has ended, and shows ${JSON.stringify(this.text)}`);
			return match;
		});
	}

	type(text) {
		this.#child.stdin.write(text);
	}

	/** Its exit code, once it has ended. */
	async ended() {
		await until('the command has ended', () => this.#code !== undefined, 60_000);
		return this.#code;
	}

	/** What stands there in the end, line by line: each as it was last drawn. */
	get lines() {
		return this.text.split('\r\n')
			.map(line => line.split('\r').at(-1).replaceAll(/\x1b\[[0-9;]*[A-Za-z]/g, ''));
	}
}
