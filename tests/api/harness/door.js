// The door, spoken by hand: lines in, answers out (docs/door.md).

import assert from 'node:assert/strict';
import net from 'node:net';

const DEADLINE_MS = 30_000;

export class Door {
	#socket;
	#rest = '';
	#answers = [];
	#waiting = [];
	#ended = false;
	#lines = 0;

	/** Connect to ingest.sock. */
	static open(path) {
		return new Promise((resolve, reject) => {
			const socket = net.connect(path);
			socket.once('error', reject);
			socket.once('connect', () => {
				socket.off('error', reject);
				resolve(new Door(socket));
			});
		});
	}

	constructor(socket) {
		this.#socket = socket;
		socket.setEncoding('utf8');
		socket.on('data', text => {
			const lines = (this.#rest + text).split('\n');
			this.#rest = lines.pop();
			this.#answers.push(...lines.map(line => JSON.parse(line)));
			this.#wake();
		});
		socket.on('close', () => {
			this.#ended = true;
			this.#wake();
		});
		socket.on('error', () => {}); // 'close' follows
	}

	#wake() {
		for (const wake of this.#waiting.splice(0))
			wake();
	}

	/** Send bytes as they are. */
	write(bytes) {
		this.#lines += Buffer.from(bytes).filter(byte => byte === 10).length;
		return new Promise(resolve => this.#socket.write(bytes, resolve));
	}

	/** The next answer, parsed; null once the daemon has closed. */
	async answer() {
		const deadline = AbortSignal.timeout(DEADLINE_MS);
		while (this.#answers.length === 0 && !this.#ended) {
			assert.ok(!deadline.aborted, 'the door did not answer');
			await new Promise((resolve, reject) => {
				this.#waiting.push(resolve);
				deadline.addEventListener('abort',
					() => reject(new Error('the door did not answer')), { once: true });
			});
		}
		return this.#answers.shift() ?? null;
	}

	/**
	 * Send entries (objects, or lines as text) and wait until each is durable.
	 * Returns their seqs, in order; a refusal is a failure.
	 */
	async record(...entries) {
		const first = this.#lines + 1;
		const last = this.#lines + entries.length;
		await this.write(entries.map(entry =>
			(typeof entry === 'string' ? entry : JSON.stringify(entry)) + '\n').join(''));
		const seqs = [];
		for (let settled = first - 1; settled < last;) {
			const answer = await this.answer();
			assert.ok(answer?.accepted > 0, `refused: ${JSON.stringify(answer)}`);
			for (let i = answer.accepted - 1; i >= 0; i--)
				seqs.push(answer.seq - i);
			settled = answer.line;
		}
		assert.equal(seqs.length, entries.length);
		return seqs;
	}

	/**
	 * Run a command, by whoever is connected or by `credential`; returns what
	 * follows `ok`, or throws its error.
	 */
	async command(verb, args, id = 'test', credential = undefined) {
		await this.write(JSON.stringify({ do: verb, id, args, credential }) + '\n');
		for (;;) {
			const answer = await this.answer();
			assert.equal(answer?.id, id);
			if (answer.ok !== undefined)
				return answer.ok;
			if (answer.error !== undefined)
				throw Object.assign(new Error(answer.detail), answer);
		}
	}

	close() {
		this.#socket.destroy();
	}
}
