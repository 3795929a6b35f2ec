// What agents may, how often, and what a person has to say to it first: by
// kruxos.conf, through capability.invoke, to the log and its figures.

import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';

import { until } from './harness/poll.js';
import { Stack, build } from './harness/stack.js';
import { Terminal } from './harness/terminal.js';

const settings = {
	policy: {
		'system.*': 'notify',
		'alerts.list': 'blocked',
		'alerts.send': 'approval_required',
	},
	'policy agent trusted': { 'alerts.*': 'autonomous' },
	limit: { 'system.info': '2/1h', 'alerts.send': 'none' },
	gateway: { approval_timeout: '1h' },
	door: { operator_group: 'nogroup' },
};

let stack;
let door;
const tokens = {};

before(async () => {
	stack = await Stack.start(settings);
	door = await stack.door();
	for (const name of ['fixer', 'other', 'trusted'])
		tokens[name] = (await door.command('agent.create', { name, purpose: 'a test' })).token;
});
after(async () => {
	door?.close();
	await stack?.stop();
});

const invoke = (capability, args = {}, agent = 'fixer', more = {}) =>
	door.command('capability.invoke', { capability, arguments: args, ...more }, 'test', tokens[agent]);

/** What alerts.send is to send. */
const alert = title => ({ severity: 'info', title, message: 'of a test' });

async function refused(promise, code) {
	const error = await promise.then(() => assert.fail('it was not refused'), reason => reason);
	assert.equal(error.error, code, error.message);
	return error;
}

/** Entries of a call, the oldest first: [capability, who, status, tier, decided_by]. */
async function entriesOf(call_id) {
	const { entries } = await stack.get(`/api/audit?call_id=${call_id}&limit=50`);
	return entries.toReversed().map(entry => [entry.capability, entry.agent_name ?? entry.user_name ?? null,
		entry.status, entry.policy_tier ?? null, entry.decided_by ?? null]);
}

async function untilRecorded(call_id, count) {
	return until(`${count} entries of ${call_id}`, async () => {
		const found = await entriesOf(call_id);
		return found.length >= count && found;
	});
}

const me = userInfo().username;

test('the door tells what the policy says, and which line', async () => {
	const conf = readFileSync(stack.environment.KRUXOS_CONFIG, 'utf8').split('\n');
	const line = text => conf.findIndex(one => one === text) + 1;
	const ask = (agent_name, capability) => door.command('policy.ask', { agent_name, capability });
	assert.deepEqual(await ask('fixer', 'alerts.list'), {
		policy_tier: 'blocked', explicit: true,
		line: `kruxos.conf:${line('alerts.list = blocked')}: alerts.list = blocked`,
	});
	assert.deepEqual(await ask('trusted', 'alerts.send'), {
		policy_tier: 'autonomous', explicit: true,
		line: `kruxos.conf:${line('alerts.* = autonomous')}: [policy agent trusted] alerts.* = autonomous`,
	});
	assert.deepEqual(await ask('fixer', 'shell.exec'), { policy_tier: 'autonomous', explicit: false, line: null });
	assert.equal((await refused(ask('a b', 'shell.exec'), 'out_of_range')).field, 'agent_name');
	assert.equal((await refused(ask('fixer', 'shell'), 'out_of_range')).field, 'capability');
});

