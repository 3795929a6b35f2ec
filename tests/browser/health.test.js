// The Health page on a stack of its own, with a service that the tests stop, and
// with answers made for what a stack cannot be brought to show within a test.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { Dashboard, PHONE } from './harness/dashboard.js';
import { assertAccessible, assertFits } from './harness/looks.js';

const DAY = 86_400_000;
/** What the browser says itself of an answer that is none. */
const FAILED = [/Failed to load resource/];

let dashboard, wiki;

/** A service for the observer: it can be stopped and started again. */
async function serve() {
	let port = 0, server;
	const start = () => new Promise(resolve => {
		server = http.createServer((_, reply) => reply.end('wiki')).listen(port, '127.0.0.1', resolve);
	});
	await start();
	port = server.address().port;
	const stop = () => new Promise(resolve => {
		server.close(resolve);
		server.closeAllConnections();
	});
	return { port, start, stop };
}

before(async () => {
	wiki = await serve();
	dashboard = await Dashboard.start({ settings: {
		observer: { check_interval_seconds: 1 },
		'service wiki': { kind: 'http', target: `http://127.0.0.1:${wiki.port}/` },
	} });
	await untilService('healthy');
});
after(async () => {
	await dashboard?.stop();
	await wiki?.stop();
});

const health = () => dashboard.stack.get('/api/health');
const untilService = status => until(`wiki is ${status}`, async () =>
	(await health()).services.some(service => service.name === 'wiki' && service.status === status));

const section = (page, name) => page.getByRole('region', { name, exact: true });
const row = (page, name) => section(page, 'Services').getByRole('row').filter({ has: page.getByText(name, { exact: true }) });
const banner = page => section(page, 'Status');

/** The page with an answer of /api/health that `change` has changed. */
function openWith(t, change, options = {}) {
	return dashboard.open(t, '/health', { ...options, before: async page => {
		await page.route('**/api/health', async route => {
			const response = await route.fetch();
			const answer = await response.json();
			change(answer);
			await route.fulfill({ response, json: answer });
		});
		await options.before?.(page);
	} });
}

/** Make a page ask now, as if one had come back to it. */
const refresh = page => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

async function loaded(page) {
	await row(page, 'wiki').waitFor();
	return page;
}
const open = async (t, path = '/health', options) => loaded(await dashboard.open(t, path, options));

// --- refresh ------------------------------------------------------------------

/** The page on a clock that only the test moves; `answers()`: how many came. */
async function openOnClock(t) {
	let count = 0;
	const page = await open(t, '/health', { before: async page => {
		await page.clock.install();
		page.on('requestfinished', request => count += new URL(request.url()).pathname === '/api/health' ? 1 : 0);
	} });
	await page.clock.pauseAt(Date.now() + 60_000);
	await page.clock.fastForward(15_000);
	await until('it has asked on this clock', () => count > 1);
	await page.getByText('last 0 s ago').waitFor();
	return { page, answers: () => count };
}

test('it refreshes by itself every 15 seconds, and says so, and when it last did', async t => {
	const { page, answers } = await openOnClock(t);

	for (let before = answers(), more = 0; more < 3; more++) {
		await page.clock.fastForward(14_000);
		await page.getByText('Refreshes every 15 s while it is looked at · last 14 s ago').waitFor();
		assert.equal(answers(), before + more);
		await page.clock.fastForward(1000);
		await until('it has asked again', () => answers() === before + more + 1);
		await page.getByText('last 0 s ago').waitFor();
	}
});

test('a page that nobody looks at asks for nothing, and at once when it is looked at', async t => {
	const { page, answers } = await openOnClock(t);
	const before = answers();
	const look = isHidden => page.evaluate(isHidden => {
		Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true });
		document.dispatchEvent(new Event('visibilitychange'));
	}, isHidden);

	await look(true);
	await page.clock.fastForward(120_000);
	assert.equal(answers(), before);
	await look(false);
	await until('it asks again', () => answers() === before + 1);
});

// --- the banner ---------------------------------------------------------------

