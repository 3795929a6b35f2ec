// Pictures of every page, light, dark and on a phone, of the stack that runs
// under RUNDIR (`make demo`, in another terminal, for as long as the charts
// shall reach back):
//
//	node tests/browser/screenshots.js TO

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { request } from '../api/harness/http.js';
import { until } from '../api/harness/poll.js';
import { build, root, run } from '../api/harness/stack.js';

const { chromium } = createRequire(new URL('build/node/', `file://${root}`))('playwright-core');

const to = process.argv[2] ?? join(root, 'docs/screenshots');
const rundir = process.env.RUNDIR ?? join(root, 'run');

const LOOKS = {
	light: { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
	dark: { colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
	phone: { colorScheme: 'light', viewport: { width: 360, height: 740 } },
};

async function latest(query) {
	const { body } = await request({ socketPath: join(rundir, 'api.sock') }, `/api/audit?limit=1&${query}`);
	const [entry] = JSON.parse(body).entries;
	assert.ok(entry, `nothing matches ${query}: is the demonstration running?`);
	return entry;
}

/** Name and address; `open`: what is pressed before the picture is taken. */
async function pages() {
	const denied = await latest('status=denied&actor_type=agent');
	const nested = await latest('capability=task.run');
	const waited = await latest('capability=approval.reject');
	return [
		{ name: 'health', path: '/health' },
		{ name: 'activity', path: '/activity', open: '.entry-head:has-text("filesystem")' },
		{ name: 'audit', path: '/audit' },
		{ name: 'entry', path: `/audit/${denied.seq}` },
		{ name: 'session', path: `/sessions/${nested.session_id}` },
		{ name: 'approval', path: `/sessions/${waited.session_id}` },
		{ name: 'alerts', path: '/alerts', open: '.alert-head' },
		{ name: 'approvals', path: '/approvals' },
		{ name: 'proxy', path: '/proxy' },
	];
}

async function loginLink() {
	const { code, stdout, stderr } = await run(join(build, 'bin/kruxos'), ['login-link'],
		{ env: { KRUXOS_CONFIG: join(rundir, 'kruxos.conf') } });
	assert.equal(code, 0, stderr);
	return stdout.trim();
}

async function picture(page, name) {
	await until(`${name} is there`, () => page.evaluate(() =>
		document.querySelector('h1') !== null && document.querySelector('main [aria-busy="true"]') === null));
	await page.waitForLoadState('networkidle', { timeout: 5000 }).catch(() => {}); // a stream is never
	await page.screenshot({ path: join(to, `${name}.png`) });
}

mkdirSync(to, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
	const list = await pages();
	for (const [look, options] of Object.entries(LOOKS)) {
		const context = await browser.newContext({ ...options, ignoreHTTPSErrors: true, reducedMotion: 'reduce', locale: 'en' });
		const page = await context.newPage();
		page.setDefaultTimeout(30_000);
		const link = await loginLink();
		await page.goto(new URL('/sign-in', link).href);
		await picture(page, `sign-in-${look}`);
		await page.goto(link);
		await page.waitForURL('**/health');
		for (const { name, path, open } of list) {
			await page.goto(new URL(path, link).href);
			if (open !== undefined)
				await page.locator(open).first().click();
			await picture(page, `${name}-${look}`);
		}
		await context.close();
	}
} finally {
	await browser.close();
}
