import assert from 'node:assert/strict';
import { test } from 'node:test';

import { random } from '../api/harness/random.js';
import { load } from './harness/bundle.js';

const { formatQuery, parseQuery, queryValue, readTerms } = await load('query.ts');
const { filterQuery, NO_FILTER } = await load('filter.ts');

const filter = more => ({ ...NO_FILTER, ...more });
const parsed = text => parseQuery(text).filter;
const failed = text => parseQuery(text).error;
const asked = of => filterQuery(of).toString();

test('a query says what the specification’s example says', () => {
	assert.deepEqual(parsed('agent:ctf-web status:denied capability:shell.* from:2026-11-20 "curl"'), filter({
		agent_name: ['ctf-web'], status: ['denied'], capability: ['shell.*'], from: '2026-11-20', q: 'curl',
	}));
});

test('names may be short or whole, in any case', () => {
	for (const [text, name] of [
		['agent:x', 'agent_name'], ['agent_name:x', 'agent_name'], ['user:x', 'user_name'], ['USER:x', 'user_name'],
		['actor:x', 'actor_type'], ['tier:x', 'policy_tier'], ['session:x', 'session_id'], ['call:x', 'call_id'],
		['source:x', 'source'], ['Status:x', 'status'], ['capability:x', 'capability'],
	])
		assert.deepEqual(parsed(text), filter({ [name]: ['x'] }), text);
});

test('a minus means none of that, and a name twice means any of them', () => {
	assert.deepEqual(parsed('-status:success').status, ['-success']);
	assert.deepEqual(parsed('status:error status:denied -agent:a agent:b status:error'),
		filter({ status: ['error', 'denied'], agent_name: ['-a', 'b'] }));
});

test('values may hold colons, slashes, and be quoted', () => {
	assert.deepEqual(parsed('session:a:b/c@d').session_id, ['a:b/c@d']);
	assert.deepEqual(parsed('agent:"two words"').agent_name, ['two words']);
	assert.equal(parsed('from:2026-11-20T08:00:00+01:00').from, '2026-11-20T08:00:00+01:00');
});

test('what stands alone is the text that is searched for', () => {
	for (const [text, q] of [
		['curl', 'curl'], ['  rm   -rf ', 'rm -rf'], ['"rm   -rf"', 'rm   -rf'], ['https://example.com/x', 'https://example.com/x'],
		['status:denied connection refused', 'connection refused'], ['-rf', '-rf'], ['12:30', '12:30'], ['$(id)', '$(id)'],
		['""', ''], ['it"s', 'it"s'],
	])
		assert.equal(parsed(text)?.q, q, text);
});

test('in quotes, backslashes stand for what cannot be seen', () => {
	assert.equal(parsed('"a\\"b\\\\c\\nd\\re\\tf\\u{202e}g\\u{1F4A5}h"').q, 'a"b\\c\nd\re\tf\u202eg\u{1f4a5}h');
	assert.equal(parsed('"C:\\dir \\x"').q, 'C:\\dir \\x', 'any other backslash is itself');
});

test('an empty query is no filter', () => {
	for (const text of ['', '   ', '\t'])
		assert.deepEqual(parsed(text), NO_FILTER);
});

test('what is wrong is named, with its term', () => {
	for (const [text, code, term] of [
		['foo:bar', 'unknown_name', 'foo:bar'],
		['status:denied -foo:bar', 'unknown_name', '-foo:bar'],
		['limit:5', 'unknown_name', 'limit:5'],
		['constructor:x', 'unknown_name', 'constructor:x'],
		['status:', 'no_value', 'status:'],
		['status:""', 'no_value', 'status:""'],
		['"curl', 'open_quote', '"curl'],
		['agent:"a b', 'open_quote', 'agent:"a b'],
		['"a" "b"', 'second_text', '"b"'],
		['a status:denied b', 'second_text', 'b'],
		['"a" b', 'second_text', 'b'],
		['-"curl"', 'negative_text', '-"curl"'],
		['-from:2026-11-20', 'negative_time', '-from:2026-11-20'],
		['to:2026-11-20 to:2026-11-21', 'twice', 'to:2026-11-21'],
		['"\\u{110000}"', 'bad_escape', '"\\u{110000}"'],
	])
		assert.deepEqual(failed(text), { code, term }, text);
});

test('a filter is written in one way', () => {
	assert.equal(formatQuery(NO_FILTER), '');
	assert.equal(formatQuery(filter({
		q: 'curl', from: '2026-11-20', capability: ['shell.*'], status: ['denied', '-error'], agent_name: ['ctf-web'],
		policy_tier: ['notify'], user_name: ['ada'], actor_type: ['agent'], session_id: ['s'], call_id: ['c'], source: ['cli'],
		to: '2026-11-21',
	})), 'agent:ctf-web user:ada actor:agent status:denied -status:error capability:shell.* tier:notify session:s call:c ' +
		'source:cli from:2026-11-20 to:2026-11-21 "curl"');
});

test('nothing that is written is invisible', () => {
	const text = formatQuery(filter({ q: 'a\u202eb\u200bc\u0000d\ne\r\nf\u{e0041}', agent_name: ['x\u2066y'] }));
	assert.equal(text, 'agent:"x\\u{2066}y" "a\\u{202e}b\\u{200b}c\\u{0000}d\\ne\\r\\nf\\u{e0041}"');
	assert.equal(queryValue('plain'), 'plain');
	assert.equal(queryValue(''), '""');
});

test('every filter survives being written and read, whatever it holds', () => {
	const chance = random(20261128);
	const pieces = ['a', 'Z', '.', '*', '-', ':', '/', '//', '"', '\\', ' ', '\t', '\n', '\r\n', 'u{41}', '\\u{41}', '{', '\u00a0', '\u2028',
		'\u202e', '\u0000', '\u{1f4a5}', 'é', '<script>', 'status:', '-', '\ufeff', ',', "'"];
	const text = () => Array.from({ length: chance.below(6) }, () => chance.pick(pieces)).join('');
	const values = () => [...new Set(Array.from({ length: chance.below(3) }, text))].filter(value => value !== '');

	for (let round = 0; round < 3000; round++) {
		const given = filter({
			agent_name: values(), user_name: values(), actor_type: values(), capability: values(), status: values(),
			policy_tier: values(), session_id: values(), call_id: values(), source: values(), q: text(), from: text(), to: text(),
		});
		const written = formatQuery(given);
		assert.doesNotMatch(written, /[\n\r]/, 'it is one line');
		assert.equal(asked(parsed(written) ?? NO_FILTER), asked(given), written);
	}
});

test('terms tile what is not white space', () => {
	const chance = random(7);
	const pieces = ['a', ' ', '"', '\\', ':', '-', 'status:', '//', '\u{1f4a5}', '\n'];

	for (let round = 0; round < 2000; round++) {
		const text = Array.from({ length: chance.below(12) }, () => chance.pick(pieces)).join('');
		let at = 0;
		for (const { start, end } of readTerms(text)) {
			assert.equal(text.slice(at, start).trim(), '', text);
			assert.ok(end > start, text);
			at = end;
		}
		assert.equal(text.slice(at).trim(), '', text);
	}
});
