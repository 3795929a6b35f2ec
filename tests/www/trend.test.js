import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

process.env.TZ = 'Asia/Kolkata';
const { aloneIn, summaryOf, tickLabel, trendOf } = await load('trend.ts');

const point = (minute, average, minimum = average, maximum = average) =>
	({ time: `2026-11-28T12:0${minute}:00.000000Z`, average, minimum, maximum });
const history = {
	from: '2026-11-28T12:00:00.000000Z', to: '2026-11-28T12:04:00.000000Z', step_seconds: 60,
	figures: [{ figure: 'cpu_percent', points: [point(0, 10, 5, 20), point(1, null), point(2, 30, 0, 90), point(3, null)] }],
};
const noon = Date.parse('2026-11-28T12:00:00Z') / 1000;

test('a figure becomes columns, and what was not measured stays null', () => {
	assert.deepEqual(trendOf(history, 'cpu_percent'), {
		from: noon, to: noon + 240, times: [noon, noon + 60, noon + 120, noon + 180],
		average: [10, null, 30, null], minimum: [5, null, 0, null], maximum: [20, null, 90, null],
	});
	assert.equal(trendOf(history, 'memory_percent'), undefined);
});

test('three numbers say all of it, of what was measured', () => {
	assert.deepEqual(summaryOf(trendOf(history, 'cpu_percent')), { average: 20, minimum: 0, maximum: 90, known: 0.5 });
	assert.equal(summaryOf({ ...trendOf(history, 'cpu_percent'), average: [null, null] }), null);
});

test('a point with a gap on both sides is found', () => {
	for (const [values, alone] of [
		[[], []], [[1], [0]], [[1, 2], []], [[null, 1, null, 2, 3, null], [1]], [[1, null, 2], [0, 2]], [[null], []],
		[[0, null], [0]],
	])
		assert.deepEqual(aloneIn(values), alone, JSON.stringify(values));
});

test('a tick says the hour, or the day where one begins or is the step', () => {
	for (const [time, apart, zone, label] of [
		['2026-11-28T12:30:00Z', 900, 'utc', '12:30'],
		['2026-11-28T12:30:00Z', 900, 'local', '18:00'],
		['2026-11-28T00:00:00Z', 21_600, 'utc', '11-28'],
		['2026-11-28T18:30:00Z', 21_600, 'local', '11-29'],
		['2026-11-28T12:00:00Z', 86_400, 'utc', '11-28'],
	])
		assert.equal(tickLabel(Date.parse(time) / 1000, apart, zone), label, `${time} ${zone}`);
});

const { historyPath, rangeOf } = await load('api/health.ts');

test('a range that is none is the shortest one', () => {
	for (const [text, range] of [[null, '1h'], ['24h', '24h'], ['30d', '30d'], ['', '1h'], ['2h', '1h'], ['constructor', '1h']])
		assert.equal(rangeOf(text), range, String(text));
});

test('what is asked for reaches back as far as the range', () => {
	const before = Date.now();
	const query = new URL(historyPath('7d'), 'http://localhost').searchParams;
	const from = Date.parse(query.get('from')) + 7 * 86_400_000;

	assert.deepEqual(query.getAll('figure'), ['memory_percent', 'cpu_percent', 'disk_used_percent']);
	assert.ok(from >= before && from <= Date.now());
});
