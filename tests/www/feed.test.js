import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const { beginFeed, emptyFeed, hold, narrow, show, SHOWN_MAX } = await load('feed.ts');

const entry = (seq, more = {}) => ({ seq, actor_type: 'agent', agent_name: 'a', capability: 'shell.exec', status: 'success', ...more });
const row = (seq, more) => ({ seq, entry: entry(seq, more) });
const gap = (seq, skipped = 1) => ({ seq, gap: { skipped, from: 1, to: seq } });
/** As they come: from..to, the oldest first. */
const rows = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => row(from + index));
const seqs = list => list.map(({ seq }) => seq);

test('a page begins with the newest on top', () => {
	assert.deepEqual(seqs(beginFeed([entry(3), entry(2)]).rows), [3, 2]);
});

test('what comes stands on top', () => {
	const feed = show(beginFeed([entry(2), entry(1)]), rows(3, 5));
	assert.deepEqual(seqs(feed.rows), [5, 4, 3, 2, 1]);
});

test('no more than the newest are kept, whatever comes', () => {
	let feed = emptyFeed;
	for (let batch = 0; batch < 50; batch++)
		feed = show(feed, rows(batch * 30 + 1, batch * 30 + 30));
	assert.deepEqual(seqs(feed.rows), seqs(rows(1501 - SHOWN_MAX, 1500)).reverse());
	feed = show(feed, rows(1501, 2500));
	assert.deepEqual(seqs(feed.rows), seqs(rows(2501 - SHOWN_MAX, 2500)).reverse());
});

test('who reads is not moved, and is told how many wait', () => {
	const before = beginFeed([entry(2), entry(1)]);
	const held = hold(hold(before, rows(3, 5)), rows(6, 39));
	assert.equal(held.rows, before.rows);
	assert.equal(held.waitingCount, 37);
});

test('what has waited is shown, with what came since', () => {
	const feed = show(hold(beginFeed([entry(1)]), rows(2, 3)), rows(4, 4));
	assert.deepEqual(seqs(feed.rows), [4, 3, 2, 1]);
	assert.deepEqual([feed.waiting, feed.waitingCount], [[], 0]);
});

test('many wait in little room', () => {
	let feed = beginFeed([entry(1)]);
	for (let seq = 2; seq < 2002; seq += 10)
		feed = hold(feed, rows(seq, seq + 9));
	feed = hold(feed, rows(5000, 5001), 100);
	assert.equal(feed.waiting.length, SHOWN_MAX);
	assert.equal(feed.waitingCount, 2100);
	assert.deepEqual(seqs(show(feed).rows).slice(0, 3), [5001, 5000, 2001]);
});

test('where nothing came, nothing changes', () => {
	const feed = beginFeed([entry(1)]);
	assert.equal(show(feed), feed);
	assert.equal(show(feed, []), feed);
});

test('an entry that came twice stands once', () => {
	assert.deepEqual(seqs(show(beginFeed([entry(3), entry(2)]), rows(3, 4)).rows), [4, 3, 2]);
});

test('of a log that was replaced, the old entries go', () => {
	const feed = show(beginFeed([entry(900), entry(899)]), [gap(5, null), row(6)]);
	assert.deepEqual(seqs(feed.rows), [6, 5]);
});

test('a substring narrows by all that an entry says', () => {
	const list = [
		row(5, { capability: 'filesystem.read' }), row(4, { agent_name: 'Crawler' }), gap(3),
		row(2, { summary: 'Permission denied' }), row(1, { request: { env: [{ NAME: 'value "quoted"' }], port: 8080 } }),
	];
	for (const [substring, expected] of [
		['', [5, 4, 3, 2, 1]], ['filesystem', [5, 3]], ['crawler', [4, 3]], ['PERMISSION', [3, 2]], ['name', [3, 1]],
		['"quoted"', [3, 1]], ['8080', [3, 1]], ['nothing of the kind', [3]],
	])
		assert.deepEqual(seqs(narrow(list, substring)), expected, substring);
});
