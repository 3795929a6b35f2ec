import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Dashboard, PHONE } from './harness/dashboard.js';
import { assertAccessible, assertFits } from './harness/looks.js';

let dashboard;

before(async () => dashboard = await Dashboard.start());
after(() => dashboard?.stop());

const PAGES = ['/health', '/activity', '/audit', '/alerts', '/proxy'];

for (const theme of ['light', 'dark'])
	test(`nobody is kept out of a page, ${theme}`, async t => {
		for (const path of PAGES) {
			const page = await dashboard.open(t, path, { theme });
			await page.locator('main h1').waitFor();
			await assertAccessible(page);
		}
	});

test('every page fits a narrow phone', async t => {
	for (const path of PAGES) {
		const page = await dashboard.open(t, path, { viewport: PHONE });
		await page.locator('main h1').waitFor();
		await assertFits(page);
	}
});

test('the start is Health', async t => {
	const page = await dashboard.open(t, '/');
	await page.waitForURL('**/health');
	assert.equal(await page.getByRole('link', { name: 'Health' }).first().getAttribute('aria-current'), 'page');
});