for (const [status, issues, words, count] of [
	['healthy', 0, 'Healthy', 'No issues'],
	['degraded', 1, 'Degraded', '1 issue'],
	['unhealthy', 1422, 'Critical', '1,422 issues'],
])
	test(`what is ${status} is called ${words}`, async t => {
		const page = await openWith(t, answer => {
			Object.assign(answer, { status, issue_count: issues, total_latency_ms: 1234.5, generated_at: '2026-11-23T20:15:09.000000Z' });
		});
		await banner(page).getByText(words, { exact: true }).waitFor();
		await banner(page).getByText(count).waitFor();
		await banner(page).getByText('2026-11-23 20:15:09 UTC').waitFor();
		await banner(page).getByText('1.2 s').waitFor();
	});

test('generation time and latency stand at the right, in the zone that was chosen', async t => {
	const page = await openWith(t, answer => answer.generated_at = '2026-11-23T20:15:09.000000Z');
	const rail = banner(page).locator('dl');
	await rail.waitFor();
	const [whole, right] = await Promise.all([banner(page).boundingBox(), rail.boundingBox()]);

	assert.ok(right.x > whole.x + whole.width / 2);
	await page.getByRole('button', { name: 'Local' }).click();
	await rail.getByText('2026-11-23 21:15:09 Europe/Berlin').waitFor();
});

test('a service that is stopped is seen, with the alert of it', async t => {
	const page = await open(t);

	t.after(async () => {
		await wiki.start();
		await untilService('healthy');
	});
	await wiki.stop();
	await untilService('unhealthy');
	await refresh(page);
	await banner(page).getByText('Degraded').waitFor();
	await banner(page).getByText('1 issue: wiki').waitFor();
	await row(page, 'wiki').getByText('Unhealthy', { exact: true }).waitFor();
	await row(page, 'wiki').getByText('connection refused').waitFor();
	await section(page, 'Active alerts').getByText('wiki is down: connection refused').waitFor();
});

// --- services -----------------------------------------------------------------

test('a service has a row: status, latency, details, when it was checked, its days', async t => {
	const page = await open(t);
	const table = section(page, 'Services').getByRole('table');

	assert.deepEqual(await table.getByRole('columnheader').allTextContents(),
		['Service', 'Status', 'Latency', 'Details', 'Last checked', '90 days']);
	for (const { name } of (await health()).services)
		await row(page, name).waitFor();
	const cells = await row(page, 'wiki').getByRole('cell').allTextContents();
	assert.match(cells[0], /^Healthyfor \d+ (s|min)$/);
	assert.match(cells[1], /^[\d.]+ ms/);
	assert.equal(cells[2], 'HTTP 200');
	assert.match(cells[3], /^\d+ s ago$/);
	assert.match(cells[4], /[\d.]+ % healthy in the known \d+ (s|min)$/);
});

test('what is not known is a dash that says why, never a zero', async t => {
	const page = await openWith(t, answer => {
		Object.keys(answer.resources).forEach(key => answer.resources[key] = null);
		answer.agents.error_rate = null;
		answer.total_latency_ms = null;
	});
	await loaded(page);
	const dashes = page.getByTitle(/^Not (known|measured)/).filter({ hasText: '—' });

	assert.equal(await row(page, 'vault').getByTitle(/^Not known: /).count(), 3);
	assert.equal(await section(page, 'Agents').getByTitle(/^Not known: nothing succeeded/).count(), 1);
	assert.equal(await banner(page).getByTitle(/^Not known: no check/).count(), 1);
	for (const name of ['Memory', 'CPU', 'Disk']) {
		assert.equal(await section(page, name).getByTitle('Not measured').filter({ hasText: '—' }).count(), 2, name);
		assert.equal(await section(page, name).getByRole('meter').count(), 0, name);
	}
	assert.ok(await dashes.count() >= 11);
});

