// A histogram's geometry: bars by status over time, the marks of its axis, and
// which moments a stretch of it means.

import type { Histogram } from './api/types';
import { writeMoment } from './moment';

export type Bucket = Histogram['buckets'][number];

/** From the ground up: what went wrong stands where it can be compared. */
export const STACK = ['error', 'denied', 'pending', 'success'] as const;

export interface Part {
	status: typeof STACK[number];
	y: number;
	height: number;
}

export interface Bar {
	x: number;
	width: number;
	parts: Part[];
}

export function totalOf(bucket: Bucket): number {
	return STACK.reduce((sum, status) => sum + bucket[status], 0);
}

/** The least that can be seen: one error among a million is one to look at. */
const MIN_HEIGHT = 2;
const GAP = 1;

export function bars(buckets: readonly Bucket[], width: number, height: number): Bar[] {
	const most = Math.max(1, ...buckets.map(totalOf));
	const each = width / Math.max(1, buckets.length);

	return buckets.map((bucket, index) => {
		const parts: Part[] = [];
		let y = height;
		for (const status of STACK) {
			if (bucket[status] === 0)
				continue;
			const part = Math.max(MIN_HEIGHT, bucket[status] / most * height);
			y = Math.max(0, y - part);
			parts.push({ status, y, height: part });
		}
		return { x: index * each, width: Math.max(1, each - (each > 4 ? GAP : 0)), parts };
	});
}

/** The bucket at `x`, however far outside that is. */
export function bucketAt(x: number, width: number, count: number): number {
	return Math.min(count - 1, Math.max(0, Math.floor(x / width * count)));
}

/** From the beginning of one bucket to the end of another, within the range of
 * the whole; "" for an end that is not to be given. */
export function rangeOf(histogram: Histogram, first: number, last: number): { from: string; to: string } {
	const { buckets, from, step_seconds } = histogram;
	const start = Date.parse(buckets[first]?.time ?? from);
	const end = Date.parse(buckets[last]?.time ?? from) + step_seconds * 1000;
	const isOpen = last === buckets.length - 1 && end > Date.parse(histogram.to);

	return {
		from: writeMoment(new Date(Math.max(start, Math.floor(Date.parse(from) / 1000) * 1000))),
		to: isOpen ? '' : writeMoment(new Date(end)),
	};
}

export interface Tick {
	/** Of the whole width, 0 to 1. */
	at: number;
	time: Date;
}

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const TICK_STEPS = [SECOND, 5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
	DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 91 * DAY, 365 * DAY, 3650 * DAY];

/** At most `most` marks, at round times of the zone that lies `offsetMs` behind
 * UTC (Date's getTimezoneOffset, in ms). */
export function ticks(histogram: Histogram, most: number, offsetMs: number): Tick[] {
	const start = Date.parse(histogram.buckets[0]?.time ?? histogram.from);
	const span = histogram.buckets.length * histogram.step_seconds * 1000;
	const step = TICK_STEPS.find(each => span / each <= most) ?? span;
	const found: Tick[] = [];

	for (let time = Math.ceil((start - offsetMs) / step) * step + offsetMs; time < start + span; time += step)
		found.push({ at: (time - start) / span, time: new Date(time) });
	return found;
}
