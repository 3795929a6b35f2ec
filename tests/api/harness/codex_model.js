// A model for Codex, which says what a script has it say: it answers the
// Responses API as a stream, on loopback.

import http from 'node:http';

export class CodexModel {
	/** Its answers, each an item of output, in their order; the last is said for ever. */
	script = [];
	#server;

	static async open() {
		const model = new CodexModel();
		model.#server = http.createServer((request, response) => model.#serve(request, response));
		await new Promise(resolve => model.#server.listen(0, '127.0.0.1', resolve));
		return model;
	}

	get url() {
		return `http://127.0.0.1:${this.#server.address().port}/v1`;
	}

	#serve(request, response) {
		let body = '';
		request.setEncoding('utf8').on('data', text => body += text).on('end', () => {
			// It asks for other things, too, which a model may lack.
			if (!request.url.endsWith('/responses')) {
				response.writeHead(404).end();
				return;
			}
			// How often a tool has answered says how far the script has come.
			const said = JSON.parse(body).input.filter(({ type }) => type.endsWith('_output')).length;
			const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2, input_tokens_details: null, output_tokens_details: null };
			response.setHeader('Content-Type', 'text/event-stream');
			response.end([
				{ type: 'response.created', response: { id: 'r1' } },
				{ type: 'response.output_item.done', item: this.script[Math.min(said, this.script.length - 1)] },
				{ type: 'response.completed', response: { id: 'r1', usage } },
			].map(event => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
		});
	}

	close() {
		this.#server.closeAllConnections();
		this.#server.close();
	}
}
