import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const { accept, complete } = await load('completion.ts');

const known = {
	agent_name: ['ctf-web', 'research-agent', 'web-crawler'], user_name: ['ada', 'grace'],
	capability: ['shell.exec', 'filesystem.read', 'filesystem.write', 'mcp.github.add_label'], today: '2026-11-28',
};
/** `|` is the caret. */
const offered = text => complete(text.replace('|', ''), text.indexOf('|'), known);
const options = text => offered(text).options;

test('names are offered where a term begins', () => {
	assert.ok(options('|').includes('agent:') && options('status:denied |').includes('from:'));
	assert.deepEqual(options('s|'), ['status:', 'session:', 'source:']);
	assert.deepEqual(options('-s|'), ['-status:', '-session:', '-source:']);
	assert.deepEqual(options('-f|'), [], 'no time can be excluded');
	assert.deepEqual(options('curl|'), []);
});

test('values are offered behind a name: those that begin so first', () => {
	assert.deepEqual(options('agent:|'), ['agent:ctf-web ', 'agent:research-agent ', 'agent:web-crawler ']);
	assert.deepEqual(options('agent:web|'), ['agent:web-crawler ', 'agent:ctf-web ']);
	assert.deepEqual(options('-status:|'), ['-status:success ', '-status:error ', '-status:denied ', '-status:pending ']);
	assert.deepEqual(options('user:AD|'), ['user:ada ']);
	assert.deepEqual(options('tier:b|'), ['tier:blocked ']);
	assert.deepEqual(options('actor:sy|'), ['actor:system ']);
	assert.deepEqual(options('session:|'), []);
	assert.deepEqual(options('foo:|'), []);
});

test('capabilities have families', () => {
	assert.deepEqual(options('capability:files|'),
		['capability:filesystem.* ', 'capability:filesystem.read ', 'capability:filesystem.write ']);
	assert.deepEqual(options('capability:mcp.github|'), ['capability:mcp.github.* ', 'capability:mcp.github.add_label ']);
});

test('days are offered for a range', () => {
	assert.deepEqual(options('from:|'), ['from:2026-11-28 ', 'from:2026-11-27 ', 'from:2026-11-21 ', 'from:2026-10-29 ']);
});

test('in quotes nothing is offered', () => {
	assert.deepEqual(options('"sta|'), []);
	assert.deepEqual(options('agent:"c|'), []);
});

test('there are never too many', () => {
	const many = { ...known, agent_name: Array.from({ length: 500 }, (_, index) => `agent-${index}`) };
	assert.equal(complete('agent:', 6, many).options.length, 10);
});

test('what is taken stands in the place of what was typed', () => {
	const text = 'status:denied ag "curl"';
	assert.deepEqual(accept(text, complete(text, 16, known), 'agent:'), { text: 'status:denied agent: "curl"', caret: 20 });
	const value = 'agent:c "curl"';
	assert.deepEqual(accept(value, complete(value, 7, known), 'agent:ctf-web '), { text: 'agent:ctf-web "curl"', caret: 14 });
	assert.deepEqual(accept('', complete('', 0, known), 'from:'), { text: 'from:', caret: 5 });
});
