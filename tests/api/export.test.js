import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { assertAnswer, assertShape, schemaOf } from './harness/contract.js';
import { request } from './harness/http.js';
import { matches, queryString } from './harness/oracle.js';
import { Stack, root } from './harness/stack.js';

const EVER = ['from', '1970-01-01T00:00:00.000000Z'];

let stack;
let entries;
let lines;
let through;

const FORMULAS = ['=1+1', '+1', '-1', '@x', '\tx', '\rx', '\n=1', '＝1', '＠x', '=cmd|\' /C calc\'!A0'];

before(async () => {
	stack = await Stack.start();
	const door = await stack.door();
	const sessions = readFileSync(join(root, 'demo/sessions.ndjson'), 'utf8')
		.split('\n').filter(Boolean).map(line => ({ ...JSON.parse(line), source: 'import' }));
	const awkward = [...FORMULAS, 'a,b', 'a"b', 'a\nb', 'a\r\nb', '"', '', ' ', 'ä🙂'].map(summary => ({
		actor_type: 'agent', agent_name: 'awkward', capability: 'shell.exec', status: 'success', summary,
		request: { [summary || 'empty']: summary },
	}));
	const seqs = await door.record(...sessions, ...awkward);
	door.close();
	through = seqs.at(-1);
	await stack.untilIndexed(through);
	entries = stack.entries();
	lines = stack.lines().map(({ line }) => line);
});
after(() => stack?.stop());

async function exported(format, query = [EVER]) {
	const url = `/api/audit/export?${queryString([...query, ['through', through], ['format', format]])}`;
	const reply = await request(stack.api, url);
	assert.equal(reply.status, 200, reply.body.slice(0, 300));
	return { reply, value: assertAnswer(url, reply) };
}

const queries = [
	[EVER], [EVER, ['agent_name', 'fixer-marshmallow']], [EVER, ['status', '-success']],
	[EVER, ['q', 'Replaced']], [EVER, ['agent_name', 'nobody']],
];

test('json: every match, in the order of the log', async () => {
	for (const query of queries) {
		const { value } = await exported('json', query);
		assert.deepEqual(value, entries.slice(0, through).filter(entry => matches(entry, query)));
	}
});

test('ndjson: the log\'s own lines, so that their hashes can be checked', async () => {
	for (const query of queries) {
		const { reply } = await exported('ndjson', query);
		const wanted = lines.filter((_, i) => i < through && matches(entries[i], query));
		assert.equal(reply.body, wanted.map(line => `${line}\n`).join(''));
		for (const line of reply.body.split('\n').filter(Boolean)) {
			const entry = JSON.parse(line);
			assertShape(schemaOf('Line'), entry, 'a line');
			const head = line.slice(0, line.indexOf(',"entry_hash":'));
			assert.equal(createHash('sha256').update(head).digest('hex'), entry.entry_hash);
		}
	}
});

/** RFC 4180, plainly. */
function parseCsv(text) {
	const pattern = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|$)/y;
	const rows = [];
	let row = [];
	while (pattern.lastIndex < text.length) {
		const at = pattern.lastIndex;
		const [, quoted, plain, end] = pattern.exec(text) ??
			assert.fail(`no cell at ${at}: ${text.slice(at, at + 80)}`);
		row.push(quoted?.replaceAll('""', '"') ?? plain);
		if (end !== ',') {
			rows.push(row);
			row = [];
		}
	}
	return rows;
}

test('csv: what was written comes back, and nothing is a formula', async () => {
	const { reply } = await exported('csv');
	const [header, ...rows] = parseCsv(reply.body);
	assert.equal(header.join(', '), 'seq, recorded_at, time, time_clamped, uid, source, actor_type, ' +
		'agent_name, user_name, session_id, call_id, parent_call_id, trace_id, capability, policy_tier, ' +
		'decided_by, status, duration_ms, summary, request, erased_by, payload_hash, prev_hash, entry_hash, log_file');
	assert.equal(rows.length, through);
	rows.forEach((row, i) => {
		assert.equal(row.length, header.length, `row ${i + 1}`);
		const cells = Object.fromEntries(header.map((name, column) => [name, row[column]]));
		for (const cell of row)
			assert.doesNotMatch(cell, /^[=+\-@\t\r\n\0＝＋－＠]/, `row ${i + 1}`);
		const entry = entries[i];
		for (const name of header) {
			const value = entry[name];
			const text = value === undefined ? ''
				: name === 'request' ? cells[name] && JSON.stringify(JSON.parse(cells[name]))
					: String(value);
			const wanted = name === 'request' && value ? JSON.stringify(value) : String(value ?? '');
			const guarded = /^[=+\-@\t\r\n\0＝＋－＠]/.test(wanted) ? `'${wanted}` : wanted;
			assert.equal(name === 'request' ? text : cells[name], guarded, `${name} of row ${i + 1}`);
		}
	});
});

test('an export is a download with a name, and never sniffed', async () => {
	for (const [format, type] of [
		['json', 'application/json'], ['ndjson', 'application/x-ndjson'], ['csv', 'text/csv'],
	]) {
		const { reply } = await exported(format);
		assert.equal(reply.headers['content-type'].split(';')[0], type);
		assert.match(reply.headers['content-disposition'],
			new RegExp(`^attachment; filename="kruxos-audit-[0-9-]+\\.${format}"$`));
		assert.equal(reply.headers['x-content-type-options'], 'nosniff');
	}
	const { reply } = await exported('json', [['from', '2026-11-01'], ['to', '2026-11-17']]);
	assert.equal(reply.headers['content-disposition'],
		'attachment; filename="kruxos-audit-2026-11-01-2026-11-17.json"');
});

test('json is what comes without a format, of the last seven days', async () => {
	const reply = await request(stack.api, '/api/audit/export');
	assert.equal(reply.status, 200);
	const page = await stack.get(`/api/audit?limit=1&through=${through}`);
	const found = JSON.parse(reply.body).filter(({ seq }) => seq <= through);
	assert.equal(found.length, page.total);
});

test('an export is itself an entry, of the system through api.sock', async () => {
	await exported('csv', [EVER, ['agent_name', 'awkward']]);
	const own = stack.entries().findLast(({ capability }) => capability === 'audit.export');
	assert.equal(own.actor_type, 'system');
	assert.equal(own.status, 'success');
	assert.equal(own.request.via, 'api.sock');
	assert.equal(own.request.format, 'csv');
});