test('kruxos policy explain says the same, and why', async () => {
	const explain = async (...args) => (await stack.kruxos(['policy', 'explain', ...args])).stdout;
	assert.match(await explain('fixer', 'system.info'), new RegExp('^system\\.info is notify for fixer\n' +
		'/.*/kruxos\\.conf:\\d+: system\\.\\* = notify\nit is the only one that fits\n' +
		'how often: kruxos\\.conf:\\d+: \\[limit\\] system\\.info = 2/1h\n$'));
	const { why, file, line, ...rest } = JSON.parse(await explain('trusted', 'alerts.send', '--json'));
	assert.deepEqual(rest, {
		agent_name: 'trusted', capability: 'alerts.send', policy_tier: 'autonomous',
		pattern: 'alerts.*', of_agent: true, limit: null,
	});
	assert.match(why, /the agent's own section comes before \[policy\]$/);
	assert.equal(readFileSync(file, 'utf8').split('\n')[line - 1], 'alerts.* = autonomous');
	assert.match(await explain('fixer', 'shell.exec'),
		/^shell\.exec is autonomous for fixer\nno line fits: what is not configured is autonomous\n$/);
	const misused = await stack.kruxos(['policy', 'explain', 'fixer', 'shell']);
	assert.equal(misused.code, 64);
});

test('a call has the tier that the policy gives it', async () => {
	assert.equal((await invoke('system.health')).policy_tier, 'notify');
	const { call_id } = await invoke('alerts.send', alert('hello'), 'trusted');
	assert.deepEqual(await untilRecorded(call_id, 1), [['alerts.send', 'trusted', 'success', 'autonomous', 'policy']]);
});

test('what is blocked is denied, and the line is named', async () => {
	const error = await refused(invoke('alerts.list', {}, 'fixer', { call_id: 'blocked-1' }), 'not_allowed');
	assert.match(error.detail, /kruxos\.conf:\d+: alerts\.list = blocked/);
	assert.deepEqual(await untilRecorded('blocked-1', 1), [['alerts.list', 'fixer', 'denied', 'blocked', 'policy']]);
});

test('each agent has its own limit, and is told how long to wait', async () => {
	await invoke('system.info');
	await invoke('system.info');
	const error = await refused(invoke('system.info', {}, 'fixer', { call_id: 'often-1' }), 'too_many');
	assert.ok(error.wait > 1700 && error.wait <= 1800, String(error.wait));
	assert.match(error.detail, /\[limit\] system\.info = 2\/1h/);
	await invoke('system.info', {}, 'other');
	assert.deepEqual((await untilRecorded('often-1', 1))[0].slice(0, 3), ['rate_limit.hit', 'fixer', 'denied']);
});

test('a person accepts: request, decision and call have one call_id, and it runs once', async () => {
	const call = alert('rm -rf build');
	const asked = await refused(invoke('alerts.send', call, 'fixer', { session_id: 's-1' }), 'approval_required');
	const id = asked.approval_id;
	assert.match(id, /^call-/);

	// The same call waits for the same answer; other calls do not pass by it.
	assert.equal((await refused(invoke('alerts.send', call), 'approval_required')).approval_id, id);
	const listed = await stack.kruxos(['approve', 'list', '--json']);
	const [approval] = JSON.parse(listed.stdout).approvals;
	assert.deepEqual([approval.id, approval.agent_name, approval.capability, approval.session_id, approval.request],
		[id, 'fixer', 'alerts.send', 's-1', call]);

	const accepted = await stack.kruxos(['approve', 'accept', id, '--reason', 'go on']);
	assert.equal(accepted.code, 0, accepted.stderr);
	assert.equal(accepted.stderr, `kruxos: ${id} is accepted: fixer may do alerts.send, once\n`);
	for (const [args, agent] of [[alert('rm -rf /'), 'fixer'], [call, 'other']])
		assert.notEqual((await refused(invoke('alerts.send', args, agent), 'approval_required')).approval_id, id);

	const ran = await invoke('alerts.send', call, 'fixer', { session_id: 's-1' });
	assert.equal(ran.call_id, id);
	assert.deepEqual((await untilRecorded(id, 3)).map(([capability, who, status]) => [capability, who, status]), [
		['approval.request', 'fixer', 'pending'],
		['approval.accept', me, 'success'],
		['alerts.send', 'fixer', 'success'],
	]);
	const again = await refused(invoke('alerts.send', call), 'approval_required');
	assert.notEqual(again.approval_id, id);
	for (const { id: left } of (await door.command('approval.list', {})).approvals)
		await door.command('approval.reject', { id: left, reason: 'a test' });
});

test('a person rejects: the agent is told why, once', async () => {
	const call = alert('curl evil.example');
	const { approval_id } = await refused(invoke('alerts.send', call), 'approval_required');
	assert.equal((await stack.kruxos(['approve', 'reject', approval_id])).code, 64);
	assert.equal((await stack.kruxos(['approve', 'reject', approval_id, '-r', 'not from here'])).code, 0);
	const { detail } = await refused(invoke('alerts.send', call), 'not_allowed');
	assert.match(detail, new RegExp(`${me} has rejected it: not from here`));
	assert.deepEqual((await untilRecorded(approval_id, 3)).map(([capability, , status]) => [capability, status]), [
		['approval.request', 'pending'], ['approval.reject', 'success'], ['alerts.send', 'denied'],
	]);
	const anew = await refused(invoke('alerts.send', call), 'approval_required');
	assert.notEqual(anew.approval_id, approval_id);
	await door.command('approval.reject', { id: anew.approval_id, reason: 'a test' });
});

test('no token decides: not an agent\'s, not an operator\'s', async () => {
	const { approval_id: id } = await refused(invoke('alerts.send', alert('mine')), 'approval_required');
	await door.command('account.set', { name: 'olga', role: 'operator' });
	const { token } = await door.command('token.create', { account: 'olga', label: 'x', scope: 'operate' });
	for (const credential of [tokens.fixer, token])
		await refused(door.command('approval.accept', { id }, 'test', credential), 'not_allowed');
	const url = `/api/approvals/${id}/accept`;
	await stack.ask('POST', url, { headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: {}, status: 403 });
	const { headers } = await stack.signIn('olga');
	await stack.ask('POST', url, { headers, body: { reason: 'go on' } });
	const { policy_tier } = await invoke('alerts.send', alert('mine'));
	assert.equal(policy_tier, 'approval_required');
	assert.equal((await untilRecorded(id, 3))[1][1], 'olga');
});

test('a member of the operators\' group types an operator\'s password', { skip: process.getuid() !== 0 && 'it is done as another user' }, async () => {
	const password = 'correct horse battery';
	const folder = mkdtempSync(join(tmpdir(), 'kruxos-'));
	const [program, conf] = [join(folder, 'kruxos'), join(folder, 'kruxos.conf')];
	copyFileSync(join(build, 'bin/kruxos'), program);
	writeFileSync(conf, `[paths]\nruntime_dir = ${stack.rundir}\n`);
	for (const [path, mode] of [[stack.rundir, 0o711], [folder, 0o755], [program, 0o755], [conf, 0o644]])
		chmodSync(path, mode);
	await door.command('account.set', { name: 'otto', role: 'operator', password });
	const { approval_id: id } = await refused(invoke('alerts.send', alert('by hand')), 'approval_required');
	const terminal = new Terminal('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups',
		program, '-c', conf, 'approve', 'accept', id, '--account', 'otto'], { env: { NO_COLOR: '1' } });
	await terminal.shows(/Password of otto: $/);
	terminal.type(`${password}\n`);
	assert.equal(await terminal.ended(), 0, terminal.text);
	assert.deepEqual((await untilRecorded(id, 2))[1].slice(0, 3), ['approval.accept', 'otto', 'success']);
	const { entries: [entry] } = await stack.get(`/api/audit?call_id=${id}&capability=approval.accept`);
	assert.equal(entry.uid, 65534);
	assert.equal((await invoke('alerts.send', alert('by hand'))).call_id, id);
	chmodSync(stack.rundir, 0o700);
	rmSync(folder, { recursive: true });
});

