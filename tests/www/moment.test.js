import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

process.env.TZ = 'Asia/Kolkata';
const { fromInput, readMoment, toInput, writeMoment } = await load('moment.ts');

test('a moment is what the API takes for one', () => {
	for (const [text, iso] of [
		['2026-11-20', '2026-11-20T00:00:00.000Z'], ['2026-11-20T08:00:00Z', '2026-11-20T08:00:00.000Z'],
		['2026-11-20T08:00:00+01:00', '2026-11-20T07:00:00.000Z'], ['2026-11-20t08:00:00.123456z', '2026-11-20T08:00:00.123Z'],
	])
		assert.equal(readMoment(text)?.toISOString(), iso, text);
	for (const text of ['', 'banana', '2026-13-01', '2026-02-30', '2026-11-20T08:00', '2026-11-20T25:00:00Z', '20261120', '<b>', '2026-11-20 '])
		assert.equal(readMoment(text), undefined, text);
});

test('a date as an end is the end of its day', () => {
	assert.equal(readMoment('2026-11-20', true).toISOString(), '2026-11-21T00:00:00.000Z');
	assert.equal(readMoment('2026-11-20T08:00:00Z', true).toISOString(), '2026-11-20T08:00:00.000Z');
});

test('the date input has the chosen zone', () => {
	assert.equal(toInput('2026-11-20T20:00:00Z', 'utc'), '2026-11-20T20:00', 'as the browser writes whole minutes');
	assert.equal(toInput('2026-11-20T20:00:07Z', 'local'), '2026-11-21T01:30:07');
	assert.equal(toInput('2026-11-20', 'utc', true), '2026-11-21T00:00');
	assert.equal(toInput('banana', 'utc'), '');
});

test('what is put into it comes back', () => {
	assert.equal(fromInput('2026-11-20T20:00', 'utc'), '2026-11-20T20:00:00Z');
	assert.equal(fromInput('2026-11-21T01:30:15', 'local'), '2026-11-20T20:00:15Z');
	assert.equal(fromInput('', 'utc'), '');
	assert.equal(fromInput('banana', 'local'), '');
	for (const zone of ['utc', 'local'])
		assert.equal(fromInput(toInput('2026-03-29T01:02:03Z', zone), zone), '2026-03-29T01:02:03Z');
	assert.equal(writeMoment(new Date('2026-11-20T20:00:00.250Z')), '2026-11-20T20:00:00.250Z');
});
