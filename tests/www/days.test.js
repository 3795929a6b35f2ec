import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

process.env.TZ = 'Europe/Berlin';
const { DAYS, columnOf, daysOf, healthyPercent, isWhole, knownOf, sumOf } = await load('days.ts');

const HOUR = 3_600_000, DAY = 24 * HOUR;
const now = new Date('2026-11-28T12:00:00Z');
const span = (status, since, until) => ({ status, since: new Date(since).toISOString(), until: new Date(until).toISOString() });
const ago = ms => now.getTime() - ms;

test('ninety days end today, now, the oldest first', () => {
	const days = daysOf([], now, 'utc');

	assert.equal(days.length, DAYS);
	assert.equal(DAYS, 90);
	assert.equal(days[0].since, Date.parse('2026-08-31T00:00:00Z'));
	assert.equal(days.at(-1).since, Date.parse('2026-11-28T00:00:00Z'));
	assert.equal(days.at(-1).until, now.getTime());
	for (let at = 1; at < DAYS; at++)
		assert.equal(days[at].since, days[at - 1].until);
});

test('a day is one of the zone, and 25 hours long where the clock goes back', () => {
	const days = daysOf([span('healthy', ago(100 * DAY), now)], now, 'local');
	const back = days.find(day => day.since === Date.parse('2026-10-24T22:00:00Z'));

	assert.equal(days.at(-1).since, Date.parse('2026-11-27T23:00:00Z'));
	assert.equal(back.until - back.since, 25 * HOUR);
	assert.equal(back.healthy, 25 * HOUR);
});

test('a span counts in each day that it touches, for as long as it does', () => {
	const days = daysOf([
		span('unhealthy', '2026-11-26T23:00:00Z', '2026-11-28T01:00:00Z'),
		span('degraded', '2026-11-26T20:00:00Z', '2026-11-26T23:00:00Z'),
	], now, 'utc').slice(-3);

	assert.deepEqual(days.map(day => day.unhealthy), [HOUR, 24 * HOUR, HOUR]);
	assert.deepEqual(days.map(day => day.degraded), [3 * HOUR, 0, 0]);
	assert.deepEqual(days.map(day => day.healthy), [0, 0, 0]);
});

test('what no span covers is not known, nor is what is unknown', () => {
	const days = daysOf([
		span('healthy', ago(2 * HOUR), ago(HOUR)), span('unknown', ago(HOUR), now),
		span('healthy', ago(200 * DAY), ago(100 * DAY)),
	], now, 'utc');

	assert.equal(knownOf(sumOf(days)), HOUR);
	assert.equal(isWhole(days), false);
	assert.equal(columnOf(days.at(-1)).status, 'healthy');
	assert.deepEqual(columnOf(days.at(-2)), { status: 'unknown', trouble: 0 });
	assert.equal(healthyPercent(days.at(-2)), null);
});

test('known for nearly all of it is known', () => {
	assert.equal(isWhole(daysOf([span('healthy', ago(95 * DAY), now)], now, 'utc')), true);
	assert.equal(isWhole(daysOf([span('healthy', ago(89.5 * DAY), ago(HOUR))], now, 'utc')), true);
	assert.equal(isWhole(daysOf([span('healthy', ago(80 * DAY), now)], now, 'utc')), false);
});

test('a percentage says never more than was healthy', () => {
	for (const [durations, percent] of [
		[{ healthy: 0, degraded: 0, unhealthy: 0 }, null],
		[{ healthy: 5, degraded: 0, unhealthy: 0 }, '100'],
		[{ healthy: 999_999, degraded: 0, unhealthy: 1 }, '99.9'],
		[{ healthy: 998, degraded: 1, unhealthy: 1 }, '99.8'],
		[{ healthy: 1, degraded: 0, unhealthy: 999_999 }, '0.0'],
		[{ healthy: 0, degraded: 9, unhealthy: 0 }, '0.0'],
	])
		assert.equal(healthyPercent(durations), percent, JSON.stringify(durations));
});

test('a column has the colour of its worst, and its trouble can be seen', () => {
	for (const [day, status, trouble] of [
		[{ healthy: 1, degraded: 0, unhealthy: 0 }, 'healthy', 0],
		[{ healthy: 86_399, degraded: 1, unhealthy: 0 }, 'degraded', 0.3],
		[{ healthy: 86_000, degraded: 399, unhealthy: 1 }, 'unhealthy', 0.3],
		[{ healthy: 20, degraded: 30, unhealthy: 50 }, 'unhealthy', 0.8],
		[{ healthy: 0, degraded: 0, unhealthy: 7 }, 'unhealthy', 1],
	])
		assert.deepEqual(columnOf(day), { status, trouble }, JSON.stringify(day));
});
