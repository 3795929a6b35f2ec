import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const {
	actorOfFilter, commandOf, excludes, exportQuery, filterQuery, includes, isEmpty, isSame, listText, NO_FILTER, readList,
	readView, sumsQuery, toggleExcluded, toggleIncluded, viewQuery, withActor, withFilter,
} = await load('filter.ts');

const filter = more => ({ ...NO_FILTER, ...more });
const view = text => readView(new URLSearchParams(text));

test('the address says all that is asked, and the view writes it back', () => {
	const text = 'actor_type=agent&agent_name=a&agent_name=-b&user_name=ada&capability=shell.*&status=-success' +
		'&policy_tier=notify&session_id=s&call_id=c&source=hook&from=2026-11-20&to=2026-11-21T08%3A00%3A00Z&q=rm+-rf' +
		'&limit=25&offset=50&through=307';
	const read = view(text);
	assert.equal(viewQuery(read).toString(), text);
	assert.deepEqual(read.filter.agent_name, ['a', '-b']);
	assert.deepEqual([read.limit, read.offset, read.through], ['25', '50', '307']);
	assert.deepEqual(read.unknown, []);
});

test('an empty address is no filter', () => {
	assert.ok(isEmpty(view('').filter));
	assert.equal(viewQuery(view('')).toString(), '');
	assert.ok(isEmpty(view('status=&q=&from=').filter), 'empty values are no values');
});

test('a value that stands twice is one', () => {
	assert.deepEqual(view('status=error&status=error').filter.status, ['error']);
});

test('what is wrong stays as it was given', () => {
	const read = view('from=banana&status=bad&limit=-7&offset=x&through=%F0%9F%92%A5');
	assert.equal(viewQuery(read).toString(), 'status=bad&from=banana&limit=-7&offset=x&through=%F0%9F%92%A5');
});

test('parameters that there are not are named', () => {
	assert.deepEqual(view('statsu=denied&utm_source=x&statsu=y&last=7d').unknown, ['statsu', 'utm_source', 'last']);
});

test('another filter begins with its first page', () => {
	const next = withFilter(view('status=error&limit=25&offset=50&through=9'), filter({ status: ['denied'] }));
	assert.equal(viewQuery(next).toString(), 'status=denied&limit=25');
});

test('filters are the same when they ask the same', () => {
	assert.ok(isSame(filter({ status: ['error'] }), view('status=error').filter));
	assert.ok(!isSame(filter({ status: ['error'] }), filter({ status: ['-error'] })));
});

test('sums ask for the range of the page, and never for a text', () => {
	for (const [given, asked] of [
		[{ q: 'curl' }, 'last=7d'],
		[{ status: ['-success'], from: '2026-11-20' }, 'status=-success&from=2026-11-20'],
		[{ to: '2026-11-20' }, 'to=2026-11-20&from=2026-11-14T00%3A00%3A00.000Z'],
		[{ to: '2026-11-20T12:00:00Z' }, 'to=2026-11-20T12%3A00%3A00Z&from=2026-11-13T12%3A00%3A00.000Z'],
		[{ to: 'banana' }, 'to=banana'],
	])
		assert.equal(sumsQuery(filter(given)).toString(), asked, JSON.stringify(given));
});

test('an export has what the page counts, and not the page', () => {
	const page = { from: '2026-11-21T11:34:12.595430Z', through_seq: 307 };
	assert.equal(exportQuery(filter({ status: ['denied'], q: 'curl' }), 'csv', page).toString(),
		'status=denied&from=2026-11-21T11%3A34%3A12.595430Z&q=curl&through=307&format=csv');
	assert.equal(exportQuery(filter({ from: '2026-11-20' }), 'json', page).get('from'), '2026-11-20');
});

test('a click includes, another one takes it back', () => {
	const once = toggleIncluded(NO_FILTER, 'status', 'denied');
	assert.ok(includes(once, 'status', 'denied'));
	assert.deepEqual(toggleIncluded(once, 'status', 'error').status, ['denied', 'error']);
	assert.ok(isEmpty(toggleIncluded(once, 'status', 'denied')));
});

test('to exclude is the opposite of to include', () => {
	const without = toggleExcluded(toggleIncluded(NO_FILTER, 'status', 'success'), 'status', 'success');
	assert.deepEqual(without.status, ['-success']);
	assert.ok(excludes(without, 'status', 'success') && !includes(without, 'status', 'success'));
	assert.deepEqual(toggleIncluded(without, 'status', 'success').status, ['success']);
	assert.ok(isEmpty(toggleExcluded(without, 'status', 'success')));
});

test('one kind of actor takes the place of another', () => {
	const agents = filter({ agent_name: ['a', '-b'], actor_type: ['-user'] });
	const system = toggleIncluded(agents, 'actor_type', 'system');
	assert.deepEqual([system.actor_type, system.agent_name], [['-user', 'system'], ['-b']]);
	assert.deepEqual(toggleIncluded(agents, 'agent_name', 'c').agent_name, ['a', '-b', 'c'], 'agents stand beside each other');
	assert.deepEqual(toggleExcluded(agents, 'user_name', 'ada').agent_name, ['a', '-b'], 'who is excluded displaces nobody');
});

test('the Actor control shows one actor', () => {
	for (const [given, choice] of [
		[{}, ''], [{ actor_type: ['user'] }, 'user'], [{ actor_type: ['system'] }, 'system'],
		[{ agent_name: ['ctf-web'] }, 'agent:ctf-web'], [{ agent_name: ['a:b'] }, 'agent:a:b'],
		[{ user_name: ['ada'] }, 'user:ada'],
	]) {
		assert.equal(actorOfFilter(filter(given)), choice);
		assert.ok(isSame(withActor(filter({ user_name: ['x'], agent_name: ['y'] }), choice), filter(given)), choice);
	}
	for (const given of [{ agent_name: ['a', 'b'] }, { agent_name: ['-a'] }, { agent_name: ['a'], actor_type: ['agent'] }])
		assert.equal(actorOfFilter(filter(given)), undefined);
});

test('several values are one field', () => {
	assert.equal(listText(['shell.*', '-shell.exec']), 'shell.*, -shell.exec');
	assert.deepEqual(readList(' shell.*,-shell.exec  x.y,, x.y'), ['shell.*', '-shell.exec', 'x.y']);
	assert.deepEqual(readList(' , '), []);
});

test('the command line asks the same, quoted for a shell', () => {
	assert.equal(commandOf(NO_FILTER), 'kruxos audit query');
	assert.equal(commandOf(filter({ agent_name: ['a/b'], status: ['-success'], capability: ['shell.*'], q: `it's $(id)` })),
		`kruxos audit query --agent-name=a/b --capability='shell.*' --status=-success --q='it'\\''s $(id)'`);
	for (const q of ['a\nb', 'a\u202eb', 'a\u001b[2Jb', 'a\u200bb'])
		assert.equal(commandOf(filter({ q })), undefined, 'nothing that a terminal takes for something else');
	assert.equal(filterQuery(filter({ q: 'a b' })).toString(), 'q=a+b');
});
