// The keyboard. A page says what its keys do while it is shown; keys with a
// modifier and keys typed into a field are the browser's.

import { useEffect } from 'preact/hooks';

export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** After this long the first key of two is forgotten. */
const SEQUENCE_MS = 1200;

const tables: Keys[] = [];
let first = '', firstAt = 0;

function isTyping(target: EventTarget | null): boolean {
	return target instanceof HTMLElement &&
		(target.isContentEditable || ['INPUT', 'SELECT', 'TEXTAREA'].includes(target.tagName));
}

/** Enter on a link or a button is theirs. */
function isOwnEnter(event: KeyboardEvent): boolean {
	return event.key === 'Enter' && event.target instanceof Element &&
		event.target.closest('a, button, summary') !== null;
}

function onKey(event: KeyboardEvent): void {
	if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented ||
		isTyping(event.target) || isOwnEnter(event) || document.querySelector('dialog[open]') !== null)
		return;
	const isSecond = first !== '' && event.timeStamp - firstAt < SEQUENCE_MS;
	const sequence = isSecond ? `${first} ${event.key}` : event.key;
	const action = tables.toReversed().map(table => table[sequence]).find(found => found !== undefined);

	first = !isSecond && action === undefined ? event.key : '';
	firstAt = event.timeStamp;
	if (action === undefined)
		return;
	event.preventDefault();
	action(event);
}

addEventListener('keydown', onKey);

/** While the component is shown: "j", "g h", "?"; the latest that says so wins. */
export function useKeys(keys: Keys): void {
	useEffect(() => {
		tables.push(keys);
		return () => {
			tables.splice(tables.indexOf(keys), 1);
		};
	}, [keys]);
}

/** "/" goes to the page's filter: the field with this attribute. */
export function focusFilter(): void {
	document.querySelector<HTMLElement>('[data-filter]')?.focus();
}

/** "j" and "k": the next, or the one before, of the list's rows, which are
 * what `selector` finds and can have the focus. */
export function moveFocus(selector: string, by: 1 | -1): void {
	const rows = [...document.querySelectorAll<HTMLElement>(selector)];
	const at = rows.findIndex(row => row.contains(document.activeElement));
	const next = rows[at === -1 ? (by === 1 ? 0 : rows.length - 1) : at + by];
	next?.focus();
	next?.scrollIntoView({ block: 'nearest' });
}
