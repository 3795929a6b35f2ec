import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const { ANY, matchersOf, matcherTexts, mayMeanCritical } = await load('silence.ts');

function alert(more = {}) {
	return {
		severity: 'warning', title: 'Deployment failed', source: 'rule', rule: null, service: null, agent_name: null, ...more,
	};
}

test('a rule\'s alert is meant by the rule and the thing that it looks at', () => {
	assert.deepEqual(matcherTexts(matchersOf(alert({ rule: 'service-down', service: 'gateway' }))),
		['rule=service-down', 'service=gateway']);
	assert.deepEqual(matcherTexts(matchersOf(alert({ rule: 'rate-limit', agent_name: 'crawler' }))),
		['rule=rate-limit', 'agent_name=crawler']);
});

test('an agent\'s alert is meant by the agent and its title', () => {
	assert.deepEqual(matcherTexts(matchersOf(alert({ source: 'agent', agent_name: 'deployer' }))),
		['source=agent', 'agent_name=deployer', 'title=Deployment failed']);
});

test('a title of several lines becomes a pattern of one', () => {
	const { title } = matchersOf(alert({ source: 'agent', agent_name: 'x', title: 'a\r\nb\u0000c = d' }));
	assert.equal(title, 'a*b*c = d');
});

test('what is any is no matcher', () => {
	assert.deepEqual(matcherTexts(ANY), []);
	assert.deepEqual(matcherTexts({ ...ANY, title: 'a=b' }), ['title=a=b']);
});

test('only a severity below critical leaves the critical ones alone', () => {
	assert.ok(mayMeanCritical(ANY));
	assert.ok(mayMeanCritical({ ...ANY, severity: 'critical', title: 'x' }));
	assert.ok(!mayMeanCritical({ ...ANY, severity: 'info' }));
});
