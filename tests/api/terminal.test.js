// kruxos at a terminal: colours, widths, bars, questions, Ctrl-C.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { until } from './harness/poll.js';
import { Stack, build, root } from './harness/stack.js';
import { Terminal } from './harness/terminal.js';

const sessions = join(root, 'demo/sessions.ndjson');
const hostile = 'red\u001b[31m \u202e \u{e0041} end';

let stack;
let folder;
let seq;
before(async () => {
	folder = mkdtempSync(join(tmpdir(), 'kruxos-terminal-'));
	stack = await Stack.start();
	const door = await stack.door();
	[seq] = (await door.record(...['success', 'error', 'denied', 'pending'].map(status => ({
		actor_type: 'agent', agent_name: 'looker', capability: 'shell.exec', status, duration_ms: 61_000,
		summary: `${status} ${'x'.repeat(200)}`,
	})), {
		actor_type: 'agent', agent_name: 'hostile', capability: 'shell.exec', status: 'success', summary: hostile,
	})).slice(-1);
	door.close();
	await stack.untilIndexed(seq);
});
after(async () => {
	await stack?.stop();
	rmSync(folder, { recursive: true, force: true });
});

function start(args, options = {}) {
	return new Terminal(join(build, 'bin/kruxos'), args, { ...options, env: { ...stack.environment, ...options.env } });
}

/** Run `kruxos ARGS` to its end: the terminal, with its exit code. */
async function see(args, options) {
	const terminal = start(args, options);
	terminal.code = await terminal.ended();
	return terminal;
}

test('colours are for terminals that have them and people who want them', async () => {
	const query = ['audit', 'query', '--agent-name', 'looker'];
	const coloured = await see(query);
	assert.equal(coloured.code, 0);
	for (const [status, colour] of [['success', 32], ['error', 31], ['denied', 31], ['pending', 33]])
		assert.ok(coloured.text.includes(`\u001b[${colour}m${status}`), JSON.stringify(coloured.text));
	assert.match((await see(['health'])).text, /\u001b\[[0-9]+m/);
	for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }, { TERM: '' }])
		for (const args of [query, ['health'], ['audit', 'verify'], ['audit', 'show', String(seq)]])
			assert.doesNotMatch((await see(args, { env })).text, /\u001b\[[0-9]+m/, JSON.stringify(env));
	const { stdout } = await stack.kruxos(query, { env: { NO_COLOR: '', TERM: 'xterm' } });
	assert.ok(!stdout.includes('\u001b'), 'not a terminal');
});

test('a table is as wide as the terminal', async () => {
	const width = async columns => {
		const { lines, code } = await see(['audit', 'query', '--agent-name', 'looker'], { columns });
		assert.equal(code, 0);
		return Math.max(...lines.map(line => [...line].length));
	};
	for (const columns of [100, 120, 150])
		assert.equal(await width(columns), columns, 'a summary is cut where the line ends');
	// One that does not say how wide it is has 80.
	assert.equal(await width(0), await width(80));
});

test('below a table stands how much of how many', async () => {
	const last = ({ lines }) => lines.filter(Boolean).at(-1);
	assert.match(last(await see(['audit', 'query', '--agent-name', 'looker'])), /^1–4 of 4, since 20/);
	assert.match(last(await see(['audit', 'query', '--agent-name', 'looker', '-n', '2', '--offset', '1'])),
		/^2–3 of 4, since/);
	assert.match(last(await see(['audit', 'query', '--agent-name', 'nobody'])), /^Nothing matches, since/);
	const files = ['audit', 'query', '--dir', stack.auditDir, '--agent-name', 'looker'];
	assert.equal(last(await see(files)), '1–4');
});