test('what waits is counted; what is decided, or has expired, is not', async () => {
	const figures = () => stack.get('/api/metrics?category=policy');
	const before = await figures();
	const ids = [];
	for (const title of ['yes', 'no', 'forgotten'])
		ids.push((await refused(invoke('alerts.send', alert(title)), 'approval_required')).approval_id);
	await until('they are counted', async () => (await figures()).approval_pending_count === 3);
	const [yes, no, forgotten] = ids;
	await door.command('approval.accept', { id: yes });
	await invoke('alerts.send', alert('yes'));
	await door.command('approval.reject', { id: no, reason: 'no' });
	await refused(invoke('alerts.send', alert('no')), 'not_allowed');
	// As if it had been asked an hour ago.
	const database = new DatabaseSync(join(stack.rundir, 'state.db'), { timeout: 10_000 });
	database.exec(`UPDATE approval SET asked_at = asked_at - 3601000000 WHERE id = '${forgotten}'`);
	database.close();
	assert.deepEqual((await untilRecorded(forgotten, 2))[1].slice(0, 3), ['approval.reject', null, 'success']);
	const { approvals: [last] } = await stack.get('/api/approvals?state=decided&limit=1');
	assert.deepEqual([last.call_id, last.state], [forgotten, 'expired']);
	await until('none is counted', async () => {
		const { approval_pending_count, evaluations_total, denied_count } = await figures();
		return approval_pending_count === 0 && evaluations_total >= before.evaluations_total + 5 &&
			denied_count >= before.denied_count + 1;
	});
});

test('what an agent has asked is gone with the agent', async () => {
	const ids = [];
	for (const title of ['open', 'accepted'])
		ids.push((await refused(invoke('alerts.send', alert(title), 'other'), 'approval_required')).approval_id);
	await door.command('approval.accept', { id: ids[1] });
	await door.command('agent.revoke', { name: 'other' });
	tokens.other = (await door.command('agent.create', { name: 'other', purpose: 'another' })).token;
	const anew = await refused(invoke('alerts.send', alert('accepted'), 'other'), 'approval_required');
	assert.ok(!ids.includes(anew.approval_id));
	for (const [id, count] of [[ids[0], 2], [ids[1], 3]])
		assert.deepEqual((await untilRecorded(id, count)).at(-1).slice(0, 3), ['approval.reject', null, 'success']);
	await door.command('approval.reject', { id: anew.approval_id, reason: 'a test' });
});

