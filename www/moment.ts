// Moments between the API's writing (RFC 3339, or a bare date, which is a day of
// UTC) and the browser's date input, which knows no zone.

import { formatClock, formatDate } from './format';
import type { Zone } from './preferences';

const DATE = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const DAY_MS = 86_400_000;

/** undefined where it is no moment. As the end of a range a date is its end. */
export function readMoment(text: string, isEnd = false): Date | undefined {
	if (!DATE.test(text) && !TIME.test(text))
		return undefined;
	const time = new Date(text.toUpperCase().replace(' ', 'T'));
	// The browser takes the 30th of February for the 2nd of March.
	if (Number.isNaN(time.getTime()) || (DATE.test(text) && time.toISOString().slice(0, 10) !== text))
		return undefined;
	return DATE.test(text) && isEnd ? new Date(time.getTime() + DAY_MS) : time;
}

/** What a date input in that zone shows of it, as the browser writes that: whole
 * minutes without seconds. "" where it is no moment. */
export function toInput(text: string, zone: Zone, isEnd = false): string {
	const time = readMoment(text, isEnd);
	return time === undefined ? '' : `${formatDate(time, zone)}T${formatClock(time, zone).replace(/:00$/, '')}`;
}

/** What was put into a date input in that zone, for the API; "" where nothing. */
export function fromInput(text: string, zone: Zone): string {
	const time = new Date(zone === 'utc' ? `${text}Z` : text);
	return text === '' || Number.isNaN(time.getTime()) ? '' : writeMoment(time);
}

export function writeMoment(time: Date): string {
	return time.toISOString().replace('.000Z', 'Z');
}
