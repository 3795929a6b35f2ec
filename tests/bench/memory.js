// The most memory that each part has had (proportional set size), looked at all
// the time by a thread of its own: the main one is busy waiting for programs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker, isMainThread, workerData } from 'node:worker_threads';

import { atMost, chapter, report } from './table.js';

const PARTS = ['kruxosd', 'health', 'audit', 'activity', 'metrics', 'alerts', 'proxy', 'session', 'gateway', 'otlp'];
const PERIOD_MS = 200;

/** In KiB. */
export function memoryOf(pid) {
	const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
	return Number(/^Pss:\s+([0-9]+) kB/m.exec(text)[1]);
}

export class MemoryWatch {
	#worker;
	#most = new Int32Array(new SharedArrayBuffer((PARTS.length + 1) * 4)); // and whether to stop

	constructor(stack) {
		this.#worker = new Worker(new URL(import.meta.url),
			{ workerData: { pids: join(stack.rundir, 'pid'), most: this.#most } });
	}

	/** In MiB, since the watch began or the part was forgotten. */
	most(part) {
		return Atomics.load(this.#most, PARTS.indexOf(part)) / 1024;
	}

	forget(part) {
		Atomics.store(this.#most, PARTS.indexOf(part), 0);
	}

	async stop() {
		Atomics.store(this.#most, PARTS.length, 1);
		Atomics.notify(this.#most, PARTS.length);
		await new Promise(done => this.#worker.once('exit', done));
	}
}

export function reportMemory(memory) {
	chapter('memory');
	for (const part of PARTS)
		report(`${part}, at most`, memory.most(part), 'MiB',
			{ target: atMost(part === 'kruxosd' ? 64 : 16) });
}

function watch({ pids, most }) {
	while (Atomics.wait(most, PARTS.length, 0, PERIOD_MS) === 'timed-out')
		PARTS.forEach((part, i) => {
			try {
				const pid = readFileSync(join(pids, `${part}.pid`), 'utf8').trim();
				const now = memoryOf(pid);
				if (now > Atomics.load(most, i))
					Atomics.store(most, i, now);
			} catch (error) {
				if (error.code !== 'ENOENT' && error.code !== 'ESRCH')
					throw error; // else it is being started again
			}
		});
}

if (!isMainThread)
	watch(workerData);
