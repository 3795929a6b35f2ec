// An index that lags, fails or is built again: nothing is silently missing.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { assertAnswer } from './harness/contract.js';
import { request } from './harness/http.js';
import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

const call = number => ({
	actor_type: 'agent', agent_name: 'lagging', session_id: `lag-${number}`,
	capability: 'shell.exec', status: 'success', summary: `number ${number}`,
});

let stack;
let door;
before(async () => {
	stack = await Stack.start();
	door = await stack.door();
	await stack.untilIndexed((await door.record(call(1))).at(-1));
});
after(async () => {
	door?.close();
	await stack?.stop();
});

// Another process holds the one lock that a writer of kruxos.db needs.
async function lock() {
	const child = spawn('python3', ['-c', `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
db.execute('BEGIN IMMEDIATE')
print('locked', flush=True)
sys.stdin.read()
`, join(stack.rundir, 'kruxos.db')], { stdio: ['pipe', 'pipe', 'inherit'] });
	await once(child.stdout, 'data');
	return async () => {
		child.stdin.end();
		await once(child, 'exit');
	};
}

test('an index that keeps up says so, and holds all', async () => {
	for (const path of ['/api/audit?from=1970-01-01', '/api/audit/stats', '/api/audit/histogram',
		'/api/sessions/lag-1', '/api/agents', '/api/activity']) {
		const answer = await until(`${path} is current`, async () => {
			const got = await stack.get(path);
			return (got.through_seq ?? got.last_seq) === got.head_seq && got;
		});
		assert.equal(answer.index, 'current', path);
	}
});

test('what a locked database lacks is said everywhere, and exported all the same', async () => {
	const release = await lock();
	let seq;
	try {
		seq = (await door.record(call(2))).at(-1);
		const late = await until('the lag shows', async () => {
			const got = await stack.get('/api/audit?from=1970-01-01');
			return got.index === 'catching_up' && got;
		});
		assert.ok(late.through_seq < seq && late.head_seq >= seq);
		assert.equal(late.entries.some(entry => entry.seq === seq), false);
		for (const path of ['/api/audit/stats', '/api/audit/histogram', '/api/agents', '/api/activity']) {
			const got = await stack.get(path);
			assert.equal(got.index, 'catching_up', path);
			assert.ok(got.head_seq >= seq, path);
		}
		const unknown = await request(stack.api, '/api/sessions/lag-2');
		assert.equal(unknown.status, 503);
		assert.match(assertAnswer('/api/sessions/lag-2', unknown).detail, /catching up/);
		assert.equal((await stack.get(`/api/audit/${seq}`)).summary, 'number 2');

		const lines = (await request(stack.api, '/api/audit/export?format=ndjson&from=1970-01-01')).body
			.trim().split('\n').map(line => JSON.parse(line));
		assert.deepEqual(lines.slice(0, seq).map(line => line.seq),
			Array.from({ length: seq }, (_, index) => index + 1));
		const one = (await request(stack.api, '/api/audit/export?format=ndjson&session_id=lag-2')).body;
		assert.equal(JSON.parse(one).seq, seq);

		for (const command of [['query', '-n', '1'], ['stats']]) {
			const { code, stderr } = await stack.kruxos(['audit', ...command]);
			assert.equal(code, 0);
			assert.match(stderr, /^kruxos: the index is catching up: entries behind \d+ of \d+ are not in this answer\n$/);
		}
		const health = await until('health tells', async () => {
			const got = await stack.getHealth('/health');
			return got.services.state === 'degraded' && got;
		});
		assert.equal(health.status, 'degraded');
		assert.equal(health.services.audit, 'healthy');
	} finally {
		await release();
	}
	await stack.untilIndexed(seq);
	await until('all is well again', async () =>
		(await stack.getHealth('/health')).status === 'healthy');
	const { stderr } = await stack.kruxos(['audit', 'query', '-n', '1']);
	assert.equal(stderr, '');
});
