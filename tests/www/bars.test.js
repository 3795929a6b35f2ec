import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const { bars, bucketAt, rangeOf, ticks } = await load('bars.ts');

const bucket = (time, more) => ({ time, success: 0, error: 0, denied: 0, pending: 0, ...more });
const hours = Array.from({ length: 24 }, (_, hour) => bucket(new Date(Date.UTC(2026, 10, 27, hour)).toISOString()));
const day = { from: '2026-11-27T00:20:30.5Z', to: '2026-11-27T23:30:00.000000Z', step_seconds: 3600, buckets: hours };

test('a bar is stacked from the ground, what went wrong first', () => {
	const [one, none] = bars([bucket('', { success: 6, error: 2, denied: 1, pending: 1 }), bucket('')], 20, 100);
	assert.deepEqual(one.parts.map(({ status, y, height }) => [status, y, height]),
		[['error', 80, 20], ['denied', 70, 10], ['pending', 60, 10], ['success', 0, 60]]);
	assert.deepEqual(none.parts, []);
	assert.deepEqual([one.x, none.x], [0, 10]);
});

test('one error among a million can be seen, and nothing leaves the chart', () => {
	const [bar] = bars([bucket('', { success: 1_000_000, error: 1 })], 10, 100);
	assert.ok(bar.parts[0].height >= 2);
	assert.ok(bar.parts.every(({ y }) => y >= 0));
	for (const count of [1, 200, 2000])
		assert.ok(bars(Array(count).fill(bucket('', { success: 1 })), 300, 100).every(({ x, width }) => x >= 0 && x + width <= 301 && width > 0));
});

test('the pointer is in a bucket, however far outside', () => {
	for (const [x, index] of [[-50, 0], [0, 0], [99, 9], [100, 9], [1000, 9], [55, 5]])
		assert.equal(bucketAt(x, 100, 10), index);
});

test('a stretch is a range within the whole', () => {
	assert.deepEqual(rangeOf(day, 3, 5), { from: '2026-11-27T03:00:00Z', to: '2026-11-27T06:00:00Z' });
	assert.deepEqual(rangeOf(day, 0, 0), { from: '2026-11-27T00:20:30Z', to: '2026-11-27T01:00:00Z' }, 'not before its beginning');
	assert.equal(rangeOf(day, 20, 23).to, '', 'the end that is now stays open');
});

test('marks stand at round times of the zone', () => {
	assert.deepEqual(ticks(day, 4, 0).map(({ time }) => time.getUTCHours()), [0, 6, 12, 18]);
	assert.deepEqual(ticks(day, 2, -330 * 60_000).map(({ time }) => time.toISOString().slice(11, 16)), ['06:30', '18:30']);
	assert.ok(ticks(day, 5, 0).every(({ at }) => at >= 0 && at < 1));
	assert.ok(ticks({ ...day, buckets: [] }, 5, 0).length === 0);
});
