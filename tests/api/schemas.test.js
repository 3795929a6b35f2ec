// Databases of other versions: an earlier one is copied before it is changed, and
// a later one is not touched.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { until } from './harness/poll.js';
import { Stack } from './harness/stack.js';

let stack;

before(async () => {
	stack = await Stack.start();
});

after(() => stack?.stop());

const path = name => join(stack.rundir, name);
const sqlite = (name, sql) => execFileSync('sqlite3', [path(name), sql]).toString().trim();

test('a database of an earlier version is copied before it grows', async () => {
	await stack.kruxos(['account', 'role', 'anna', 'operator']);
	await stack.halt();
	const now = Number(sqlite('state.db', 'PRAGMA user_version'));
	const tables = "SELECT name FROM sqlite_schema WHERE tbl_name = 'approval' AND type = 'table'";
	sqlite('state.db', `DROP TABLE approval; PRAGMA user_version = ${now - 1}`);
	await stack.resume();
	assert.equal(Number(sqlite('state.db', 'PRAGMA user_version')), now);
	assert.equal(sqlite('state.db', tables), 'approval');
	const copy = `state.db.schema-${now - 1}`;
	assert.ok(existsSync(path(copy)) && !existsSync(path(`${copy}.part`)));
	assert.equal(Number(sqlite(copy, 'PRAGMA user_version')), now - 1);
	assert.equal(sqlite(copy, tables), '');
	assert.equal(sqlite(copy, 'SELECT name FROM account'), 'anna');
	assert.equal(sqlite(copy, 'PRAGMA integrity_check'), 'ok');
	assert.match(stack.output, new RegExp(`as it was it stays as ${copy}`));
});

test('a state.db of a later version keeps the daemon from starting, which says why', async () => {
	await stack.halt();
	const now = sqlite('state.db', 'PRAGMA user_version');
	sqlite('state.db', 'PRAGMA user_version = 999; PRAGMA wal_checkpoint(TRUNCATE)');
	const was = readFileSync(path('state.db'));
	const daemon = stack.startDaemon();
	assert.equal(await daemon.ended, 1);
	assert.match(daemon.said, /written by a later version \(schema 999, ours is \d+\)/);
	assert.deepEqual(readFileSync(path('state.db')), was);
	sqlite('state.db', `PRAGMA user_version = ${now}`);
	await stack.resume();
});

test('without a telemetry.db that it understands a daemon records all the same, and says why', async () => {
	await stack.halt();
	const now = sqlite('telemetry.db', 'PRAGMA user_version');
	sqlite('telemetry.db', 'PRAGMA user_version = 999');
	const daemon = stack.startDaemon();
	await until('it is up', async () => (await stack.door()).close() === undefined);
	await until('it is said', () => /telemetry.*written by a later version/.test(daemon.said));
	const { code } = await stack.kruxos(['ingest'], {
		input: '{"actor_type":"agent","agent_name":"a","capability":"shell.exec","status":"success"}\n',
	});
	assert.equal(code, 0);
	daemon.kill('SIGTERM');
	await daemon.ended;
	assert.equal(sqlite('telemetry.db', 'PRAGMA user_version'), '999');
	sqlite('telemetry.db', `PRAGMA user_version = ${now}`);
	await stack.resume();
});
