import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const { callsOf } = await load('calls.ts');
const { timescaleOf } = await load('timescale.ts');

const BEGIN = Date.parse('2026-11-28T10:00:00Z');
const MINUTE = 60, HOUR = 3600;

/** Calls, each done `at` so many seconds after `took`. */
function callsAt(...list) {
	return callsOf(list.map(([at, took = 0, more = {}], index) => ({
		seq: index + 1, time: new Date(BEGIN + at * 1000).toISOString(), actor_type: 'agent', agent_name: 'a',
		capability: 'shell.exec', status: 'success', call_id: `c${index}`, duration_ms: took * 1000, ...more,
	})));
}

const at = (scale, second) => Number(scale.at(BEGIN + second * 1000).toFixed(3));

test('where nothing is long, places are as times', () => {
	const scale = timescaleOf(callsAt([0], [50, 20], [100]));
	assert.deepEqual([0, 25, 30, 50, 100].map(second => at(scale, second)), [0, 0.25, 0.3, 0.5, 1]);
	assert.deepEqual(scale.pauses, []);
});

test('times outside stand at the ends', () => {
	const scale = timescaleOf(callsAt([0], [10]));
	assert.deepEqual([at(scale, -5), at(scale, 99)], [0, 1]);
});

test('a pause of hours leaves room for what happened', () => {
	const scale = timescaleOf(callsAt([MINUTE, MINUTE], [10 * HOUR + MINUTE, MINUTE]));
	assert.equal(scale.pauses.length, 1);
	assert.equal(scale.pauses[0].ms, (10 * HOUR - MINUTE) * 1000);
	assert.ok(at(scale, MINUTE) > 0.3, String(at(scale, MINUTE)));
	assert.ok(at(scale, 10 * HOUR) > at(scale, MINUTE));
	assert.ok(at(scale, 10 * HOUR) < 0.7, String(at(scale, 10 * HOUR)));
});

test('what runs for hours is no pause', () => {
	const scale = timescaleOf(callsAt([0], [10 * HOUR, 10 * HOUR]));
	assert.deepEqual(scale.pauses, []);
});

test('to wait a little for a word is no pause, to wait a night is', () => {
	const asked = { call_id: 'g', capability: 'approval.request', status: 'pending' };
	const accepted = { call_id: 'g', capability: 'approval.accept', actor_type: 'user', agent_name: undefined, user_name: 'ada' };
	assert.equal(timescaleOf(callsAt([0, 0, asked], [9 * MINUTE, 0, accepted])).pauses.length, 0);
	assert.equal(timescaleOf(callsAt([0, 0, asked], [9 * HOUR, 0, accepted], [9 * HOUR + MINUTE, MINUTE])).pauses.length, 1);
});

test('places never run backwards, and ticks do not crowd', () => {
	const list = Array.from({ length: 200 }, (_, index) => [index ** 3 / 10, index % 7]);
	const scale = timescaleOf(callsAt(...list));
	let last = -1;
	for (let second = 0; second <= 800_000; second += 1700) {
		const place = scale.at(BEGIN + second * 1000);
		assert.ok(place >= last && place >= 0 && place <= 1, `${place} after ${last}`);
		last = place;
	}
	assert.equal(scale.ticks[0].ms, 0);
	for (const [index, tick] of scale.ticks.entries()) {
		assert.ok(tick.at >= 0 && tick.at <= 1);
		assert.ok(index === 0 || tick.at - scale.ticks[index - 1].at >= 0.09, JSON.stringify(scale.ticks));
	}
});

test('ticks are round', () => {
	for (const [length, step] of [[0.05, 0.01], [6, 1], [90, 15], [20 * MINUTE, 5 * MINUTE], [70 * HOUR, 12 * HOUR]]) {
		const scale = timescaleOf(callsAt([length, length]));
		assert.deepEqual(scale.ticks.slice(0, 3).map(tick => tick.ms), [0, step * 1000, 2 * step * 1000], String(length));
	}
});

test('one moment is a scale, and so is nothing', () => {
	assert.equal(at(timescaleOf(callsAt([5])), 5), 0);
	assert.deepEqual(timescaleOf([]).ticks.map(tick => tick.ms), [0]);
});
