// The dashboard in a browser, over all that the log holds: how soon a page is
// there, how soon it answers, and whether a feed that never rests makes it grow.
// Signed in as its user would, by a link.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

import { root } from '../api/harness/stack.js';
import { ROUNDS, atMost, chapter, median, progress, ratioAtMost, report } from './table.js';

const { chromium } = createRequire(new URL('build/node/', `file://${root}`))('playwright-core');

/** A page, and what it shows as soon as it knows. */
const PAGES = [
	['/health', 'table tbody tr'],
	['/activity', '.entry-head'],
	['/audit', '.entry-head'],
	['/alerts', 'h1'],
	['/proxy', 'h1'],
];

const RATE = 100;
const BATCHES_PER_SECOND = 10;
/** Of one agent in seven, which operate() chooses, they are there after 14 s. */
const ROWS_SHOWN = 200;

async function signIn(stack, browser) {
	const { stdout, stderr, code } = await stack.kruxos(['login-link']);
	assert.equal(code, 0, stderr);
	const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 } });
	const page = await context.newPage();
	const link = new URL(stdout.trim());
	await page.goto(link.href);
	await page.waitForURL(`${link.origin}/health`);
	await page.close();
	return { context, origin: link.origin };
}

/** With nothing kept from before: first paint, and what the page is for. */
async function openCold({ context, origin }, path, shown) {
	const page = await context.newPage();
	const client = await context.newCDPSession(page);
	await client.send('Network.setCacheDisabled', { cacheDisabled: true });
	await page.goto(origin + path);
	await page.locator(shown).first().waitFor();
	const times = await page.evaluate(() => ({
		shown: performance.now(),
		painted: performance.getEntriesByName('first-contentful-paint')[0].startTime,
	}));
	await page.close();
	return times;
}

async function benchPaint(dashboard) {
	for (const [path, shown] of PAGES) {
		const times = [];
		for (let round = 0; round < ROUNDS; round++)
			times.push(await openCold(dashboard, path, shown));
		report(`${path}, nothing cached: first contentful paint`,
			1000 * median(times.map(time => time.painted)), 'us', { target: atMost(300_000) });
		report(`${path}, nothing cached: what it shows`, 1000 * median(times.map(time => time.shown)), 'us');
	}
}

/** From here on, how long each input took until it was painted. */
function watchInputs(page) {
	return page.evaluate(() => {
		globalThis.inputs = [];
		new PerformanceObserver(list => {
			for (const entry of list.getEntries())
				if (entry.interactionId > 0)
					globalThis.inputs.push(entry.duration);
		}).observe({ type: 'event', durationThreshold: 16, buffered: false });
	});
}

/** The slowest; those within a frame are not told of. */
const slowestInput = page => page.evaluate(() => Math.max(16, ...globalThis.inputs));

async function operate(page) {
	for (const key of ['j', 'Enter', 'j', 'j', 'Enter', 'k'])
		await page.keyboard.press(key);
	await page.locator('select').first().focus();
	await page.keyboard.press('ArrowDown');
	await page.locator('h1').click();
	await page.keyboard.press('?');
	await page.keyboard.press('Escape');
}

async function benchInputs({ context, origin }) {
	const page = await context.newPage();
	await page.goto(`${origin}/audit`);
	await page.locator('.entry-head').first().waitFor();
	await watchInputs(page);
	await operate(page);
	for (const key of ['g', 'h', 'g', 'l', 'g', 'a', 'g', 'u'])
		await page.keyboard.press(key);
	await page.locator('.entry-head').first().waitFor();
	report('keys and clicks on Audit: the slowest', 1000 * await slowestInput(page), 'us', { target: atMost(100_000) });
	await page.close();
}

async function heapOf(client) {
	await client.send('HeapProfiler.collectGarbage');
	return (await client.send('Runtime.getHeapUsage')).usedSize;
}

/** Entries at RATE, until `isOver`. */
async function feed(door, isOver) {
	const begun = performance.now();
	for (let sent = 0; !isOver();) {
		const due = Math.floor((performance.now() - begun) / 1000 * BATCHES_PER_SECOND) * (RATE / BATCHES_PER_SECOND);
		for (; sent < due; sent++)
			await door.write(`${JSON.stringify({
				actor_type: 'agent', agent_name: `bench-${sent % 7}`, capability: 'shell.exec', status: 'success',
				duration_ms: sent % 500, summary: `call ${sent}`, request: { command: `make ${sent}`, cwd: '/srv/app' },
			})}\n`);
		await new Promise(resolve => setTimeout(resolve, 1000 / BATCHES_PER_SECOND)); // the rate
	}
}

async function benchFeed(stack, { context, origin }, ms) {
	progress(`Activity, ${RATE} entries a second for ${ms / 1000} s`);
	const door = await stack.door();
	const page = await context.newPage();
	const client = await context.newCDPSession(page);
	const begun = performance.now();
	const fed = feed(door, () => performance.now() - begun > ms);
	const at = due => new Promise(resolve => setTimeout(resolve, begun + due - performance.now()));

	await page.goto(`${origin}/activity`);
	await page.locator('.entry-head').first().waitFor();
	await operate(page); // both looks are behind the same acts
	await page.locator('.entry-head').nth(ROWS_SHOWN - 1).waitFor();
	await at(ms / 3);
	const early = await heapOf(client);
	await watchInputs(page);
	await at(ms / 2);
	await operate(page);
	await fed;
	report(`Activity, ${RATE} entries/s: the slowest key or click`, 1000 * await slowestInput(page), 'us',
		{ target: atMost(100_000) });
	report(`Activity, ${RATE} entries/s for ${ms / 1000} s: heap`, await heapOf(client) / 2 ** 20, 'MiB',
		{ peer: { name: 'at the beginning', value: early / 2 ** 20 }, target: ratioAtMost(1.25) });
	door.close();
	await page.close();
}

/** `full`: ten minutes of the feed, else one. */
export async function benchPages(stack, { full }) {
	chapter('The dashboard in a browser');
	progress('pages in a browser');
	const browser = await chromium.launch({
		executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'],
	});
	try {
		const dashboard = await signIn(stack, browser);
		await benchPaint(dashboard);
		await benchInputs(dashboard);
		await benchFeed(stack, dashboard, full ? 600_000 : 60_000);
	} finally {
		await browser.close();
	}
}
