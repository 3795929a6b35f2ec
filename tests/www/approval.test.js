import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const { askerOf, fateOf, isRequestInexact, requestText } = await load('approval.ts');

function approval(more = {}) {
	return {
		id: 'call-1', call_id: 'call-1', seq: 41, state: 'open', held: true, agent_name: 'deployer', user_name: null,
		capability: 'deploy.production', session_id: null, request: { version: '2.4' }, ...more,
	};
}

test('what is accepted and held has not been done yet', () => {
	for (const [more, fate] of [
		[{ state: 'accepted', held: true }, 'unused'],
		[{ state: 'accepted', held: false }, 'accepted'],
		[{ state: 'accepted', held: null }, 'accepted'],
		[{ state: 'rejected', held: false }, 'rejected'],
		[{ state: 'expired', held: false }, 'expired'],
		[{ state: 'ended', held: false }, 'ended'],
	])
		assert.equal(fateOf(approval(more)), fate, JSON.stringify(more));
});

test('a name from outside stays one value of the address', () => {
	const name = 'a&b=c#d"e';
	const { href } = askerOf(approval({ agent_name: name }));
	assert.equal(new URL(href, 'https://localhost').searchParams.get('agent_name'), name);
	assert.match(askerOf(approval({ agent_name: null, user_name: 'ann' })).href, /actor_type=user&user_name=ann/);
});

test('of the entry about a call that is held the arguments are shown, of others all', () => {
	const entry = { approval_id: 'call-1', capability: 'deploy.production', arguments: { version: '2.4' } };
	assert.equal(requestText(approval({ request: entry })), '{\n  "version": "2.4"\n}');
	assert.equal(requestText(approval({ request: { ...entry, approval_id: 'another' } })),
		JSON.stringify({ ...entry, approval_id: 'another' }, null, 2));
	assert.equal(requestText(approval({ request: {} })), '');
	assert.equal(requestText(approval({ request: null })), '');
});

test('a number that has lost digits is known, however deep it lies', () => {
	assert.equal(isRequestInexact(approval({ request: { a: [1, { b: 2 ** 53 - 1 }] } })), false);
	assert.equal(isRequestInexact(approval({ request: { a: [1, { b: 2 ** 60 }] } })), true);
	assert.equal(isRequestInexact(approval({ request: null })), false);
});
