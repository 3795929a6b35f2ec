// Who is told: a webhook's server and a mailbox.

import { spawn } from 'node:child_process';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

import { Hopeless, until } from './poll.js';

/** A webhook at a port; what it gets stands in `got`: { headers, bytes, json }. */
export class Webhook {
	#server;
	got = [];
	status = 200;

	constructor(port) {
		this.port = port;
	}

	get url() {
		return `http://127.0.0.1:${this.port}/hook`;
	}

	start() {
		this.#server = http.createServer((incoming, outgoing) => {
			const pieces = [];
			incoming.on('data', piece => pieces.push(piece));
			incoming.on('end', () => {
				const bytes = Buffer.concat(pieces);
				if (this.status === 200)
					this.got.push({ headers: incoming.headers, bytes, json: JSON.parse(bytes) });
				outgoing.writeHead(this.status).end(this.status === 200 ? '' : 'no\u001b[31m, thanks');
			});
		});
		return new Promise((resolve, reject) =>
			this.#server.on('error', reject).listen(this.port, '127.0.0.1', resolve));
	}

	stop() {
		this.#server.closeAllConnections();
		return new Promise(resolve => this.#server.close(resolve));
	}

	/** What was told of the alerts of this name, one after the other. */
	told(alertname) {
		return this.got.flatMap(({ json }) => json.alerts)
			.filter(alert => alert.labels.alertname === alertname);
	}
}

/** A real SMTP server (mailbox.py); its mails stand in `got`. */
export class Mailbox {
	#child;
	#said = '';
	got = [];

	/** `guard`: [certificate, key, password] */
	constructor(port, ...guard) {
		this.port = port;
		this.guard = guard;
	}

	async start() {
		let rest = '';
		// Debian's own, which has Debian's modules.
		this.#child = spawn('/usr/bin/python3',
			[fileURLToPath(new URL('mailbox.py', import.meta.url)), String(this.port), ...this.guard],
			{ stdio: ['ignore', 'pipe', 'pipe'] });
		this.#child.stderr.setEncoding('utf8').on('data', text => this.#said += text);
		this.#child.stdout.setEncoding('utf8').on('data', text => {
			const lines = (rest + text).split('\n');
			rest = lines.pop();
			this.got.push(...lines.map(line => JSON.parse(line)));
		});
		await until('the mailbox is open', () => {
			if (this.#child.exitCode !== null)
				throw new Hopeless(`the mailbox has ended: ${this.#said}`);
			return new Promise((resolve, reject) => {
				const socket = net.connect(this.port, '127.0.0.1', () => {
					socket.destroy();
					resolve(true);
				}).on('error', reject);
			});
		}, 60_000);
	}

	async stop() {
		if (this.#child.exitCode !== null)
			return;
		const ended = new Promise(resolve => this.#child.once('exit', resolve));
		this.#child.kill('SIGTERM');
		await ended;
	}
}

/** The value of a mail's header; undefined where there is none. */
export const headerOf = (mail, wanted) =>
	mail.headers.find(([name]) => name.toLowerCase() === wanted.toLowerCase())?.[1];
