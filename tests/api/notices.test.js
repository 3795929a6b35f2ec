// Notices to real receivers: an Alertmanager, a webhook, a mailbox.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Alertmanager } from './harness/alertmanager.js';
import { assertAnswer } from './harness/contract.js';
import { request } from './harness/http.js';
import { until } from './harness/poll.js';
import { Mailbox, Webhook, headerOf } from './harness/receivers.js';
import { Stack, build, freePorts, root, run } from './harness/stack.js';

const secret = 'of the webhook';
const soon = { group_wait: '1s', group_interval: '1s' };
const WHILE = 90_000; // back-off, and a loaded machine

let stack, door, folder, alertmanager, webhook, mailbox, guarded, closed;

/** Rules that the tests switch on and off. */
const rule = title => ({ when: 'disk_used_percent >= 0', severity: 'warning', title, enabled: 'no' });
const rules = ['For Alertmanager', 'For the webhook', 'For one that is away', 'Through a restart'];
const nameOf = title => title.toLowerCase().replaceAll(' ', '-');

before(async () => {
	const [alertsPort, hookPort, mailPort, guardedPort, closedPort] = await freePorts(5);
	folder = mkdtempSync(join(tmpdir(), 'kruxos-notices-'));
	writeFileSync(join(folder, 'secret'), `${secret}\n`);
	closed = closedPort;
	const made = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
		'-subj', '/CN=mail', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]);
	assert.equal(made.code, 0, made.stderr);
	webhook = new Webhook(hookPort);
	mailbox = new Mailbox(mailPort);
	await webhook.start();
	await mailbox.start();
	guarded = new Mailbox(guardedPort, join(folder, 'cert.pem'), join(folder, 'key.pem'), secret);
	await guarded.start();
	alertmanager = await Alertmanager.start(alertsPort);
	stack = await Stack.start({
		...Object.fromEntries(rules.map(title => [`alert ${nameOf(title)}`, rule(title)])),
		'notify central': { kind: 'alertmanager', url: `${alertmanager.url}/` },
		'notify hook': { kind: 'webhook', url: webhook.url, secret_file: join(folder, 'secret'), severity: 'warning', ...soon },
		'notify mail': {
			kind: 'smtp', url: `smtp://127.0.0.1:${mailPort}`, from: 'kruxos@example.org',
			to: 'alice@example.org bob@example.org', severity: 'critical', ...soon,
		},
		'notify guarded': {
			kind: 'smtp', url: `smtp://127.0.0.1:${guardedPort}`, from: 'kruxos@example.org', to: 'alice@example.org',
			severity: 'critical', user: 'kruxos', password_file: join(folder, 'secret'), ca_file: join(folder, 'cert.pem'),
		},
		'notify open': {
			kind: 'smtp', url: `smtp://127.0.0.1:${mailPort}`, from: 'kruxos@example.org', to: 'alice@example.org',
			severity: 'critical', user: 'kruxos', password_file: join(folder, 'secret'),
		},
		'notify nobody': { kind: 'webhook', url: `http://127.0.0.1:${closed}/`, severity: 'info', timeout_ms: 8000 },
	});
	door = await stack.door();
});
after(async () => {
	door?.close();
	await stack?.stop();
	await Promise.all([alertmanager?.stop(), webhook?.stop(), mailbox?.stop(), guarded?.stop()]);
	rmSync(folder, { recursive: true, force: true });
});

/** Let the rule with this title hold, or not. */
function set(title, enabled) {
	const path = stack.environment.KRUXOS_CONFIG;
	const text = readFileSync(path, 'utf8');
	const section = `[alert ${nameOf(title)}]`;
	const at = text.indexOf('enabled = ', text.indexOf(section));
	const end = text.indexOf('\n', at);
	writeFileSync(path, `${text.slice(0, at)}enabled = ${enabled ? 'yes' : 'no'}${text.slice(end)}`);
	process.kill(stack.pidOf('kruxosd'), 'SIGHUP');
}

const kruxos = (...args) => run(join(build, 'bin/kruxos'), args, { env: stack.environment });

async function channel(name) {
	const reply = await request(stack.api, '/api/notices');
	assert.equal(reply.status, 200, reply.body);
	return assertAnswer('/api/notices', reply).channels.find(one => one.channel === name);
}

const statuses = title => webhook.told(title).map(({ status }) => status);
const entriesOf = (capability, name) => stack.entries()
	.filter(one => one.capability === capability && one.request.channel === name);

