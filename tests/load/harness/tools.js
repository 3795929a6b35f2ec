// The generators beside this folder, and what is measured of the programs under
// their load.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { build } from '../../api/harness/stack.js';

/** `make soak` has the counts and the time that a promise is about. */
export const isSoak = process.env.LOAD_MODE === 'soak';

/** A number for the short form, and one for the long. */
export const sized = (short, soak) => isSoak ? soak : short;

/** Why a test of several users cannot be done here, or false. */
export const needsRoot = process.getuid() !== 0 && 'only root can be several users';

/** A group that is there on every Debian, for users that are not. */
export const producers = {
	name: 'users',
	gid: Number(/^users:[^:]*:([0-9]+):/m.exec(readFileSync('/etc/group', 'utf8'))?.[1]),
};

/** How many descriptors a program may have at most. */
export function mostDescriptors() {
	const limit = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))[1];
	return limit === 'unlimited' ? Infinity : Number(limit);
}

/** A generator that runs: its lines of JSON come one after the other. */
export class Tool {
	#child;
	#lines;
	#errors = '';

	constructor(name, args) {
		this.name = name;
		this.#child = spawn(join(build, 'load', name), args.map(String),
			{ stdio: ['pipe', 'pipe', 'pipe'] });
		this.#child.stderr.setEncoding('utf8').on('data', text => this.#errors += text);
		this.#child.stdin.on('error', () => {}); // it has ended, which answer() tells
		this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
		this.ended = once(this.#child, 'close');
	}

	/** The next object that it prints. */
	async answer() {
		const { value, done } = await this.#lines.next();
		assert.ok(!done, `${this.name} has ended: ${this.#errors}`);
		return JSON.parse(value);
	}

	tell(line) {
		this.#child.stdin.write(`${line}\n`);
		return this.answer();
	}

	closeInput() {
		this.#child.stdin.end();
	}

	/** End it, should it still run. */
	async end() {
		this.#child.kill('SIGKILL');
		await this.ended;
	}
}

/** Run a generator to its end: what it prints. */
export async function runTool(name, args) {
	const tool = new Tool(name, args);
	try {
		return await tool.answer();
	} finally {
		tool.closeInput();
		await tool.ended;
	}
}

/** Memory that is this process's, in bytes: its proportional set. */
export function memoryOf(pid) {
	return 1024 * Number(/^Pss: +([0-9]+) kB/m.exec(
		readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
}

/** CPU time that its threads have used, in milliseconds. */
export function cpuTimeOf(pid) {
	let sum = 0;
	for (const thread of readdirSync(`/proc/${pid}/task`))
		sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
	return sum / 1e6;
}

/** How many sockets a program has open. */
export function socketsOf(pid) {
	const folder = `/proc/${pid}/fd`;
	return readdirSync(folder).filter(name => {
		try {
			return readlinkSync(join(folder, name)).startsWith('socket:');
		} catch (error) {
			if (error.code !== 'ENOENT') // closed meanwhile
				throw error;
			return false;
		}
	}).length;
}

export const KiB = 1024;
export const MiB = 1024 * 1024;

/**
 * What a p99 may be under load that is `promised` where the machine has time for
 * it: on one that takes more than a fifth of that for the same without the load,
 * or for as much in another program, five times as long as that. In
 * microseconds.
 */
export function limitOf(t, alone, promised) {
	if (5 * alone <= promised)
		return promised;
	t.diagnostic('the machine is busy: only the ratio says something');
	return 5 * alone;
}

export const milliseconds = microseconds => `${(microseconds / 1000).toFixed(2)} ms`;

export function median(values) {
	const sorted = values.toSorted((a, b) => a - b);
	return sorted[Math.floor(sorted.length / 2)];
}
