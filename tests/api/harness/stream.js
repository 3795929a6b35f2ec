// A client of /api/activity/stream, as an EventSource would be, but one that
// tells everything it has seen.

import http from 'node:http';
import https from 'node:https';

import { until } from './poll.js';

export class Stream {
	events = []; // { id, event, data } in the order of their coming
	comments = 0;
	retry;
	status;
	ended = false;
	#request;
	#incoming;
	#rest = '';

	/**
	 * Connect to `path` of `where`, as request() of http.js has it; resolves with
	 * the headers.
	 */
	static open({ tls, ...where }, path, headers = {}) {
		const stream = new Stream();
		return new Promise((resolve, reject) => {
			stream.#request = (tls ? https : http).get(
				{ host: '127.0.0.1', ...where, path, headers, agent: false, rejectUnauthorized: false },
				incoming => {
					stream.#incoming = incoming;
					stream.status = incoming.statusCode;
					stream.headers = incoming.headers;
					incoming.setEncoding('utf8');
					incoming.on('data', text => stream.#read(text));
					incoming.on('close', () => stream.ended = true);
					incoming.on('error', () => stream.ended = true);
					resolve(stream);
				});
			stream.#request.on('error', error => {
				stream.ended = true;
				reject(error);
			});
		});
	}

	#read(text) {
		const blocks = (this.#rest + text).split('\n\n');
		this.#rest = blocks.pop();
		for (const block of blocks) {
			const event = { event: 'message' };
			for (const line of block.split('\n')) {
				const [, name, value] = /^([a-z]*): ?(.*)$/.exec(line) ?? [];
				if (name === '')
					this.comments++;
				else if (name === 'retry')
					this.retry = Number(value);
				else
					event[name] = value;
			}
			if (event.data !== undefined)
				this.events.push({ ...event, id: Number(event.id), data: JSON.parse(event.data) });
		}
	}

	/** The seqs of the entries so far. */
	get seqs() {
		return this.events.filter(({ event }) => event === 'entry').map(({ id }) => id);
	}

	/** The id to resume from. */
	get lastId() {
		return this.events.at(-1)?.id;
	}

	/** Wait until the entry `seq` has come. */
	untilSeq(seq) {
		return until(`the stream has brought ${seq}`, () => this.lastId >= seq);
	}

	/** Take nothing more from the socket, until resume(). */
	pause() {
		this.#incoming.pause();
	}

	resume() {
		this.#incoming.resume();
	}

	close() {
		this.#request.destroy();
	}
}
