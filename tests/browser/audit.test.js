// The Audit page and an entry's own, as a person uses them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { Dashboard, PHONE } from './harness/dashboard.js';
import { assertAccessible, assertFits } from './harness/looks.js';

const PASSWORD = 'a password of the tests';
const BAD_REQUEST = /status of 400/;

let dashboard;

before(async () => {
	dashboard = await Dashboard.start({ recordings: ['sessions', 'scenes'] });
	await dashboard.link('operator');
	const { code, stderr } = await dashboard.stack.kruxos(['passwd', 'operator', '--stdin'], { input: `${PASSWORD}\n` });
	assert.equal(code, 0, stderr);
});
after(() => dashboard?.stop());

// --- what the page says

const rows = page => page.locator('.entries > .entry');
const showing = page => page.locator('.audit-showing');
const control = name => page => page.getByRole('combobox', { name, exact: true });
const actorOf = control('Actor');
const status = control('Status');
const box = control('Query');
const query = page => new URL(page.url()).searchParams;

/** Wait until the page has answered what its address asks. */
async function settled(page) {
	await page.locator('.audit-results[aria-busy="false"], .notice-bad').first().waitFor();
}

async function open(t, address, options) {
	const page = await dashboard.open(t, address, options);
	await settled(page);
	return page;
}

async function total(page) {
	return Number((await showing(page).locator('strong').innerText()).replace(/.* of /, '').replaceAll(',', ''));
}

async function untilAddress(page, wanted) {
	await page.waitForURL(url => Object.entries(wanted).every(([name, value]) =>
		value === null ? !url.searchParams.has(name) : url.searchParams.getAll(name).join(' ') === value));
	await settled(page);
}

/** The rows, as they are read. */
async function read(page) {
	return page.locator('.entries .entry-head').allTextContents();
}

const weekAgo = () => new Date(Date.now() - 7 * 86_400_000).toISOString();

/** What the log has, by a function of the entry; of the last seven days. */
function logged(matches) {
	return dashboard.stack.entries().filter(entry => entry.time >= weekAgo() && matches(entry));
}

/** Record an entry of an agent, and wait until it can be found. */
async function record(more) {
	const door = await dashboard.stack.door();
	await door.write(`${JSON.stringify({ actor_type: 'agent', agent_name: 'test-agent', capability: 'test.run', status: 'success', ...more })}\n`);
	const { accepted, seq } = await door.answer();
	door.close();
	assert.equal(accepted, 1);
	await dashboard.stack.untilIndexed(seq);
	return seq;
}

// --- what is asked

test('the last 7 days are shown, and said', async t => {
	const page = await open(t, '/audit');
	assert.match(await showing(page).innerText(), /^Showing 1–50 of \d+ · the last 7 days \(since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\) \(UTC\)$/);
	assert.equal(await rows(page).count(), 50);
	assert.equal(await page.title(), 'Audit · kruxos-monitor');
});

test('the Actor filter is for principals: users, the system, each agent', async t => {
	const page = await open(t, '/audit');
	const actor = actorOf(page);
	await actor.locator('option', { hasText: 'research-agent' }).first().waitFor({ state: 'attached' });

	await actor.selectOption({ label: 'User' });
	await untilAddress(page, { actor_type: 'user', agent_name: null });
	assert.equal(await total(page), logged(entry => entry.actor_type === 'user').length);
	await actor.selectOption({ label: 'research-agent' });
	await untilAddress(page, { agent_name: 'research-agent', actor_type: null });
	assert.equal(await total(page), logged(entry => entry.agent_name === 'research-agent').length);
	await actor.selectOption({ label: 'System' });
	await untilAddress(page, { actor_type: 'system', agent_name: null });
});

test('capability, status, text and range stand beside it, and the address mirrors them', async t => {
	const page = await open(t, '/audit');
	await status(page).selectOption('denied');
	await untilAddress(page, { status: 'denied' });
	await page.getByRole('textbox', { name: 'Capability' }).fill('shell.*');
	await page.getByRole('textbox', { name: 'Capability' }).press('Enter');
	await untilAddress(page, { capability: 'shell.*', status: 'denied' });
	await page.getByLabel('Text', { exact: true }).fill('curl');
	await page.getByLabel('Text', { exact: true }).press('Enter');
	await untilAddress(page, { q: 'curl' });
	await page.getByLabel('From (UTC)').fill('2026-01-02T03:04:05');
	await page.getByLabel('From (UTC)').blur();
	await untilAddress(page, { from: '2026-01-02T03:04:05Z' });
	assert.equal(await box(page).inputValue(), 'status:denied capability:shell.* from:2026-01-02T03:04:05Z "curl"');
});