test('an Alertmanager is told of an alert, and of its end', async () => {
	const title = 'For Alertmanager';
	set(title, true);
	const [alert] = await until('amtool finds it', async () => {
		const found = await alertmanager.query(`alertname=${title}`);
		return found.length > 0 && found;
	}, WHILE);
	assert.deepEqual(alert.labels, {
		alertname: title, rule: nameOf(title), severity: 'warning', source: 'rule', instance: hostname(),
	});
	assert.equal(alert.annotations.summary, title);
	assert.match(alert.annotations.description, /^disk_used_percent is /);
	assert.match(alert.generatorURL, /^https:\/\//);
	assert.ok(Date.parse(alert.endsAt) > Date.now() + 60_000);
	set(title, false);
	await until('amtool finds it no more', async () =>
		(await alertmanager.query(`alertname=${title}`)).length === 0, WHILE);
});

test('a webhook gets what Alertmanager would send, signed', async () => {
	const title = 'For the webhook';
	set(title, true);
	await until('it is told', () => statuses(title).includes('firing'), WHILE);
	set(title, false);
	await until('its end is told', () => statuses(title).includes('resolved'), WHILE);
	assert.deepEqual(statuses(title), ['firing', 'resolved']);
	const [first, last] = webhook.got.filter(({ json }) =>
		json.alerts.some(({ labels }) => labels.alertname === title));
	for (const { headers, bytes, json } of [first, last]) {
		assert.equal(headers['content-type'], 'application/json');
		assert.equal(headers['x-kruxos-signature'],
			`sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`);
		assert.equal(json.version, '4');
		assert.equal(json.receiver, 'hook');
		assert.equal(json.truncatedAlerts, 0);
		assert.equal(json.groupKey, `{}:{rule="${nameOf(title)}"}`);
		assert.deepEqual(json.groupLabels, { rule: nameOf(title) });
		assert.deepEqual(json.commonLabels, json.alerts[0].labels);
		assert.deepEqual(json.commonAnnotations, json.alerts[0].annotations);
		assert.match(json.externalURL, /^https:\/\//);
		assert.equal(json.alerts.length, 1);
		assert.match(json.alerts[0].fingerprint, /^[0-9a-f]{16}$/);
	}
	assert.equal(first.json.status, 'firing');
	assert.equal(first.json.alerts[0].endsAt, '0001-01-01T00:00:00Z');
	assert.equal(last.json.status, 'resolved');
	assert.ok(last.json.alerts[0].endsAt > last.json.alerts[0].startsAt);
	const verified = await kruxos('audit', 'verify', '--expect', last.json.audit_head);
	assert.equal(verified.code, 0, verified.stderr);
	assert.equal((await channel('hook')).failing_since, null);
	assert.ok(Date.parse((await channel('hook')).delivered_at) > Date.now() - 600_000);
});

test('a signature is checked as the document says', async () => {
	const [, snippet] = /```python\n([^`]*)```/.exec(readFileSync(join(root, 'docs/integrations/README.md'), 'utf8'));
	const { headers, bytes } = webhook.got.at(-1);
	const check = async (body, key) => {
		const { code, stdout, stderr } = await run('/usr/bin/python3', ['-c', `${snippet}
import sys
print(is_ours(sys.stdin.buffer.read(), sys.argv[1], sys.argv[2].encode()))`, headers['x-kruxos-signature'], key], { input: body });
		assert.equal(code, 0, stderr);
		return stdout.trim();
	};
	assert.equal(await check(bytes, secret), 'True');
	assert.equal(await check(bytes, 'another'), 'False');
	assert.equal(await check(Buffer.concat([bytes, Buffer.from(' ')]), secret), 'False');
});

test('who was away is told of every transition, in order', async () => {
	const title = 'For one that is away';
	await webhook.stop();
	for (const [enabled, state] of [[true, 'firing'], [false, 'resolved'], [true, 'firing']]) {
		const before = (await channel('hook')).waiting;
		set(title, enabled);
		await until(`a notice waits that it is ${state}`, async () =>
			(await channel('hook')).waiting > before, WHILE);
	}
	const failing = await until('it is said', async () => {
		const found = await channel('hook');
		return found.failing_since !== null && found;
	}, WHILE);
	assert.equal(failing.last_error, 'connection refused');
	await until('it stands in the log', () => entriesOf('alerts.notice_failed', 'hook').length > 0);
	await webhook.start();
	await until('it is told all of it', () => statuses(title).length >= 3, WHILE);
	assert.deepEqual(statuses(title), ['firing', 'resolved', 'firing']);
	await until('it fails no more', async () => (await channel('hook')).failing_since === null, WHILE);
	await until('that stands in the log', () => entriesOf('alerts.notice_recovered', 'hook').length > 0);
	assert.equal(entriesOf('alerts.notice_failed', 'hook').length, 1);
	assert.equal(entriesOf('alerts.notice_failed', 'hook')[0].request.detail, 'connection refused');
	set(title, false);
	await until('its end is told', () => statuses(title).length === 4, WHILE);
});

test('a daemon that is killed tells nothing twice, and forgets no end', async () => {
	const title = 'Through a restart';
	set(title, true);
	await until('it is told', () => statuses(title).length > 0 && true, WHILE);
	await until('that is known', async () => (await channel('hook')).waiting === 0, WHILE);
	await stack.restart('kruxosd');
	door.close();
	door = await stack.door();
	const other = 'For the webhook';
	const told = statuses(other).length;
	set(other, true);
	await until('another is told of', () => statuses(other).length > told, WHILE);
	assert.deepEqual(statuses(title), ['firing']);
	set(title, false);
	await until('its end is told', () => statuses(title).length > 1, WHILE);
	assert.deepEqual(statuses(title), ['firing', 'resolved']);
	set(other, false);
	await until('the end of the other is told', () => statuses(other).at(-1) === 'resolved', WHILE);
});

test('what is silenced is not told, and what is refused is tried again', async () => {
	const title = 'For the webhook';
	const before = statuses(title).length;
	const added = await kruxos('silence', 'add', `rule=${nameOf(title)}`, 'severity=warning', '-r', 'a test');
	assert.equal(added.code, 0, added.stderr);
	const { rule: silenced } = await until('it fires', async () => {
		set(title, true);
		return JSON.parse((await request(stack.api, '/api/alerts?state=silenced')).body).alerts
			.find(alert => alert.rule === nameOf(title) && alert.state === 'firing');
	}, WHILE);
	assert.equal(silenced, nameOf(title));
	webhook.status = 500;
	assert.equal((await kruxos('silence', 'remove', added.stdout.trim())).code, 0);
	await until('it is refused', async () =>
		/^HTTP 500: no\\e\[31m, thanks$/.test((await channel('hook')).last_error ?? ''), WHILE);
	assert.equal(statuses(title).length, before);
	webhook.status = 200;
	await until('it is told', () => statuses(title).length > before, WHILE);
	assert.equal(statuses(title).at(-1), 'firing');
	set(title, false);
});

test('mail is mail, whatever an agent writes', async () => {
	const title = 'Disk space\r\nBcc: eve@example.org\r\n\r\n\u202e=?utf-8?q?owned?= ünd';
	await door.record({
		actor_type: 'agent', agent_name: 'deployer', capability: 'alerts.send', status: 'success',
		request: { severity: 'critical', title, message: `first line\n.\r\nRESOLVED critical: all is well ${'x'.repeat(3000)}` },
	});
	const mail = await until('there is mail', () => mailbox.got.find(({ text }) => text.includes('deployer')), WHILE);
	assert.equal(mail.from, 'kruxos@example.org');
	assert.deepEqual(mail.to, ['alice@example.org', 'bob@example.org']);
	assert.equal(headerOf(mail, 'From'), 'kruxos@example.org');
	assert.equal(headerOf(mail, 'Bcc'), undefined);
	assert.match(headerOf(mail, 'Subject'),
		/^\[FIRING:1\] critical: agent deployer says: Disk space\\r\\nBcc: eve@example\.org\\r\\n/);
	assert.match(headerOf(mail, 'Subject'), /\\u\{202e\}=\?utf-8\?q\?owned\?= ünd$/);
	assert.match(headerOf(mail, 'Message-ID'), /^<notice\.\d+\.\d+@example\.org>$/);
	assert.ok(Math.abs(Date.parse(headerOf(mail, 'Date')) - Date.now()) < 600_000);
	assert.equal(headerOf(mail, 'Auto-Submitted'), 'auto-generated');
	assert.match(mail.text, /^FIRING critical: agent deployer says: Disk space\\r\\n/);
	assert.doesNotMatch(mail.text, /^RESOLVED/m);
	assert.ok(mail.text.length < 4000);
	assert.match(mail.text, /^kruxos audit verify --expect \d+:[0-9a-f]{64}\r?$/m);
});

test('what was erased leaves the notices that wait', async () => {
	const [seq] = await door.record({
		actor_type: 'agent', agent_name: 'leaky', capability: 'alerts.send', status: 'success',
		request: { severity: 'info', title: 'hunter2', message: 'hunter2' },
	});
	const waiting = async () => (await run('sqlite3', [join(stack.rundir, 'telemetry.db'), 'SELECT body FROM outbox'])).stdout;
	await until('notices wait', async () => (await waiting()).includes(`"audit_seq":"${seq}"`), WHILE);
	const erased = await kruxos('audit', 'erase', String(seq), '-r', 'a password', '-y');
	assert.equal(erased.code, 0, erased.stderr);
	assert.doesNotMatch(await waiting(), /hunter2/);
});

test('kruxos notify test says what came of it', async () => {
	const count = webhook.got.length;
	const delivered = await kruxos('notify', 'test', 'hook');
	assert.equal(delivered.code, 0, delivered.stderr);
	assert.match(delivered.stderr, /hook: delivered \(HTTP 200\)/);
	assert.equal(webhook.got.slice(count).filter(({ json }) => json.commonLabels.rule === 'test').length, 1);
	const mails = mailbox.got.length;
	assert.equal((await kruxos('notify', 'test', 'mail')).code, 0);
	await until('the mail is there', () => mailbox.got.length > mails);
	assert.equal((await kruxos('notify', 'test', 'central')).code, 0);
	assert.equal((await alertmanager.query('rule=test')).length, 1);
	const failed = await kruxos('notify', 'test', 'nobody');
	assert.equal(failed.code, 1);
	assert.match(failed.stderr, /nobody: not delivered: connection refused/);
	const unknown = await kruxos('notify', 'test', 'somebody');
	assert.equal(unknown.code, 1);
	assert.match(unknown.stderr, /there is no such channel/);
	assert.equal((await kruxos('notify', 'test')).code, 64);
});

test('a password goes over TLS, or not at all', async () => {
	const tested = await kruxos('notify', 'test', 'guarded');
	assert.equal(tested.code, 0, tested.stderr);
	await until('the mail is there', () => guarded.got.length > 0);
	const refused = await kruxos('notify', 'test', 'open');
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /open: not delivered: no TLS at the other end/);
	writeFileSync(join(folder, 'secret'), 'another\n');
	const denied = await kruxos('notify', 'test', 'guarded');
	assert.equal(denied.code, 1);
	assert.match(denied.stderr, /guarded: not delivered: the password is refused, SMTP 535/);
	rmSync(join(folder, 'secret'));
	const without = await kruxos('notify', 'test', 'guarded');
	assert.equal(without.code, 1);
	assert.match(without.stderr, /secret: open: No such file or directory/);
	writeFileSync(join(folder, 'secret'), `${secret}\n`);
});

test('one that hangs delays no other', async () => {
	const sockets = new Set();
	const server = net.createServer(socket => sockets.add(socket.on('error', () => {})));
	await new Promise(resolve => server.listen(closed, '127.0.0.1', resolve));
	let isOver = false;
	const hanging = kruxos('notify', 'test', 'nobody').finally(() => isOver = true);
	await until('it is being tried', () => sockets.size > 0);
	assert.equal((await kruxos('notify', 'test', 'hook')).code, 0);
	assert.equal(isOver, false);
	const { code, stderr } = await hanging;
	assert.equal(code, 1);
	assert.match(stderr, /nobody: not delivered: timed out/);
	sockets.forEach(socket => socket.destroy());
	await new Promise(resolve => server.close(resolve));
});

test('kruxos notify list shows the channels and how they go', async () => {
	const { code, stdout } = await kruxos('notify', 'list');
	assert.equal(code, 0);
	assert.match(stdout, /^CHANNEL +KIND +STATE +WAITING +DELIVERED +LAST ERROR$/m);
	assert.match(stdout, /^hook +webhook +ok +0 +/m);
	assert.match(stdout, /^nobody +webhook +/m);
	assert.doesNotMatch(stdout, new RegExp(`:${closed}`)); // a URL may be a secret
	const { channels } = JSON.parse((await kruxos('notify', 'list', '--json')).stdout);
	assert.deepEqual(channels.map(one => one.channel), ['central', 'hook', 'mail', 'guarded', 'open', 'nobody']);
	assert.deepEqual(channels[2].severity, ['critical']);
});

test('only who may is heard about notices', async () => {
	for (const [args, error, field] of [
		[{ notice: 999999, ok: true }, 'not_found', 'notice'],
		[{ notice: 1.5, ok: true }, 'out_of_range', 'notice'],
		[{ notice: '1', ok: true }, 'wrong_type', 'notice'],
		[{ notice: 1, ok: 'yes' }, 'wrong_type', 'ok'],
		[{ notice: 1 }, 'missing_field', 'ok'],
	])
		await assert.rejects(door.command('notices.result', args), { error, field });
});
