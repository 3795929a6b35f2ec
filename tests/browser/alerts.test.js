import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { Dashboard, PHONE } from './harness/dashboard.js';
import { assertAccessible, assertFits } from './harness/looks.js';

let dashboard;
let door;

before(async () => {
	dashboard = await Dashboard.start({
		settings: {
			'alert always': { when: 'disk_used_percent >= 0', severity: 'info', title: 'There is a disk' },
			'alert one-day': { when: 'disk_used_percent >= 0 for 20h', severity: 'critical', title: 'The disk is still there' },
			'service billing': { kind: 'tcp', target: '127.0.0.1:1' },
		},
	});
	door = await dashboard.stack.door();
	await raise('deployer', {
		severity: 'warning', title: 'Deployment failed', message: 'Tests failed on commit abc1234. Manual review needed.',
		context: { commit: 'abc1234', pipeline: { id: 4711 } },
	}, 12);
	await until('all of it fires', async () => {
		const titles = (await active()).map(({ title }) => title);
		return ['Deployment failed', 'There is a disk', 'Service down'].every(title => titles.includes(title));
	}, 60_000);
});
after(async () => {
	door?.close();
	await dashboard?.stop();
});

/** An agent's alert, so many times. */
async function raise(agent, request, times = 1) {
	await door.record(...Array.from({ length: times }, () => ({
		actor_type: 'agent', agent_name: agent, capability: 'alerts.send', status: 'success', request,
	})));
	return until(`"${request.title}" is an alert`, async () =>
		(await active()).find(({ title, count }) => title === request.title && count >= times));
}

async function active() {
	return (await dashboard.stack.get('/api/alerts')).alerts;
}

let commands = 0;
async function command(verb, args) {
	await door.write(JSON.stringify({ do: verb, id: `c${++commands}`, args }) + '\n');
	const answer = await door.answer();
	assert.equal(answer.error, undefined, JSON.stringify(answer));
	return answer.ok;
}

function row(page, title) {
	return page.locator('main .alert').filter({ hasText: title });
}

test('each alert says how bad it is in a word, who raised it, how often and when', async t => {
	const page = await dashboard.open(t, '/alerts');
	const alert = row(page, 'Deployment failed');
	await alert.waitFor();
	const said = await alert.innerText();
	assert.match(said, /Warning/);
	assert.match(said, /agent\s+deployer/);
	assert.match(said, /12 ×/);
	assert.match(said, /\d+ (s|min) ago/);
	assert.match(said, /Tests failed on commit abc1234/);
	assert.match(await row(page, 'Service down').innerText(), /Critical[^]*service\s+billing/);
	assert.match(await row(page, 'There is a disk').innerText(), /Info[^]*rule\s+always/);
});

test('what is not wrong for long enough yet stands apart, and is no alert yet', async t => {
	const page = await dashboard.open(t, '/alerts');
	const pending = page.getByRole('list', { name: 'Wrong, but not for long enough yet' });
	await pending.getByText('The disk is still there').waitFor();
	assert.equal(await page.getByRole('list', { name: 'Alerts that fire' }).getByText('The disk is still there').count(), 0);
	assert.equal(await page.locator('.banner', { hasText: 'The disk is still there' }).count(), 0);
	const alert = row(page, 'The disk is still there');
	await alert.getByRole('button').click();
	await alert.getByText(/^Since/).waitFor();
	assert.equal(await alert.getByRole('button', { name: 'Acknowledge' }).count(), 0);
});

test('the worst come first', async t => {
	const page = await dashboard.open(t, '/alerts');
	await row(page, 'There is a disk').waitFor();
	const severities = await page.getByRole('list', { name: 'Alerts that fire' }).locator('.alert .chip').allInnerTexts();
	const order = ['Critical', 'Warning', 'Info'];
	assert.deepEqual(severities, severities.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)));
});