test('times are of the zone that was chosen, and it is named', async t => {
	const page = await open(t, '/audit?from=2026-01-02T03:04:05Z&to=2026-07-02');
	assert.equal(await page.getByLabel('From (UTC)').inputValue(), '2026-01-02T03:04:05');
	assert.equal(await page.getByLabel('To (UTC)').inputValue(), '2026-07-03T00:00', 'the end of the date');
	await page.getByRole('button', { name: 'Local' }).click();
	const from = page.getByLabel('From (Europe/Berlin)');
	assert.equal(await from.inputValue(), '2026-01-02T04:04:05');
	await from.fill('2026-01-02T05:00:00');
	await from.blur();
	await untilAddress(page, { from: '2026-01-02T04:00:00Z' });
});

test('Clear filters resets all of them at once', async t => {
	const page = await open(t, '/audit?agent_name=writer&actor_type=agent&status=-error&capability=mcp.*&q=x&from=2026-01-01' +
		'&to=2027-01-01&session_id=s&policy_tier=notify&limit=25&offset=25');
	await page.getByRole('button', { name: 'Clear filters' }).first().click();
	await untilAddress(page, { limit: '25', agent_name: null });
	assert.equal(query(page).toString(), 'limit=25');
	assert.equal(await actorOf(page).inputValue(), '');
	assert.equal(await box(page).inputValue(), '');
});

test('back and forward go through what was asked', async t => {
	const page = await open(t, '/audit');
	const all = await total(page);
	await status(page).selectOption('error');
	await untilAddress(page, { status: 'error' });
	const errors = await total(page);
	await page.goBack();
	await untilAddress(page, { status: null });
	assert.equal(await status(page).inputValue(), '');
	await until('all are back', async () => await total(page) === all);
	await page.goForward();
	await untilAddress(page, { status: 'error' });
	assert.equal(await box(page).inputValue(), 'status:error');
	await until('the errors are back', async () => await total(page) === errors);
});

test('a link that is pasted elsewhere shows the same', async t => {
	const page = await open(t, '/audit?status=-success&limit=25');
	await page.getByRole('link', { name: 'Older' }).click();
	await untilAddress(page, { offset: '25' });
	await record({ status: 'error', summary: 'after the link was made' });
	const other = await open(t, page.url().replace(dashboard.origin, ''));
	assert.deepEqual(await read(other), await read(page));
	assert.equal(await showing(other).locator('strong').innerText(), await showing(page).locator('strong').innerText());
	assert.equal(await box(other).inputValue(), '-status:success');
});

// --- the query box

test('the query box and the controls say the same, either way', async t => {
	const page = await open(t, '/audit');
	await box(page).fill('agent:research-agent status:denied -capability:shell.* from:2026-01-01 "curl"');
	await box(page).press('Enter');
	await untilAddress(page, { agent_name: 'research-agent', status: 'denied', capability: '-shell.*', from: '2026-01-01', q: 'curl' });
	assert.equal(await actorOf(page).inputValue(), 'agent:research-agent');
	assert.equal(await status(page).inputValue(), 'denied');
	assert.equal(await page.getByRole('textbox', { name: 'Capability' }).inputValue(), '-shell.*');
	assert.equal(await page.getByLabel('From (UTC)').inputValue(), '2026-01-01T00:00');
	assert.equal(await page.getByLabel('Text', { exact: true }).inputValue(), 'curl');
	await status(page).selectOption('');
	await untilAddress(page, { status: null });
	assert.equal(await box(page).inputValue(), 'agent:research-agent -capability:shell.* from:2026-01-01 "curl"');
});

