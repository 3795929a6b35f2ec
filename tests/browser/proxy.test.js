import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { Dashboard, PHONE } from './harness/dashboard.js';
import { assertAccessible, assertFits } from './harness/looks.js';

let dashboard;
let door;

before(async () => {
	dashboard = await Dashboard.start({ recordings: [], settings: { proxy: { report_interval_seconds: 3600 } } });
	door = await dashboard.stack.door();
});
after(async () => {
	door?.close();
	await dashboard?.stop();
});

const at = seconds => new Date(Date.now() + seconds * 1000).toISOString();

const services = [
	{ name: 'gmail', status: 'synced', last_started_at: at(-120), last_completed_at: at(-118), consecutive_failures: 0, items_synced: 42 },
	{ name: 'calendar', status: 'syncing', last_started_at: at(-5), last_completed_at: at(-400), consecutive_failures: 0 },
	{ name: 'tickets', status: 'error', last_started_at: at(-60), consecutive_failures: 4, last_error: 'HTTP 502: <b>Bad</b> gateway' },
];

function buffered(id, more = {}) {
	return {
		id, service: 'gmail', summary: `Reply to ${id}`, agent_name: 'mail-agent', state: 'buffered',
		created_at: at(-20), sends_at: at(3700), attempts: 0, ...more,
	};
}

function dead(id, more = {}) {
	return {
		id, service: 'tickets', summary: `Close ${id}`, state: 'dead', created_at: at(-3600), attempts: 5,
		last_error: 'HTTP 409: it is closed', ...more,
	};
}

let reports = 0;

const reportedAt = async () => (await dashboard.stack.get('/api/proxy/status')).reported_at;

/** What the proxy says, until it can be read; what it is told to do. */
async function report(writes, of = services) {
	const before = await reportedAt();
	await door.write(JSON.stringify({ do: 'proxy.report', id: `r${++reports}`, args: { services: of, writes } }) + '\n');
	const answer = await door.answer();
	assert.equal(answer.error, undefined, JSON.stringify(answer));
	await until('the report can be read', async () => await reportedAt() !== before);
	return answer.ok.actions;
}

function card(page, name) {
	return page.getByRole('article').filter({ has: page.getByRole('heading', { name, exact: true }) });
}

function write(page, summary) {
	return page.locator('.write').filter({ hasText: summary });
}

// The first, while nobody has reported.
test('before the first report the page says so, and the next command', async t => {
	const page = await dashboard.open(t, '/proxy');
	await page.getByText('Nobody has reported yet').waitFor();
	await page.getByText('kruxos proxy report').first().waitFor();
	await assertAccessible(page);
});

test('five figures stand on top', async t => {
	await report([buffered('w-1'), buffered('w-2'), dead('w-3')]);
	const page = await dashboard.open(t, '/proxy');
	await card(page, 'gmail').waitFor();
	const cells = await page.locator('.strip > div').evaluateAll(all =>
		all.map(cell => [cell.querySelector('dt').innerText, cell.querySelector('dd').innerText]));
	assert.deepEqual(cells, [
		['Total services', '3'], ['Synced', '1'], ['With errors', '1'], ['Buffered ops', '2'], ['Dead letters', '1'],
	]);
});

