import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const { toneOfLatency, toneOfLoad } = await load('tones.ts');

test('a load changes at 60 and at 80 percent', () => {
	for (const [percent, tone] of [
		[null, 'unknown'], [0, 'ok'], [59.9, 'ok'], [60, 'warn'], [79.9, 'warn'], [80, 'bad'], [100, 'bad'],
	])
		assert.equal(toneOfLoad(percent), tone, String(percent));
});

test('a latency changes at a tenth of a second and at a second', () => {
	for (const [ms, tone] of [
		[null, 'unknown'], [0, 'ok'], [99.9, 'ok'], [100, 'warn'], [999.9, 'warn'], [1000, 'bad'], [5000, 'bad'],
	])
		assert.equal(toneOfLatency(ms), tone, String(ms));
});
