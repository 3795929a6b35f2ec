import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { Dashboard, PHONE } from './harness/dashboard.js';
import { HOSTILE } from './harness/hostile.js';
import { assertAccessible, assertFits } from './harness/looks.js';

let dashboard;
let door;
let token;

before(async () => {
	dashboard = await Dashboard.start({ recordings: [], settings: { policy: { 'alerts.send': 'approval_required' } } });
	door = await dashboard.stack.door();
	({ token } = await door.command('agent.create', { name: 'release-agent', purpose: 'asks' }));
});
after(async () => {
	door?.close();
	await dashboard?.stop();
});

let calls = 0;

/** A call of the agent, as the daemon answers it. */
async function call(title, message = 'm') {
	await door.write(JSON.stringify({
		do: 'capability.invoke', id: 'c', credential: token,
		args: { capability: 'alerts.send', session_id: 'rel-1', arguments: { severity: 'info', title, message } },
	}) + '\n');
	return door.answer();
}

/** One that waits: its id. */
async function ask(title, message) {
	const { approval_id } = await call(title, message);
	assert.ok(approval_id, `${title} does not wait`);
	return approval_id;
}

/** What is told of an agent that asks its own user. */
async function tell(more = {}) {
	const [seq] = await door.record({
		actor_type: 'agent', agent_name: 'helper', session_id: 'h', call_id: `told-${++calls}`, capability: 'approval.request',
		policy_tier: 'approval_required', status: 'pending', request: { capability: 'shell.exec', command: 'make' }, ...more,
	});
	await dashboard.stack.untilIndexed(seq);
}

/** Decide by the API whatever waits, so that a test begins with nothing. */
async function clear() {
	const { headers } = await dashboard.stack.signIn('sweeper');
	for (const { id, held } of (await dashboard.stack.get('/api/approvals?limit=200')).approvals)
		if (held)
			await dashboard.stack.ask('POST', `/api/approvals/${id}/reject`, { headers, body: { reason: 'swept' } });
}

const card = (page, text) => page.locator('.approval').filter({ hasText: text });
const row = (page, text) => page.locator('.decided li').filter({ hasText: text });
const badge = page => page.getByRole('link', { name: /^Approvals/ }).locator('.badge');

// The first, while nobody has asked.
test('when nothing waits the page says so, and the next command', async t => {
	const page = await dashboard.open(t, '/approvals');
	await page.getByText('Nothing waits for a person’s word.').waitFor();
	await page.getByText('kruxos policy explain AGENT CAPABILITY').first().waitFor();
	await page.getByText('Nothing was decided yet.').waitFor();
	assert.equal(await badge(page).count(), 0);
	await assertAccessible(page);
});

test('a request is shown as text, with who asks and since when', async t => {
	await ask('Deploy <b>2.4</b>', 'to "production"\u202e');
	const page = await dashboard.open(t, '/approvals');
	const waiting = card(page, 'Deploy');
	const text = await waiting.innerText();
	assert.match(text, /^alerts\.send\n/);
	assert.match(text, /asked \d+ s ago/);
	assert.match(text, /agent release-agent/);
	assert.match(await waiting.locator('pre').innerText(),
		/\{\s+"severity": "info",\s+"title": "Deploy <b>2\.4<\/b>",\s+"message": "to \\"production\\"U\+202E"\s+\}/);
	const since = waiting.locator('time').first();
	const first = await since.innerText();
	await until('it counts', async () => await since.innerText() !== first);
	assert.match(await waiting.getByRole('link', { name: 'release-agent' }).getAttribute('href'), /agent_name=release-agent/);
	await until('it leads to its entry', async () =>
		/^\/audit\/\d+$/.test(await waiting.getByRole('link', { name: 'Entry' }).getAttribute('href')));
	assert.match(await waiting.getByRole('link', { name: 'Session' }).getAttribute('href'), /^\/sessions\/rel-1/);
});

