// What must hold of how every page looks: it fits into its window, and those who
// cannot see or point can use it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { root } from '../../api/harness/stack.js';

const axe = readFileSync(createRequire(new URL('build/node/', `file://${root}`)).resolve('axe-core/axe.min.js'), 'utf8');

/** No horizontal scroll; else the elements that stick out are named. */
export async function assertFits(page) {
	const tooWide = await page.evaluate(() => {
		const { clientWidth, scrollWidth } = document.documentElement;
		if (scrollWidth <= clientWidth)
			return [];
		return [`the document: ${scrollWidth} of ${clientWidth}`,
			...[...document.body.querySelectorAll('*')]
				.filter(element => element.getBoundingClientRect().right > clientWidth + 1)
				.slice(0, 8)
				.map(element => `${element.localName}.${element.className}: ${Math.round(element.getBoundingClientRect().right)}`)];
	});
	assert.deepEqual(tooWide, [], `${page.url()} is wider than its window`);
}

/** axe finds nothing: WCAG 2.2 A and AA, and its best practices. */
export async function assertAccessible(page) {
	await page.evaluate(axe);
	const violations = await page.evaluate(async () => {
		const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
		return violations.map(({ id, help, nodes }) =>
			`${id}: ${help}: ${nodes.slice(0, 4).map(({ html, failureSummary }) => `${html.slice(0, 200)} (${failureSummary})`).join('; ')}`);
	});
	assert.deepEqual(violations, [], `${page.url()} keeps somebody out`);
}
