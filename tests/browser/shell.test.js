import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { Dashboard, PHONE } from './harness/dashboard.js';
import { assertAccessible, assertFits } from './harness/looks.js';

const PASSWORD = 'correct horse battery staple';
/** What a browser says of an answer of 401, 404 and the like, and of none. */
const LOST = /Failed to load resource/;

let dashboard;
let door;

before(async () => {
	dashboard = await Dashboard.start();
	door = await dashboard.stack.door();
	await door.command('account.set', { name: 'ada', role: 'operator', password: PASSWORD });
});
after(async () => {
	door?.close();
	await dashboard?.stop();
});

/** The sidebar's pages. */
const PAGES = [['/health', 'Health'], ['/activity', 'Activity'], ['/audit', 'Audit'], ['/alerts', 'Alerts'], ['/approvals', 'Approvals'], ['/proxy', 'Service Proxy']];

/** All there are. */
function everyPage() {
	const { session_id } = dashboard.stack.entries().findLast(entry => entry.session_id !== undefined);
	return [...PAGES.map(([path]) => path), '/audit/1', `/sessions/${session_id}`, '/nowhere'];
}

/** Whether the page that was gone to is there. */
function settled(page) {
	return until('the page is there', () => page.evaluate(() =>
		document.querySelector('h1, .empty-title') !== null && document.querySelector('main [aria-busy="true"]') === null));
}

async function raise(title, severity = 'info') {
	await door.record({
		actor_type: 'agent', agent_name: `about-${title.replaceAll(/\W/g, '-')}`, capability: 'alerts.send', status: 'success',
		request: { severity, title },
	});
	return until(`"${title}" is an alert`, async () =>
		(await dashboard.stack.get('/api/alerts')).alerts.find(alert => alert.title === title));
}

function focusIsIn(page, selector) {
	return page.evaluate(selector => document.activeElement.closest(selector) !== null, selector);
}

test('the start is Health', async t => {
	const page = await dashboard.open(t, '/');
	await page.waitForURL('**/health');
	await page.getByRole('heading', { level: 1 }).waitFor();
});

test('the sidebar leads to every page, and says which one it is', async t => {
	const page = await dashboard.open(t, '/health');
	for (const [path, name] of PAGES) {
		const link = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name });
		await link.click();
		await page.waitForURL(`**${path}*`);
		assert.equal(await link.getAttribute('aria-current'), 'page');
		await until('its title is there', async () => (await page.title()).startsWith(name));
		await until('it has one first heading', async () => await page.getByRole('heading', { level: 1 }).count() === 1);
	}
});

test('a page that was gone to has the focus, and the history goes back', async t => {
	const page = await dashboard.open(t, '/health');
	await page.getByRole('link', { name: 'Audit' }).click();
	await until('the content has the focus', () => page.evaluate(() => document.activeElement.id === 'content'));
	await page.goBack();
	await page.waitForURL('**/health');
	await until('it has it again', () => page.evaluate(() => document.activeElement.id === 'content'));
});

test('the first that Tab reaches is a way past the sidebar', async t => {
	const page = await dashboard.open(t, '/health');
	await settled(page);
	await page.keyboard.press('Tab');
	assert.equal(await page.evaluate(() => document.activeElement.innerText), 'Skip to the content');
	await page.keyboard.press('Enter');
	await until('it led there', () => page.evaluate(() => document.activeElement.id === 'content'));
});

test('two keys go to each page', async t => {
	const page = await dashboard.open(t, '/health');
	await settled(page);
	for (const [key, path] of [['a', '/activity'], ['u', '/audit'], ['l', '/alerts'], ['p', '/proxy'], ['h', '/health']]) {
		await page.keyboard.press('g');
		await page.keyboard.press(key);
		await page.waitForURL(`**${path}*`);
	}
});

test('/ goes to the filter, where keys are text', async t => {
	for (const path of ['/activity', '/audit']) {
		const page = await dashboard.open(t, path);
		await settled(page);
		await page.keyboard.press('/');
		await until('the filter has the focus', () => focusIsIn(page, '[data-filter]'));
		await page.keyboard.type('g h');
		assert.equal(new URL(page.url()).pathname, path);
	}
});

test('? shows all keys, Escape closes them and gives the focus back', async t => {
	const page = await dashboard.open(t, '/health');
	await settled(page);
	await page.keyboard.press('?');
	const help = page.getByRole('dialog', { name: 'Keyboard' });
	const said = await help.innerText();
	for (const key of ['g', 'h', 'a', 'u', 'l', 'p', '/', 'j', 'k', 'Enter', '?', 'Esc'])
		assert.ok(said.split(/\s+/).includes(key), key);
	await page.keyboard.press('Escape');
	await help.waitFor({ state: 'detached' });
	await page.getByRole('button', { name: /^Keyboard/ }).click();
	await help.waitFor();
	await page.keyboard.press('Escape');
	await until('the button has the focus', () => page.evaluate(() => document.activeElement.innerText.startsWith('Keyboard')));
});