test('every page says how many are to be decided', async t => {
	await clear();
	const page = await dashboard.open(t, '/health');
	await ask('one');
	await ask('two');
	await tell(); // is decided elsewhere
	await until('the badge is there', async () => await badge(page).count() === 1 && (await badge(page).innerText()).startsWith('2'), 40_000);
	assert.match(await badge(page).innerText(), /2 to decide/);
});

test('g r goes there', async t => {
	const page = await dashboard.open(t, '/health');
	await page.getByRole('heading', { level: 1 }).waitFor();
	await page.keyboard.press('g');
	await page.keyboard.press('r');
	await page.waitForURL('**/approvals');
});

test('nothing is decided that was not confirmed', async t => {
	const id = await ask('keep');
	const page = await dashboard.open(t, '/approvals');
	for (const [action, question] of [['Accept', 'Accept this call?'], ['Reject', 'Reject this call?']]) {
		const button = card(page, 'keep').getByRole('button', { name: `${action}: alerts.send, asked by release-agent` });
		await button.click();
		const dialog = page.getByRole('dialog', { name: question });
		await dialog.getByText('"title": "keep"').waitFor();
		await dialog.getByRole('button', { name: 'Leave it open' }).click();
		await dialog.waitFor({ state: 'detached' });
		await until('the focus is where it was', () => button.evaluate(element => element === document.activeElement));
	}
	assert.equal(await ask('keep'), id);
});

