// What metrics.fcgi answers when everything is known: asked as CGI, beside a
// daemon that lives, of an observed page and a history that the test has made.

import assert from 'node:assert/strict';
import { linkSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { writeObserved } from './observed.js';
import { build, root, run } from './stack.js';

/** Every figure there is, by its name, from the table that names them. */
export const figures = [...readFileSync(join(root, 'lib/store/figure.c'), 'utf8')
	.matchAll(/(?:GAUGE|COUNTER)\(\s*"([a-z0-9_]+)",\s*"([a-z0-9_]+)"/g)]
	.map(([, name, metric]) => ({ name, metric }));

export class Made {
	/** `stack` runs; what is made lies in `folder` of its RUNDIR. */
	constructor(stack, folder, services) {
		this.folder = join(stack.rundir, folder);
		mkdirSync(this.folder);
		// The daemon holds its lock on the file, whatever its name.
		linkSync(join(stack.rundir, 'kruxosd.status'), join(this.folder, 'kruxosd.status'));
		this.config = join(this.folder, 'kruxos.conf');
		writeFileSync(this.config, `[paths]\ndata_dir = ${this.folder}\naudit_dir = ${stack.auditDir}\n${services}`);
	}

	/** What is observed whenever somebody asks. */
	observe(observed) {
		this.observed = observed;
	}

	/** A telemetry.db with what `statements` put into it. */
	async remember(statements) {
		const schema = join(root, 'sql/schema');
		const migrations = readdirSync(schema).filter(name => name.startsWith('telemetry-')).sort();
		const { code, stderr } = await run('sqlite3', ['-bail', join(this.folder, 'telemetry.db')], { input: [
			...migrations.map(name => readFileSync(join(schema, name), 'utf8')),
			`PRAGMA user_version = ${migrations.length};`, ...statements,
		].join('\n') });
		assert.equal(code, 0, stderr);
	}

	/** GET of `url`: { status, headers, body }. */
	async get(url, headers = {}) {
		const [path, query = ''] = url.split('?');
		writeObserved(join(this.folder, 'kruxosd.observed'), this.observed);
		const { code, stdout, stderr } = await run(join(build, 'fcgi/metrics.fcgi'), ['-c', this.config], { env: {
			REQUEST_METHOD: 'GET', PATH_INFO: path, QUERY_STRING: query,
			...Object.fromEntries(Object.entries(headers).map(([name, value]) =>
				[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`, value])),
		} });
		assert.equal(code, 0, stderr);
		const [head, ...body] = stdout.split('\r\n\r\n');
		const lines = Object.fromEntries(head.split('\r\n').map(line => line.split(/: (.*)/))
			.map(([name, value]) => [name.toLowerCase(), value]));
		// nginx adds this to every answer.
		lines['x-content-type-options'] = 'nosniff';
		return { status: Number(lines.status?.split(' ')[0] ?? 200), headers: lines, body: body.join('\r\n\r\n') };
	}
}

/** All that can be observed. */
export const everything = {
	figures: { ...Object.fromEntries(figures.map(({ name }, i) => [name, i + 0.5])), error_rate: 0.25 },
	services: [
		{ name: 'gateway', status: 'healthy', latency_ms: 1.25, details: 'HTTP 200' },
		{ name: 'mail', status: 'unhealthy', latency_ms: null, details: 'connection refused' },
	],
	routes: [
		{ name: '/api/audit', requests: 10, errors: 1, p50_ms: 1.5, p99_ms: 4 },
		{ name: '/a"b\\c', requests: 3, errors: 0, p50_ms: null, p99_ms: null },
	],
	programs: [{ name: 'kruxosd', resident_bytes: 9437184, cpu_seconds: 0.25, cpu_percent: 0.5 }],
};

/** The services among them, and who is told of alerts. */
export const services = `
[notify ops]
kind = webhook
url = http://127.0.0.1:3/
[service gateway]
kind = http
target = http://127.0.0.1:1/
[service mail]
kind = tcp
target = 127.0.0.1:2
`;