test('a latency has a colour by its threshold, and a word', async t => {
	const page = await openWith(t, ({ services }) =>
		[99.4, 100, 1000].forEach((ms, at) => services[at].latency_ms = ms));
	await loaded(page);
	const colours = [];

	for (const text of ['99 ms', '100 ms · slow', '1.0 s · very slow'])
		colours.push(await section(page, 'Services').getByText(text, { exact: true })
			.evaluate(element => getComputedStyle(element).color));
	assert.equal(new Set(colours).size, 3);
});

function withHistory(answer) {
	const now = Date.parse(answer.generated_at);
	const span = (status, since, until) => ({
		status, since: new Date(now - since * DAY).toISOString(), until: new Date(now - until * DAY).toISOString(), details: '',
	});
	answer.services.find(({ name }) => name === 'wiki').history =
		[span('healthy', 20, 0), span('unhealthy', 20.18, 20), span('healthy', 95, 20.18)];
	answer.services.find(({ name }) => name === 'vault').history = [span('degraded', 3, 0), span('healthy', 40, 10)];
	answer.services.find(({ name }) => name === 'state').history = null;
}

for (const viewport of [undefined, PHONE])
	test(`90 days stand in a bar ${viewport ? 'on a phone' : 'in its row'}, and in a sentence`, async t => {
		const page = await loaded(await openWith(t, withHistory, { ...viewport && { viewport } }));
		const wikiBar = row(page, 'wiki').getByRole('img', { name: '99.7 % healthy in 90 days' });
		const titles = await wikiBar.locator('title').allTextContents();

		assert.equal(titles.length, 90);
		assert.match(titles.at(-1), /^\d{4}-\d\d-\d\d: 100 % healthy$/);
		assert.ok(titles.some(title => /: [\d.]+ % healthy, unhealthy for [234] h$/.test(title)), titles.join('\n'));
		await row(page, 'vault').getByRole('img', { name: '90.9 % healthy in the known 33 d' }).waitFor();
		assert.ok((await row(page, 'vault').locator('title').allTextContents()).some(title => /: not known$/.test(title)));
		assert.ok(await row(page, 'vault').locator('.day-unknown').count() >= 55);
		assert.ok(await row(page, 'vault').locator('.day-degraded').count() >= 3);
		assert.equal(await row(page, 'state').getByTitle('The history cannot be read now').count(), 1);
		assert.ok((await wikiBar.boundingBox()).width > 100);
		await assertFits(page);
	});

// --- resources ----------------------------------------------------------------

test('a bar changes its colour and its word at 60 and at 80 percent', async t => {
	const looks = {};
	let percent = 59.9;
	const page = await loaded(await openWith(t, ({ resources }) =>
		Object.assign(resources, { cpu_percent: percent, memory_percent: percent, disk_used_percent: percent })));

	for (const [at, word] of [[59.9, 'ok'], [60, 'elevated'], [79.9, 'elevated'], [80, 'high']]) {
		percent = at;
		await refresh(page);
		await section(page, 'Disk').getByRole('strong').getByText(`${at.toFixed(1)} %`).waitFor();
		for (const name of ['Memory', 'CPU', 'Disk']) {
			const meter = section(page, name).getByRole('meter', { name: `${name} used` });
			assert.equal(await meter.getAttribute('value'), String(percent));
			await section(page, name).getByText(word, { exact: true }).waitFor();
			(looks[word] ??= new Set()).add(await meter.evaluate(element => getComputedStyle(element).color));
		}
	}
	assert.deepEqual(Object.values(looks).map(colours => colours.size), [1, 1, 1]);
	assert.equal(new Set(Object.values(looks).flatMap(colours => [...colours])).size, 3);
});

const captions = page => page.locator('.trend figcaption').allTextContents();

test('each has a chart, and the cursor of one is the cursor of all', async t => {
	const page = await open(t);
	const charts = page.locator('.trend-plot');
	await until('three charts are drawn', async () => await page.locator('.trend canvas').count() === 3);

	for (const text of await captions(page))
		assert.match(text, /^average [\d.]+ % · highest [\d.]+ %$|^nothing was measured$/);
	await charts.nth(1).hover({ position: { x: 120, y: 60 } });
	await until('all say the same moment', async () => {
		const texts = await captions(page);
		const times = texts.map(text => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?=: )/.exec(text)?.[0]);
		return times[0] !== undefined && new Set(times).size === 1;
	});
	// The stack has just been started: there is a gap, and it is said to be one.
	assert.match((await captions(page))[1], /: not measured$/);
});