test('what is accepted runs, and is told so', async t => {
	const id = await ask('go');
	const page = await dashboard.open(t, '/approvals');
	await card(page, '"go"').getByRole('button', { name: /^Accept/ }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByLabel('Reason (optional)').fill('all tests passed');
	await dialog.getByRole('button', { name: 'Accept the call' }).click();
	await card(page, '"go"').waitFor({ state: 'detached' });
	const decided = row(page, '"go"');
	await decided.getByText('Accepted, not done yet').waitFor();
	assert.match(await decided.locator('summary').innerText(), /by operator/);
	assert.equal((await call('go')).ok?.call_id, id);
	await page.reload();
	await decided.getByText('Accepted', { exact: true }).waitFor();
	await decided.locator('summary').click();
	await decided.getByText('all tests passed').waitFor();
	const entry = dashboard.stack.entries().find(({ call_id, capability }) => call_id === id && capability === 'approval.accept');
	assert.deepEqual([entry.user_name, entry.source], ['operator', 'dashboard']);
});

test('what is rejected needs a reason, which the agent hears', async t => {
	await ask('stop');
	const page = await dashboard.open(t, '/approvals');
	await card(page, '"stop"').getByRole('button', { name: /^Reject/ }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Reject the call' }).click();
	assert.equal(await dialog.getByLabel('Reason').evaluate(field => field.matches(':invalid')), true);
	await dialog.getByLabel('Reason').fill('too early');
	await dialog.getByRole('button', { name: 'Reject the call' }).click();
	await card(page, '"stop"').waitFor({ state: 'detached' });
	await row(page, '"stop"').getByText('Rejected').waitFor();
	assert.match((await call('stop')).detail, /too early/);
});

test('what is decided too late is said in the dialog', async t => {
	const id = await ask('late');
	const page = await dashboard.open(t, '/approvals', { expected: [/status of 409/] });
	await card(page, '"late"').getByRole('button', { name: /^Accept/ }).click();
	const { headers } = await dashboard.stack.signIn('quick');
	await dashboard.stack.ask('POST', `/api/approvals/${id}/reject`, { headers, body: { reason: 'first' } });
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Accept the call' }).click();
	await dialog.getByText(/That did not work: .*decided already/).waitFor();
});

test('what is decided elsewhere has nothing to press, and says so', async t => {
	await tell({ request: { capability: 'shell.exec', command: 'rm -r build' } });
	const page = await dashboard.open(t, '/approvals');
	const waiting = page.locator('section', { hasText: 'These are decided where they were asked for' }).locator('.approval', { hasText: 'rm -r build' });
	await waiting.waitFor();
	assert.equal(await waiting.getByRole('button').count(), 0);
});

test('who only reads has nothing to press', async t => {
	await ask('viewer');
	const page = await dashboard.open(t, '/approvals', { role: 'viewer' });
	await card(page, '"viewer"').waitFor();
	assert.equal(await page.locator('.approval button').count(), 0);
});

test('j and k go through all that is listed', async t => {
	await ask('keys');
	const page = await dashboard.open(t, '/approvals');
	await card(page, '"keys"').waitFor();
	await page.locator('.decided li').first().waitFor();
	const focused = () => page.evaluate(() => document.activeElement.localName);
	await page.keyboard.press('k'); // the last
	assert.equal(await focused(), 'summary');
	await page.keyboard.press('Enter');
	await page.locator('.decided details[open]').waitFor();
	const count = await page.locator('.approval h3, .decided summary').count();
	for (let i = 1; i < count; i++)
		await page.keyboard.press('k');
	assert.equal(await focused(), 'h3');
	await page.keyboard.press('Tab');
	assert.equal(await focused(), 'a');
});

test('a program that is gone is said so, and the page recovers by itself', async t => {
	await ask('stays');
	const page = await dashboard.open(t, '/approvals', { expected: [/status of 503/] });
	await card(page, '"stays"').waitFor();
	await page.route(/\/api\/approvals\?state=open/, route => route.fulfill({
		status: 503, contentType: 'application/problem+json',
		body: JSON.stringify({ type: 'about:blank', title: 'Service Unavailable', status: 503, detail: 'the program is not there' }),
	}));
	const failure = page.locator('main').getByRole('alert').filter({ hasText: 'the program is not there' });
	await failure.waitFor({ timeout: 40_000 });
	await card(page, '"stays"').waitFor(); // what was known stays
	await page.unroute(/\/api\/approvals\?state=open/);
	await failure.waitFor({ state: 'detached' });
});

test('hostile text is text, wherever it stands', async t => {
	await clear();
	for (let i = 0; i < HOSTILE.length; i += 12)
		await ask(`hostile ${i}`, JSON.stringify(HOSTILE.slice(i, i + 12)).slice(0, 20_000));
	await tell({ request: { capability: HOSTILE[0], [HOSTILE[1]]: HOSTILE[2] } });
	for (const viewport of [PHONE, undefined]) {
		const page = await dashboard.open(t, '/approvals', viewport && { viewport });
		await card(page, 'hostile 0').waitFor();
		await assertFits(page);
		assert.equal(await page.locator('main img, main script, main iframe').count(), 0);
		await card(page, 'hostile 0').getByRole('button', { name: /^Reject/ }).click();
		await page.getByRole('dialog').waitFor();
		await assertFits(page);
	}
});

for (const theme of ['light', 'dark'])
	test(`nobody is kept out, ${theme}`, async t => {
		await clear();
		await ask(`look ${theme}`);
		await tell();
		const page = await dashboard.open(t, '/approvals', { theme });
		await card(page, `look ${theme}`).waitFor();
		await page.locator('.decided summary').first().click();
		await assertAccessible(page);
		await card(page, `look ${theme}`).getByRole('button', { name: /^Reject/ }).click();
		await page.getByRole('dialog').waitFor();
		await assertAccessible(page);
	});

test('it fits a narrow phone, whatever is written', async t => {
	await clear();
	await ask('x'.repeat(250), 'y'.repeat(3000));
	await tell({ agent_name: 'n'.repeat(120), session_id: 's'.repeat(120), request: { capability: 'c'.repeat(400) } });
	const page = await dashboard.open(t, '/approvals', { viewport: PHONE });
	await card(page, 'xxx').waitFor();
	await page.locator('.decided summary').first().click();
	await assertFits(page);
});
