// kruxos at the other end of sockets that answer wrongly, late, in part or not
// at all: what it says then, and what its exit code is.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { until } from './harness/poll.js';
import { Stack, build, root, run } from './harness/stack.js';

const sessions = join(root, 'demo/sessions.ndjson');

let folder;
before(() => {
	folder = mkdtempSync(join(tmpdir(), 'kruxos-peers-'));
	writeFileSync(join(folder, 'kruxos.conf'), `[paths]\nruntime_dir = ${folder}\ndata_dir = ${folder}\n`);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const kruxos = (args, options = {}) =>
	run(join(build, 'bin/kruxos'), ['-c', join(folder, 'kruxos.conf'), ...args], { env: { NO_COLOR: '1' }, ...options });

/** Listen at `name` while `during` lasts. */
async function listening(server, name, during) {
	await new Promise((resolve, reject) => server.on('error', reject).listen(join(folder, name), resolve));
	const open = new Set();
	server.on('connection', socket => open.add(socket.on('error', () => {}).on('close', () => open.delete(socket))));
	try {
		return await during();
	} finally {
		for (const socket of open)
			socket.destroy();
		await new Promise(resolve => server.close(resolve));
	}
}

const entry = (seq, more = {}) => ({
	seq, recorded_at: '2026-11-23T20:15:08.123456Z', time: '2026-11-23T20:15:08.120000Z', uid: 0, source: 'hook',
	actor_type: 'agent', agent_name: 'a', capability: 'shell.exec', status: 'success', ...more,
});

test('an answer that is none is told, with the socket\'s name or the server\'s words', async () => {
	const problem = (status, detail) => `HTTP/1.1 ${status} No\r\nContent-Type: application/problem+json\r\n` +
		`Content-Length: ${Buffer.byteLength(detail)}\r\n\r\n${detail}`;
	for (const [bytes, code, said] of [
		['', 3, /api\.sock: .+/],
		['HTTP/1.1 200 OK\r\n', 3, /api\.sock: .+/],
		['SSH-2.0-OpenSSH_9.2\r\n', 1, /api\.sock: .+/],
		['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{', 3, /kruxos: .+/],
		['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{"a"', 1, /kruxos: .+/],
		['HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n', 1, /kruxos: the server answered 500\n/],
		['HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno', 1, /kruxos: the server answered 403\n/],
		['HTTP/1.1 502 No\r\nContent-Length: 2\r\n\r\nno', 3, /kruxos: the server answered 502\n/],
		[problem(503, '{"detail":"come \\u001b[31mback"}'), 3, /kruxos: come \\e\[31mback\n/],
		[problem(404, '{"detail":"no such thing"}'), 1, /kruxos: no such thing\n/],
		[problem(400, '{"detail":7}'), 1, /kruxos: the server answered 400\n/],
		[problem(400, '{"detail":'), 1, /kruxos: the server answered 400\n/],
	]) {
		await listening(net.createServer(socket => socket.once('data', () => socket.end(bytes))), 'api.sock', async () => {
			const commands = [['audit', 'query'], ['audit', 'show', '1'], ['audit', 'stats'], ['watch']];
			if (!bytes.includes(' 200 '))
				commands.push(['audit', 'export']); // whose body is not looked into
			for (const args of commands) {
				const answer = await kruxos(args);
				assert.equal(answer.code, code, `${args} of ${JSON.stringify(bytes)}: ${answer.stderr}`);
				assert.match(answer.stderr, said);
				assert.equal(answer.stdout, '');
			}
		});
	}
});

test('health of a server that is none is unknown', async () => {
	for (const bytes of ['', 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n[']) {
		await listening(net.createServer(socket => socket.once('data', () => socket.end(bytes))), 'api.sock', async () => {
			const { code, stdout } = await kruxos(['health']);
			assert.equal(code, 3, JSON.stringify(bytes));
			assert.match(stdout, /^System Health: UNKNOWN\n/);
		});
	}
});

test('what an answer lacks is said: the index behind it', async () => {
	for (const [index, through, words] of [
		['catching_up', 7, /kruxos: the index is catching up: entries behind 7 of 9 are not in this answer\n/],
		['rebuilding', 7, /kruxos: the index is being built again: entries behind 7 of 9/],
		['failing', 7, /kruxos: the index does not move: entries behind 7 of 9/],
		['failing', 9, /^$/],
		['current', 9, /^$/],
	]) {
		const answer = { entries: [entry(7)], total: 1, index, through_seq: through, head_seq: 9 };
		const server = http.createServer((request, response) => response.end(JSON.stringify(answer)));
		await listening(server, 'api.sock', async () => {
			const { code, stdout, stderr } = await kruxos(['audit', 'query']);
			assert.equal(code, 0);
			assert.match(stdout, /shell\.exec/);
			assert.match(stderr, words);
		});
	}
});

/** A server of the stream: `streams` are what each connection gets, in turn; the
 * requests it had are in `asked`. */
function streaming(asked, begin, streams) {
	return http.createServer((request, response) => {
		asked.push({ url: request.url, last: request.headers['last-event-id'] });
		if (!request.url.startsWith('/api/activity/stream')) {
			response.end(JSON.stringify(begin));
			return;
		}
		const [status, text] = streams.shift() ?? [500, ''];
		response.writeHead(status, { 'Content-Type': 'text/event-stream' });
		response.end(text);
	});
}

const event = (seq, more) => `id: ${seq}\nevent: entry\ndata: ${JSON.stringify(entry(seq, more))}\n\n`;

test('watch goes on where it was, and tells what was left out', async () => {
	const asked = [];
	const server = streaming(asked, { last_seq: 4, entries: [entry(4), entry(3)] }, [
		[200, `retry: 1\n\n${event(5)}${event(6)}`],
		[503, ''],
		[200, 'event: news\ndata: {}\n\nevent: gap\ndata: {"skipped":57000,"from":7,"to":57006}\n\n' +
			'event: gap\ndata: {"from":57007,"to":57008}\n\nevent: entry\ndata: {\n\n' +
			event(60_000, { agent_name: 'a\u001b[31m', duration_ms: 90_061_000, summary: 'x'.repeat(3000) })],
	]);
	await listening(server, 'api.sock', async () => {
		const { code, stdout, stderr } = await kruxos(['watch', '--count', '5', '-n', '2', '-s', 'success']);
		assert.equal(code, 0, stderr);
		const lines = stdout.split('\n').filter(Boolean);
		assert.equal(lines.length, 5);
		for (const line of lines)
			assert.match(line, /^20:15:08\.120Z {2}a.* {2}shell\.exec +success/);
		assert.match(lines[4], /^.{15}a\\e\[31m .* 25h 1m {4}xxx/);
		assert.deepEqual(stderr.split('\n').filter(Boolean), [
			'kruxos: the stream has ended; connecting again',
			'kruxos: connected again',
			'kruxos: 57,000 entries left out: seq 7 to 57006',
			'kruxos: entries left out: seq 57007 to 57008',
			'kruxos: an event of the stream is not JSON',
		]);
		assert.deepEqual(asked, [
			{ url: '/api/activity?status=success&limit=2', last: undefined },
			{ url: '/api/activity/stream?status=success&after=4', last: undefined },
			{ url: '/api/activity/stream?status=success&after=4', last: '6' },
			{ url: '/api/activity/stream?status=success&after=4', last: '6' },
		]);
	});
});

test('watch --json prints the server\'s own text, and ends where it is told to', async () => {
	const raw = '{"seq":5,  "agent_name":"a\\/b"}';
	const server = streaming([], { last_seq: 4, entries: [{ seq: 4, agent_name: 'a/b' }] },
		[[200, `data: {"seq":1}\n\nid: 5\nevent: entry\ndata: ${raw}\n\n${event(6)}`]]);
	await listening(server, 'api.sock', async () => {
		const { code, stdout } = await kruxos(['watch', '--json', '-n', '1', '--count', '2']);
		assert.equal(code, 0);
		assert.equal(stdout, `{"seq":4,"agent_name":"a/b"}\n${raw}\n`);
		assert.equal((await kruxos(['watch', '--json', '-n', '1', '--count', '1'])).stdout, '{"seq":4,"agent_name":"a/b"}\n');
	});
});

test('watch ends where trying again would not help', async () => {
	const server = streaming([], { last_seq: 4 }, [[403, '']]);
	await listening(server, 'api.sock', async () => {
		const { code, stderr } = await kruxos(['watch']);
		assert.equal(code, 1);
		assert.equal(stderr, 'kruxos: the server answered 403\n');
	});
	assert.equal((await kruxos(['watch', '--from', '2026-01-01'])).code, 64, 'a stream has no beginning');
});

const line = '{"actor_type":"agent","agent_name":"a","capability":"shell.exec","status":"success"}\n';

/** A door that answers the first `count` lines, then does `then` to its socket; every `step`th seq is ours. */
function door(count, then, step = 1) {
	return net.createServer(socket => {
		let lines = 0;
		socket.setEncoding('utf8').on('data', text => {
			for (const _ of text.matchAll(/\n/g)) {
				if (++lines <= count)
					socket.write(`{"accepted":1,"seq":${100 + lines * step},"line":${lines}}\n`);
				if (lines === count + 1)
					then(socket);
			}
		});
	});
}

test('of a daemon that ends in the middle the outcome is told as far as it is known', async () => {
	const file = join(folder, 'lines');
	writeFileSync(file, line.repeat(5));
	await listening(door(3, socket => socket.end()), 'ingest.sock', async () => {
		const { code, stderr } = await kruxos(['ingest', file]);
		assert.equal(code, 3, stderr);
		assert.ok(stderr.startsWith(`kruxos: ${file}: the outcome is known up to line 3; send what follows again\n`), stderr);
		assert.match(stderr, /kruxos: 3 entries recorded \(seq 101 to 103\)\n/);
	});
	await listening(door(3, socket => socket.end(), 2), 'ingest.sock', async () => {
		const { stderr } = await kruxos(['ingest', file]);
		assert.match(stderr, /kruxos: 3 entries recorded \(within seq 102 to 106\)\n/);
	});
	await listening(door(0, socket => socket.end()), 'ingest.sock', async () => {
		const { code, stderr } = await kruxos(['ingest', file]);
		assert.equal(code, 3, stderr);
		assert.doesNotMatch(stderr, /the outcome is known/);
		assert.match(stderr, /kruxos: 0 entries recorded\n/);
	});
	await listening(door(0, socket => socket.end('what?\n')), 'ingest.sock', async () => {
		const { code } = await kruxos(['ingest', file]);
		assert.equal(code, 1);
	});
	await listening(door(0, socket => socket.end()), 'ingest.sock', async () => {
		assert.equal((await kruxos(['reindex'])).code, 3);
		assert.equal((await kruxos(['audit', 'erase', '1', '--reason', 'x', '--yes'])).code, 3);
	});
});

test('an export that cannot be recorded is none', async () => {
	const server = http.createServer((request, response) => response.end('[]'));
	await listening(server, 'api.sock', async () => {
		const none = await kruxos(['audit', 'export']);
		assert.equal(none.code, 3);
		assert.equal(none.stdout, '');
		assert.match(none.stderr, /recording the export: .*ingest\.sock/);
	});
});

test('an export that ends too early leaves no file, and says so', async () => {
	const file = join(folder, 'short.json');
	const recorder = net.createServer(socket => socket.setEncoding('utf8').on('data', text =>
		socket.write(`{"id":"${JSON.parse(text).id}","ok":{"seq":1}}\n`)));
	const server = net.createServer(socket => socket.once('data', () =>
		socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[')));
	await listening(recorder, 'ingest.sock', () => listening(server, 'api.sock', async () => {
		const { code, stderr } = await kruxos(['audit', 'export', '-o', file]);
		assert.equal(code, 3);
		assert.match(stderr, /^kruxos: .+\n$/);
		assert.equal(existsSync(file) || existsSync(`${file}.part`), false);
	}));
});

// --- with a whole stack ---------------------------------------------------------

let stack;
before(async () => stack = await Stack.start());
after(() => stack?.stop());

test('an import tells what was known, what was left out, and whose times moved', async () => {
	const imported = join(folder, 'imported');
	const export_ = await stack.kruxos(['audit', 'import', sessions]);
	assert.equal(export_.code, 0, export_.stderr);
	assert.match(export_.stderr, /^kruxos: 132 entries recorded \(seq [0-9]+ to [0-9]+\)\n$/);
	await stack.untilIndexed(133);
	const exported = await stack.kruxos(['audit', 'export', '-f', 'ndjson', '--from', '2020-01-01']);
	writeFileSync(imported, `${exported.stdout}\n\n${'x'.repeat((1 << 20) + 1)}\n{"seq":1}\n`);
	const again = await stack.kruxos(['audit', 'import', '--ending-now', imported]);
	assert.equal(again.code, 1);
	assert.match(again.stderr, /line [0-9]+: too_long: a line has at most 1048576 bytes\n/);
	assert.match(again.stderr, / of the other log itself left out, 2 refused\n$/);
	const told = stack.entries();
	const newest = told.map(({ time }) => Date.parse(time)).reduce((a, b) => Math.max(a, b));
	assert.ok(Math.abs(Date.now() - newest) < 60_000);
	assert.ok(told.filter(({ source }) => source === 'import').length > 132);

	const known = '{"actor_type":"agent","agent_name":"a","session_id":"s","call_id":"c","capability":"shell.exec","status":"success"}\n';
	const twice = await stack.kruxos(['ingest', '--json'], { input: known.repeat(3) });
	const { accepted, duplicates, first_seq: first, last_seq: last } = JSON.parse(twice.stdout);
	assert.deepEqual([accepted, duplicates, first], [1, 2, last]);
	assert.match((await stack.kruxos(['ingest'], { input: known })).stderr, /^kruxos: 0 entries recorded, 1 known already\n$/);
});

test('what cannot be read is named', async () => {
	for (const args of [['ingest'], ['audit', 'import'], ['audit', 'import', '--ending-now'], ['replay']]) {
		const gone = await stack.kruxos([...args, '/nonexistent/lines']);
		assert.equal(gone.code, 1);
		assert.match(gone.stderr, /^kruxos: \/nonexistent\/lines: No such file or directory\n$/);
		const directory = await stack.kruxos([...args, folder]);
		assert.equal(directory.code, 1, directory.stderr);
		assert.ok(directory.stderr.includes(`kruxos: ${folder}: Is a directory\n`), directory.stderr);
	}
	const pipe = await stack.kruxos(['audit', 'import', '--ending-now'], { input: line });
	assert.equal(pipe.code, 1, 'what is read twice is a file');
	assert.match(pipe.stderr, /standard input/);
});

test('replay names what it cannot tell, and says when there is nothing', async () => {
	const file = join(folder, 'recording');
	const recorded = readFileSync(sessions, 'utf8').split('\n').filter(text => text.includes('"sess-001"')).slice(0, 2);
	writeFileSync(file, `${recorded.join('\n')}\n\nno json\n${'y'.repeat((1 << 20) + 1)}\n`);
	const told = await stack.kruxos(['replay', file, '--speed', '0', '--json']);
	assert.equal(told.code, 1);
	assert.match(told.stderr, /line 4: bad_json: .+\n.*line 5: too_long: /);
	const { accepted, refused } = JSON.parse(told.stdout);
	assert.deepEqual([accepted, refused], [2, 2]);
	const none = await stack.kruxos(['replay', file, '--session', 'nobody']);
	assert.equal(none.code, 1);
	assert.match(none.stderr, /there is nothing to replay/);
	const fast = await stack.kruxos(['replay', file, '--speed', '1000000', '--longest-pause', '1s', '--session', 'sess-001']);
	assert.match(fast.stderr, /kruxos: 2 entries recorded/);
	// A pipe cannot be told again.
	const looped = await stack.kruxos(['replay', '-', '--loop', '--speed', '0'], { input: `${recorded[0]}\n` });
	assert.equal(looped.code, 1);
	assert.match(looped.stderr, /standard input/);
});

test('an export goes into a file whole or not at all, and into what is no file as it is', async () => {
	const file = join(folder, 'export');
	const answer = async path => stack.kruxos(['audit', 'export', '-f', 'ndjson', '--from', '2020-01-01', '-o', path]);
	writeFileSync(file, 'what was there');
	assert.equal((await answer(file)).code, 0);
	assert.match(readFileSync(file, 'utf8'), /^\{"seq":1,/);
	for (const [path, words] of [
		['/nonexistent/folder/file', /\/nonexistent\/folder\/file\.part: No such file or directory/],
		[folder, /Is a directory/],
		['/dev/full', /\/dev\/full: No space left on device/],
	]) {
		const { code, stderr } = await answer(path);
		assert.equal(code, 1, path);
		assert.match(stderr, words);
	}
	assert.equal((await answer('/dev/null')).code, 0);
	// Somebody else's, or another export's, is not overwritten.
	writeFileSync(`${file}.part`, 'mine');
	assert.match((await answer(file)).stderr, /export\.part: File exists/);
	assert.equal(readFileSync(`${file}.part`, 'utf8'), 'mine');
});

test('who reads no further ends it, as any program in a pipe', async () => {
	const child = spawn('sh', ['-c', `"$0" audit query -n 200 --from 2020-01-01 | head -c 1; echo`, join(build, 'bin/kruxos')],
		{ env: { ...process.env, ...stack.environment, NO_COLOR: '1' } });
	let text = '';
	child.stdout.setEncoding('utf8').on('data', more => text += more);
	await until('the pipe has ended', () => child.exitCode !== null);
	assert.equal(child.exitCode, 0);
	assert.equal(text.trim().length, 1);
});