test('a chart says in a sentence what it shows', async t => {
	const from = new Date(Date.now() - DAY).toISOString();
	await until('a minute of CPU is known', async () => {
		const { figures } = await dashboard.stack.get(`/api/metrics/history?figure=cpu_percent&from=${from}`);
		return figures[0].points.some(({ average }) => average !== null);
	}, 120_000);
	const page = await open(t, '/health?range=24h');
	await page.getByRole('img', {
		name: /^CPU over the last 24 hours: average [\d.]+ %, lowest [\d.]+ %, highest [\d.]+ %, measured for \d+ % of the time$/,
	}).waitFor();
});

test('the range of the charts stands in the address', async t => {
	const ranges = [];
	const page = await open(t, '/health', { before: page => page.on('request', request => {
		const url = new URL(request.url());
		if (url.pathname === '/api/metrics/history')
			ranges.push(Math.round((Date.now() - Date.parse(url.searchParams.get('from'))) / 3_600_000));
	}) });
	const choice = section(page, 'Resources').getByRole('group', { name: 'Charts reach back' });

	for (const [name, hours, search] of [['24 h', 24, '?range=24h'], ['7 d', 168, '?range=7d'], ['30 d', 720, '?range=30d'], ['1 h', 1, '']]) {
		await choice.getByRole('button', { name, exact: true }).click();
		assert.equal(new URL(page.url()).search, search);
		await until(`it asks for ${name}`, () => ranges.at(-1) === hours);
	}
	await page.goBack();
	await choice.getByRole('button', { name: '30 d', pressed: true }).waitFor();
	await page.goto('/health?range=<script>');
	await choice.getByRole('button', { name: '1 h', pressed: true }).waitFor();
});

