import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const { entriesOf, placeOf, sourcesOf } = await load('alert.ts');

function alert(more = {}) {
	return {
		id: 7, fingerprint: '4f0c2a6b91d3e857', severity: 'critical', title: 'Service down', message: null,
		source: 'rule', rule: 'service-down', service: 'gateway', agent_name: null, state: 'firing', count: 1,
		acknowledged_by: null, silenced_by: null, seq: null, context: null, ...more,
	};
}

test('an alert stands in one place', () => {
	for (const [more, place] of [
		[{}, 'firing'],
		[{ state: 'pending', count: 0 }, 'pending'],
		[{ acknowledged_by: 'ada' }, 'acknowledged'],
		[{ silenced_by: 3 }, 'silenced'],
		[{ acknowledged_by: 'ada', silenced_by: 3 }, 'silenced'],
		[{ state: 'resolved', acknowledged_by: 'ada', silenced_by: 3 }, 'history'],
	])
		assert.equal(placeOf(alert(more)), place, JSON.stringify(more));
});

test('the source that says most comes last', () => {
	assert.deepEqual(sourcesOf(alert()).map(({ kind, name }) => [kind, name]),
		[['rule', 'service-down'], ['service', 'gateway']]);
	assert.deepEqual(sourcesOf(alert({ source: 'agent', rule: null, service: null, agent_name: 'deployer' }))
		.map(({ kind, href }) => [kind, href]), [['agent', '/audit?actor_type=agent&agent_name=deployer']]);
	assert.deepEqual(sourcesOf(alert({ rule: null, service: null })), []);
});

test('names from outside stay one value of the address', () => {
	const name = 'a&b=c#d"e';
	const [source] = sourcesOf(alert({ rule: null, service: null, agent_name: name }));
	assert.equal(new URL(source.href, 'https://localhost').searchParams.get('agent_name'), name);
	const [rule] = sourcesOf(alert({ rule: name, service: null }));
	assert.equal(new URL(rule.href, 'https://localhost').searchParams.get('q'), '"rule":"a&b=c#d\\"e"');
});

test('its entries are found by its fingerprint', () => {
	assert.equal(entriesOf(alert()), '/audit?capability=alerts.*&q=4f0c2a6b91d3e857');
});
