import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const { callsOf, flat } = await load('calls.ts');

const BEGIN = Date.parse('2026-11-28T10:00:00Z');

/** Entries, `at` so many seconds, of agent "a" unless a user's. */
function entriesOf(...list) {
	return list.map(({ at = 0, ...more }, index) => ({
		seq: index + 1, time: new Date(BEGIN + at * 1000).toISOString(), actor_type: 'agent',
		...(more.user_name === undefined ? { agent_name: 'a' } : {}), capability: 'shell.exec', status: 'success', ...more,
	}));
}

const seconds = span => span && [span.from, span.to].map(time => time === undefined ? undefined : (time - BEGIN) / 1000);
/** "name(child child)", to compare trees by. */
const tree = calls => calls.map(({ entries: [{ call_id }], children }) =>
	children.length === 0 ? call_id : `${call_id}(${tree(children)})`).join(' ');

test('an entry without a call stands alone', () => {
	const calls = callsOf(entriesOf({ capability: 'session.start' }, { at: 1, capability: 'session.end' }));
	assert.deepEqual(calls.map(call => call.capability), ['session.start', 'session.end']);
});

test('begun and done is one call', () => {
	const [call, ...more] = callsOf(entriesOf({ call_id: 'c', status: 'pending' }, { at: 9, call_id: 'c', status: 'error' }));
	assert.equal(more.length, 0);
	assert.equal(call.status, 'error');
	assert.deepEqual(seconds(call.run), [0, 9]);
	assert.deepEqual(seconds(call), [0, 9]);
});

test('what is not done has no end', () => {
	const [call] = callsOf(entriesOf({ call_id: 'c', status: 'pending' }));
	assert.equal(call.status, 'pending');
	assert.deepEqual(seconds(call.run), [0, undefined]);
	assert.equal(call.to, undefined);
});

test('what came when it was done began as long before', () => {
	const [call] = callsOf(entriesOf({ at: 9, call_id: 'c', duration_ms: 2500 }));
	assert.deepEqual(seconds(call.run), [6.5, 9]);
});

test('two agents may use the same id', () => {
	const calls = callsOf(entriesOf({ call_id: 'c', status: 'pending' }, { call_id: 'c', agent_name: 'b', status: 'pending' },
		{ at: 1, call_id: 'c' }, { at: 2, call_id: 'c', agent_name: 'b', status: 'denied' }));
	assert.deepEqual(calls.map(({ agent, status }) => [agent, status]), [['a', 'success'], ['b', 'denied']]);
});

test('a call that was let through waited for it', () => {
	const [call, ...more] = callsOf(entriesOf(
		{ call_id: 'c', capability: 'approval.request', status: 'pending', request: { capability: 'deploy.production' } },
		{ at: 60, call_id: 'c', capability: 'approval.accept', user_name: 'ada' },
		{ at: 61, call_id: 'c', capability: 'deploy.production', status: 'pending' },
		{ at: 90, call_id: 'c', capability: 'deploy.production' }));
	assert.equal(more.length, 0);
	assert.equal(call.capability, 'deploy.production');
	assert.equal(call.agent, 'a');
	assert.deepEqual(call.gates.map(gate => [gate.verdict, gate.decided.user_name, ...seconds(gate)]), [['accepted', 'ada', 0, 60]]);
	assert.deepEqual(seconds(call.run), [61, 90]);
	assert.deepEqual(seconds(call), [0, 90]);
});

test('a call that was stopped did not run', () => {
	const [call] = callsOf(entriesOf(
		{ call_id: 'c', capability: 'approval.request', status: 'pending', request: { capability: 'filesystem.delete' } },
		{ at: 5, call_id: 'c', capability: 'approval.reject', user_name: 'grace', request: { agent_name: 'a' } }));
	assert.equal(call.capability, 'filesystem.delete');
	assert.equal(call.status, 'denied');
	assert.equal(call.run, undefined);
	assert.deepEqual(call.gates.map(gate => [gate.verdict, ...seconds(gate)]), [['rejected', 0, 5]]);
});

test('a call still waits for a word', () => {
	const [call] = callsOf(entriesOf({ call_id: 'c', capability: 'approval.request', status: 'pending' }));
	assert.deepEqual([call.capability, call.status, call.to], ['approval.request', 'pending', undefined]);
	assert.deepEqual(call.gates.map(gate => [gate.verdict, ...seconds(gate)]), [['open', 0, undefined]]);
});

