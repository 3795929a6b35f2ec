// A model for Gemini CLI, which says what a script has it say: it answers
// generateContent and streamGenerateContent as the real one does, on loopback.

import http from 'node:http';

export class GeminiModel {
	/** The parts of each of its answers, in their order; the last is said for ever. */
	script = [];
	#server;

	static async open() {
		const model = new GeminiModel();
		model.#server = http.createServer((request, response) => model.#serve(request, response));
		await new Promise(resolve => model.#server.listen(0, '127.0.0.1', resolve));
		return model;
	}

	get url() {
		return `http://127.0.0.1:${this.#server.address().port}`;
	}

	#serve(request, response) {
		let body = '';
		request.setEncoding('utf8').on('data', text => body += text).on('end', () => {
			// How often a tool has answered says how far the script has come.
			const said = (JSON.parse(body).contents ?? []).flatMap(({ parts }) => parts)
				.filter(({ functionResponse }) => functionResponse !== undefined).length;
			const answer = JSON.stringify({
				candidates: [{
					content: { role: 'model', parts: this.script[Math.min(said, this.script.length - 1)] },
					finishReason: 'STOP', index: 0,
				}],
				usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
				modelVersion: 'scripted',
			});
			const isStream = request.url.includes(':streamGenerateContent');
			response.setHeader('Content-Type', isStream ? 'text/event-stream' : 'application/json');
			response.end(isStream ? `data: ${answer}\n\n` : answer);
		});
	}

	close() {
		this.#server.closeAllConnections();
		this.#server.close();
	}
}
