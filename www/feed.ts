// The live feed, as data: the newest entries, and those that wait because its
// reader should not be moved. Pure functions; nothing here is changed in place.

import type { Entry, Value } from './api/types';

/** So many are shown; those before them are the audit page's. */
export const SHOWN_MAX = 200;

/** Entries that the server left out, because there were too many to catch up. */
export interface Gap {
	skipped: number | null;
	from: number;
	to: number;
}

/** An entry, or that there are some missing behind `seq`. */
export type Row = { seq: number; entry: Entry; gap?: undefined } | { seq: number; gap: Gap; entry?: undefined };

/** Newest first, both. */
export interface Feed {
	rows: readonly Row[];
	waiting: readonly Row[];
	/** How many wait; of more than fit, only the newest are kept. */
	waitingCount: number;
}

export const emptyFeed: Feed = { rows: [], waiting: [], waitingCount: 0 };

export function beginFeed(entries: readonly Entry[]): Feed {
	return { ...emptyFeed, rows: entries.slice(0, SHOWN_MAX).map(entry => ({ seq: entry.seq, entry })) };
}

/** `newer` (oldest first, as they came) before `rows`. What is not older than
 * they are is of a log that was replaced, or came twice. */
function before(rows: readonly Row[], newer: readonly Row[]): readonly Row[] {
	const oldest = newer[0];

	if (oldest === undefined)
		return rows;
	return [...newer.toReversed(), ...rows.filter(row => row.seq < oldest.seq)].slice(0, SHOWN_MAX);
}

/** What came is shown, and what had waited. */
export function show(feed: Feed, came: readonly Row[] = []): Feed {
	if (came.length === 0 && feed.waitingCount === 0)
		return feed;
	return { ...emptyFeed, rows: before(before(feed.rows, feed.waiting.toReversed()), came) };
}

/** What came waits: `count` of them, of which `came` are the last. */
export function hold(feed: Feed, came: readonly Row[], count = came.length): Feed {
	return { ...feed, waiting: before(feed.waiting, came), waitingCount: feed.waitingCount + count };
}

function texts(value: Value | undefined, found: string[]): string[] {
	if (Array.isArray(value))
		value.forEach(part => texts(part, found));
	else if (typeof value === 'object' && value !== null)
		Object.entries(value).forEach(([key, part]) => texts(part, (found.push(key), found)));
	else if (value !== undefined)
		found.push(String(value));
	return found;
}

const searched = new WeakMap<Entry, string>();

function textOf(entry: Entry): string {
	let text = searched.get(entry);

	if (text === undefined) {
		const { actor_type, agent_name, user_name, session_id, call_id, capability, policy_tier, status, summary, request } = entry;
		text = texts([actor_type, agent_name, user_name, session_id, call_id, capability, policy_tier, status, summary]
			.filter(part => part !== undefined), []).concat(texts(request, [])).join('\n').toLowerCase();
		searched.set(entry, text);
	}
	return text;
}

/** Those that have the substring anywhere, in capitals or not; gaps stay. */
export function narrow(rows: readonly Row[], substring: string): readonly Row[] {
	const wanted = substring.toLowerCase();

	return wanted === '' ? rows : rows.filter(row => row.entry === undefined || textOf(row.entry).includes(wanted));
}
