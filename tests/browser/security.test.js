// Text of agents is only ever text: whatever it would like to be, in whatever
// field it comes, it is read on the page, and does nothing to it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { load } from '../www/harness/bundle.js';
import { Dashboard, PHONE } from './harness/dashboard.js';
import { HOSTILE } from './harness/hostile.js';
import { assertFits } from './harness/looks.js';

const { pieces } = await load('visible.ts');
const { previewOf } = await load('entry.ts');

const STATUSES = ['success', 'error', 'denied', 'pending'];
const AGENTS = 30;
/** What a browser says of an answer of 400 and the like. */
const LOST = /Failed to load resource/;

let dashboard;
let door;

before(async () => {
	assert.equal(HOSTILE.length, 300);
	dashboard = await Dashboard.start({ recordings: [], settings: { proxy: { report_interval_seconds: 3600 } } });
	door = await dashboard.stack.door();
	await recordEntries();
	await raiseAlerts();
	await reportProxy();
	await askForApproval();
});
after(async () => {
	door?.close();
	await dashboard?.stop();
});

/** So many bytes of it, at most, in whole characters. */
function cut(text, bytes) {
	return Buffer.from(text.slice(0, bytes)).subarray(0, bytes).toString().replace(/\ufffd+$/, '');
}

/** As a key of an object: not too long, and not empty. */
const key = text => text.slice(0, 100) || 'empty';

async function recordEntries() {
	const seqs = await door.record(...HOSTILE.map((text, number) => ({
		actor_type: 'agent', agent_name: 'hostile', session_id: 'hostile-session', call_id: `call-${number}`,
		capability: 'shell.exec', status: STATUSES[number % STATUSES.length], duration_ms: number,
		summary: text.slice(0, 8000), request: { command: text, [key(text)]: [text.slice(0, 500), { [key(text)]: 1 }] },
	})));
	await dashboard.stack.untilIndexed(seqs.at(-1));
}

/** Each of some agents sends ten: more of one would be too many. */
async function raiseAlerts() {
	await door.record(...HOSTILE.map((text, number) => ({
		actor_type: 'agent', agent_name: `hostile-${number % AGENTS}`, capability: 'alerts.send', status: 'success',
		request: { severity: 'warning', title: `${number} ${text.slice(0, 500)}`, message: text.slice(0, 2000), context: { [key(text)]: text.slice(0, 2000) } },
	})));
	const alerts = await until('they are alerts', async () => {
		const { alerts } = await dashboard.stack.get('/api/alerts');
		return alerts.length >= 100 && alerts;
	});
	for (const [number, { id }] of alerts.slice(0, 20).entries())
		await door.command('alerts.acknowledge', { id: String(id), note: cut(HOSTILE[number * 13], 1000) });
	for (const number of [3, 40, 130, 150])
		await door.command('silences.add', {
			matchers: [`title=${number} *`, `rule=${cut(HOSTILE[number].replaceAll('\n', ' '), 200) || '*'}`],
			reason: cut(HOSTILE[number + 1], 1000) || 'none', duration: '1h',
		});
}

async function reportProxy() {
	const created_at = new Date().toISOString();
	await door.command('proxy.report', {
		services: HOSTILE.slice(0, 60).map((text, number) => ({
			name: `service-${number}`, status: 'error', consecutive_failures: 1, last_error: text.slice(0, 500),
		})),
		writes: HOSTILE.map((text, number) => ({
			id: `w-${number}`, service: `service-${number % 60}`, summary: text.slice(0, 500), created_at,
			state: number % 2 === 0 ? 'dead' : 'buffered', attempts: 1, last_error: text.slice(0, 500),
		})),
	});
}

/** Half of it waits; of the rest somebody has decided, for such reasons. */
async function askForApproval() {
	const asks = HOSTILE.map((text, number) => ({
		actor_type: 'agent', agent_name: 'hostile-asker', session_id: 'hostile-asks', call_id: `ask-${number}`,
		capability: 'approval.request', policy_tier: 'approval_required', status: 'pending',
		request: { capability: text.slice(0, 500), [key(text)]: [text.slice(0, 2000)] },
	}));
	const seqs = await door.record(...asks, ...asks.filter((_, number) => number % 2 === 0).map(({ call_id, session_id }, number) => ({
		actor_type: 'user', user_name: 'ann', session_id, call_id, capability: 'approval.reject', status: 'success',
		request: { reason: HOSTILE[number].slice(0, 1000) || 'none' },
	})));
	await dashboard.stack.untilIndexed(seqs.at(-1));
}

/** What a text looks like: what would hide or turn something has a number. */
function looks(text) {
	return pieces(text).map(piece => piece.text).join('');
}