test('what a query may say is offered, and taken by the keyboard', async t => {
	const page = await open(t, '/audit');
	await page.keyboard.press('/');
	await page.keyboard.type('-sta');
	const list = page.getByRole('listbox', { name: 'Suggestions' });
	assert.deepEqual(await list.getByRole('option').allInnerTexts(), ['-status:']);
	assert.equal(await box(page).getAttribute('aria-expanded'), 'true');
	await page.keyboard.press('ArrowDown');
	assert.equal(await box(page).getAttribute('aria-activedescendant'), await list.getByRole('option').getAttribute('id'));
	await page.keyboard.press('Enter');
	await page.keyboard.type('su');
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Tab');
	assert.equal(await box(page).inputValue(), '-status:success ');
	await page.keyboard.type('agent:research-agent/c');
	await until('agents are offered', async () => await list.getByRole('option').count() === 2);
	await page.keyboard.press('Escape');
	assert.equal(await list.isVisible(), false);
	await page.keyboard.type('oder');
	await page.keyboard.press('Enter');
	await untilAddress(page, { status: '-success', agent_name: 'research-agent/coder' });
});

test('what is wrong with a query is said, and nothing else happens', async t => {
	const page = await open(t, '/audit?status=denied');
	for (const [text, said] of [['foo:bar', /foo:bar.*no such filter/], ['"a" "b"', /Only one text/], ['agent:', /value is missing/]]) {
		await box(page).fill(text);
		await box(page).press('Enter');
		await page.getByRole('alert').filter({ hasText: said }).waitFor();
		assert.equal(await box(page).getAttribute('aria-invalid'), 'true');
		assert.equal(query(page).toString(), 'status=denied');
	}
});

// --- an address that is wrong

test('a wrong value in the address is named where it is', async t => {
	const page = await open(t, '/audit?from=%3Cb%3Ebanana&status=denied', { expected: [BAD_REQUEST] });
	const from = page.getByLabel('From (UTC)');
	assert.equal(await from.getAttribute('aria-invalid'), 'true');
	const said = page.locator(`[id="${await from.getAttribute('aria-describedby')}"]`);
	assert.match(await said.innerText(), /from must be a time.*<b>banana/s);
	await page.getByRole('link', { name: 'Leave from out' }).click();
	await untilAddress(page, { from: null, status: 'denied' });
	await rows(page).first().waitFor();
});

test('no address breaks the page', async t => {
	const long = 'x'.repeat(3000);
	for (const address of [
		'/audit?to=2026-02-30', '/audit?from=2026-11-20&to=2026-11-01', '/audit?status=nope', '/audit?limit=7000', '/audit?offset=-1',
		'/audit?through=NaN', `/audit?agent_name=${long}`, '/audit?capability=a%00b', '/audit?session_id=%F0%9F%92%A5', '/audit?q=' + long,
	]) {
		const page = await open(t, address, { viewport: PHONE, expected: [BAD_REQUEST] });
		await page.locator('.notice-bad').first().waitFor();
		await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
		await assertFits(page);
	}
});

test('a parameter that is not known is named', async t => {
	const page = await open(t, '/audit?statsu=denied');
	await page.getByText('not looked at: statsu').waitFor();
	await rows(page).first().waitFor();
});

// --- pages

test('page size and pages stand in the address', async t => {
	const page = await open(t, '/audit');
	for (const size of ['25', '100', '200', '50']) {
		await page.getByLabel('Page size').selectOption(size);
		await untilAddress(page, { limit: size });
		await until('as many rows', async () => await rows(page).count() === Math.min(Number(size), await total(page)));
	}
	await page.getByRole('link', { name: 'Older' }).click();
	await untilAddress(page, { offset: '50' });
	await page.getByText(/^Showing 51–100 of /).waitFor();
	await page.getByRole('link', { name: 'Newer' }).click();
	await untilAddress(page, { offset: null });
	await page.getByText(/^Showing 1–50 of /).waitFor();
});

test('pages stand still while entries arrive, which are counted', async t => {
	const page = await open(t, '/audit?capability=test.still&limit=25');
	await record({ capability: 'test.still' });
	await page.reload();
	await page.getByText('Showing 1–1 of 1').waitFor();
	await record({ capability: 'test.still' });
	await record({ capability: 'test.still' });
	await page.getByRole('button', { name: '2 new entries' }).waitFor();
	assert.equal(await rows(page).count(), 1);
	await page.getByRole('button', { name: '2 new entries' }).click();
	await page.getByText('Showing 1–3 of 3').waitFor();
});

