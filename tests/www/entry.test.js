import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const { isInexact, previewOf, sessionAddress, sessionIdOf } = await load('entry.ts');

const previewed = (status, summary, request) => previewOf({ status, summary, request });

test('an entry in a few words is what was asked for', () => {
	assert.equal(previewed('success', 'exit 0', { command: 'make test', cwd: '/srv' }), 'make test');
	assert.equal(previewed('pending', undefined, { to: [{ port: 80, name: '' }, { name: 'a' }] }), 'a');
	assert.equal(previewed('success', 'exit 0', {}), 'exit 0');
	assert.equal(previewed('success', 'exit 0', undefined), 'exit 0');
	assert.equal(previewed('success', undefined, undefined), '');
});

test('where it did not work, it is what came back', () => {
	assert.equal(previewed('error', 'no such file', { command: 'cat x' }), 'no such file');
	assert.equal(previewed('denied', 'blocked', { command: 'cat x' }), 'blocked');
	assert.equal(previewed('error', '', { command: 'cat x' }), 'cat x');
});

test('a few words are one line, and few', () => {
	assert.equal(previewed('success', '', { text: '\n a\r\n\tb ' }), 'a b');
	assert.ok(previewed('success', '', { text: 'x'.repeat(65_536) }).length <= 160);
});

test('a session is found again by its address', () => {
	for (const id of ['sess-a1', 'a/b', 'a/b/c', 'a:b@c+d', '...', 'a..b', '.a/b.']) {
		const url = new URL(sessionAddress(id), 'https://localhost');
		assert.equal(sessionIdOf(url.pathname), id, url.href);
	}
	assert.equal(sessionAddress('a/b', 42), '/sessions/a/b?entry=42');
});

test('an id that no path can hold is looked for in the log', () => {
	for (const id of ['.', '..', 'a//b', '/a', 'a/', 'a/./b', 'a/../b', '../a', 'a/..'])
		assert.equal(sessionAddress(id, 42), `/audit?session_id=${encodeURIComponent(id)}`);
});

test('a path that was cut is nobody\'s', () => {
	assert.equal(sessionIdOf('/sessions/a%2'), undefined);
});

test('a number that has lost digits is known', () => {
	for (const [text, expected] of [
		['1', false], ['0.1', false], ['-9007199254740991', false], ['9007199254740993', true], ['1e400', true],
	])
		assert.equal(isInexact(JSON.parse(text)), expected, text);
});
