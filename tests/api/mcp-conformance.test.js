// The Model Context Protocol as its own project judges it: the scenarios of its
// conformance suite that each revision requires of a server, and the command
// line of its inspector. What we fail on purpose stands, with the reason, in
// mcp-expected-failures.yaml: a scenario that fails and is not there fails the
// test, and so does one that is there and passes.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { withToken } from './harness/mcp.js';
import { root, run, Stack } from './harness/stack.js';

const packages = join(root, 'build/node/node_modules/@modelcontextprotocol');
const node = join(root, 'build/node/bin/node');
const expected = new URL('mcp-expected-failures.yaml', import.meta.url).pathname;

let stack, token, open;
before(async () => {
	stack = await Stack.start();
	const door = await stack.door();
	({ token } = await door.command('agent.create', { name: 'judge', purpose: 'a test' }));
	door.close();
	open = await withToken(stack, token);
});
after(async () => {
	open?.close();
	await stack?.stop();
});

for (const revision of ['2025-11-25', '2026-07-28'])
	test(`the suite finds what ${revision} requires of a server`, async () => {
		const results = join(stack.rundir, `results-${revision}`);
		const { code, stdout, stderr } = await run(node, [
			join(packages, 'conformance/dist/index.js'), 'server', '--url', open.url,
			'--requirements', revision, '--expected-failures', expected, '-o', results,
		]);
		rmSync(results, { recursive: true, force: true });
		assert.equal(code, 0, stdout.slice(-6000) + stderr);
	});

// It looks for its own package.json from where it is run.
const inspector = join(packages, 'inspector-cli/build');

const inspect = (...args) => run(node, [
	join(inspector, 'index.js'), `http://127.0.0.1:${stack.gatewayPort}/mcp`,
	'--transport', 'http', '--header', `Authorization: Bearer ${token}`, ...args,
], { cwd: inspector });

test('the inspector lists the tools and calls one', async () => {
	const listed = await inspect('--method', 'tools/list');
	assert.equal(listed.code, 0, listed.stderr);
	assert.ok(JSON.parse(listed.stdout).tools.some(tool => tool.name === 'system__metrics'));
	const called = await inspect('--method', 'tools/call', '--tool-name', 'system__metrics',
		'--tool-arg', 'category=system');
	assert.equal(called.code, 0, called.stderr);
	assert.ok('cpu_percent' in JSON.parse(called.stdout).structuredContent);
});
