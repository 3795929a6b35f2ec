// An agent, as the gateway sees one: JSON-RPC over HTTP, with its token.

import assert from 'node:assert/strict';

import { assertAnswer } from './contract.js';
import { request } from './http.js';

export class Agent {
	#id = 0;

	constructor(where, name, token) {
		this.where = where;
		this.name = name;
		this.token = token;
	}

	/** Have `kruxos agent create` make one. */
	static async create(stack, name, purpose = 'a test') {
		const { code, stdout, stderr } = await stack.kruxos(['agent', 'create', name, '--purpose', purpose]);
		assert.equal(code, 0, stderr);
		return new Agent(stack.gateway, name, stdout.trim());
	}

	/** POST `body` as it is: { status, headers, body }, compared with docs/openapi.yaml. */
	async post(body, headers = {}) {
		const reply = await request(this.where, '/rpc', {
			method: 'POST', body,
			headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json', ...headers },
		});
		if (reply.status !== 204)
			assertAnswer('/rpc', reply, 'POST');
		return reply;
	}

	/** The answer to `body`, an object or a batch of them. */
	async ask(body, headers) {
		const reply = await this.post(JSON.stringify(body), headers);
		const answer = reply.body === '' ? undefined : JSON.parse(reply.body);
		return { status: reply.status, headers: reply.headers, answer };
	}

	/** A request; `id` is counted. */
	request(method, params) {
		return { jsonrpc: '2.0', id: ++this.#id, method, params };
	}

	/** What `method` answers, which is no error. */
	async call(method, params, headers) {
		const sent = this.request(method, params);
		const { status, answer } = await this.ask(sent, headers);
		assert.equal(status, 200, JSON.stringify(answer));
		assert.equal(answer.error, undefined, JSON.stringify(answer));
		assert.deepEqual([answer.jsonrpc, answer.id], ['2.0', sent.id]);
		return answer.result;
	}

	/** The error that `method` answers, and with which status. */
	async refused(method, params, headers) {
		const { status, answer } = await this.ask(this.request(method, params), headers);
		assert.notEqual(answer.error, undefined, JSON.stringify(answer));
		return { status, ...answer.error };
	}

	/** Invoke a capability. */
	invoke(name, args, more = {}, headers) {
		return this.call('capabilities.invoke', { name, arguments: args, ...more }, headers);
	}

	/** Invoke one, and be refused. */
	refusedInvoke(name, args, more = {}, headers) {
		return this.refused('capabilities.invoke', { name, arguments: args, ...more }, headers);
	}
}
