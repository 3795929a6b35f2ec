import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { assertAnswer } from './harness/contract.js';
import { request } from './harness/http.js';
import { until } from './harness/poll.js';
import { Stack, build, run } from './harness/stack.js';

let stack;
let door;

before(async () => {
	stack = await Stack.start({
		'alert always': { when: 'disk_used_percent >= 0', severity: 'info', title: 'There is a disk' },
	});
	door = await stack.door();
});
after(async () => {
	door?.close();
	await stack?.stop();
});

async function get(url, status = 200) {
	const reply = await request(stack.api, url);
	assert.equal(reply.status, status, reply.body.slice(0, 300));
	return assertAnswer(url, reply);
}

function alertWith(title, query = '?state=all') {
	return until(`there is an alert "${title}"`, async () =>
		(await get(`/api/alerts${query}`)).alerts.find(alert => alert.title === title));
}

function entry(capability, more = {}) {
	return { actor_type: 'agent', agent_name: 'deployer', capability, status: 'success', ...more };
}

let commands = 0;
async function command(verb, args) {
	await door.write(JSON.stringify({ do: verb, id: `c${++commands}`, args }) + '\n');
	return await door.answer();
}

async function entriesOf(capability) {
	return await until(`${capability} is in the log`, () => {
		const found = stack.entries().filter(one => one.capability === capability);
		return found.length > 0 && found;
	});
}

async function kruxos(...args) {
	return await run(join(build, 'bin/kruxos'), args, { env: stack.environment });
}

test('a rule of one\'s own fires, and its entry is in the log', async () => {
	const alert = await alertWith('There is a disk', '');
	assert.equal(alert.severity, 'info');
	assert.equal(alert.state, 'firing');
	assert.equal(alert.rule, 'always');
	assert.equal(alert.source, 'rule');
	const fired = (await entriesOf('alerts.fire')).find(one => one.request.rule === 'always');
	assert.equal(fired.actor_type, 'system');
	assert.equal(fired.request.fingerprint, alert.fingerprint);
	const one = await get(`/api/alerts/${alert.id}`);
	assert.deepEqual(one.history.map(({ event }) => event), ['fire']);
});

test('an agent\'s alert is one row and a count', async () => {
	const words = { severity: 'warning', title: 'Deployment failed', message: 'Tests failed on abc1234.', context: { run: 7 } };
	const seqs = await door.record(...Array.from({ length: 500 }, () => entry('alerts.send', { request: words })));
	const alert = await until('all are counted', async () => {
		const found = await alertWith('Deployment failed');
		return found.count === 500 && found;
	});
	assert.equal(alert.severity, 'warning');
	assert.equal(alert.source, 'agent');
	assert.equal(alert.agent_name, 'deployer');
	assert.equal(alert.message, words.message);
	assert.deepEqual(alert.context, words.context);
	assert.equal(alert.seq, seqs.at(-1));
	const { alerts } = await get('/api/alerts?state=all');
	assert.equal(alerts.filter(({ title }) => title === words.title).length, 1);
});