test('what is new is in the sums, too, when it is shown', async t => {
	await record({ capability: 'test.sums' });
	const page = await open(t, '/audit?capability=test.sums');
	const sum = page.locator('.counts').getByRole('button', { name: /^Success/ });
	await until('one is counted', async () => /1$/.test(await sum.innerText()));
	await record({ capability: 'test.sums' });
	await page.getByRole('button', { name: '1 new entry' }).click();
	await until('two are counted', async () => /2$/.test(await sum.innerText()));
});

test('a search that was too short says so, and goes on', async t => {
	const page = await open(t, '/audit?q=git&offset=0', {
		before: page => page.route('**/api/audit?*q=git*', async route => {
			const response = await route.fetch();
			const isSecond = new URL(route.request().url()).searchParams.has('through');
			await route.fulfill({ response, json: { ...await response.json(), ...isSecond ? {} : { total_relation: 'gte', next: 100 } } });
		}),
	});
	await page.getByText(/^Showing 1–\d+ of at least \d+/).waitFor();
	await page.getByText('It has come down to entry 100.').waitFor();
	await page.getByRole('link', { name: 'Search on from there' }).click();
	await untilAddress(page, { through: '100', q: 'git', offset: null });
	await page.getByText(/^Showing 1–\d+ of \d+/).waitFor();
});

test('rows open, and the keyboard goes through them', async t => {
	const page = await open(t, '/audit?limit=25');
	await page.keyboard.press('j');
	await page.keyboard.press('j');
	const second = page.locator('.entry-head').nth(1);
	assert.equal(await second.evaluate(element => element === document.activeElement), true);
	await page.keyboard.press('Enter');
	assert.equal(await second.getAttribute('aria-expanded'), 'true');
	const more = rows(page).nth(1);
	for (const heading of ['Result', 'Request', 'Why it could run, or not'])
		await more.getByRole('heading', { name: heading }).waitFor();
	await more.getByRole('button', { name: 'Copy entry_hash' }).waitFor();
	await more.getByRole('button', { name: 'Copy log_file' }).waitFor();
	await more.getByRole('link', { name: 'Open the entry' }).click();
	await page.waitForURL(/\/audit\/\d+$/);
});

// --- what matches, in sum

test('the bars are dragged over to set From and To', async t => {
	const page = await open(t, '/audit');
	const chart = page.getByRole('img', { name: /Matches over time, by status/ });
	const { x, y, width } = await chart.boundingBox();
	await page.mouse.move(x + width * 0.5, y + 40);
	await page.mouse.down();
	await page.mouse.move(x + width * 0.6, y + 50, { steps: 3 });
	await page.mouse.move(x + width * 0.75, y + 50, { steps: 3 });
	await page.mouse.up();
	await page.waitForURL(/from=.*to=/);
	const [from, to] = ['from', 'to'].map(name => Date.parse(query(page).get(name)));
	const week = 7 * 86_400_000;
	assert.ok(Math.abs((to - from) / week - 0.25) < 0.03, `${from} ${to}`);
	await page.getByText(/^Showing .* · from .* to /).waitFor();
});

test('the keyboard sets From and To by the two handles', async t => {
	const page = await open(t, '/audit');
	const start = page.getByRole('slider', { name: 'Beginning of the stretch' });
	await start.focus();
	for (let step = 0; step < 3; step++)
		await page.keyboard.press('ArrowRight');
	assert.match(await start.getAttribute('aria-valuetext'), /^\d{4}-\d\d-\d\d \d\d:\d\d – .*: (none|\d+ )/);
	await page.getByRole('slider', { name: 'End of the stretch' }).focus();
	await page.keyboard.press('ArrowLeft');
	await page.getByRole('button', { name: 'Set From and To' }).waitFor();
	await page.keyboard.press('Enter');
	await page.waitForURL(/from=.*to=/);
	assert.match(query(page).get('from'), /:00:00Z$/);
});

test('all of the log begins with its first entry', async t => {
	const page = await open(t, '/audit');
	const before = dashboard.stack.entries().length;
	await page.getByRole('button', { name: 'All', exact: true }).click();
	await untilAddress(page, { from: '1970-01-01' });
	const all = await total(page);
	assert.ok(all >= before && all <= dashboard.stack.entries().length, `${before} ${all}`);
	await until('the bars begin where something is', async () => {
		const label = await page.getByRole('img', { name: /Matches over time/ }).getAttribute('aria-label');
		return /by status\. 20[2-9]\d-/.test(label);
	});
});

