import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { Dashboard, PHONE } from './harness/dashboard.js';
import { assertAccessible, assertFits } from './harness/looks.js';

let dashboard, door;

before(async () => {
	dashboard = await Dashboard.start({ recordings: ['scenes'] });
	door = await dashboard.stack.door();
});
after(() => {
	door?.close();
	return dashboard?.stop();
});

const LOST = /Failed to load resource/;
const calls = page => page.locator('.call-head');
const call = (page, text) => calls(page).filter({ hasText: text });

async function open(t, id, options) {
	const page = await dashboard.open(t, `/sessions/${id}`, options);
	await calls(page).first().waitFor();
	return page;
}

/** Where a call's bar, or gate, is: from 0 to 1 of the axis. */
function placeOf(row, what = '.bar') {
	return row.locator(what).first().evaluate(element => {
		const track = element.parentElement.getBoundingClientRect(), own = element.getBoundingClientRect();
		return [(own.left - track.left) / track.width, (own.right - track.left) / track.width];
	});
}

test('the head says whose it is, when it began and ended, and how it went', async t => {
	const page = await open(t, 'res-31');
	const head = await page.locator('.session-head').textContent();
	assert.match(head, /Agentresearch-agentWith it.*research-agent\/reader/);
	assert.match(head, /Started\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
	assert.match(head, /Ended.*after 5 min 22 s/);
	assert.match(head, /Entries19.*14 success.*2 error.*1 denied.*2 pending/);
	assert.match(await page.locator('.session-head a').getAttribute('href'), /^\/audit\?session_id=res-31&from=/);
});

test('the head says which ways told of the calls, and what that shows to be missing', async t => {
	for (const [coverage, told] of [
		[{ percent: null, by_hook: 3, by_telemetry: 0, both: 0, unrecorded: 0, missing_sequence: 0 }, /^Told byhooks: 3$/],
		[{ percent: null, by_hook: 0, by_telemetry: 1204, both: 0, unrecorded: 0, missing_sequence: 2 },
			/^Told bytelemetry: 1,204.*2 records of telemetry never came$/],
		[{ percent: 66.7, by_hook: 2, by_telemetry: 3, both: 2, unrecorded: 1, missing_sequence: 0 },
			/^Told byhooks: 2, telemetry: 3, both: 2 \(66\.7 %\).*1 call that no hook told of$/],
	]) {
		const page = await open(t, 'res-31', {
			before: page => page.route('**/api/sessions/*', async route => {
				const answer = await (await route.fetch()).json();
				await route.fulfill({ json: { ...answer, sessions: answer.sessions.map(one => ({ ...one, coverage })) } });
			}),
		});
		assert.match(await page.locator('.session-head div', { hasText: 'Told by' }).textContent(), told);
	}
});

test('a session that has long been silent has no end', async t => {
	const page = await open(t, 'res-31', {
		before: page => page.route('**/api/sessions/*', async route => {
			const answer = await (await route.fetch()).json();
			await route.fulfill({ json: { ...answer, sessions: answer.sessions.map(one => ({ ...one, ended_at: null, end: 'missing' })) } });
		}),
	});
	assert.match(await page.locator('.session-head').textContent(), /Endedits end was never reported; last seen /);
});

test('calls stand over time, begun and done as one', async t => {
	const page = await open(t, 'res-31');
	assert.equal(await calls(page).count(), 17);
	const [from, to] = await placeOf(call(page, 'task.run'));
	assert.ok(from < 0.02 && to > 0.9 && to < 0.97, `${from} to ${to}`);
	assert.match(await call(page, 'task.run').textContent(), /4 min 58 s$/);
	const [begun] = await placeOf(call(page, 'note.write'));
	assert.ok(begun > 0.8 && begun < 0.9, String(begun));
});

test('the calls of sub-agents stand below the call that called them', async t => {
	const page = await open(t, 'res-31');
	const below = page.locator('.call', { has: page.locator(':scope > .call-head', { hasText: 'task.run' }) }).locator('.call .call-head');
	assert.equal(await below.count(), 13);
	assert.match(await below.first().textContent(), /research-agent\//);
	assert.equal(await page.locator('.waterfall > .calls > .call').count(), 4);
});

test('an approval is a gate: who decided, and how long it waited', async t => {
	const accepted = call(await open(t, 'rel-204'), 'deploy.production');
	assert.match(await accepted.textContent(), /let through by ada after 3 min 26 s/);
	const gate = await placeOf(accepted, '.gate'), run = await placeOf(accepted);
	assert.ok(Math.abs(gate[1] - run[0]) < 0.02 && gate[0] < run[0] && run[1] > run[0], `${gate} ${run}`);

	const page = await open(t, 'ops-77');
	assert.match(await call(page, 'filesystem.delete').nth(0).textContent(), /stopped by grace after 1 min 35 s/);
	assert.match(await call(page, 'filesystem.delete').nth(1).textContent(), /let through by grace after 28/);
	assert.match(await call(await open(t, 'tri-640'), 'close_issue').textContent(), /waits for a person’s word/);
});

test('errors stand out, and not by colour alone', async t => {
	const page = await open(t, 'res-31');
	assert.equal(await page.locator('.call-error').count(), 2);
	for (const row of await page.locator('.call-error').all())
		assert.match(await row.textContent(), /^Error/);
	assert.match(await page.locator('.call-denied').textContent(), /^Denied.*blocked: this agent may not send mail/);
});

test('a click opens the entries of a call, the last one whole', async t => {
	const page = await open(t, 'rel-204');
	await call(page, 'deploy.production').click();
	const entries = page.locator('.call-entries .entry-head');
	assert.deepEqual(await page.locator('.call-entries .entry-capability').allTextContents(),
		['approval.request', 'approval.accept', 'deploy.production', 'deploy.production']);
	assert.equal(await entries.nth(3).getAttribute('aria-expanded'), 'true');
	assert.match(await page.locator('.entry-more').textContent(), /3 of 3 hosts on 2\.4\.0/);
	await entries.nth(1).click();
	assert.match(await page.locator('.entry-more').textContent(), /go ahead, I am watching the graphs/);
	await call(page, 'deploy.production').first().click();
	assert.equal(await entries.count(), 0);
});

test('j and k go through the calls, Enter opens and closes', async t => {
	const page = await open(t, 'rel-204');
	const focused = () => page.evaluate(() => document.activeElement.className + document.activeElement.textContent);
	await page.keyboard.press('j');
	assert.match(await focused(), /call-head.*session\.start/);
	await page.keyboard.press('j');
	await page.keyboard.press('Enter');
	await page.keyboard.press('j');
	assert.match(await focused(), /entry-head.*filesystem\.read/);
	await page.keyboard.press('k');
	await page.keyboard.press('Enter');
	assert.equal(await page.locator('.entry-head').count(), 0);
});

test('an entry leads to its session, where its call is open', async t => {
	const { entries: [entry] } = await dashboard.stack.get('/api/audit?session_id=sup-1180&status=error&limit=1');
	const page = await dashboard.open(t, '/activity?status=error&agent_name=support-agent');
	await page.locator('.entry-head').first().click();
	await page.getByRole('link', { name: 'Open its session' }).click();
	await page.waitForURL(`**/sessions/sup-1180?entry=${entry.seq}`);
	await page.locator('.entry-more').waitFor();
	assert.match(await page.locator('.call-head[aria-expanded="true"]').textContent(), /mcp\.postgres\.query/);
	assert.match(await page.locator('.entry-more').textContent(), /canceling statement/);
});

test('a session that goes on is followed', async t => {
	const entry = { actor_type: 'agent', agent_name: 'goes-on', session_id: 'goes/on', call_id: 'c1', capability: 'shell.exec' };
	await door.record({ ...entry, status: 'pending' });
	const page = await open(t, 'goes/on');
	assert.match(await page.locator('.session-head').textContent(), /it goes on, or its end was not reported/);
	assert.match(await calls(page).textContent(), /no answer yet/);
	await calls(page).click();
	await door.record({ ...entry, status: 'success' }, { ...entry, call_id: 'c2', status: 'error' });
	await call(page, 'Error').waitFor();
	assert.match(await calls(page).first().textContent(), /^Success/);
	assert.equal(await page.locator('.call-entries .entry-head').count(), 2, 'what was open stays open');
});

test('ids may hold what paths are made of', async t => {
	for (const id of ['a/b/c', 'a:b@c+d', '...']) {
		await door.record({ actor_type: 'agent', agent_name: 'odd-agent', session_id: id, capability: 'shell.exec', status: 'success' });
		const page = await dashboard.open(t, '/activity?agent_name=odd-agent');
		await page.locator('.entry-head').first().click();
		await page.getByRole('link', { name: 'Open its session' }).click();
		await calls(page).first().waitFor();
		assert.equal(await page.locator('.session-id').textContent(), id);
		await page.reload();
		await calls(page).first().waitFor();
		assert.equal(await page.locator('.session-id').textContent(), id);
	}
});

test('of a session without end the newest 2,000 entries are shown, and where the others are', async t => {
	const entries = Array.from({ length: 2100 }, (_, index) => ({
		actor_type: 'agent', agent_name: 'long-agent', session_id: 'long', call_id: `c${index}`, capability: 'shell.exec',
		status: 'success', request: { command: `step ${index}` },
	}));
	const seqs = await door.record(...entries);
	await dashboard.stack.untilIndexed(seqs.at(-1));
	const page = await open(t, 'long');
	assert.equal(await calls(page).count(), 2000);
	assert.match(await page.locator('.call-preview').first().textContent(), /^step 100$/);
	await page.getByText('The newest 2,000 of its 2,100 entries are shown.').waitFor();
	assert.match(await page.getByRole('link', { name: 'All its entries in Audit' }).last().getAttribute('href'), /^\/audit\?session_id=long&from=/);
});

test('hostile text is text, and a tree without bottom has one', async t => {
	const text = '<img src=x onerror=alert(1)>\u202egpj.exe\u001b[31m' + 'W'.repeat(5000);
	const seqs = await door.record(...Array.from({ length: 300 }, (_, index) => ({
		actor_type: 'agent', agent_name: `${'n'.repeat(120)}${index}`, session_id: 'hostile', call_id: `c${index}`, parent_call_id: `c${index === 0 ? 299 : index - 1}`,
		capability: `x.${'y'.repeat(120)}`, status: 'error', summary: text, request: { capability: text },
	})), {
		actor_type: 'agent', agent_name: 'a', session_id: 'hostile', call_id: 'd0', capability: 'approval.request', status: 'pending', request: { capability: text },
	}, ...Array.from({ length: 100 }, (_, index) => ({
		actor_type: 'agent', agent_name: 'a', session_id: 'hostile', call_id: `d${index + 1}`, parent_call_id: `d${index}`, capability: 'a.b', status: 'success', summary: text,
	})));
	await dashboard.stack.untilIndexed(seqs.at(-1));
	for (const viewport of [PHONE, undefined]) {
		const page = await open(t, 'hostile', viewport && { viewport });
		assert.equal(await calls(page).count(), 401);
		await assertFits(page);
		await calls(page).last().click();
		await page.locator('.entry-more').waitFor();
		await assertFits(page);
		assert.equal(await page.locator('main img').count(), 0);
	}
});

test('an id that nobody has, and one that is none', async t => {
	const page = await dashboard.open(t, '/sessions/nobody%2Fhas', { expected: [LOST] });
	await page.getByText('There is no such session').waitFor();
	await page.getByText('kruxos audit query').waitFor();
	await door.record({ actor_type: 'agent', agent_name: 'late', session_id: 'nobody/has', capability: 'shell.exec', status: 'success' });
	await calls(page).first().waitFor();
});

test('an API that fails is said where it failed, and the page recovers', async t => {
	let fails = true;
	const page = await dashboard.open(t, '/sessions/rel-204', {
		expected: [LOST],
		before: page => page.route('**/api/audit?*', route => fails ? route.fulfill({
			status: 503, contentType: 'application/problem+json', body: '{"title":"Busy","status":503,"detail":"too many searches"}',
		}) : route.continue()),
	});
	const failure = page.getByRole('alert').filter({ hasText: 'too many searches' });
	await failure.waitFor();
	fails = false;
	await failure.getByRole('button', { name: 'Retry' }).click();
	await call(page, 'deploy.production').waitFor();
	await until('it is no longer said', async () => await failure.count() === 0);
});

for (const theme of ['light', 'dark'])
	test(`nobody is kept out of a session, ${theme}`, async t => {
		const page = await open(t, 'ops-77', { theme });
		await call(page, 'filesystem.delete').first().click();
		await page.locator('.entry-more').waitFor();
		await assertAccessible(page);
	});

test('a session fits a narrow phone', async t => {
	for (const id of ['res-31', 'sup-1180']) {
		const page = await open(t, id, { viewport: PHONE });
		await assertFits(page);
		await calls(page).nth(2).click();
		await assertFits(page);
	}
});