test('what the call did then tells the word that nobody reported', () => {
	for (const [status, verdict] of [['success', 'accepted'], ['error', 'accepted'], ['denied', 'rejected']]) {
		const [call] = callsOf(entriesOf({ call_id: 'c', capability: 'approval.request', status: 'pending' },
			{ at: 7, call_id: 'c', capability: 'mail.send', status, decided_by: 'hook' }));
		assert.deepEqual(call.gates.map(gate => [gate.verdict, gate.decided.decided_by, ...seconds(gate)]), [[verdict, 'hook', 0, 7]]);
	}
});

test('a person may ask twice', () => {
	const ask = at => ({ at, call_id: 'c', capability: 'approval.request', status: 'pending' });
	const [call] = callsOf(entriesOf(ask(0), { at: 3, call_id: 'c', capability: 'approval.reject', user_name: 'ada' },
		ask(10), { at: 15, call_id: 'c', capability: 'approval.accept', user_name: 'ada' }, { at: 16, call_id: 'c', capability: 'mail.send' }));
	assert.deepEqual(call.gates.map(gate => [gate.verdict, ...seconds(gate)]), [['rejected', 0, 3], ['accepted', 10, 15]]);
	assert.equal(call.status, 'success');
});

test('what a person did about a call is a part of it', () => {
	const [call, ...more] = callsOf(entriesOf({ call_id: 'c', capability: 'mail.send', status: 'pending' },
		{ at: 1, call_id: 'c', capability: 'proxy.buffer', status: 'pending' },
		{ at: 5, call_id: 'c', capability: 'proxy.cancel', user_name: 'ada' },
		{ at: 6, call_id: 'c', capability: 'mail.send', status: 'denied' }));
	assert.equal(more.length, 0);
	assert.deepEqual([call.capability, call.status, call.entries.length], ['mail.send', 'denied', 4]);
	assert.deepEqual(seconds(call.run), [0, 6]);
});

test('clocks that run backwards make nothing negative', () => {
	const [call] = callsOf(entriesOf({ at: 9, call_id: 'c', capability: 'approval.request', status: 'pending' },
		{ at: 5, call_id: 'c', capability: 'approval.accept', user_name: 'ada' },
		{ at: 4, call_id: 'c', status: 'pending' }, { at: 2, call_id: 'c' }));
	for (const span of [call, call.run, ...call.gates])
		assert.ok(span.to >= span.from, JSON.stringify(seconds(span)));
});

test('those that a call called stand below it, in the order of time', () => {
	const calls = callsOf(entriesOf({ call_id: 'root' }, { at: 9, call_id: 'late', parent_call_id: 'root', agent_name: 'b' },
		{ at: 3, call_id: 'early', parent_call_id: 'root', agent_name: 'c' }, { at: 4, call_id: 'deep', parent_call_id: 'early' },
		{ at: 1, call_id: 'other' }, { at: 20, call_id: 'orphan', parent_call_id: 'elsewhere' }));
	assert.equal(tree(calls), 'root(early(deep) late) other orphan');
	assert.equal(flat(calls).length, 6);
});

test('a call below itself stands on top, and is not lost', () => {
	const calls = callsOf(entriesOf({ call_id: 'self', parent_call_id: 'self' }, { call_id: 'a', parent_call_id: 'b' },
		{ call_id: 'b', parent_call_id: 'a' }, { call_id: 'below', parent_call_id: 'a' }));
	assert.deepEqual(flat(calls).map(call => call.entries[0].call_id).sort(), ['a', 'b', 'below', 'self']);
});

test('a tree is no deeper than one can follow, and whole', () => {
	const deep = Array.from({ length: 2000 }, (_, index) => ({ at: index, call_id: `c${index}`, parent_call_id: `c${index - 1}` }));
	const calls = callsOf(entriesOf(...deep));
	const depth = list => list.length === 0 ? 0 : 1 + Math.max(...list.map(call => depth(call.children)));
	assert.ok(depth(calls) <= 9, String(depth(calls)));
	assert.equal(flat(calls).length, 2000);
});