test('a text is not in the sums, and that is said', async t => {
	const page = await open(t, '/audit?q=git');
	await page.getByText('Counted without the text').waitFor();
});

test('a click on a count includes, with Alt it excludes, as the minus does', async t => {
	const page = await open(t, '/audit');
	const sums = page.locator('.audit-overview');
	await sums.getByRole('button', { name: /^Denied/ }).click();
	await untilAddress(page, { status: 'denied' });
	assert.equal(await sums.getByRole('button', { name: /^Denied/ }).getAttribute('aria-pressed'), 'true');
	await sums.getByRole('button', { name: /^Denied/ }).click();
	await untilAddress(page, { status: null });
	await sums.getByRole('button', { name: /^Success/ }).click({ modifiers: ['Alt'] });
	await untilAddress(page, { status: '-success' });
	assert.equal(await total(page), logged(entry => entry.status !== 'success').length);
	await sums.getByRole('button', { name: 'Without shell.exec' }).click();
	await untilAddress(page, { capability: '-shell.exec' });
	await sums.getByRole('button', { name: 'Without shell.exec' }).click();
	await untilAddress(page, { capability: null, status: '-success' });
});

test('nothing found says what to do', async t => {
	const page = await open(t, '/audit?agent_name=nobody-of-that-name&status=-success');
	await page.getByText('Showing 0 of 0').waitFor();
	await page.getByText('kruxos audit query --agent-name=nobody-of-that-name --status=-success').waitFor();
});

// --- what goes out, and what is proved

for (const [name, seqsOf] of [
	['Export JSON', text => JSON.parse(text).map(entry => entry.seq)],
	['NDJSON', text => text.trim().split('\n').map(line => JSON.parse(line).seq)],
	['CSV', text => [...text.matchAll(/^(\d+),\d{4}-\d\d-\d\dT/gm)].map(([, seq]) => Number(seq))],
])
	test(`${name} has all that matches, not the page`, async t => {
		const page = await open(t, '/audit?limit=25&offset=25&capability=filesystem.*&agent_name=-writer');
		const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name, exact: true }).click()]);
		const text = readFileSync(await download.path(), 'utf8');
		assert.match(download.suggestedFilename(), /^kruxos-audit-[0-9-]+\.(json|ndjson|csv)$/);
		const matching = logged(entry => entry.capability.startsWith('filesystem.') && entry.agent_name !== 'writer').map(entry => entry.seq);
				assert.equal(await total(page), matching.length);
		assert.ok(matching.length > 25);
		assert.deepEqual(seqsOf(text), matching);
	});

test('who may not export is told so', async t => {
	const page = await open(t, '/audit', { role: 'viewer' });
	await page.getByText('Operators and auditors may export; you are a viewer.').waitFor();
	assert.equal(await page.getByRole('link', { name: 'Export JSON' }).count(), 0);
	assert.equal(await page.getByRole('button', { name: 'Verify now' }).isDisabled(), true);
	const auditor = await open(t, '/audit', { role: 'auditor' });
	await auditor.getByRole('link', { name: 'Export JSON' }).waitFor();
	assert.equal(await auditor.getByRole('button', { name: 'Verify now' }).isDisabled(), false);
});

test('the chain says through what it was verified, and is verified now', async t => {
	const page = await open(t, '/audit');
	const chain = page.locator('.chain');
	await chain.getByText(/^through entry [\d,]+, .* ago$/).waitFor();
	await chain.getByText('Chain verified', { exact: true }).waitFor();
	await chain.getByRole('button', { name: 'Verify now' }).click();
	await chain.getByText('The whole chain was verified again: it holds.').waitFor();
});

