// The Model Context Protocol by hand: one message by HTTP, and what came back.

import http from 'node:http';

import { assertAnswer } from './contract.js';
import { request } from './http.js';

export const second = '2026-07-28';
export const first = '2025-11-25';

const meta = 'io.modelcontextprotocol';

/** What each request of the second era says of itself. */
export const envelope = (more = {}) => ({
	[`${meta}/protocolVersion`]: second,
	[`${meta}/clientInfo`]: { name: 'by-hand', version: '1.2.3' },
	[`${meta}/clientCapabilities`]: {},
	...more,
});

const accept = 'application/json, text/event-stream';

export class Mcp {
	#ids = 0;

	/** Speak to `stack` with `token`. */
	constructor(stack, token) {
		this.where = stack.gateway;
		this.token = token;
	}

	/**
	 * Send `body` (JSON, or text as it is) with these headers, undefined ones left
	 * out; the answer is compared with docs/openapi.yaml.
	 */
	async send(body, headers = {}, method = 'POST') {
		const all = {
			'Content-Type': 'application/json', Accept: accept,
			Authorization: this.token && `Bearer ${this.token}`, ...headers,
		};
		const reply = await request(this.where, '/mcp', {
			method,
			headers: Object.fromEntries(
				Object.entries(all).filter(([, value]) => value !== undefined)),
			body: typeof body === 'string' || body === undefined ? body : JSON.stringify(body),
		});
		const hasBody = reply.body !== '' && ['POST', 'DELETE'].includes(method);
		return { ...reply, json: hasBody ? assertAnswer('/mcp', reply, method) : undefined };
	}

	message(method, params) {
		return { jsonrpc: '2.0', id: ++this.#ids, method, params };
	}

	/** A request of the second era; `more` goes into its _meta, `headers` beside it. */
	alone(method, params = {}, { more, headers } = {}) {
		return this.send(this.message(method, { ...params, _meta: envelope(more) }), {
			'MCP-Protocol-Version': second, 'Mcp-Method': method, 'Mcp-Name': params.name,
			...headers,
		});
	}

	/** Call a tool so. */
	call(name, args, options) {
		return this.alone('tools/call', { name, arguments: args }, options);
	}

	/** Begin a session of the first era: { reply, session }. */
	async initialize(clientInfo = { name: 'by-hand', version: '1.2.3' }, protocolVersion = first) {
		const reply = await this.send(
			this.message('initialize', { protocolVersion, capabilities: {}, clientInfo }));
		return { reply, session: reply.headers['mcp-session-id'] };
	}

	/** A request of it. */
	within(session, method, params, headers = {}) {
		return this.send(this.message(method, params),
			{ 'Mcp-Session-Id': session, 'MCP-Protocol-Version': first, ...headers });
	}
}

/**
 * A server that hands everything on to the gateway with `token`, for programs
 * that can send none: { url, close }.
 */
export async function withToken(stack, token) {
	const server = http.createServer((incoming, outgoing) => {
		const onward = http.request({
			host: '127.0.0.1', port: stack.gatewayPort, path: incoming.url,
			method: incoming.method,
			headers: { ...incoming.headers, authorization: `Bearer ${token}` },
		}, reply => {
			outgoing.writeHead(reply.statusCode, reply.headers);
			reply.pipe(outgoing);
		});
		onward.on('error', () => outgoing.destroy());
		incoming.pipe(onward);
	});
	await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${server.address().port}/mcp`,
		close: () => {
			server.closeAllConnections();
			server.close();
		},
	};
}
