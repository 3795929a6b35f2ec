import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { Dashboard, PHONE } from './harness/dashboard.js';
import { assertAccessible, assertFits } from './harness/looks.js';

let dashboard, door;

before(async () => {
	dashboard = await Dashboard.start({ recordings: ['sessions', 'scenes'] });
	door = await dashboard.stack.door();
});
after(() => {
	door?.close();
	return dashboard?.stop();
});

/** What a browser says of a connection that has gone, and of an answer of ours. */
const LOST = /Failed to load resource/;

let made = 0;

/** Entries of an agent of this name, each told from the others by its number. */
function entriesOf(agent_name, count, more = {}) {
	return Array.from({ length: count }, () => ({
		actor_type: 'agent', agent_name, capability: 'shell.exec', policy_tier: 'notify', status: 'success',
		duration_ms: 12.3, summary: 'exit 0', request: { command: `step ${++made}` }, ...more,
	}));
}

/** The page, as soon as it is live. */
async function live(t, query = '', options = {}) {
	const page = await dashboard.open(t, `/activity${query}`, options);
	await pill(page).filter({ hasText: 'Live' }).waitFor();
	return page;
}

const pill = page => page.locator('.live');
const rows = page => page.locator('.entry-head');
const row = (page, text) => rows(page).filter({ hasText: text });
const previews = page => page.locator('.entry-preview').allTextContents();
const steps = entries => entries.map(entry => entry.request.command);

test('new entries stream in at the top, capped at the 200 most recent', async t => {
	const page = await live(t);
	assert.equal(await rows(page).count(), 200);
	const entries = entriesOf('feed-agent', 30);
	await door.record(...entries);
	await row(page, steps(entries).at(-1)).waitFor();
	assert.deepEqual((await previews(page)).slice(0, 30), steps(entries).reverse());
	assert.equal(await rows(page).count(), 200);
});

test('a row says status, time, actor, capability, tier and duration', async t => {
	const page = await live(t);
	const [entry] = entriesOf('row-agent', 1, { status: 'denied', capability: 'mail.send', policy_tier: 'blocked' });
	await door.record(entry);
	const head = row(page, 'row-agent').first();
	await head.waitFor();
	assert.match(await head.textContent(), /Denied\d\d:\d\d:\d\d\.\d{3}row-agentmail\.send.*blocked12 ms$/);
	assert.equal(await head.getAttribute('aria-expanded'), 'false');
});

test('the day stands above where it is another one than today', async t => {
	const { code, stderr } = await dashboard.stack.kruxos(['audit', 'import', '-'], {
		input: entriesOf('day-agent', 2, { time: '2026-01-05T23:59:59Z' }).map(entry => `${JSON.stringify(entry)}\n`).join(''),
	});
	assert.equal(code, 0, stderr);
	const [seq] = await door.record(...entriesOf('day-agent', 1));
	await dashboard.stack.untilIndexed(seq);
	const page = await live(t, '?agent_name=day-agent');
	assert.deepEqual(await page.locator('.entries > li').evaluateAll(list => list.map(item => item.className)),
		['entry entry-success', 'entry entry-day number', 'entry entry-success', 'entry entry-success']);
	assert.equal(await page.locator('.entry-day').textContent(), '2026-01-05');
});

test('an open row has the result, the request, why it could run, and what it is found by', async t => {
	const page = await live(t);
	await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
	const [seq] = await door.record({
		actor_type: 'agent', agent_name: 'open-agent', session_id: 'open/session', call_id: 'call-1', capability: 'shell.exec',
		policy_tier: 'notify', decided_by: 'hook', status: 'error', duration_ms: 5, summary: 'exit 1: no such file',
		request: { command: 'cat x', env: { LANG: 'C.UTF-8', PATH: ['/bin', '/usr/bin'] }, retries: 3, quiet: true, note: 'n'.repeat(5000) },
	});
	const recorded = dashboard.stack.entries().find(entry => entry.seq === seq);
	await row(page, 'open-agent').click();
	const open = page.locator('.entry-more');

	const says = await open.textContent();
	for (const text of ['exit 1: no such file', 'cat x', 'LANG', 'C.UTF-8', '/usr/bin', 'retries', 'true', 'A hook decided.', 'call-1',
		recorded.entry_hash, recorded.log_file])
		assert.ok(says.includes(text), text);
	for (const name of ['entry_hash', 'log_file']) {
		await open.getByRole('button', { name: `Copy ${name}` }).click();
		await open.getByText('Copied').first().waitFor();
		assert.equal(await page.evaluate(() => navigator.clipboard.readText()), recorded[name]);
	}
	await open.getByRole('button', { name: 'show all 5,000 characters' }).click();
	assert.ok((await open.textContent()).includes('n'.repeat(5000)));
	assert.equal(await open.getByRole('link', { name: 'Open the entry' }).getAttribute('href'), `/audit/${seq}`);
	await open.getByRole('link', { name: 'Open its session' }).click();
	await page.waitForURL(`**/sessions/open/session?entry=${seq}`);
});