test('the theme is the system\'s, until one is chosen; a reload keeps it', async t => {
	const page = await dashboard.open(t, '/health', { theme: 'dark' });
	const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
	const dark = await ground();
	await page.getByRole('button', { name: 'Light' }).click();
	const light = await ground();
	assert.notEqual(light, dark);
	await page.reload();
	await settled(page);
	assert.equal(await ground(), light);
	assert.equal(await page.getByRole('button', { name: 'Light' }).getAttribute('aria-pressed'), 'true');
	await page.getByRole('button', { name: 'System' }).click();
	assert.equal(await ground(), dark);
});

test('times are in UTC or in the browser\'s zone, which is always named; a reload keeps it', async t => {
	const page = await dashboard.open(t, '/audit/1', { zone: 'Asia/Kolkata' });
	await page.getByText('Times are in UTC').waitFor();
	const { time } = dashboard.stack.entries()[0];
	const shown = async () => (await page.locator('main time').allInnerTexts()).join(' ');
	const utc = time.slice(0, 19).replace('T', ' ');
	await until('the time is there', async () => (await shown()).includes(utc));
	await page.getByRole('button', { name: 'Local' }).click();
	await page.getByText(/Asia\/(Kolkata|Calcutta)/).waitFor();
	const local = new Date(Date.parse(time) + 5.5 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
	await until('the time is another', async () => (await shown()).includes(local));
	await page.reload();
	await page.getByText(/Asia\/(Kolkata|Calcutta)/).waitFor();
	await until('it still is', async () => (await shown()).includes(local));
});

test('alerts stand as banners on every page, and as a badge', async t => {
	for (const title of ['one', 'two', 'three', 'four', 'five'])
		await raise(title, 'warning');
	const page = await dashboard.open(t, '/health', { expected: [LOST] });
	for (const path of everyPage()) {
		await page.goto(path);
		await page.locator('.banner').first().waitFor();
		assert.equal(await page.locator('.banner').count(), 3, path);
		await page.getByRole('link', { name: /and \d+ more/ }).waitFor();
		await page.locator('.banner', { hasText: 'about-' }).first().waitFor(); // of whom
		for (const word of await page.locator('.banner .chip').allInnerTexts())
			assert.ok(['Critical', 'Warning', 'Info'].includes(word), word);
	}
	const { alerts } = await dashboard.stack.get('/api/alerts');
	const open = alerts.filter(({ state, acknowledged_by, silenced_by }) =>
		state === 'firing' && acknowledged_by === null && silenced_by === null).length;
	assert.match(await page.getByRole('link', { name: /^Alerts/ }).first().innerText(), new RegExp(`${open}`));
	await page.getByText(`${open} not acknowledged`).waitFor({ state: 'attached' });
});

test('a line says how many silences there are, and how old', async t => {
	const page = await dashboard.open(t, '/audit');
	await settled(page);
	assert.equal(await page.locator('.silences').count(), 0);
	const ids = [];
	for (const title of ['a', 'b'])
		ids.push((await door.command('silences.add', { matchers: [`title=${title}`], reason: 'x', duration: '1h' })).id);
	await page.reload();
	await page.getByText(/^2 silences mute alerts, the oldest set \d+ s ago$/).click();
	await page.waitForURL('**/alerts?state=silenced');
	for (const id of ids)
		await door.command('silences.remove', { id: String(id) });
});

test('who is not signed in signs in, and comes to where he wanted to be', async t => {
	const wanted = '/audit?status=denied&capability=shell.*';
	const page = await dashboard.open(t, wanted, { role: null, expected: [LOST] });
	await page.waitForURL('**/sign-in?next=*');
	await until('the name has the focus', () => page.evaluate(() => document.activeElement.name === 'name'));
	await page.getByLabel('Name').fill('ada');
	await page.getByLabel('Password').fill('not the password');
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByText('Name or password is wrong.').waitFor();
	await page.getByLabel('Password').fill(PASSWORD);
	await page.keyboard.press('Enter');
	await page.waitForURL(`**${wanted}`);
	await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
	assert.doesNotMatch(await page.evaluate(() => document.cookie), /kruxos/);
});

test('a link signs in once, and leaves no trace of itself', async t => {
	const link = await dashboard.link();
	const page = await dashboard.open(t, link, { role: null, expected: [LOST] });
	await page.waitForURL('**/health');
	const traces = await page.evaluate(() => JSON.stringify([location.href, document.body.innerHTML, { ...localStorage }, { ...sessionStorage }]));
	assert.doesNotMatch(traces, /krx_(link|session)/);

	const second = await dashboard.open(t, link, { role: null, expected: [LOST] });
	await second.getByText('This link does not work').waitFor();
	await second.getByText('kruxos login-link').first().waitFor();
	assert.doesNotMatch(second.url(), /krx_link/);
});

test('what an agent serves on another port does not get the session', async t => {
	const seen = [];
	const server = http.createServer((request, response) => {
		seen.push(request.headers.cookie);
		response.end('a page');
	});
	await new Promise(done => server.listen(0, '127.0.0.1', done));
	t.after(() => server.close());
	const page = await dashboard.open(t, await dashboard.link(), { role: null, expected: [LOST, /request to another host/] });
	await page.waitForURL('**/health');
	const [cookie] = await page.context().cookies();
	assert.equal(cookie.name, dashboard.stack.cookieName);

	await page.goto(`http://localhost:${server.address().port}/`);
	await page.evaluate(() => fetch('/again').then(answer => answer.text()));
	assert.ok(seen.length >= 2);
	assert.deepEqual(seen.filter(Boolean), []);
	await page.goto('/audit');
	await page.locator('h1').waitFor();
	assert.match(page.url(), /\/audit$/, 'he is still signed in');
});

test('the way back leads to no other site', async t => {
	const page = await dashboard.open(t, `/sign-in?next=${encodeURIComponent('//evil.example/')}`);
	await page.waitForURL('**/health');
});

test('a session that ended leads to the sign-in and back to the same address', async t => {
	const cookie = await dashboard.signIn('operator', 'eve');
	const page = await dashboard.open(t, '/alerts?state=history&last=7d', { cookie, expected: [LOST] });
	await settled(page);
	await door.command('account.sign_out', { id: 'all' }, 'out', cookie.value);
	await page.waitForURL('**/sign-in?next=*', { timeout: 30_000 });
	await page.getByText('Your sign-in has ended.').waitFor();
	await page.getByLabel('Name').fill('ada');
	await page.getByLabel('Password').fill(PASSWORD);
	await page.keyboard.press('Enter');
	await page.waitForURL('**/alerts?state=history&last=7d');
});

test('the open sign-ins are listed, another one can be ended, and one\'s own', async t => {
	const own = await dashboard.signIn('auditor', 'bob');
	await dashboard.signIn('auditor', 'bob');
	const page = await dashboard.open(t, '/health', { cookie: own, expected: [LOST] });
	const account = page.locator('.account');
	await account.locator('summary').click();
	await account.getByText('this one').waitFor();
	await account.getByRole('button', { name: 'End' }).click();
	await until('the other one is gone', async () => await account.getByRole('listitem').count() === 1);
	await account.getByRole('button', { name: 'Sign out' }).click();
	await page.getByLabel('Password').waitFor();
	await page.waitForURL('**/sign-in');
	await page.goto('/health');
	await page.waitForURL('**/sign-in*');
});

test('an address of nothing says so, and leads back', async t => {
	const page = await dashboard.open(t, '/nowhere', { expected: [LOST] });
	await page.getByText('There is no such page').waitFor();
	await page.getByRole('link', { name: 'Go to Health' }).click();
	await page.waitForURL('**/health');
});

test('a server that cannot be reached is said so, and tried again', async t => {
	const page = await dashboard.open(t, '/proxy', {
		expected: [LOST], before: page => page.route(/\/api\//, route => route.abort('connectionrefused')),
	});
	await page.getByText(/^Can't reach the server: .* Retrying in \d+ s …$/).waitFor();
	await page.unroute(/\/api\//);
	await page.getByRole('heading', { name: 'Service Proxy', level: 1 }).waitFor();
});

test('a page lives through another nginx', async t => {
	const page = await dashboard.open(t, '/alerts', { expected: [LOST] });
	await settled(page);
	await dashboard.stack.restart('nginx');
	await raise('after the restart');
	await page.locator('main').getByText('after the restart').waitFor({ timeout: 60_000 });
});

test('on a phone the choices are behind a button', async t => {
	const page = await dashboard.open(t, '/health', { viewport: PHONE });
	const choice = page.getByRole('button', { name: 'Dark' });
	assert.equal(await choice.isVisible(), false);
	await page.getByRole('button', { name: 'Menu' }).click();
	await choice.click();
	await assertFits(page);
	await assertAccessible(page);
});

for (const theme of ['light', 'dark'])
	test(`nobody is kept out of any page, ${theme}`, async t => {
		const page = await dashboard.open(t, '/health', { theme, expected: [LOST] });
		for (const path of everyPage()) {
			await page.goto(path);
			await settled(page);
			await assertAccessible(page);
		}
		const signIn = await dashboard.open(t, '/sign-in', { theme, role: null, expected: [LOST] });
		await settled(signIn);
		await assertAccessible(signIn);
	});

test('every page fits a narrow phone', async t => {
	const page = await dashboard.open(t, '/health', { viewport: PHONE, expected: [LOST] });
	for (const path of everyPage()) {
		await page.goto(path);
		await settled(page);
		await assertFits(page);
	}
	const signIn = await dashboard.open(t, '/sign-in', { viewport: PHONE, role: null, expected: [LOST] });
	await settled(signIn);
	await assertFits(signIn);
});
