import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const pushed = [];
globalThis.location = new URL('https://localhost:7800/audit?status=denied&status=error#top');
globalThis.addEventListener = () => {};
globalThis.history = {
	pushState: (state, title, to) => pushed.push(['push', to]),
	replaceState: (state, title, to) => pushed.push(['replace', to]),
};
const { address, go, ownAddress, place } = await load('url.ts');

test('the place is what the address says', () => {
	const { path, query, fragment } = place.get();
	assert.equal(path, '/audit');
	assert.deepEqual(query.getAll('status'), ['denied', 'error']);
	assert.equal(fragment, '#top');
});

test('to go somewhere is one step of the history, to replace is none', () => {
	const seen = [];
	const end = place.watch(now => seen.push(now));
	go('/health');
	go('/alerts', { replace: true });
	end();
	assert.deepEqual(pushed, [['push', '/health'], ['replace', '/alerts']]);
	assert.equal(seen.length, 2);
});

test('an address without a query has no question mark', () => {
	assert.equal(address('/audit', new URLSearchParams()), '/audit');
	assert.equal(address('/audit', new URLSearchParams({ q: 'a b&c' })), '/audit?q=a+b%26c');
});

test('a path of our own is gone to as it is', () => {
	for (const own of ['/', '/audit?q=%2F%2Fevil#x', '/sessions/a%2Fb', '/sign-in'])
		assert.equal(ownAddress(own, '/health'), own);
});

test('never another site, however it is written', () => {
	for (const foreign of [
		null, '', 'evil.example', 'https://evil.example/', '//evil.example', '//evil.example/health', '/\\evil.example',
		'\\\\evil.example', '/\t/evil.example', '/\n/evil.example', '//', '///', '/\\', '//[', '//a:b@evil.example',
		'javascript:alert(1)', ' //evil.example', 'data:text/html,x', '//localhost:7801/',
		'/.//evil.example', '/x/..//evil.example', '/%2e//evil.example',
	])
		assert.equal(ownAddress(foreign, '/health'), '/health', JSON.stringify(foreign));
});
