// HTTP as a client would speak it, to a port or a unix socket, and as nobody
// should.

import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';

const deadline = 30_000;

/**
 * One request on a connection of its own. `where` is { port } or
 * { socketPath }, with `tls: true` for https. Returns { status, headers, body,
 * bytes }; `headers` is as node has it, lower case.
 */
export function request(where, path, { method = 'GET', headers = {}, body } = {}) {
	return new Promise((resolve, reject) => {
		const { tls, ...target } = where;
		const outgoing = (tls ? https : http).request({
			host: '127.0.0.1', ...target, path, method, headers, agent: false,
			rejectUnauthorized: false,
		}, incoming => {
			const pieces = [];
			incoming.on('data', piece => pieces.push(piece));
			incoming.on('error', reject);
			incoming.on('end', () => {
				const bytes = Buffer.concat(pieces);
				resolve({
					status: incoming.statusCode, headers: incoming.headers,
					body: bytes.toString(), bytes,
				});
			});
		});
		outgoing.setTimeout(deadline,
			() => outgoing.destroy(new Error(`no answer to ${path}`)));
		outgoing.on('error', reject);
		outgoing.end(body);
	});
}

/**
 * Send `bytes` as they are and return all that comes back until the other side
 * closes: { status, text }; status 0 when it closed without a word.
 */
export function raw({ port, socketPath, tls: withTls }, bytes) {
	return new Promise((resolve, reject) => {
		const socket = withTls ? tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
			: socketPath ? net.connect(socketPath) : net.connect(port, '127.0.0.1');
		const pieces = [];
		const finish = () => {
			const text = Buffer.concat(pieces).toString('latin1');
			const status = Number(/^HTTP\/1\.[01] ([0-9]{3})/.exec(text)?.[1] ?? 0);
			socket.destroy();
			resolve({ status, text });
		};
		socket.setTimeout(deadline, () => reject(new Error('no answer')));
		socket.on(withTls ? 'secureConnect' : 'connect', () => socket.write(bytes));
		socket.on('data', piece => pieces.push(piece));
		socket.on('end', finish);
		socket.on('error', error =>
			error.code === 'ECONNRESET' || error.code === 'EPIPE' ? finish() : reject(error));
	});
}