test('a card shows how its service is, when it synced, what failed and how much waits', async t => {
	await report([buffered('w-1'), dead('w-3')]);
	const page = await dashboard.open(t, '/proxy');
	const gmail = await card(page, 'gmail').innerText();
	assert.match(gmail, /Synced/);
	assert.match(gmail, /Last started\s+\d+ (s|min) ago\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
	assert.match(gmail, /Last completed\s+\d+ (s|min) ago\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
	assert.match(gmail, /Consecutive failures\s+0/);
	assert.match(gmail, /Items synced\s+42/);
	assert.match(gmail, /Buffered writes\s+1/);
	assert.match(gmail, /Dead letters\s+0/);
	const tickets = await card(page, 'tickets').innerText();
	assert.match(tickets, /Error/);
	assert.match(tickets, /Last completed\s+never/);
	assert.match(tickets, /Consecutive failures\s+4/);
	assert.match(tickets, /Last error\s+HTTP 502: <b>Bad<\/b> gateway/);
	assert.match(tickets, /Dead letters\s+1/);
	assert.match(await card(page, 'calendar').innerText(), /Syncing/);
});

test('what went wrong is listed', async t => {
	await report([dead('w-9', { last_error: 'HTTP 418: a teapot' })]);
	const page = await dashboard.open(t, '/proxy');
	const errors = card(page, 'tickets').locator('.proxy-errors');
	await errors.locator('summary').click();
	assert.match(await errors.innerText(), /write w-9[^]*HTTP 418: a teapot/);
});

test('a pending write counts down to when it goes out', async t => {
	await report([buffered('w-4', { sends_at: at(600) }), buffered('w-5', { sends_at: at(-5) }), buffered('w-6', { sends_at: null })]);
	const page = await dashboard.open(t, '/proxy');
	const left = async () => {
		const [, minutes, seconds] = /goes out in (\d+):(\d\d)/.exec(await write(page, 'Reply to w-4').innerText());
		return Number(minutes) * 60 + Number(seconds);
	};
	const first = await left();
	assert.ok(first > 0 && first <= 600, String(first));
	await until('it counts', async () => await left() < first);
	assert.match(await write(page, 'Reply to w-5').innerText(), /goes out now/);
	assert.match(await write(page, 'Reply to w-6').innerText(), /goes out when the proxy can/);
	assert.match(await write(page, 'Reply to w-4').innerText(), /by mail-agent/);
});

test('nothing is done that was not confirmed', async t => {
	await report([buffered('w-7'), dead('w-8')]);
	const page = await dashboard.open(t, '/proxy');
	for (const [summary, action, question, dismiss] of [
		['Reply to w-7', 'Cancel', 'Cancel this write?', 'Keep it'],
		['Close w-8', 'Retry', 'Try this write again?', 'Leave it'],
		['Close w-8', 'Discard', 'Discard this write?', 'Keep it'],
	]) {
		const button = write(page, summary).getByRole('button', { name: `${action}: ` });
		await button.click();
		const dialog = page.getByRole('dialog', { name: question });
		await dialog.getByText(summary).waitFor();
		await dialog.getByRole('button', { name: dismiss }).click();
		await dialog.waitFor({ state: 'detached' });
		await button.click();
		await dialog.getByText(summary).waitFor(); // keys go to what is open
		await page.keyboard.press('Escape');
		await dialog.waitFor({ state: 'detached' });
		await until('the focus is where it was', () => button.evaluate(element => element === document.activeElement));
	}
	assert.deepEqual(await report([buffered('w-7'), dead('w-8')]), []);
});

for (const [action, pending, question, made] of [
	['Cancel', 'Cancelling…', 'Cancel this write?', buffered],
	['Retry', 'Retrying…', 'Try this write again?', dead],
	['Discard', 'Discarding…', 'Discard this write?', dead],
])
	test(`${action} is told to the proxy, in the name of who pressed it, and shown until it is done`, async t => {
		const one = made(`${action.toLowerCase()}-1`);
		const verb = action.toLowerCase();
		await report([one]);
		const page = await dashboard.open(t, '/proxy');
		const line = write(page, one.summary);
		await line.getByRole('button', { name: new RegExp(`^${action}`) }).click();
		await page.getByRole('dialog', { name: question }).getByRole('button', { name: new RegExp(`^${action}`) }).click();
		await line.getByText(pending).waitFor();
		assert.equal(await line.getByRole('button').count(), 0);
		assert.deepEqual(await report([one]), [{ id: one.id, action: verb }]);
		const entry = dashboard.stack.entries().findLast(({ capability }) => capability === `proxy.${verb}`);
		assert.equal(entry.user_name, 'operator');
		assert.equal(entry.source, 'dashboard');
		await report([]);
		await line.waitFor({ state: 'detached' }); // by the page's own clock
	});

test('what is decided too late is said in the dialog', async t => {
	await report([buffered('late-1')]);
	const page = await dashboard.open(t, '/proxy', { expected: [/status of 40[49]/] });
	await write(page, 'Reply to late-1').getByRole('button').click();
	await report([dead('late-1')]);
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Cancel the write' }).click();
	await dialog.getByText(/That did not work: .*late-1/).waitFor();
});

test('the page asks again every 10 s', async t => {
	await report([buffered('w-1')]);
	const page = await dashboard.open(t, '/proxy');
	await write(page, 'Reply to w-1').waitFor();
	const asked = [];
	page.on('request', request => request.url().endsWith('/api/proxy/status') && asked.push(performance.now()));
	await until('it has asked twice', () => asked.length === 2, 60_000);
	assert.ok(asked[1] - asked[0] > 8000, `${asked[1] - asked[0]} ms`);
});

test('what is old is said to be old', async t => {
	const page = await dashboard.open(t, '/proxy', {
		before: page => page.route(/\/api\/proxy\/status$/, async route => {
			const response = await route.fetch();
			await route.fulfill({ response, json: { ...await response.json(), stale: true, reported_at: at(-600) } });
		}),
	});
	await page.getByText('Nobody has reported for 10 min.').waitFor();
});

test('a proxy without services is no proxy without a report', async t => {
	await report([], []);
	const page = await dashboard.open(t, '/proxy');
	await page.getByText('The service proxy reports that it has no services.').waitFor();
});

test('who only reads has nothing to press', async t => {
	await report([buffered('w-1'), dead('w-3')]);
	const page = await dashboard.open(t, '/proxy', { role: 'viewer' });
	await write(page, 'Close w-3').waitFor();
	assert.equal(await page.locator('.write button').count(), 0);
});

test('a thousand writes are a page that answers, with the rest on demand', async t => {
	await report(Array.from({ length: 1000 }, (_, number) => buffered(`many-${number}`)));
	const page = await dashboard.open(t, '/proxy');
	await page.locator('.write').first().waitFor();
	assert.equal(await page.locator('.write').count(), 10);
	await page.getByRole('button', { name: 'Show 100 more' }).click();
	await until('they are there', async () => await page.locator('.write').count() === 110);
});

test('j and k go from one decision to the next', async t => {
	await report([buffered('w-1'), dead('w-3')]);
	const page = await dashboard.open(t, '/proxy');
	await write(page, 'Close w-3').waitFor();
	await page.keyboard.press('j');
	await page.keyboard.press('j');
	await page.keyboard.press('k');
	await page.keyboard.press('Enter');
	await page.getByRole('dialog', { name: 'Cancel this write?' }).waitFor();
});

test('a program that is gone is said so, and the page recovers by itself', async t => {
	await report([buffered('w-1')]);
	const page = await dashboard.open(t, '/proxy', { expected: [/status of 503/] });
	await write(page, 'Reply to w-1').waitFor();
	await page.route(/\/api\/proxy\/status$/, route => route.fulfill({
		status: 503, contentType: 'application/problem+json',
		body: JSON.stringify({ type: 'about:blank', title: 'Service Unavailable', status: 503, detail: 'the program is not there' }),
	}));
	const failure = page.locator('main').getByRole('alert').filter({ hasText: 'the program is not there' });
	await failure.waitFor();
	await write(page, 'Reply to w-1').waitFor(); // what was known stays
	await page.unroute(/\/api\/proxy\/status$/);
	await failure.waitFor({ state: 'detached' });
});

for (const theme of ['light', 'dark'])
	test(`nobody is kept out, ${theme}`, async t => {
		await report([buffered('w-1'), dead('w-3')]);
		const page = await dashboard.open(t, '/proxy', { theme });
		await write(page, 'Close w-3').waitFor();
		await assertAccessible(page);
		await write(page, 'Close w-3').getByRole('button', { name: /^Discard/ }).click();
		await page.getByRole('dialog').waitFor();
		await assertAccessible(page);
	});

test('it fits a narrow phone, whatever is written', async t => {
	await report([buffered('w-1', { summary: 'x'.repeat(400) }), dead('w-3', { last_error: 'y'.repeat(400) })]);
	const page = await dashboard.open(t, '/proxy', { viewport: PHONE });
	await page.locator('.write').first().waitFor();
	await assertFits(page);
});
