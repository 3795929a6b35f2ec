import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

process.env.TZ = 'Asia/Kolkata';
const { formatBytes, formatClock, formatCountdown, formatDate, formatDuration, formatNumber, formatSpan, formatTime } = await load('format.ts');

const time = new Date('2026-11-28T19:05:09.007Z');

test('a time is that of its zone, on its day', () => {
	assert.equal(formatTime(time, 'utc'), '2026-11-28 19:05:09');
	assert.equal(formatTime(time, 'local'), '2026-11-29 00:35:09');
	assert.equal(formatTime(time, 'utc', { milliseconds: true }), '2026-11-28 19:05:09.007');
	assert.equal(formatDate(time, 'local'), '2026-11-29');
	assert.equal(formatClock(time, 'local', { milliseconds: true }), '00:35:09.007');
});

test('a span is said in the largest unit that says something', () => {
	for (const [ms, words] of [
		[-5000, '0 s'], [0, '0 s'], [499, '0 s'], [59_400, '59 s'], [60_000, '1 min'], [3_599_000, '59 min'],
		[3_600_000, '1 h'], [47.9 * 3_600_000, '47 h'], [48 * 3_600_000, '2 d'], [400 * 86_400_000, '400 d'],
	])
		assert.equal(formatSpan(ms), words, String(ms));
});

test('a duration has three figures or fewer', () => {
	for (const [ms, words] of [
		[0, '0.0 ms'], [0.42, '0.4 ms'], [12.3, '12 ms'], [1200, '1.2 s'], [59_900, '59.9 s'],
		[60_000, '1 min 0 s'], [200_000, '3 min 20 s'],
	])
		assert.equal(formatDuration(ms), words, String(ms));
});

test('no unit is full before the next one begins', () => {
	for (let ms = 0.05; ms < 400_000; ms *= 1.0007)
		assert.doesNotMatch(formatDuration(ms), /^10\.0 ms|^1000 ms|^60\.0 s| 60 s/, String(ms));
});

test('a countdown ends with nothing left, and not before', () => {
	for (const [ms, words] of [
		[-1, '0:00'], [0, '0:00'], [1, '0:01'], [65_000, '1:05'], [3_599_001, '1:00:00'], [90_061_000, '25:01:01'],
	])
		assert.equal(formatCountdown(ms), words, String(ms));
});

test('numbers have groups, and bytes the powers of 1024', () => {
	assert.equal(formatNumber(1_234_567), '1,234,567');
	for (const [bytes, words] of [
		[0, '0 B'], [1023, '1023 B'], [1024, '1.0 KiB'], [1_258_291, '1.2 MiB'], [200 * 1024 ** 2, '200 MiB'],
		[3 * 1024 ** 4, '3.0 TiB'], [5000 * 1024 ** 4, '5000 TiB'],
	])
		assert.equal(formatBytes(bytes), words, String(bytes));
});
