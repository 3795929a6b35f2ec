// How a service has been, day by day: made of the spans in which it was in one
// state. What no span covers is not known, and counts for nothing.

import type { Zone } from './preferences';

export const DAYS = 90;

type Known = 'healthy' | 'degraded' | 'unhealthy';

export interface Span {
	readonly status: Known | 'unknown';
	readonly since: string;
	readonly until: string;
}

/** For how many milliseconds it was in which state. */
export type Durations = Readonly<Record<Known, number>>;

export interface Day extends Durations {
	/** When it begins, in the zone; the last one ends now. */
	readonly since: number;
	readonly until: number;
}

/** How a day is drawn: the colour of its worst, and how much of it is in trouble. */
export interface Column {
	readonly status: Known | 'unknown';
	/** 0 to 1. */
	readonly trouble: number;
}

/** A day with any trouble shows at least so much of it. */
const TROUBLE_SHOWN = 0.3;

/** Known for nearly all of the time is known. */
const WHOLE = 0.99;

/** Midnight, so many days before the day of `now`. */
function midnight(now: Date, daysBefore: number, zone: Zone): number {
	return zone === 'utc'
		? Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() - daysBefore)
		: new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysBefore).getTime();
}

function emptyDays(now: Date, zone: Zone): { -readonly [key in keyof Day]: Day[key] }[] {
	return Array.from({ length: DAYS }, (_, at) => ({
		since: midnight(now, DAYS - 1 - at, zone),
		until: at === DAYS - 1 ? now.getTime() : midnight(now, DAYS - 2 - at, zone),
		healthy: 0, degraded: 0, unhealthy: 0,
	}));
}

/** The last 90 days of the zone's calendar, the oldest first. */
export function daysOf(spans: readonly Span[], now: Date, zone: Zone): Day[] {
	const days = emptyDays(now, zone);

	for (const { status, ...span } of spans) {
		const since = Date.parse(span.since), until = Date.parse(span.until);
		if (status === 'unknown')
			continue;
		for (const day of days)
			day[status] += Math.max(0, Math.min(until, day.until) - Math.max(since, day.since));
	}
	return days;
}

export function knownOf({ healthy, degraded, unhealthy }: Durations): number {
	return healthy + degraded + unhealthy;
}

export function sumOf(days: readonly Day[]): Durations {
	const sum = (status: Known) => days.reduce((total, day) => total + day[status], 0);

	return { healthy: sum('healthy'), degraded: sum('degraded'), unhealthy: sum('unhealthy') };
}

/** Is (nearly) all of the time known? */
export function isWhole(days: readonly Day[]): boolean {
	const length = days.reduce((total, day) => total + day.until - day.since, 0);

	return knownOf(sumOf(days)) >= length * WHOLE;
}

/** "99.8": of what is known, how much was healthy, in percent; never more than
 * it was. Null when nothing is known. */
export function healthyPercent(durations: Durations): string | null {
	const known = knownOf(durations);

	if (known === 0)
		return null;
	const tenths = Math.floor(durations.healthy / known * 1000);
	return tenths === 1000 ? '100' : (tenths / 10).toFixed(1);
}

export function columnOf(day: Day): Column {
	const known = knownOf(day), trouble = day.degraded + day.unhealthy;

	if (known === 0)
		return { status: 'unknown', trouble: 0 };
	if (trouble === 0)
		return { status: 'healthy', trouble: 0 };
	return {
		status: day.unhealthy > 0 ? 'unhealthy' : 'degraded',
		trouble: Math.max(TROUBLE_SHOWN, trouble / known),
	};
}
