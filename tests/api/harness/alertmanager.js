// An Alertmanager of a test's own, as Debian has it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { request } from './http.js';
import { Hopeless, until } from './poll.js';
import { run } from './stack.js';

export class Alertmanager {
	#child;
	#said = '';

	static async start(port) {
		const alertmanager = new Alertmanager();
		alertmanager.url = `http://127.0.0.1:${port}`;
		alertmanager.folder = mkdtempSync(join(tmpdir(), 'kruxos-alertmanager-'));
		const config = join(alertmanager.folder, 'alertmanager.yml');
		writeFileSync(config, 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n');
		alertmanager.#child = spawn('prometheus-alertmanager', [
			`--config.file=${config}`, `--storage.path=${join(alertmanager.folder, 'data')}`,
			`--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address=',
		], { stdio: ['ignore', 'ignore', 'pipe'] });
		alertmanager.#child.stderr.setEncoding('utf8').on('data', text => alertmanager.#said += text);
		await until('Alertmanager is ready', async () => {
			if (alertmanager.#child.exitCode !== null)
				throw new Hopeless(`Alertmanager has ended: ${alertmanager.#said}`);
			return (await request({ port }, '/-/ready')).status === 200;
		}, 60_000);
		return alertmanager;
	}

	/** What `amtool alert query` finds: alerts that are active. */
	async query(...matchers) {
		const { code, stdout, stderr } = await run('amtool',
			['alert', 'query', `--alertmanager.url=${this.url}`, '--output=json', ...matchers]);
		assert.equal(code, 0, stderr);
		return JSON.parse(stdout) ?? [];
	}

	async stop() {
		const ended = new Promise(resolve => this.#child.once('exit', resolve));
		this.#child.kill('SIGTERM');
		await ended;
		rmSync(this.folder, { recursive: true, force: true });
	}
}