/** Nothing of the page was made by a text: no element, no handler, no address of
 * another site, and no character that does what it should only be seen as. */
async function assertUnharmed(page, what) {
	const harm = await page.evaluate(() => {
		const ours = new Set(['https:', 'blob:']);
		const hidden = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u;
		const found = [...document.querySelectorAll('#app :is(script, img, iframe, object, embed, base, meta, link, style, ' +
			'marquee, video, audio, source, math, plaintext, xmp, noscript, template, animate, frameset, portal)')]
			.map(element => `an element: ${element.outerHTML.slice(0, 200)}`);
		for (const element of document.querySelectorAll('#app *')) {
			for (const { name, value } of element.attributes)
				if (name.startsWith('on') || name === 'srcdoc' || name !== 'value' && hidden.test(value))
					found.push(`an attribute: ${name}=${value.slice(0, 200)}`);
			if (element instanceof HTMLAnchorElement && element.hasAttribute('href') &&
				(!ours.has(element.protocol) || element.host !== location.host))
				found.push(`a link: ${element.href}`);
		}
		const texts = document.createTreeWalker(document.querySelector('#app'), NodeFilter.SHOW_TEXT);
		for (let node = texts.nextNode(); node !== null; node = texts.nextNode())
			if (hidden.test(node.data))
				found.push(`a text: ${JSON.stringify(node.data.slice(0, 200))}`);
		return found.slice(0, 5);
	});
	assert.deepEqual(harm, [], what);
}

function settled(page) {
	return until('the page is there', () => page.evaluate(() =>
		document.querySelector('h1, .empty-title') !== null && document.querySelector('main [aria-busy="true"]') === null));
}

test('in the audit log, closed and open, each is read as it stands', async t => {
	const page = await dashboard.open(t, '/health');
	for (let offset = 0; offset < HOSTILE.length; offset += 50) {
		const query = `agent_name=hostile&limit=50&offset=${offset}`;
		const { entries } = await dashboard.stack.get(`/api/audit?${query}`);
		await page.goto(`/audit?${query}`);
		await until('the entries are there', async () => await page.locator('.entry-head').count() === entries.length);
		const previews = await page.locator('.entry-preview').evaluateAll(all => all.map(one => one.textContent));
		assert.deepEqual(previews, entries.map(entry => looks(previewOf(entry))));
		await page.evaluate(() => document.querySelectorAll('.entry-head[aria-expanded="false"]').forEach(head => head.click()));
		await until('all are open', async () => await page.locator('.entry-more').count() > 0);
		await assertUnharmed(page, `from ${offset} on`);
		await assertFits(page);
	}
});

test('in the live feed', async t => {
	const page = await dashboard.open(t, '/activity?agent_name=hostile');
	await page.locator('.entry-head').first().waitFor();
	await assertUnharmed(page, 'the start');
	await door.record(...HOSTILE.slice(0, 100).map(text => ({
		actor_type: 'agent', agent_name: 'hostile', capability: 'shell.exec', status: 'success', summary: text.slice(0, 8000),
		request: { command: text.slice(0, 8000) },
	})));
	await until('they came', async () => (await page.locator('.entry-preview').allTextContents()).includes(looks(HOSTILE[99].slice(0, 160).trim())));
	await assertUnharmed(page, 'what came');
	await assertFits(page);
});

test('on an entry\'s own page, and in a session', async t => {
	const page = await dashboard.open(t, '/sessions/hostile-session');
	await settled(page);
	await assertUnharmed(page, 'the session');
	await assertFits(page);
	const entries = dashboard.stack.entries().filter(({ session_id }) => session_id === 'hostile-session');
	for (const { seq } of entries.filter((_, number) => number % 12 === 0)) {
		await page.goto(`/audit/${seq}`);
		await settled(page);
		await assertUnharmed(page, `entry ${seq}`);
		await assertFits(page);
	}
});

test('in alerts, their notes and their silences', async t => {
	const page = await dashboard.open(t, '/alerts');
	for (const state of ['firing', 'acknowledged', 'silenced']) {
		await page.goto(`/alerts?state=${state}`);
		await settled(page);
		await assertUnharmed(page, state);
		await assertFits(page);
	}
	const { alerts } = await dashboard.stack.get('/api/alerts?state=acknowledged');
	assert.ok(alerts.length >= 10);
	await page.goto('/alerts?state=acknowledged');
	const titles = await until('all are listed', async () => {
		const found = await page.locator('main .alert-title').evaluateAll(all => all.map(one => one.textContent));
		return found.length === alerts.filter(alert => alert.silenced_by === null).length && found;
	});
	for (const { title, silenced_by } of alerts)
		assert.ok(silenced_by !== null || titles.includes(looks(title)), title);
	for (const { id } of alerts) {
		await page.goto(`/alerts?id=${id}`);
		await page.locator('main .alert-more').getByRole('heading', { name: 'History' }).waitFor();
		await assertUnharmed(page, `alert ${id}`);
		await assertFits(page);
	}
});

