// The live stream and its subscribers, against nchan: a module of nginx for the
// same purpose, from Debian, with the same number of workers and the same bytes.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';

import { request } from '../api/harness/http.js';
import { until } from '../api/harness/poll.js';
import { build } from '../api/harness/stack.js';
import { memoryOf } from './memory.js';
import {
	ROUNDS, atMost, chapter, median, must, progress, ratioAtLeast, report,
} from './table.js';

const SUBSCRIBERS = 2000;
const MANY = 10_000;
const RATE = 200;
const program = join(build, 'bench/subscribers');

/** As many streams as there are to be. */
export async function allowStreams(stack) {
	appendFileSync(join(stack.rundir, 'kruxos.conf'), 'api_connections = 16384\n');
	await stack.halt();
	await stack.resume();
}

async function startNchan() {
	const dir = mkdtempSync(join(tmpdir(), 'kruxos-nchan-'));
	const socket = join(dir, 'http.sock');
	const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
		.map(name => `${name}_temp_path ${dir}/${name};`).join('\n\t');
	writeFileSync(join(dir, 'nginx.conf'), `load_module modules/ngx_nchan_module.so;
${process.getuid() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 2;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log;
events {
	worker_connections 16384;
}
http {
	access_log off;
	keepalive_requests 1000000;
	nchan_shared_memory_size 128m;
	${temp}
	server {
		listen unix:${socket} backlog=4096;
		location = /publish {
			nchan_publisher;
			nchan_channel_id bench;
			nchan_message_buffer_length 1000;
		}
		location = /stream {
			nchan_subscriber eventsource;
			nchan_subscriber_first_message newest;
			nchan_channel_id bench;
		}
	}
}
`);
	const child = spawn('/usr/sbin/nginx',
		['-c', join(dir, 'nginx.conf'), '-p', '/usr/share/nginx', '-e', join(dir, 'error.log')],
		{ stdio: ['ignore', 'ignore', 'inherit'] });
	await until('nchan answers', async () => {
		assert.equal(child.exitCode, null, 'nchan has ended');
		return (await request({ socketPath: socket }, '/publish')).status === 404; // no channel yet
	});
	return {
		dir, socket,
		stop: async () => {
			const ended = once(child, 'exit');
			child.kill('SIGTERM');
			await ended;
			rmSync(dir, { recursive: true });
		},
	};
}

const ours = stack => ['--door', join(stack.rundir, 'ingest.sock'),
	join(stack.rundir, 'api.sock'), '/api/activity/stream'];

function subscribers(options, args) {
	const [subscribed, events] = must(program, [...options, ...args], { input: '\n' })
		.trim().split('\n').map(line => JSON.parse(line));
	assert.equal(subscribed.failed + events.failed + events.misplaced, 0, JSON.stringify(events));
	assert(events.p50_us > 0, 'no event has reached everybody');
	return {
		...events,
		deliveries: events.deliveries / events.microseconds * 1e6,
		completed: events.completed / events.microseconds * 1e6,
	};
}

/** An event of ours as it is sent, for nchan to send the same bytes. */
async function eventOf(stack, dir) {
	const page = JSON.parse((await request(stack.api, '/api/activity?limit=1')).body);
	const path = join(dir, 'event');
	writeFileSync(path, JSON.stringify(page.entries[0]));
	return path;
}

async function compare(stack, nchan) {
	const one = ['--subscribers', String(SUBSCRIBERS), '--events', '100'];
	const many = ['--subscribers', String(SUBSCRIBERS), '--events', String(3 * RATE), '--rate', String(RATE)];
	const rounds = [];
	for (let round = 0; round < ROUNDS; round++) {
		const one_ours = subscribers(one, ours(stack));
		const theirs = ['--event', await eventOf(stack, nchan.dir), nchan.socket, '/stream'];
		rounds.push({
			one_ours, one_theirs: subscribers(one, theirs),
			many_ours: subscribers(many, ours(stack)), many_theirs: subscribers(many, theirs),
		});
	}
	const beside = (name, which, figure, unit, target) => {
		const of = side => median(rounds.map(round => round[`${which}_${side}`][figure]));
		report(name, of('ours'), unit, { peer: { name: 'nchan', value: of('theirs') }, target });
	};
	beside('one event in flight: deliveries', 'one', 'deliveries', '/s');
	beside('one event in flight: all have it, p50', 'one', 'p50_us', 'us');
	beside('one event in flight: all have it, p99', 'one', 'p99_us', 'us');
	beside(`${RATE} events/s offered: completed`, 'many', 'completed', '/s', ratioAtLeast(2));
	beside(`${RATE} events/s offered: deliveries`, 'many', 'deliveries', '/s');
	beside(`${RATE} events/s offered: all have it, p50`, 'many', 'p50_us', 'us');
	beside(`${RATE} events/s offered: all have it, p99`, 'many', 'p99_us', 'us');
}

const descriptorsOf = pid => readdirSync(`/proc/${pid}/fd`).length;

/** 10,000 subscribe, are sent some events, and leave all at once. */
async function crowd(stack) {
	const pid = stack.pidOf('activity');
	const before = { kib: memoryOf(pid), descriptors: descriptorsOf(pid) };
	const child = spawn(program, ['--subscribers', String(MANY), '--events', '20', ...ours(stack)],
		{ stdio: ['pipe', 'pipe', 'inherit'] });
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const subscribed = JSON.parse((await lines.next()).value);
	const kib = memoryOf(pid) - before.kib;
	child.stdin.end('\n');
	const events = subscribed.failed > 0 ? null : JSON.parse((await lines.next()).value);
	if (child.exitCode === null && child.signalCode === null)
		await once(child, 'exit');
	const left = performance.now();
	await until('all departures are noticed', () => descriptorsOf(pid) <= before.descriptors);
	return {
		failed: subscribed.failed + (events?.failed ?? 0) + (events?.never_completed ?? 0),
		bytes: kib * 1024 / MANY,
		departed_us: (performance.now() - left) * 1000,
		p50_us: events?.p50_us, p99_us: events?.p99_us, // none, if nobody was there
	};
}

/** `memory`: what activity.fcgi has had of it before stays apart. */
export async function benchStreams(stack) {
	chapter('streams');
	progress(`${SUBSCRIBERS} subscribers, ours and nchan's`);
	const nchan = await startNchan();
	try {
		await compare(stack, nchan);
	} finally {
		await nchan.stop();
	}
}

export async function benchCrowd(stack, memory) {
	chapter('streams');
	progress(`${MANY} subscribers`);
	memory.forget('activity');
	const rounds = [];
	for (let round = 0; round < ROUNDS; round++)
		rounds.push(await crowd(stack));
	const of = figure => median(rounds.map(round => round[figure]));
	const name = `${MANY.toLocaleString('en')} subscribers`;
	report(`${name}: failed`, rounds.reduce((sum, round) => sum + round.failed, 0), 'connections',
		{ target: atMost(0) });
	// Of the first: the next find what it has left in the heap.
	report(`${name}: memory of each in activity.fcgi`, rounds[0].bytes, 'bytes', { target: atMost(512) });
	if (rounds.every(round => round.p99_us !== undefined)) {
		report(`${name}: all have an event, p50`, of('p50_us'), 'us');
		report(`${name}: all have an event, p99`, of('p99_us'), 'us');
	}
	report(`${name}: all departures noticed after`, of('departed_us'), 'us', { target: atMost(2e6) });
	chapter('memory');
	report(`activity with ${name}`, memory.most('activity'), 'MiB', { target: atMost(24) });
}
