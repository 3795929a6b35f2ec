// The dashboard of a stack of its own, in a browser: Debian's chromium, driven by
// playwright-core. Every page that a test opens is watched, and what no page of
// ours may do fails the test: an error or a violation of the content security
// policy in the console, an exception, a dialog that nobody asked for, a request
// to another host.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { Stack, root } from '../../api/harness/stack.js';

const { chromium } = createRequire(new URL('build/node/', `file://${root}`))('playwright-core');

const CHROMIUM = process.env.KRUXOS_CHROMIUM ?? '/usr/bin/chromium';
/** A wide window, and the narrowest phone. */
const WIDE = { width: 1280, height: 900 };
export const PHONE = { width: 360, height: 740 };

export class Dashboard {
	#browser;
	#cookies = new Map();

	/**
	 * Start a stack and a browser. `recordings` of demo/ are imported first, so
	 * that they end now; `settings` are those of Stack.start.
	 */
	static async start({ recordings = ['sessions'], settings } = {}) {
		const dashboard = new Dashboard();
		dashboard.stack = await Stack.start(settings);
		try {
			for (const recording of recordings)
				await dashboard.#import(recording);
			dashboard.#browser = await chromium.launch({
				executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'],
			});
		} catch (error) {
			await dashboard.stop();
			throw error;
		}
		return dashboard;
	}

	async stop() {
		await this.#browser?.close();
		await this.stack.stop();
	}

	async #import(recording) {
		const { code, stderr } = await this.stack.kruxos(['audit', 'import', '--ending-now',
			join(root, `demo/${recording}.ndjson`)]);
		assert.equal(code, 0, stderr);
		await this.stack.untilIndexed(this.stack.entries().at(-1).seq);
	}

	get origin() {
		return `https://localhost:${this.stack.dashPort}`;
	}

	/** A link as `kruxos login-link` prints it, for the account that is named as its role. */
	async link(role = 'operator') {
		return `${this.origin}/sign-in#${await this.stack.link(role, role)}`;
	}

	/** A session of such an account, or of another one: its cookie, for `open`. */
	async signIn(role = 'operator', name = role) {
		const { secret } = await this.stack.signIn(name, role);
		return { name: this.stack.cookieName, value: secret };
	}

	/**
	 * Open `path` in a browser that has never been here (its own cookies and
	 * storage); `t` closes it. It is signed in by an account of this `role`,
	 * with a session that all tests share, or, with null, not at all; `cookie`:
	 * of signIn, one of its own. `theme`: "light" or "dark"; `viewport`: PHONE,
	 * say; `zone`: the browser's own. What a test provokes on purpose it names:
	 * what matches one of `expected` is no fault. `before` has the page before
	 * it goes anywhere.
	 */
	async open(t, path, {
		role = 'operator', cookie, theme = 'light', viewport = WIDE, zone = 'Europe/Berlin', expected = [], before,
	} = {}) {
		const context = await this.#browser.newContext({
			baseURL: this.origin, viewport, colorScheme: theme, reducedMotion: 'reduce',
			timezoneId: zone, locale: 'en', ignoreHTTPSErrors: true,
		});
		context.setDefaultTimeout(20_000);
		if (role !== null)
			await context.addCookies([{
				...cookie ?? await this.#sharedCookie(role), url: this.origin, secure: true,
				// In the partition of the page itself, as the server sets it.
				partitionKey: 'https://localhost', _crHasCrossSiteAncestor: false,
			}]);
		const page = await context.newPage();
		page.faults = watch(page, this.origin, expected);
		t.after(async () => {
			await context.close();
			assert.deepEqual(page.faults, [], 'what the browser complained of');
		});
		await before?.(page);
		await page.goto(path);
		return page;
	}

	#sharedCookie(role) {
		if (!this.#cookies.has(role))
			this.#cookies.set(role, this.signIn(role));
		return this.#cookies.get(role);
	}
}

/** The faults of a page, as they come. */
function watch(page, origin, expected) {
	const faults = [];
	const add = fault => {
		if (!expected.some(pattern => pattern.test(fault)))
			faults.push(fault);
	};
	page.on('console', message => {
		if (['error', 'warning'].includes(message.type()))
			add(`${message.type()}: ${message.text()} (${message.location().url})`);
	});
	page.on('pageerror', error => add(`exception: ${error.stack ?? error}`));
	page.on('dialog', dialog => {
		add(`dialog: ${dialog.message()}`);
		void dialog.dismiss();
	});
	page.on('request', request => {
		const url = new URL(request.url());
		if (url.origin !== origin && url.protocol !== 'data:')
			add(`request to another host: ${url}`);
	});
	page.on('popup', () => add('a window that nobody asked for'));
	return faults;
}
