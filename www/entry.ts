// What the pages say of an entry: pure functions of it.

import type { Entry, Value } from './api/types';

export interface Actor {
	type: Entry['actor_type'];
	/** An agent's or a user's; the system has none. */
	name: string | undefined;
}

export function actorOf(entry: Entry): Actor {
	return { type: entry.actor_type, name: entry.agent_name ?? entry.user_name };
}

/** A line has no room for more. */
const PREVIEW_LENGTH = 160;

function firstText(value: Value): string | undefined {
	if (typeof value === 'string')
		return value === '' ? undefined : value;
	if (typeof value !== 'object' || value === null)
		return undefined;
	for (const part of Array.isArray(value) ? value : Object.values(value)) {
		const text = firstText(part);
		if (text !== undefined)
			return text;
	}
	return undefined;
}

/** The entry in a few words of its agent: what was asked for; where that did
 * not work, what came back. */
export function previewOf(entry: Entry): string {
	const asked = entry.request === undefined ? undefined : firstText(entry.request);
	const answered = entry.summary === '' ? undefined : entry.summary;
	const hasFailed = entry.status === 'error' || entry.status === 'denied';
	const text = (hasFailed ? answered ?? asked : asked ?? answered) ?? '';

	return text.slice(0, PREVIEW_LENGTH).trim().replaceAll(/[\t\n\r ]+/g, ' ');
}

export function entryAddress(seq: number): string {
	return `/audit/${seq}`;
}

/** Browsers and servers take such a path apart: "a//b", "a/../b", "a/". */
const ODD_PATH = /^\/|\/\/|\/$|(^|\/)\.{1,2}(\/|$)/;

/** Ids are the producers' own, and may hold slashes. One that no path can hold
 * is looked for in the audit log. `seq`: the entry that is shown there. */
export function sessionAddress(id: string, seq?: number): string {
	if (ODD_PATH.test(id))
		return `/audit?session_id=${encodeURIComponent(id)}`;
	return `/sessions/${id.split('/').map(encodeURIComponent).join('/')}${seq === undefined ? '' : `?entry=${seq}`}`;
}

/** The id in such a path; undefined where it is none. */
export function sessionIdOf(path: string): string | undefined {
	try {
		return decodeURIComponent(path.replace(/^\/sessions\//, ''));
	} catch {
		return undefined;
	}
}

/** JSON's numbers beyond what a browser can hold have lost digits. */
export function isInexact(value: number): boolean {
	return !Number.isFinite(value) || Number.isInteger(value) && !Number.isSafeInteger(value);
}