test('an erased payload says by what it was erased', async t => {
	const [seq] = await door.record(...entriesOf('erased-agent', 1, { summary: 'hunter2' }));
	const { code, stderr } = await dashboard.stack.kruxos(['audit', 'erase', String(seq), '--yes', '--reason', 'a password']);
	assert.equal(code, 0, stderr);
	const { erased_by: by } = await until('it is erased', async () => {
		const entry = await dashboard.stack.get(`/api/audit/${seq}`);
		return entry.erased_by !== undefined && entry;
	});
	const page = await live(t);
	await row(page, 'erased-agent').click();
	const open = page.locator('.entry-more');
	assert.match(await open.textContent(), new RegExp(`erased by #${by}`));
	assert.doesNotMatch(await page.locator('main').textContent(), /hunter2/);
	assert.equal(await open.getByRole('link', { name: `#${by}` }).getAttribute('href'), `/audit/${by}`);
});

test('a click on the pill pauses, another one resumes, and nothing is lost in between', async t => {
	const page = await live(t, '?agent_name=paused-agent');
	const before = entriesOf('paused-agent', 3), meanwhile = entriesOf('paused-agent', 120), behind = entriesOf('paused-agent', 3);
	await door.record(...before);
	await row(page, steps(before).at(-1)).waitFor();
	await pill(page).click();
	await pill(page).filter({ hasText: 'Paused' }).waitFor();
	await door.record(...meanwhile);
	assert.deepEqual(await previews(page), steps(before).reverse());
	await pill(page).click();
	await pill(page).filter({ hasText: 'Live' }).waitFor();
	await door.record(...behind);
	await row(page, steps(behind).at(-1)).waitFor();
	assert.deepEqual(await previews(page), steps([...before, ...meanwhile, ...behind]).reverse());
});

test('a reader who has scrolled is not moved, and is told how many are new', async t => {
	const page = await live(t);
	await page.mouse.move(640, 600);
	await page.mouse.wheel(0, 1500);
	await page.waitForFunction(() => scrollY > 1000);
	const seen = await page.evaluate(() => document.elementFromPoint(640, 450).closest('.entry').textContent);
	await door.record(...entriesOf('scroll-agent', 37));
	const news = page.getByRole('button', { name: '37 new' });
	await news.waitFor();
	assert.equal(await page.evaluate(() => document.elementFromPoint(640, 450).closest('.entry').textContent), seen);
	await news.click();
	await row(page, 'scroll-agent').first().waitFor();
	assert.equal(await page.evaluate(() => scrollY), 0);
	assert.equal(await page.getByRole('button', { name: /new$/ }).count(), 0);
});

test('an open row stays where it is until it is closed', async t => {
	const page = await live(t);
	await rows(page).nth(2).click();
	const top = () => page.locator('.entry-more').evaluate(element => element.getBoundingClientRect().top);
	const before = await top();
	await door.record(...entriesOf('held-agent', 250));
	await page.getByRole('button', { name: '250 new' }).waitFor();
	assert.equal(await top(), before);
	await page.keyboard.press('Escape');
	await row(page, 'held-agent').first().waitFor();
	assert.equal(await row(page, 'held-agent').count(), 200);
});

test('j and k go through the list, Enter opens and closes', async t => {
	const page = await live(t);
	const focused = () => page.evaluate(() => [...document.querySelectorAll('.entry-head')].indexOf(document.activeElement));
	for (const [key, at] of [['j', 0], ['j', 1], ['j', 2], ['k', 1]]) {
		await page.keyboard.press(key);
		assert.equal(await focused(), at, key);
	}
	await page.keyboard.press('Enter');
	assert.equal(await rows(page).nth(1).getAttribute('aria-expanded'), 'true');
	await page.keyboard.press('Enter');
	assert.equal(await rows(page).nth(1).getAttribute('aria-expanded'), 'false');
	await page.keyboard.press('/');
	assert.ok(await page.getByLabel('Text').evaluate(field => field === document.activeElement));
});

