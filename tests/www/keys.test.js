import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

// As much of a document as the keys look at.
globalThis.Element = class {
	constructor(tagName = 'BODY', { isContentEditable = false } = {}) {
		Object.assign(this, { tagName, isContentEditable });
	}
	closest(selector) {
		return selector.split(', ').includes(this.tagName.toLowerCase()) ? this : null;
	}
};
globalThis.HTMLElement = class extends globalThis.Element {};
let openDialog = null, onKey, now = 0;
globalThis.document = { querySelector: () => openDialog };
globalThis.addEventListener = (type, listener) => onKey = listener;

const { useKeys } = await load('keys.ts', { hooks: 'hooks.js' });

function press(key, { target = new HTMLElement(), after = 100, ...more } = {}) {
	now += after;
	const event = {
		key, target, timeStamp: now, defaultPrevented: false, preventDefault() {
			this.defaultPrevented = true;
		}, ...more,
	};
	onKey(event);
	return event;
}

/** The keys' table of a page that is shown while `body` runs: what was done. */
function shown(keys, body) {
	const done = [];
	useKeys(Object.fromEntries(keys.map(key => [key, () => done.push(key)])));
	body();
	globalThis.endLatestEffect();
	press('Escape', { after: 10_000 }); // no first of two is left
	press('Escape');
	return done;
}

test('a key does what the page says, and nothing else', () => {
	assert.deepEqual(shown(['j', '?'], () => {
		assert.ok(press('j').defaultPrevented);
		assert.ok(!press('x', { after: 5000 }).defaultPrevented);
		press('?', { after: 5000 });
	}), ['j', '?']);
});

test('two keys are one when they come soon after each other', () => {
	assert.deepEqual(shown(['g h'], () => {
		press('g', { after: 5000 });
		press('h');
		press('g', { after: 5000 });
		press('h', { after: 5000 });
	}), ['g h']);
});

test('a key that is held with another one is the browser\'s', () => {
	assert.deepEqual(shown(['j'], () => {
		for (const held of ['ctrlKey', 'metaKey', 'altKey'])
			assert.ok(!press('j', { [held]: true }).defaultPrevented);
	}), []);
});

test('what is typed into a field is text', () => {
	assert.deepEqual(shown(['j'], () => {
		for (const tag of ['INPUT', 'SELECT', 'TEXTAREA'])
			press('j', { target: new HTMLElement(tag) });
		press('j', { target: new HTMLElement('DIV', { isContentEditable: true }) });
	}), []);
});

test('Enter on a link or a button is theirs', () => {
	assert.deepEqual(shown(['Enter'], () => {
		for (const tag of ['A', 'BUTTON', 'SUMMARY'])
			press('Enter', { target: new HTMLElement(tag) });
		press('Enter');
	}), ['Enter']);
});

test('while a dialog is open the page has no keys', () => {
	openDialog = {};
	const done = shown(['j'], () => press('j'));
	openDialog = null;
	assert.deepEqual(done, []);
});

test('the latest that is shown wins, and gives back what it had', () => {
	const done = shown(['j', 'k'], () => {
		assert.deepEqual(shown(['j'], () => press('j', { after: 5000 })), ['j']);
		press('j', { after: 5000 });
	});
	assert.deepEqual(done, ['j']);
});