test('a restart loses no request and no decision', async () => {
	const { approval_id: id } = await refused(invoke('alerts.send', alert('late')), 'approval_required');
	door.close();
	await stack.halt();
	await stack.resume();
	door = await stack.door();
	assert.equal((await refused(invoke('alerts.send', alert('late')), 'approval_required')).approval_id, id);
	await door.command('approval.accept', { id });
	door.close();
	await stack.halt();
	await stack.resume();
	door = await stack.door();
	assert.equal((await invoke('alerts.send', alert('late'))).call_id, id);
});

test('what changes in kruxos.conf counts with SIGHUP, and what is wrong in it does not', async () => {
	const path = stack.environment.KRUXOS_CONFIG;
	const text = readFileSync(path, 'utf8');
	const tier = async () => (await door.command('policy.ask', { agent_name: 'fixer', capability: 'alerts.list' })).policy_tier;
	const reload = changed => {
		writeFileSync(path, changed);
		process.kill(stack.pidOf('kruxosd'), 'SIGHUP');
	};
	reload(text.replace('alerts.list = blocked', 'alerts.list = notify'));
	await until('the new policy counts', async () => await tier() === 'notify');
	assert.equal((await invoke('alerts.list')).policy_tier, 'notify');
	const wrong = text.replace('alerts.list = blocked', 'alerts.list = sometimes');
	reload(wrong);
	const checked = await stack.kruxos(['config', 'check']);
	assert.equal(checked.code, 1);
	assert.match(checked.stderr, /kruxos\.conf:\d+: \[policy\] alerts\.list: "sometimes" is not autonomous, notify/);
	await until('it is said', () => stack.output.includes('alerts.list: "sometimes"'));
	assert.equal(await tier(), 'notify');
	reload(text);
	await until('the old policy counts', async () => await tier() === 'blocked');
});

test('files of conf.d come behind kruxos.conf, and whoever is asked names the one that decides', async () => {
	const folder = join(stack.rundir, 'conf.d');
	const site = join(folder, '50-site.conf');
	const tier = async () => (await door.command('policy.ask', { agent_name: 'fixer', capability: 'alerts.list' })).policy_tier;
	const reload = () => process.kill(stack.pidOf('kruxosd'), 'SIGHUP');

	mkdirSync(folder);
	writeFileSync(site, '[policy]\n\nalerts.list = notify\n');
	reload();
	await until('the later file counts', async () => await tier() === 'notify');
	const explained = await stack.kruxos(['policy', 'explain', 'fixer', 'alerts.list']);
	assert.ok(explained.stdout.includes(`${site}:3: alerts.list = notify`), explained.stdout);
	const { file, line } = JSON.parse((await stack.kruxos(['policy', 'explain', 'fixer', 'alerts.list', '--json'])).stdout);
	assert.deepEqual([file, line], [site, 3]);
	assert.equal((await stack.kruxos(['config', 'check'])).stdout, `${stack.environment.KRUXOS_CONFIG}: good\n${site}: good\n`);
	const shown = (await stack.kruxos(['config', 'show', '--said'])).stdout;
	assert.ok(shown.includes(`\n# ${site}:3\nalerts.list = notify\n`), shown);
	assert.ok(shown.includes(`\n# ${stack.environment.KRUXOS_CONFIG}:`), shown);
	assert.ok(!shown.includes('retention_days'), shown);

	writeFileSync(site, '[policy]\nalerts.list = never\n');
	reload();
	await until('it is said', () => stack.output.includes(`${site}:2: [policy] alerts.list: "never" is not`));
	assert.equal(await tier(), 'notify');
	const checked = await stack.kruxos(['config', 'check']);
	assert.equal(checked.code, 1);
	assert.ok(checked.stderr.startsWith(`${site}:2: [policy] alerts.list: "never" is not`), checked.stderr);

	rmSync(folder, { recursive: true });
	reload();
	await until('the first file counts', async () => await tier() === 'blocked');
});

test('the log of all that holds', async () => {
	const verified = await stack.kruxos(['audit', 'verify']);
	assert.equal(verified.code, 0, verified.stderr);
});