test('filters ask the server, stand in the address, and are undone at once', async t => {
	const page = await live(t);
	const asked = [];
	page.on('request', request => asked.push(new URL(request.url())));
	await page.getByLabel('Agent').selectOption('crawler');
	await page.getByLabel('Status').selectOption('denied');
	await page.getByLabel('Capability').fill('web.*');
	await page.waitForURL('**/activity?agent_name=crawler&status=denied&capability=web.*');
	await until('the server was asked', () => asked.some(url =>
		url.pathname === '/api/activity/stream' && url.searchParams.get('capability') === 'web.*'));
	const shown = async () => {
		await row(page, 'rate limit').first().waitFor();
		return previews(page);
	};
	const expected = ['rate limit: try again in 7 s', 'rate limit: try again in 8 s', 'rate limit: try again in 9 s'];
	await until('only those are shown', async () => (await shown()).length === 3);
	assert.deepEqual(await shown(), expected);

	await page.reload();
	assert.deepEqual(await shown(), expected);
	assert.equal(await page.getByLabel('Agent').inputValue(), 'crawler');
	await door.record(...entriesOf('other-agent', 1), ...entriesOf('crawler', 1, { capability: 'web.fetch', status: 'denied', summary: 'rate limit: now' }));
	await row(page, 'rate limit: now').waitFor();
	assert.equal(await rows(page).count(), 4);

	await page.getByRole('button', { name: 'Clear filters' }).click();
	await page.waitForURL('**/activity');
	await row(page, 'other-agent').first().waitFor();
	assert.equal(await page.getByLabel('Capability').inputValue(), '');
	await page.goBack();
	await until('back leads back', async () => await page.getByLabel('Status').inputValue() === 'denied');
});

test('the substring narrows what is shown', async t => {
	const entries = entriesOf('narrow-agent', 3);
	await door.record(...entries);
	const page = await live(t);
	await page.getByLabel('Text').fill(steps(entries)[1].toUpperCase());
	await until('the others are gone', async () => await rows(page).count() === 1);
	assert.deepEqual(await previews(page), [steps(entries)[1]]);
	await page.waitForURL('**/activity?q=*');
	await page.getByLabel('Text').fill('there is nothing of the kind');
	await page.getByText('None of the 200 entries shown has this text').waitFor();
	await page.getByRole('link', { name: 'Search the whole log' }).click();
	await page.waitForURL('**/audit?q=*');
});

test('a filter that is none is said where it is, and can be taken back', async t => {
	const page = await dashboard.open(t, '/activity?status=%3Cscript%3E', { expected: [LOST] });
	await page.getByRole('alert').filter({ hasText: 'status' }).waitFor();
	assert.equal(await page.getByLabel('Status').getAttribute('aria-invalid'), 'true');
	assert.equal(await page.getByLabel('Status').inputValue(), '<script>');
	await page.getByRole('button', { name: 'Clear filters' }).click();
	await pill(page).filter({ hasText: 'Live' }).waitFor();
	assert.equal(await rows(page).count(), 200);
});

test('where nothing matches, the page says so, and shows what comes', async t => {
	const page = await live(t, '?agent_name=late-agent');
	await page.getByText('Nothing matches these filters').waitFor();
	await door.record(...entriesOf('late-agent', 1));
	await row(page, 'late-agent').waitFor();
});