test('what agents say is bounded, and comes to a terminal as text', async () => {
	const title = `\u001b]0;owned\u0007\u202e${'x'.repeat(5000)}`;
	await door.record(entry('alerts.send', { agent_name: 'hostile', request: { title, severity: 7, context: 'none' } }));
	const alert = await until('it is there', async () =>
		(await get('/api/alerts')).alerts.find(one => one.agent_name === 'hostile'));
	assert.ok(Buffer.byteLength(alert.title) <= 200);
	assert.equal(alert.severity, 'warning');
	assert.equal(alert.context, null);
	const { stdout, code } = await kruxos('alerts');
	assert.equal(code, 0);
	// eslint-disable-next-line no-control-regex
	assert.doesNotMatch(stdout, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
	assert.match(stdout, /^System Health: /);
	assert.match(stdout, /\nWARNING\n.*TITLE/);
	// An agent may be called like a service.
	assert.match(stdout, / agent hostile\b/);
});

test('a rate limit is an alert for each agent', async () => {
	await door.record(...Array.from({ length: 3 }, () =>
		entry('rate_limit.hit', { agent_name: 'crawler', status: 'denied' })));
	const alert = await alertWith('Rate limit exceeded');
	assert.equal(alert.agent_name, 'crawler');
	assert.equal(alert.severity, 'warning');
});

test('an acknowledgement has a name, a note, an entry and a place in the history', async () => {
	const { id } = await alertWith('There is a disk');
	const { code, stderr } = await kruxos('alerts', 'ack', String(id), '--note', 'it is meant to be');
	assert.equal(code, 0, stderr);
	const alert = await until('it is acknowledged', async () => {
		const found = await get(`/api/alerts/${id}`);
		return found.acknowledged_by !== null && found;
	});
	assert.equal(alert.note, 'it is meant to be');
	assert.equal(alert.history[0].event, 'acknowledge');
	assert.equal(alert.history[0].user_name, alert.acknowledged_by);
	const [made] = await entriesOf('alerts.acknowledge');
	assert.equal(made.actor_type, 'user');
	assert.equal(made.user_name, alert.acknowledged_by);
	assert.equal(made.request.note, alert.note);
	const { alerts } = await get('/api/alerts?state=acknowledged');
	assert.deepEqual(alerts.map(one => one.id), [id]);
});

test('what is not firing cannot be acknowledged', async () => {
	assert.equal((await command('alerts.acknowledge', { id: '999999' })).error, 'not_found');
	assert.equal((await command('alerts.acknowledge', { id: 'x' })).error, 'out_of_range');
	assert.equal((await command('alerts.acknowledge', { note: 'x' })).error, 'missing_field');
});

test('a silence mutes what it means, is listed, and ends', async () => {
	const preview = await get('/api/silences/preview?matcher=agent_name%3Ddep*&matcher=severity%3Dwarning');
	assert.deepEqual(preview.alerts.map(({ title }) => title), ['Deployment failed']);
	const added = await kruxos('silence', 'add', 'agent_name=dep*', 'severity=warning', '-r', 'being mended', '--for', '2h');
	assert.equal(added.code, 0, added.stderr);
	const id = Number(added.stdout);
	const { silences } = await get('/api/silences');
	assert.equal(silences.length, 1);
	assert.deepEqual(silences[0].matchers, { agent_name: 'dep*', severity: 'warning' });
	assert.equal(silences[0].reason, 'being mended');
	const muted = await get('/api/alerts?state=silenced');
	assert.deepEqual(muted.alerts.map(one => [one.title, one.silenced_by]), [['Deployment failed', id]]);
	assert.equal(muted.silences, 1);
	assert.equal(muted.oldest_silence, silences[0].created_at);
	assert.match((await kruxos('alerts')).stdout, /\n1 silence, (just now|\d+s ago) \(kruxos silence list\)\n$/);
	assert.match((await kruxos('silence', 'list')).stdout, /agent_name=dep\*.*being mended/);
	await entriesOf('alerts.silence');

	assert.equal((await kruxos('silence', 'remove', String(id))).code, 0);
	assert.deepEqual((await get('/api/silences')).silences, []);
	await entriesOf('alerts.unsilence');
	const history = await until('its end stands in the history', async () => {
		const found = (await get(`/api/alerts/${muted.alerts[0].id}`)).history.map(({ event }) => event);
		return found.includes('unsilence') && found;
	});
	assert.ok(history.includes('silence'));
});

test('a silence until resolved ends when nothing that it means is wrong', async () => {
	const { ok } = await command('silences.add', { matchers: ['agent_name=nobody'], reason: 'x', until: 'resolved' });
	assert.ok(ok.id > 0);
	await until('it has ended', async () => (await get('/api/silences')).silences.length === 0);
});

test('bad silences are refused by name', async () => {
	for (const [args, error, field] of [
		[{ matchers: [], reason: 'x' }, 'missing_field', 'matchers'],
		[{ matchers: ['a=b'], reason: 'x' }, 'invalid', 'matchers'],
		[{ matchers: ['title=x'] }, 'missing_field', 'reason'],
		[{ matchers: ['title=x'], reason: 'x', duration: '31d' }, 'out_of_range', 'duration'],
		[{ matchers: ['title=x'], reason: 'x', until: 'noon' }, 'out_of_range', 'until'],
	]) {
		const answer = await command('silences.add', args);
		assert.equal(answer.field, field, JSON.stringify(answer));
		if (error !== 'invalid')
			assert.equal(answer.error, error);
	}
});

test('what is not there is a 404', async () => {
	await get('/api/alerts/999999', 404);
	assert.equal((await get('/api/silences/preview', 400)).parameter, 'matcher');
});

test('a reload with a bad rule keeps the rules that were good', async () => {
	const path = stack.environment.KRUXOS_CONFIG;
	const good = readFileSync(path, 'utf8');
	appendFileSync(path, '\n[alert bad]\nwhen = cpu > 1\n');
	const checked = await kruxos('config', 'check');
	assert.equal(checked.code, 1);
	assert.match(checked.stderr, /kruxos\.conf:\d+: \[alert bad\] when: "cpu" is not a figure or event/);
	process.kill(stack.pidOf('kruxosd'), 'SIGHUP');
	await until('the daemon says so', () => /all stays as it was/.test(stack.output));
	assert.equal((await alertWith('There is a disk')).state, 'firing');

	writeFileSync(path, good.replace('[alert always]', '[alert always]\nenabled = no'));
	process.kill(stack.pidOf('kruxosd'), 'SIGHUP');
	const over = await until('the rule is gone', async () => {
		const found = await alertWith('There is a disk');
		return found.state === 'resolved' && found;
	});
	assert.notEqual(over.resolved_at, null);
	await entriesOf('alerts.resolve');
});