test('one that is opened shows its message, range, context and history, and its address', async t => {
	const page = await dashboard.open(t, '/alerts');
	const alert = row(page, 'Deployment failed');
	await alert.getByRole('button').first().click();
	const { id, fingerprint, seq } = (await active()).find(({ title }) => title === 'Deployment failed');
	await page.waitForURL(`**/alerts?state=firing&id=${id}`);
	await alert.getByText('fired').waitFor();
	const said = await alert.innerText();
	assert.match(said, /Tests failed on commit abc1234\. Manual review needed\./);
	assert.match(said, /12 times from \d{4}-\d\d-\d\d \d\d:\d\d:\d\d to \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
	assert.match(said, /commit\s+abc1234/);
	assert.match(said, /pipeline\s+id\s+4711/);
	const links = await alert.getByRole('link').evaluateAll(all => all.map(link => link.getAttribute('href')));
	assert.ok(links.includes('/audit?actor_type=agent&agent_name=deployer'), String(links));
	assert.ok(links.includes(`/audit/${seq}`), String(links));
	assert.ok(links.includes(`/audit?capability=alerts.*&q=${fingerprint}`), String(links));
});

test('a pasted address opens its alert, in the list where it stands', async t => {
	const { id } = (await active()).find(({ title }) => title === 'There is a disk');
	const page = await dashboard.open(t, `/alerts?id=${id}`);
	await page.locator('main .alert-head[aria-expanded="true"]').filter({ hasText: 'There is a disk' }).waitFor();
});

test('an alert that is not there is said so, whatever is asked for', async t => {
	const page = await dashboard.open(t, '/alerts', { expected: [/status of 404/] });
	for (const id of ['999999', '0', '-1', 'x', '<b>bold</b>', '../health', '9'.repeat(400)]) {
		await page.goto(`/alerts?id=${encodeURIComponent(id)}`);
		await page.getByText(`There is no alert ${id.slice(0, 60)}`).waitFor();
	}
});

test('an unknown state is the list of what fires', async t => {
	const page = await dashboard.open(t, '/alerts?state=%3Cscript%3E&last=never');
	await row(page, 'Deployment failed').waitFor();
	assert.equal(await page.getByRole('link', { name: /^Firing/ }).getAttribute('aria-current'), 'page');
});

test('j and k walk the list, Enter opens', async t => {
	const page = await dashboard.open(t, '/alerts');
	await row(page, 'There is a disk').waitFor();
	const titles = await page.locator('main .alert-title').allInnerTexts();
	const focused = () => page.evaluate(() => document.activeElement.querySelector('.alert-title')?.innerText);
	await page.keyboard.press('j');
	assert.equal(await focused(), titles[0]);
	await page.keyboard.press('j');
	assert.equal(await focused(), titles[1]);
	await page.keyboard.press('k');
	await page.keyboard.press('Enter');
	await page.locator('main .alert').first().getByText('History').waitFor();
});

test('an acknowledgement with a note moves it to the acknowledged ones, in the name of who gave it', async t => {
	const { id } = await raise('office-agent', { severity: 'warning', title: 'Calendar is full' });
	const page = await dashboard.open(t, `/alerts?id=${id}`);
	const alert = row(page, 'Calendar is full');
	await alert.getByRole('button', { name: 'Acknowledge' }).click();
	const dialog = page.getByRole('dialog', { name: 'Acknowledge the alert' });
	await dialog.getByLabel('Note (optional)').fill('asked for another room');
	await dialog.getByRole('button', { name: 'Acknowledge' }).click();
	await dialog.waitFor({ state: 'detached' });
	await page.locator('.tabs [aria-current="page"]', { hasText: 'Acknowledged' }).waitFor();
	assert.match(await alert.innerText(), /by operator: asked for another room/);
	await alert.getByText('acknowledged by operator: asked for another room').waitFor();
	assert.equal(await alert.getByRole('button', { name: 'Acknowledge' }).count(), 0);
	const entry = dashboard.stack.entries().findLast(({ capability }) => capability === 'alerts.acknowledge');
	assert.equal(entry.user_name, 'operator');
	assert.equal(entry.source, 'dashboard');
	assert.equal(entry.request.note, 'asked for another room');
});

test('a banner goes by its acknowledgement, and by nothing else', async t => {
	await raise('crawler', { severity: 'critical', title: 'Robots everywhere' });
	const page = await dashboard.open(t, '/health');
	const banner = page.locator('.banner').filter({ hasText: 'Robots everywhere' });
	await banner.waitFor();
	assert.deepEqual(await banner.getByRole('button').allInnerTexts(), ['Acknowledge']);
	await page.keyboard.press('Escape');
	await page.reload();
	await banner.waitFor();
	await banner.getByRole('button', { name: 'Acknowledge' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click();
	await banner.waitFor({ state: 'detached' });
	for (const path of ['/activity', '/audit', '/alerts', '/proxy']) {
		await page.goto(path);
		await page.locator('.banner').first().waitFor();
		assert.equal(await banner.count(), 0, path);
	}
});

test('a silence is filled in from its alert, and shows what it would have muted', async t => {
	await raise('builder', { severity: 'warning', title: 'Build is slow', message: '40 min' });
	await raise('builder', { severity: 'info', title: 'Build is green' });
	const page = await dashboard.open(t, '/alerts');
	const alert = row(page, 'Build is slow');
	await alert.getByRole('button').first().click();
	await alert.getByRole('button', { name: 'Silence' }).click();
	const dialog = page.getByRole('dialog', { name: 'Silence alerts' });
	assert.equal(await dialog.getByRole('textbox', { name: 'Agent' }).inputValue(), 'builder');
	assert.equal(await dialog.getByRole('textbox', { name: 'Title' }).inputValue(), 'Build is slow');
	assert.equal(await dialog.getByRole('combobox', { name: 'Source' }).inputValue(), 'agent');
	await dialog.getByText('it would have muted 1 alert:').waitFor();

	await dialog.getByRole('textbox', { name: 'Title' }).fill('Build is *');
	await dialog.getByText('it would have muted 2 alerts:').waitFor();
	await dialog.getByRole('textbox', { name: 'Title' }).fill('Nothing like it');
	await dialog.getByText('it would have muted nothing').waitFor();
	await dialog.getByRole('textbox', { name: 'Title' }).fill('Build is slow');
	await dialog.getByText('it would have muted 1 alert:').waitFor();

	await dialog.getByRole('textbox', { name: 'Reason' }).fill('the disk is being changed');
	await dialog.getByRole('combobox', { name: 'For' }).selectOption('8 hours');
	await dialog.getByLabel('End it sooner').check();
	await dialog.getByRole('button', { name: 'Silence' }).click();
	await dialog.waitFor({ state: 'detached' });
	await page.getByText('This alert is silenced:').waitFor();

	await page.getByRole('link', { name: /^Silenced/ }).click();
	await row(page, 'Build is slow').waitFor();
	const line = page.getByRole('row').filter({ hasText: 'the disk is being changed' });
	const said = await line.innerText();
	assert.match(said, /source=agent[^]*agent_name=builder[^]*title=Build is slow/);
	assert.match(said, /operator/);
	assert.match(said, /\d+ s/);
	assert.match(said, /in [78] h[^]*when nothing that it means is wrong/);
	await page.getByText(/^(1 silence mutes|\d+ silences mute) alerts, .*set \d+ s ago$/).waitFor();

	await line.getByRole('button', { name: /^End silence/ }).click();
	await page.getByRole('dialog', { name: 'End the silence?' }).getByRole('button', { name: 'End the silence' }).click();
	await line.waitFor({ state: 'detached' });
	await page.getByRole('link', { name: /^Firing/ }).click();
	await row(page, 'Build is slow').waitFor();
});

test('a silence that means everything is refused before it is asked for', async t => {
	const page = await dashboard.open(t, '/alerts?state=silenced');
	await page.getByRole('button', { name: 'New silence' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByText('Say at least one thing').waitFor();
	await dialog.getByText('It could mute critical alerts.').waitFor();
	await dialog.getByRole('textbox', { name: 'Reason' }).fill('x');
	await dialog.getByRole('button', { name: 'Silence' }).click();
	await dialog.getByText('That did not work: Say at least one thing').waitFor();
	await dialog.getByRole('combobox', { name: 'Severity' }).selectOption('Info');
	await dialog.getByText('It could mute critical alerts.').waitFor({ state: 'detached' });
	await page.keyboard.press('Escape');
	await dialog.waitFor({ state: 'detached' });
	assert.deepEqual((await dashboard.stack.get('/api/silences')).silences, []);
});

test('what was wrong stands in the history, of a day, a week or a month', async t => {
	// It is over as soon as it is no longer looked at.
	const { id } = await raise('sleeper', { severity: 'info', title: 'Woke up' });
	const page = await dashboard.open(t, '/alerts?state=history', {
		before: async page => {
			const { alerts } = await dashboard.stack.get('/api/alerts');
			const alert = { ...alerts.find(one => one.id === id), state: 'resolved', resolved_at: new Date().toISOString() };
			await page.route(/\/api\/alerts\?state=resolved/, (route, request) => route.fulfill({
				json: {
					alerts: new URL(request.url()).searchParams.get('last') === '24h' ? [] : [alert],
					silences: 0, oldest_silence: null, generated_at: alert.resolved_at,
				},
			}));
		},
	});
	await page.getByText('No alert was resolved in the last 24 h').waitFor();
	await page.getByText('kruxos alerts --all').waitFor();
	await page.getByRole('link', { name: '7 d' }).click();
	await page.waitForURL('**/alerts?state=history&last=7d');
	assert.match(await row(page, 'Woke up').innerText(), /resolved \d+ s ago/);
	await page.goBack();
	await page.getByText('No alert was resolved in the last 24 h').waitFor();
});

test('an empty list says what it means, and the next command', async t => {
	const page = await dashboard.open(t, '/alerts?state=silenced');
	await page.getByText('No alert is muted').waitFor();
	await page.getByText('kruxos silence add').waitFor();
	await page.getByText('No silence stands.').waitFor();
});

test('who only reads has nothing to press', async t => {
	const page = await dashboard.open(t, '/alerts?state=firing', { role: 'viewer' });
	const alert = row(page, 'Deployment failed');
	await alert.getByRole('button').first().click();
	await alert.getByText('fired').waitFor();
	assert.equal(await page.getByRole('button', { name: /Acknowledge|Silence/ }).count(), 0);
	await page.goto('/alerts?state=silenced');
	await page.getByText('No silence stands.').waitFor();
	assert.equal(await page.getByRole('button', { name: 'New silence' }).count(), 0);
});

test('a program that is gone is said so where it is missed, and the page recovers by itself', async t => {
	const page = await dashboard.open(t, '/alerts', { expected: [/status of 503/] });
	await row(page, 'Deployment failed').waitFor();
	await page.route(/\/api\/alerts\?/, route => route.fulfill({
		status: 503, contentType: 'application/problem+json',
		body: JSON.stringify({ type: 'about:blank', title: 'Service Unavailable', status: 503, detail: 'the program that answers this is not there' }),
	}));
	const failure = page.locator('main').getByRole('alert').filter({ hasText: 'the program that answers this is not there' });
	await failure.waitFor();
	await row(page, 'Deployment failed').waitFor(); // what was known stays
	await failure.getByRole('button', { name: 'Retry' }).click();
	await page.unroute(/\/api\/alerts\?/);
	await failure.waitFor({ state: 'detached' });
});

test('what an action is refused with stands in its dialog', async t => {
	const page = await dashboard.open(t, '/alerts', { expected: [/status of 404/] });
	const alert = row(page, 'There is a disk');
	await alert.getByRole('button').first().click();
	await page.route(/acknowledge$/, route => route.fulfill({
		status: 404, contentType: 'application/problem+json',
		body: JSON.stringify({ type: 'about:blank', title: 'Not Found', status: 404, detail: 'there is no such alert' }),
	}));
	await alert.getByRole('button', { name: 'Acknowledge' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Acknowledge' }).click();
	await dialog.getByText('That did not work: there is no such alert').waitFor();
});

for (const theme of ['light', 'dark'])
	test(`nobody is kept out, whatever is open, ${theme}`, async t => {
		const page = await dashboard.open(t, '/alerts', { theme });
		await row(page, 'Deployment failed').getByRole('button').first().click();
		await page.getByText('fired').waitFor();
		await assertAccessible(page);
		await page.getByRole('button', { name: 'Silence' }).click();
		await page.getByText('it would have muted').waitFor();
		await assertAccessible(page);
		await page.keyboard.press('Escape');
		const { id } = await command('silences.add', { matchers: ['title=none'], reason: 'to be seen', duration: '1h' });
		await page.goto('/alerts?state=silenced');
		await page.getByText('to be seen').waitFor();
		await assertAccessible(page);
		await command('silences.remove', { id: String(id) });
	});

test('it fits a narrow phone, whatever is open', async t => {
	const page = await dashboard.open(t, '/alerts', { viewport: PHONE });
	const alert = row(page, 'Deployment failed');
	await alert.getByRole('button').first().click();
	await alert.getByText('fired').waitFor();
	await assertFits(page);
	await alert.getByRole('button', { name: 'Silence' }).click();
	await page.getByText('it would have muted').waitFor();
	await assertFits(page);
	const { id } = await command('silences.add', { matchers: [`title=${'x'.repeat(200)}`], reason: 'y'.repeat(500), duration: '1h' });
	await page.goto('/alerts?state=silenced');
	await page.getByText('title=xxx').waitFor();
	await assertFits(page);
	await command('silences.remove', { id: String(id) });
});
