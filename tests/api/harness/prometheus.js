// A Prometheus of a test's own, as Debian has it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { request } from './http.js';
import { Hopeless, until } from './poll.js';
import { freePorts, root } from './stack.js';

export class Prometheus {
	#child;
	#said = '';

	/** Scrape the stack each second, by our own example and rules. */
	static async start(stack) {
		const prometheus = new Prometheus();
		const [port] = await freePorts(1);
		prometheus.where = { port };
		prometheus.folder = mkdtempSync(join(tmpdir(), 'kruxos-prometheus-'));
		const examples = join(root, 'docs/integrations');
		cpSync(join(examples, 'kruxos.rules.yml'), join(prometheus.folder, 'kruxos.rules.yml'));
		writeFileSync(join(prometheus.folder, 'prometheus.yml'),
			readFileSync(join(examples, 'prometheus.yml'), 'utf8')
				.replace('127.0.0.1:7701', `127.0.0.1:${stack.healthPort}`)
				.replace('scrape_interval: 15s', 'scrape_interval: 1s\n  evaluation_interval: 1s'));
		prometheus.#child = spawn('prometheus', [
			`--config.file=${join(prometheus.folder, 'prometheus.yml')}`,
			`--storage.tsdb.path=${join(prometheus.folder, 'data')}`,
			`--web.listen-address=127.0.0.1:${port}`,
		], { stdio: ['ignore', 'ignore', 'pipe'] });
		prometheus.#child.stderr.setEncoding('utf8').on('data', text => prometheus.#said += text);
		await until('Prometheus is ready', async () => {
			if (prometheus.#child.exitCode !== null)
				throw new Hopeless(`Prometheus has ended: ${prometheus.#said}`);
			return (await request(prometheus.where, '/-/ready')).status === 200;
		}, 60_000);
		return prometheus;
	}

	/** The data of an answer of its API. */
	async get(path) {
		const { status, body } = await request(this.where, path);
		assert.equal(status, 200, `${path}: ${body}`);
		return JSON.parse(body).data;
	}

	/** What a query gives now: [{ metric, value }]. */
	async query(expression) {
		const { result } = await this.get(`/api/v1/query?query=${encodeURIComponent(expression)}`);
		return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
	}

	async stop() {
		const ended = new Promise(resolve => this.#child.once('exit', resolve));
		this.#child.kill('SIGTERM');
		await ended;
		rmSync(this.folder, { recursive: true, force: true });
	}
}