test('in what is asked for, and why it was not allowed', async t => {
	const page = await dashboard.open(t, '/approvals');
	const { approvals } = await dashboard.stack.get('/api/approvals?limit=200');
	await until('all are listed', async () => await page.locator('.approval').count() === approvals.length);
	const shown = await page.locator('.approval h3').evaluateAll(all => all.map(one => one.textContent));
	assert.deepEqual(shown, approvals.map(({ capability }) => looks(capability)));
	await page.getByRole('button', { name: 'Show more' }).click();
	await until('what was decided, too', async () => await page.locator('.decided li').count() === HOSTILE.length / 2);
	await page.evaluate(() => document.querySelectorAll('.decided details').forEach(one => { one.open = true; }));
	await page.locator('.decided-reason').first().waitFor();
	await assertUnharmed(page, 'approvals');
	await assertFits(page);
});

test('in what the service proxy says', async t => {
	const page = await dashboard.open(t, '/proxy');
	const { writes } = await dashboard.stack.get('/api/proxy/status');
	await until('all are listed', async () => await page.locator('.write').count() === writes.length);
	const shown = new Set(await page.locator('.write-text > p:first-child').evaluateAll(all =>
		all.map(one => one.querySelector('.untrusted').textContent)));
	for (const { summary } of writes)
		assert.ok(shown.has(looks(summary.slice(0, 300))), JSON.stringify(summary.slice(0, 80)));
	await assertUnharmed(page, 'the proxy');
	await assertFits(page);
});

test('on the Health page and in the banners', async t => {
	const page = await dashboard.open(t, '/health');
	await page.locator('.banner').first().waitFor();
	await settled(page);
	await assertUnharmed(page, 'health');
	await assertFits(page);
});

test('on a phone the layout is intact', async t => {
	const page = await dashboard.open(t, '/health', { viewport: PHONE });
	for (const path of ['/health', '/activity', '/audit?agent_name=hostile', '/alerts', '/alerts?state=silenced', '/proxy', '/sessions/hostile-session']) {
		await page.goto(path);
		await settled(page);
		await assertFits(page);
		await page.evaluate(() => document.querySelectorAll(':is(.entry-head, .alert-head)[aria-expanded="false"]').forEach(head => head.click()));
		await assertFits(page);
		await assertUnharmed(page, path);
	}
});

test('in an address, in each place of each page', async t => {
	const page = await dashboard.open(t, '/health', { expected: [LOST] });
	const places = [
		text => `/audit?q=${text}`, text => `/audit?capability=${text}&status=${text}`, text => `/audit?from=${text}&to=${text}&limit=${text}&offset=${text}`,
		text => `/audit?agent_name=${text}`, text => `/activity?q=${text}&agent_name=${text}&status=${text}&capability=${text}`,
		text => `/alerts?id=${text}&state=${text}&last=${text}`, text => `/sessions/${text}`, text => `/audit/${text}`, text => `/${text}`,
	];
	for (const [number, text] of HOSTILE.entries()) {
		const address = places[number % places.length](encodeURIComponent(text.toWellFormed().slice(0, 300)));
		await page.evaluate(async address => {
			history.pushState(null, '', address);
			dispatchEvent(new PopStateEvent('popstate'));
			await new Promise(requestAnimationFrame);
		}, address);
		await settled(page);
		await assertUnharmed(page, address);
	}
	await assertFits(page);
});

test('an address of hostile text that is pasted is answered with a page', async t => {
	const page = await dashboard.open(t, '/health', { expected: [LOST] });
	for (const address of [
		'/audit?from=yesterday&to=%00', '/audit?limit=-1&offset=1e9', '/audit?status=%3Cscript%3E', '/audit?nonsense=1', '/audit?q=%ff%fe',
		'/activity?status=x', '/alerts?id=%3Cimg%20src=x%20onerror=alert(1)%3E', '/sessions/%3Cscript%3Ealert(1)%3C%2Fscript%3E', '/audit/99999999999999999999',
		'/health?__proto__=x', '/proxy#<script>alert(1)</script>',
	]) {
		await page.goto(address);
		await settled(page);
		await assertUnharmed(page, address);
		await assertFits(page);
	}
});
