// A door behind which nobody is: it answers commands as a test says, and keeps
// what was asked. For what a program makes of answers.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class FakeDoor {
	/** What came: { do, id, args }. */
	asked = [];
	/** verb: its result, or { error, detail }, or what makes that of args; of others it knows nothing. */
	answers = {};
	#server;
	#sockets = new Set();

	/** Listen in a folder of its own, whose kruxos.conf says `settings`. */
	static async open(settings = '') {
		const door = new FakeDoor();
		door.folder = mkdtempSync(join(tmpdir(), 'kruxos-fake-'));
		door.configure(settings);
		door.#server = net.createServer(socket => door.#serve(socket));
		await new Promise(resolve => door.#server.listen(join(door.folder, 'ingest.sock'), resolve));
		return door;
	}

	configure(settings) {
		writeFileSync(this.environment.KRUXOS_CONFIG, settings);
	}

	get environment() {
		return { KRUXOS_CONFIG: join(this.folder, 'kruxos.conf') };
	}

	#serve(socket) {
		let rest = '';
		this.#sockets.add(socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket)));
		socket.setEncoding('utf8').on('data', text => {
			const lines = (rest + text).split('\n');
			rest = lines.pop();
			for (const line of lines)
				socket.write(`${JSON.stringify(this.#answer(JSON.parse(line)))}\n`);
		});
	}

	#answer(command) {
		const known = this.answers[command.do];
		const answer = (typeof known === 'function' ? known(command.args) : known) ??
			{ error: 'not_found', detail: 'no such command' };
		this.asked.push(command);
		return { id: command.id, ...answer.error ? answer : { ok: answer } };
	}

	close() {
		for (const socket of this.#sockets)
			socket.destroy();
		this.#server.close();
		rmSync(this.folder, { recursive: true, force: true });
	}
}