test('figures over time that cannot be had are said to be so where they would stand', async t => {
	let isBroken = true;
	const page = await open(t, '/health', { expected: FAILED, before: page => page.route('**/api/metrics/history*', route =>
		isBroken ? route.fulfill({
			status: 503, contentType: 'application/problem+json', body: '{"detail":"too busy"}', headers: { 'Retry-After': '600' },
		}) : route.fallback()) });
	const failure = section(page, 'Resources').getByRole('alert');

	await failure.getByText('too busy').waitFor();
	assert.equal(await page.getByText(/Can't reach gateway/).count(), 0);
	isBroken = false;
	await failure.getByRole('button', { name: 'Retry' }).click();
	await failure.waitFor({ state: 'detached' });
});

// --- agents, and the product itself -------------------------------------------

test('four figures tell of the agents', async t => {
	const page = await openWith(t, answer => answer.agents =
		{ active_count: 3, total_sessions: 1422, invocations_per_minute: 17, error_rate: 0.0312,
			coverage_percent: null, unrecorded_calls: 0 });
	const cells = section(page, 'Agents').locator('dl');

	await loaded(page);
	assert.deepEqual(await cells.allTextContents(),
		['Active agents3', 'Total sessions1,422', 'Invocations per minute17', 'Error rate3.1 %']);
});

test('that Total is of the whole lifetime is told to a mouse, the keyboard and a finger', async t => {
	const page = await open(t);
	const tip = section(page, 'Agents').getByRole('tooltip').filter({ hasText: /^Lifetime cumulative/ });
	const button = page.getByRole('button', { name: 'What Total sessions means' });

	assert.equal(await tip.count(), 0);
	await section(page, 'Agents').getByText('Total sessions').hover();
	await tip.waitFor();
	await page.getByRole('heading', { name: 'Health', level: 1 }).hover();
	await tip.waitFor({ state: 'detached' });
	await page.getByRole('button', { name: 'What Active agents means' }).focus();
	await page.keyboard.press('Tab');
	await tip.waitFor();
	assert.ok(await button.evaluate(element => document.getElementById(element.getAttribute('aria-describedby')).textContent.includes('cumulative')));
	await page.keyboard.press('Escape');
	await tip.waitFor({ state: 'detached' });
	await button.dispatchEvent('click'); // as a finger does, without pointing first
	await tip.waitFor();
});

test('the words about a figure fit a phone', async t => {
	const page = await open(t, '/health', { viewport: PHONE });

	for (const button of await section(page, 'Agents').getByRole('button').all()) {
		await button.focus();
		await section(page, 'Agents').getByRole('tooltip').waitFor();
		await assertFits(page);
	}
});

test('the product says what it takes itself', async t => {
	const page = await openWith(t, ({ footprint }) => {
		Object.assign(footprint, { log_bytes: 1_048_576, database_bytes: 262_144, entries_total: 1422, entries_refused_total: 7, index_lag_entries: 1 });
		footprint.integrity = { status: 'damaged', through_seq: 40, verified_at: footprint.integrity.verified_at };
	});
	const own = section(page, 'kruxos-monitor itself');

	await loaded(page);
	const facts = await own.locator('dl > div').allTextContents();
	for (const fact of ['Log1.0 MiB', 'Database256 KiB', 'Entries1,422', 'Refused7', 'Index lag1 entry'])
		assert.ok(facts.includes(fact), `${fact}: ${facts}`);
	assert.match(facts.at(-1), /^ChainDamaged through entry 40, \d+ (s|min|h) ago$/);
	const programs = own.getByRole('row');
	assert.match(await programs.filter({ hasText: 'kruxosd' }).textContent(), /^kruxosd[\d.]+ MiB[\d.]+ %[\d.]+ s$/);
	for (const name of ['observer', 'health', 'alerts', 'nginx'])
		assert.equal(await programs.filter({ has: page.getByText(name, { exact: true }) }).count(), 1, name);
});

// --- alerts -------------------------------------------------------------------

async function send(title, times = 1) {
	const door = await dashboard.stack.door();
	for (let time = 0; time < times; time++)
		await door.write(JSON.stringify({
			actor_type: 'agent', agent_name: 'deploy-agent', capability: 'alerts.send', status: 'success',
			request: { severity: 'critical', title, message: 'Tests failed on <b>abc1234</b>.', context: { commit: 'abc1234' } },
		}) + '\n');
	await door.answer();
	door.close();
	await until('the alert is there', async () =>
		(await dashboard.stack.get('/api/alerts')).alerts.some(alert => alert.title.slice(0, 20) === title.slice(0, 20) && alert.count >= times));
}

test('an alert stands there in detail, and is acknowledged with a note', async t => {
	await send('Deployment failed', 3);
	const page = await open(t);
	const alert = section(page, 'Active alerts').getByRole('listitem').filter({ hasText: 'Deployment failed' });

	await alert.getByText('Critical').waitFor();
	await alert.getByText('Tests failed on <b>abc1234</b>.').waitFor();
	await alert.getByText('3 ×').waitFor();
	assert.match(await alert.textContent(), /From – to\d{4}-\d\d-\d\d \d\d:\d\d:\d\d – \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
	await alert.getByText('Context').click();
	await alert.getByText('commit').waitFor();
	await alert.getByRole('button', { name: /^Acknowledge/ }).click();
	await page.getByRole('dialog').getByLabel(/Note/).fill('being looked at');
	await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click();
	await alert.getByText(/^acknowledged by/).waitFor();
	await alert.getByText('being looked at').waitFor();
	assert.equal(await alert.getByRole('button', { name: /^Acknowledge/ }).count(), 0);
});

test('j and k go through the alerts, and Enter into one', async t => {
	await send('Disk of the runner is full');
	const page = await open(t);
	await section(page, 'Active alerts').getByRole('listitem').first().waitFor();

	await page.keyboard.press('j');
	await page.keyboard.press('k');
	await page.keyboard.press('Enter');
	await page.waitForURL(/\/alerts\?id=\d+$/);
});

// --- what cannot be reached ---------------------------------------------------

test('a stack that does not answer is said to be unreachable, and is tried again', async t => {
	const page = await open(t, '/health', { expected: FAILED });
	const trouble = page.getByRole('alert').filter({ hasText: /^Can't reach gateway: .+\. Retrying …/ });
	const retry = trouble.getByRole('button', { name: 'Retry now' });

	await dashboard.stack.halt();
	t.after(() => dashboard.stack.untilReady());
	await refresh(page);
	await trouble.waitFor();
	await page.getByText(/^Below stands what was known \d+ s ago\. /).waitFor();
	await banner(page).getByText('Unknown', { exact: true }).waitFor();
	await row(page, 'wiki').getByText('HTTP 200').waitFor();
	assert.match(await section(page, 'Services').evaluate(element => getComputedStyle(element.parentElement).filter), /grayscale/);
	await assertAccessible(page);
	const tried = page.waitForEvent('requestfailed', request => request.url().endsWith('/api/health'));
	await retry.click();
	await tried;

	await dashboard.stack.resume();
	await trouble.waitFor({ state: 'detached' }); // by itself
	await banner(page).getByText('Unknown', { exact: true }).waitFor({ state: 'detached' });
	await untilService('healthy');
});

test('a page that finds nobody at first says so, and fills itself later', async t => {
	let isGone = true;
	const page = await dashboard.open(t, '/health', { expected: FAILED, before: page =>
		page.route('**/api/health', route => isGone ? route.abort() : route.fallback()) });

	await page.getByText("Can't reach gateway: the server cannot be reached. Retrying …").waitFor();
	await page.getByText(/^Nothing is known yet\. /).waitFor();
	await banner(page).getByText('Unknown', { exact: true }).waitFor();
	const tried = page.waitForEvent('requestfailed', request => request.url().endsWith('/api/health'));
	await page.getByRole('button', { name: 'Retry now' }).click();
	await tried;
	isGone = false;
	await loaded(page);
	assert.equal(await page.getByText(/Can't reach gateway/).count(), 0);
});

test('a gateway whose check fails cannot be reached either', async t => {
	let isDown = true;
	const page = await openWith(t, ({ services }) =>
		Object.assign(services[0], isDown ? { status: 'unhealthy', details: 'connection refused' } : { status: 'healthy' }));

	await page.getByRole('alert').getByText("Can't reach gateway: connection refused. Retrying …").waitFor();
	assert.equal(await page.locator('.stale').count(), 0);
	const asked = page.waitForRequest(request => request.url().endsWith('/api/health'));
	await page.getByRole('button', { name: 'Retry now' }).click();
	await asked;
	isDown = false;
	await refresh(page);
	await page.getByText(/Can't reach gateway/).waitFor({ state: 'detached' });
});

// --- how it looks -------------------------------------------------------------

const HOSTILE = `<img src=x onerror=alert(1)>\u202e\u0000\u001b[31m${'W'.repeat(2000)}`;

for (const theme of ['light', 'dark'])
	test(`with trouble, nobody is kept out, and every window is wide enough, ${theme}`, async t => {
		await send(HOSTILE.slice(0, 200));
		const page = await loaded(await openWith(t, answer => {
			Object.assign(answer, { status: 'unhealthy', issue_count: 3, observed: false });
			Object.assign(answer.services[0], { status: 'unhealthy', details: HOSTILE, latency_ms: 1422 });
			Object.assign(answer.services[1], { status: 'degraded', details: HOSTILE, latency_ms: 142 });
			Object.assign(answer.resources, { cpu_percent: 95, memory_percent: 70, disk_used_percent: null });
			withHistory(answer);
		}, { theme }));

		await page.getByText('U+202E').first().waitFor();
		await assertAccessible(page);
		for (const width of [360, 768, 1280, 1920]) {
			await page.setViewportSize({ width, height: 800 });
			await assertFits(page);
		}
	});