test('how far the chain is verified is seen while it is, and damage is named', async t => {
	let integrity = { status: 'checking', through_seq: 100, verified_at: null };
	const page = await open(t, '/audit', {
		before: page => page.route('**/api/audit?limit=1', async route => {
			const response = await route.fetch();
			await route.fulfill({ response, json: { ...await response.json(), head_seq: 400, integrity } });
		}),
	});
	const chain = page.locator('.chain');
	await chain.getByText('Chain being verified').waitFor();
	await chain.getByText('100 of 400').waitFor();
	assert.equal(await chain.getByRole('progressbar').evaluate(bar => bar.position), 0.25);
	integrity = { status: 'damaged', through_seq: 250, verified_at: new Date().toISOString() };
	await chain.getByText('Chain damaged').waitFor();
	await chain.getByText(/The first entry that does not hold comes after 250/).waitFor();
	await chain.getByText('kruxos audit verify').waitFor();
});

// --- an entry

test('an entry has an address, its bytes, and proof that they are right', async t => {
	const { line, log_file } = dashboard.stack.lines()[29];
	const entry = JSON.parse(line);
	const page = await dashboard.open(t, '/audit/30');
	await page.getByRole('heading', { name: 'Entry 30', level: 1 }).waitFor();
	await until('the bytes are there', async () => await page.locator('.entry-bytes').textContent() === line);
	await until('all three match', async () => await page.locator('.entry-verdict').filter({ hasText: /^\s*matches/ }).count() === 3);
	for (const command of [`grep '^{"seq":30,' ${log_file} >line`, `sed 's/,"entry_hash":.*//' line | tr -d '\\n' | sha256sum`, 'kruxos audit verify'])
		await page.getByText(command, { exact: true }).waitFor();
	assert.equal(await page.locator('.hand-expected').filter({ hasText: entry.payload_hash }).count(), 1);
	await page.getByRole('link', { name: 'Previous' }).click();
	await page.getByRole('heading', { name: 'Entry 29', level: 1 }).waitFor();
	await page.keyboard.press('k');
	await page.getByRole('heading', { name: 'Entry 30', level: 1 }).waitFor();
	await page.locator('.entry-hashes').getByRole('link', { name: '29' }).click();
	await page.waitForURL('**/audit/29');
	await page.goBack();
	await page.getByRole('heading', { name: 'Entry 30', level: 1 }).waitFor();
});

test('the first entry has no one before it', async t => {
	const page = await dashboard.open(t, '/audit/1');
	await until('all three match', async () => await page.locator('.entry-verdict').filter({ hasText: /^\s*matches/ }).count() === 3);
	assert.equal(await page.getByRole('link', { name: 'Previous' }).count(), 0);
	await page.getByText('cannot be erased').waitFor();
});

test('an entry that is not there is said not to be', async t => {
	for (const seq of ['0', '999999999', '99999999999999999999999']) {
		const page = await dashboard.open(t, `/audit/${seq}`, { expected: [/status of 40[04]/] });
		await page.getByText(`There is no entry ${seq}`).waitFor();
	}
});

