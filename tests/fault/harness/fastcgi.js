// A FastCGI client: as much of it as nginx speaks to our programs.

import net from 'node:net';

const BEGIN = 1, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6;
const RESPONDER = 1, KEEP_CONNECTION = 1;

function record(type, id, content) {
	const head = Buffer.alloc(8);
	head.writeUInt8(1, 0);
	head.writeUInt8(type, 1);
	head.writeUInt16BE(id, 2);
	head.writeUInt16BE(content.length, 4);
	return Buffer.concat([head, content]);
}

function pair(name, value) {
	const sizes = Buffer.alloc(8);
	sizes.writeUInt32BE(0x80000000 + name.length, 0);
	sizes.writeUInt32BE(0x80000000 + Buffer.byteLength(value), 4);
	return Buffer.concat([sizes, Buffer.from(name + value)]);
}

/** A connection that is kept; one request at a time. */
export class FastCgi {
	#socket;
	#bytes = Buffer.alloc(0);
	#wake = () => {};
	#hasEnded = false;

	static connect(path) {
		return new Promise((resolve, reject) => {
			const socket = net.connect(path);
			socket.once('error', reject);
			socket.once('connect', () => {
				socket.off('error', reject);
				resolve(new FastCgi(socket));
			});
		});
	}

	constructor(socket) {
		this.#socket = socket;
		socket.on('data', bytes => {
			this.#bytes = Buffer.concat([this.#bytes, bytes]);
			this.#wake();
		});
		socket.on('close', () => {
			this.#hasEnded = true;
			this.#wake();
		});
		socket.on('error', () => {}); // 'close' follows
	}

	/** The next record; null when the connection has ended. */
	async #next(deadline) {
		for (;;) {
			if (this.#bytes.length >= 8) {
				const size = this.#bytes.readUInt16BE(4);
				const end = 8 + size + this.#bytes.readUInt8(6);
				if (this.#bytes.length >= end) {
					const one = { type: this.#bytes.readUInt8(1), content: this.#bytes.subarray(8, 8 + size) };
					this.#bytes = this.#bytes.subarray(end);
					return one;
				}
			}
			if (this.#hasEnded)
				return null;
			const left = deadline - performance.now();
			if (left <= 0)
				throw new Error('it does not answer');
			await new Promise(resolve => {
				const timer = setTimeout(resolve, left);
				this.#wake = () => {
					clearTimeout(timer);
					resolve();
				};
			});
		}
	}

	/**
	 * GET `url`, or POST `body`, some JSON, to it, with `variables` more than there
	 * are always: what came (head and body), and whether it is whole. With `until`,
	 * it is enough that this has come.
	 */
	async get(url, { deadline = 15_000, until, variables = {}, body } = {}) {
		const [path, query = ''] = url.split('?');
		const environment = {
			REQUEST_METHOD: 'GET', PATH_INFO: path, QUERY_STRING: query, SCRIPT_NAME: '',
			SERVER_PROTOCOL: 'HTTP/1.1', GATEWAY_INTERFACE: 'CGI/1.1', ...variables,
		};
		if (body !== undefined)
			Object.assign(environment, { REQUEST_METHOD: 'POST', CONTENT_TYPE: 'application/json' });
		const end = performance.now() + deadline;
		this.#socket.write(Buffer.concat([
			record(BEGIN, 1, Buffer.from([0, RESPONDER, KEEP_CONNECTION, 0, 0, 0, 0, 0])),
			record(PARAMS, 1, Buffer.concat(Object.entries(environment).map(([name, value]) => pair(name, value)))),
			record(PARAMS, 1, Buffer.alloc(0)),
			...body === undefined ? [] : [record(STDIN, 1, Buffer.from(body))],
			record(STDIN, 1, Buffer.alloc(0)),
		]));
		let text = '';
		for (;;) {
			const one = await this.#next(end);
			if (one === null)
				return { text, isWhole: false };
			if (one.type === END)
				return { text, isWhole: one.content.readUInt32BE(0) === 0 };
			if (one.type === STDOUT)
				text += one.content.toString('latin1');
			if (until !== undefined && text.includes(until))
				return { text, isWhole: true };
		}
	}

	close() {
		this.#socket.destroy();
	}
}