test('what an agent wrote does nothing to the screen, in any form', async () => {
	const raw = /\u001b\[31m|\u202e|\u{e0041}/u;
	for (const [args, shown] of [
		[['audit', 'query', '--agent-name', 'hostile'], /red\\e\[31m/],
		[['audit', 'query', '--agent-name', 'hostile', '--json'], /red\\u001b\[31m \\u202e \\udb40\\udc41 end/],
		[['audit', 'show', String(seq)], /red\\e\[31m/],
		[['audit', 'show', String(seq), '--json'], /\\u202e \\udb40\\udc41 end/],
		[['audit', 'export', '--agent-name', 'hostile'], /\\u202e \\udb40\\udc41 end/],
		[['watch', '--agent-name', 'hostile', '-n', '1', '--count', '1'], /red\\e\[31m/],
		[['watch', '--agent-name', 'hostile', '-n', '1', '--count', '1', '--json'], /\\u202e \\udb40\\udc41 end/],
	]) {
		const { text, code } = await see(args, { env: { NO_COLOR: '1' }, columns: 160 });
		assert.equal(code, 0, text);
		assert.doesNotMatch(text, raw, args.join(' '));
		assert.match(text, shown, args.join(' '));
	}
});

test('what takes a while shows a bar, and leaves nothing of it', async () => {
	const file = join(folder, 'export.csv');
	for (const [args, bar, last] of [
		[['audit', 'import', sessions], /\rimport \[[# ]{30}\] +[0-9]+% {2}[0-9]+ entr/, /^kruxos: 132 entries recorded \(seq/],
		[['ingest', '--json', '/dev/null'], null, /"accepted":0/],
		[['audit', 'verify'], /\raudit verify \[#{30}\] 100% {2}[0-9.]+ KiB/, /^Head: [0-9]+:[0-9a-f]{64}/],
		[['audit', 'export', '-f', 'csv', '-o', file], /\rexport [0-9.]+ KiB/, null],
		[['reindex'], null, /^kruxos: the index was made anew from the log: [0-9]+ entries/],
	]) {
		const { text, lines, code } = await see(args);
		assert.equal(code, 0, text);
		if (bar) {
			assert.match(text, bar, args.join(' '));
			assert.ok(text.lastIndexOf('\r\u001b[K') > text.search(bar), 'the bar is wiped away');
		}
		const stays = lines.filter(Boolean);
		if (last)
			assert.match(stays.at(-1), last);
		else
			assert.deepEqual(stays, []);
	}
	assert.ok(readFileSync(file, 'utf8').startsWith('seq,recorded_at,'));
});

test('erasing asks, and takes nothing for a yes but a yes', async () => {
	const door = await stack.door();
	const seqs = await door.record(...Array.from({ length: 3 }, (_, i) => ({
		actor_type: 'agent', agent_name: 'leaky', capability: 'shell.exec', status: 'success', summary: `word ${i}`,
	})));
	door.close();
	const erase = seq => ['audit', 'erase', String(seq), '--reason', 'a test'];
	const summary = seq => stack.entries()[seq - 1].summary;
	for (const answer of ['n\n', '\n', 'yeah\n', '\u0004']) {
		const terminal = start(erase(seqs[0]));
		await terminal.shows(/Erase 1 payload for ever\? .*\[y\/N\] /);
		terminal.type(answer);
		assert.equal(await terminal.ended(), 1, JSON.stringify(answer));
		assert.match(terminal.text, /kruxos: nothing was erased/);
		assert.equal(summary(seqs[0]), 'word 0');
	}
	for (const [i, answer] of ['y\n', 'YES\n'].entries()) {
		const terminal = start(erase(seqs[i]));
		await terminal.shows(/\[y\/N\] /);
		terminal.type(answer);
		assert.equal(await terminal.ended(), 0, terminal.text);
		assert.match(terminal.text, /kruxos: 1 payload erased by entry [0-9]+; backups and exports keep their copies/);
		assert.equal(summary(seqs[i]), undefined);
	}
	const unasked = await see([...erase(seqs[2]), '--yes', '--json']);
	assert.equal(unasked.code, 0);
	assert.equal(JSON.parse(unasked.lines[0]).erased, 1);
	const again = await see([...erase(seqs[2]), '--yes']);
	assert.match(again.text, /0 payloads erased, 1 erased before/);
});

test('Ctrl-C wipes the bar away and ends with 130', async () => {
	const count = () => stack.entries().length;
	const before = count();
	const terminal = start(['replay', sessions, '--speed', '0.001', '--session', 'sess-019']);
	await until('its first entry is there', () => count() > before);
	await terminal.shows(/\rreplay \[/);
	terminal.type('\u0003');
	assert.equal(await terminal.ended(), 130);
	assert.ok(terminal.text.trimEnd().endsWith('\r\u001b[K'), JSON.stringify(terminal.text));
});

test('a line that is refused stands whole, with a bar around it', async () => {
	const file = join(folder, 'lines');
	const good = '{"actor_type":"agent","agent_name":"a","capability":"shell.exec","status":"success"}\n';
	writeFileSync(file, `${good}{"actor_type":"\\u001b[31m"}\n${good}`);
	const { lines, text, code } = await see(['ingest', file]);
	assert.equal(code, 1);
	assert.ok(lines.some(line => line.startsWith(`kruxos: ${file}: line 2: out_of_range actor_type: `)), text);
	assert.doesNotMatch(text, /\u001b\[31m/);
	assert.match(lines.filter(Boolean).at(-1), /^kruxos: 2 entries recorded \(seq [0-9]+ to [0-9]+\), 1 refused$/);
});