test('a gap is a row that says how many are missing', async t => {
	const page = await dashboard.open(t, '/activity', {
		before: page => page.route('**/api/activity/stream?*', route => route.fulfill({
			contentType: 'text/event-stream',
			body: 'retry: 600000\n\nid: 90000\nevent: gap\ndata: {"skipped":57000,"from":33000,"to":90000}\n\n',
		})),
	});
	const gap = page.locator('.entry-gap');
	assert.match(await gap.textContent(), /57,000 entries are not shown here \(#33000 to #90000\)/);
	assert.equal(await gap.getByRole('link').getAttribute('href'), '/audit');
});

test('nobody can be kept from answering by 100 entries a second', async t => {
	const page = await live(t);
	const client = await page.context().newCDPSession(page);
	const heap = async () => {
		await client.send('HeapProfiler.collectGarbage');
		return (await client.send('Runtime.getHeapUsage')).usedSize;
	};
	const feed = async count => {
		for (let sent = 0; sent < count; sent += 10) {
			await door.record(...entriesOf('busy-agent', 10));
			await new Promise(resolve => setTimeout(resolve, 100)); // the rate
		}
		await row(page, `step ${made}`).waitFor();
	};
	const elements = () => page.evaluate(() => document.querySelectorAll('*').length);

	await feed(300);
	await page.evaluate(() => {
		globalThis.batches = 0;
		new MutationObserver(() => globalThis.batches++).observe(document.querySelector('.entries'), { childList: true });
	});
	const before = { heap: await heap(), elements: await elements() };
	await feed(600);
	assert.ok(await page.evaluate(() => globalThis.batches) < 300, 'rows come in batches');
	assert.equal(await rows(page).count(), 200);
	assert.ok(await elements() < 1.1 * before.elements);
	assert.ok(await heap() < 1.5 * before.heap);
	await rows(page).first().click();
	await page.locator('.entry-more').waitFor();
});

test('hostile text is text, and the layout stays', async t => {
	const hostile = [
		'<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '"><svg onload=alert(1)>', '{{7*7}}${7*7}', 'javascript:alert(1)',
		'\u202egpj.exe\u202c', '\u2066\u2067\u2068', 'a\u200bb\u200dc\ufeff', '\u001b[31mred\u001b]0;title\u0007', '\u{e0041}\u{e0042}',
		'\u0000', 'ＷＩＤＥ'.repeat(50), 'e' + '\u0301'.repeat(500), 'x'.repeat(60_000), '\r\n\r\n', '=HYPERLINK("https://evil.example/")',
		'</textarea></style></title><base href=//evil.example>', '%s%n', '../../etc/passwd', '🏴‍☠️',
	];
	await door.record(...hostile.map((text, index) => ({
		actor_type: 'agent', agent_name: 'hostile-agent', session_id: 'hostile', capability: 'shell.exec', status: index % 2 ? 'error' : 'success',
		summary: text, request: { [`k${text.slice(0, 200)}`]: text, deep: { list: [text, { more: text }] } },
	})));
	for (const viewport of [PHONE, undefined]) {
		const page = await live(t, '?agent_name=hostile-agent', viewport && { viewport });
		assert.equal(await rows(page).count(), hostile.length);
		for (let index = 0; index < hostile.length; index++) {
			await rows(page).nth(index).click();
			await page.locator('.entry-more').waitFor();
			await assertFits(page);
		}
		await row(page, 'gpj').click();
		const open = page.locator('.entry-more');
		assert.ok(await open.getByText('U+202E').first().isVisible());
		assert.doesNotMatch(await page.locator('body').textContent(), /[\u202a-\u202e\u2066-\u2069\u200b\u001b]/);
		assert.equal(await page.locator('main :is(img, script, base, textarea, iframe)').count(), 0);
	}
});

for (const theme of ['light', 'dark'])
	test(`nobody is kept out of an open row, ${theme}`, async t => {
		const page = await live(t, '', { theme });
		await rows(page).nth(1).click();
		await page.locator('.entry-more').waitFor();
		await assertAccessible(page);
	});

test('a sign-in that has ended leads to sign-in, and back', async t => {
	const cookie = await dashboard.signIn();
	const page = await dashboard.open(t, '/activity?status=error', { cookie, expected: [LOST] });
	await pill(page).filter({ hasText: 'Live' }).waitFor();
	const elsewhere = await dashboard.open(t, '/health', { cookie, expected: [LOST] });
	await elsewhere.getByText('operator').first().click();
	await elsewhere.getByRole('button', { name: 'Sign out' }).click();
	await page.waitForURL(url => url.pathname === '/sign-in' && url.searchParams.get('next') === '/activity?status=error');
});

// The last: the stack is another one then.
test('a stream that drops is said across the top, and nothing is lost when it is back', async t => {
	const page = await live(t, '?agent_name=drop-agent', { expected: [LOST] });
	const before = entriesOf('drop-agent', 2), behind = entriesOf('drop-agent', 2);
	await door.record(...before);
	await row(page, steps(before).at(-1)).waitFor();
	await dashboard.stack.halt();
	await page.getByRole('alert').filter({ hasText: 'The live stream has dropped' }).waitFor();
	await pill(page).filter({ hasText: 'Disconnected' }).waitFor();
	assert.deepEqual(await previews(page), steps(before).reverse());

	await dashboard.stack.resume();
	door.close();
	door = await dashboard.stack.door();
	await door.record(...behind);
	await pill(page).filter({ hasText: 'Live' }).waitFor();
	await row(page, steps(behind).at(-1)).waitFor();
	assert.deepEqual(await previews(page), steps([...before, ...behind]).reverse());
	assert.equal(await page.getByText('The live stream has dropped').count(), 0);
});