test('an operator erases a payload, with a reason and his password', async t => {
	const seq = await record({ summary: 'it slipped: hunter2-of-the-test', request: { command: 'login hunter2-of-the-test' } });
	const page = await dashboard.open(t, `/audit/${seq}`, { expected: [/status of 40[013]/] });
	await page.getByRole('button', { name: 'Erase payload' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByText('What goes, for ever').waitFor();
	await dialog.getByText('What stays').waitFor();
	await dialog.getByLabel('Reason').fill('a password slipped in');
	await dialog.getByLabel('Your password').fill('not the password at all');
	await dialog.getByRole('button', { name: 'Erase for ever' }).click();
	await dialog.getByText('That did not work').waitFor();
	await dialog.getByLabel('Your password').fill(PASSWORD);
	await dialog.getByRole('button', { name: 'Erase for ever' }).click();
	await dialog.waitFor({ state: 'detached' });
	await page.getByText('was erased by').waitFor();
	await page.locator('.entry-verdict').filter({ hasText: 'erased' }).waitFor();
	assert.equal(await page.getByText('hunter2-of-the-test').count(), 0);
	assert.equal(dashboard.stack.lines().some(({ line }) => line.includes('hunter2-of-the-test')), false);
	assert.equal(await page.getByRole('button', { name: 'Erase payload' }).count(), 0);
});

test('a viewer erases nothing', async t => {
	const page = await dashboard.open(t, '/audit/30', { role: 'viewer' });
	await page.getByText('Operators may erase payloads.').waitFor();
	assert.equal(await page.getByRole('button', { name: 'Erase payload' }).count(), 0);
});

// --- what is hostile, what fails, what it looks like

const HOSTILE = [
	'<script>alert(1)</script><img src=x onerror=alert(2)>', '\u202egnp.exe\u202c\u2066\u2069', '\u001b]0;owned\u0007\u001b[2J',
	'a\u200b\u200d\ufeff\u{e0041}b', 'x'.repeat(60_000), '"quotes\' & \\backslashes\\ &amp; %s ${7*7} {{7*7}}', '\u0301'.repeat(500),
];

test('hostile text is text', async t => {
	for (const text of HOSTILE)
		await record({ agent_name: 'hostile', capability: 'test.hostile', summary: text, request: { [text.slice(0, 200)]: text } });
	for (const viewport of [undefined, PHONE]) {
		const page = await open(t, '/audit?agent_name=hostile', viewport && { viewport });
		await page.getByText(`Showing 1–${HOSTILE.length} of ${HOSTILE.length}`).waitFor();
		for (const head of await page.locator('.entry-head').all())
			await head.click();
		await page.locator('.entry-details').nth(HOSTILE.length - 1).waitFor();
		await assertFits(page);
		assert.equal(await page.locator('main script, main img').count(), 0);
		await page.locator('.entry-details').getByText('<script>alert(1)</script>').first().waitFor();
		await page.locator('.entry-details .control', { hasText: 'U+202E' }).first().waitFor();
	}
});

test('hostile text in the address is text, too', async t => {
	for (const text of HOSTILE.filter(text => text.length < 250)) {
		const page = await open(t, `/audit?q=${encodeURIComponent(text)}`, { viewport: PHONE, expected: [BAD_REQUEST] });
		await assertFits(page);
		assert.doesNotMatch(await box(page).inputValue(), /[\u0000-\u001f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
		assert.equal(await page.locator('main script, main img').count(), 0);
	}
});

test('an API that is away is said to be, and its return is noticed', async t => {
	const page = await dashboard.open(t, '/audit', {
		expected: [/status of 503/],
		before: page => page.route('**/api/audit?*', route => route.fulfill({
			status: 503, contentType: 'application/problem+json', body: '{"title":"away","status":503,"detail":"the log is away"}',
		})),
	});
	await page.getByRole('alert').filter({ hasText: "Can't reach the audit log: the log is away. Retrying …" }).waitFor();
	await page.getByRole('button', { name: 'Retry', exact: true }).waitFor();
	await page.unroute('**/api/audit?*');
	await rows(page).first().waitFor();
	await page.getByRole('alert').filter({ hasText: "Can't reach" }).waitFor({ state: 'detached' });
});

for (const theme of ['light', 'dark'])
	test(`nobody is kept out, ${theme}`, async t => {
		const page = await open(t, '/audit?status=-success', { theme });
		await page.locator('.entry-head').first().click();
		await page.getByRole('slider').first().waitFor();
		await assertAccessible(page);
		const entry = await dashboard.open(t, '/audit/30', { theme });
		await entry.locator('.hand-checks').waitFor();
		await assertAccessible(entry);
		await entry.getByRole('button', { name: 'Erase payload' }).click();
		await assertAccessible(entry);
	});

test('a narrow phone has room for both pages', async t => {
	const page = await open(t, '/audit', { viewport: PHONE });
	for (const name of ['How to write a query', 'Filters', 'Over time, and by whom'])
		await page.locator('summary', { hasText: name }).click();
	await page.getByRole('slider').first().waitFor();
	await page.locator('.entry-head').first().click();
	await assertFits(page);
	const entry = await dashboard.open(t, '/audit/30', { viewport: PHONE });
	await entry.locator('.hand-checks').waitFor();
	await assertFits(entry);
});

test('on paper there is what was found, and what was asked', async t => {
	const page = await open(t, '/audit?status=denied');
	await page.emulateMedia({ media: 'print' });
	for (const name of ['.audit-query', '.audit-overview', '.audit-pager', '.sidebar'])
		assert.equal(await page.locator(name).isVisible(), false, name);
	assert.match(await page.locator('.print-only').innerText(), /Printed .* \(UTC\) from .* status:denied/s);
	assert.equal(await page.locator('.entry-head').first().isVisible(), true);
	assert.equal(await showing(page).isVisible(), true);
});
