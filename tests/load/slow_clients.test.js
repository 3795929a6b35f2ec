// Thousands of clients that are slow on purpose (slowhttptest's four modes), at
// the health port and at the one with TLS: /health answers all the while.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { Stack, run } from '../api/harness/stack.js';
import { limitOf, milliseconds, mostDescriptors, runTool, sized } from './harness/tools.js';

const CONNECTIONS = 4000;
const SECONDS = sized(5, 60);
const LIMIT = 50_000; // µs, p99 of /health

const modes = [
	['headers that do not end', ['-H', '-i', '1']],
	['bodies that do not end', ['-B', '-i', '1', '-s', '8192']],
	['answers that are not read', ['-X', '-w', '1', '-y', '16', '-n', '1', '-z', '8', '-k', '3']],
	['a thousand ranges', ['-R', '-a', '1', '-b', '1000']],
];

let stack;
before(async () => stack = await Stack.start());
after(() => stack?.stop());

/** Attack `url`. Returns what slowhttptest says at the end: how many it `made`. */
async function attack(options, url) {
	const { stdout } = await run('slowhttptest', [...options, '-c', CONNECTIONS, '-r', CONNECTIONS / 2,
		'-l', SECONDS, '-p', 3, '-u', url].map(String));
	const said = stdout.replaceAll(/\x1b\[[0-9;]*m/g, '');
	const last = name => Number(said.match(new RegExp(`${name}: *[0-9]+`, 'g')).at(-1).split(':')[1]);
	// Where all are refused at once it may end before it has counted them.
	const hasGivenUp = said.includes('No open connections left');
	return { made: last('connected') + last('closed'), hasGivenUp, said };
}

// Now and then it begins, and connects nobody to the end: no attack.
const isAttack = ({ made, hasGivenUp }) => hasGivenUp || made >= CONNECTIONS * sized(0.1, 0.9);

/** Ask for `path` of a port for so long, each time anew. */
const probe = (port, path, seconds) =>
	runTool('prober', ['--interval-ms', 5, '--seconds', seconds, port, path]);

// What the machine takes for an answer while it is busy with that: a server
// that does nothing else, and that nobody attacks.
async function measure(during) {
	const server = http.createServer((request, response) => response.end('{}')).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const [health, machine, attacked] = await Promise.all([
		probe(stack.healthPort, '/health', SECONDS),
		probe(server.address().port, '/', SECONDS), during()]);
	server.close();
	return { health, machine, attacked };
}

for (const [what, options] of modes)
	test(what, {
		skip: mostDescriptors() < CONNECTIONS + 500 && 'so many descriptors are not allowed here',
	}, async t => {
		const both = () => Promise.all([
			attack(options, `http://127.0.0.1:${stack.healthPort}/health`),
			attack(options, `https://127.0.0.1:${stack.dashPort}/`)]);
		let { health, machine, attacked } = await measure(both);
		for (let tries = 0; tries < 3 && !attacked.every(isAttack); tries++)
			({ health, machine, attacked } = await measure(both));
		t.diagnostic(`${attacked.map(({ made }) => made).join(' and ')} slow ones; ` +
			`${health.answered} of ${health.asked} answered, p99 ${milliseconds(health.p99_us)}; ` +
			`of a server beside it ${milliseconds(machine.p99_us)}`);
		for (const each of attacked)
			assert.ok(isAttack(each), each.said);
		assert.ok(health.asked >= 10 * SECONDS, `asked ${health.asked} times only`);
		assert.ok(health.answered >= 0.999 * health.asked,
			`${health.answered} of ${health.asked} answered`);
		assert.ok(health.p99_us <= limitOf(t, machine.p99_us, LIMIT),
			`p99 ${health.p99_us} µs, of a server beside it ${machine.p99_us}`);
	});
