// A figure over time, as a chart wants it: a column each of times, averages and
// bounds. Where nothing was measured all but the time is null, and stays so.

import type { MetricsHistory } from './api/types';
import { formatDate } from './format';
import type { Zone } from './preferences';

export type Values = (number | null)[];

export interface Trend {
	/** Unix seconds: what the chart reaches from and to, and each point's own. */
	readonly from: number;
	readonly to: number;
	readonly times: number[];
	readonly average: Values;
	readonly minimum: Values;
	readonly maximum: Values;
}

export interface TrendSummary {
	readonly average: number;
	readonly minimum: number;
	readonly maximum: number;
	/** How much of the range was measured, 0 to 1. */
	readonly known: number;
}

const DAY_SECONDS = 86_400;

/** Undefined: the answer has no such figure. */
export function trendOf(history: MetricsHistory, figure: string): Trend | undefined {
	const points = history.figures.find(one => one.figure === figure)?.points;

	return points && {
		from: Date.parse(history.from) / 1000,
		to: Date.parse(history.to) / 1000,
		times: points.map(point => Date.parse(point.time) / 1000),
		average: points.map(point => point.average),
		minimum: points.map(point => point.minimum),
		maximum: points.map(point => point.maximum),
	};
}

/** All of it in three numbers; null when nothing was measured. */
export function summaryOf({ average, minimum, maximum }: Trend): TrendSummary | null {
	const measured = average.filter(value => value !== null);

	if (measured.length === 0)
		return null;
	return {
		average: measured.reduce((sum, value) => sum + value, 0) / measured.length,
		minimum: Math.min(...minimum.filter(value => value !== null)),
		maximum: Math.max(...maximum.filter(value => value !== null)),
		known: measured.length / average.length,
	};
}

/** Points with nothing on both sides: no line shows them. */
export function aloneIn(values: Values): number[] {
	return values.flatMap((value, at) =>
		value !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null ? [at] : []);
}

/** What stands below a tick of the time axis: "14:30", or the day "11-28" where
 * one begins or ticks are as far apart as days. */
export function tickLabel(seconds: number, apart: number, zone: Zone): string {
	const time = new Date(seconds * 1000);
	const [hours, minutes] = zone === 'utc'
		? [time.getUTCHours(), time.getUTCMinutes()] : [time.getHours(), time.getMinutes()];

	if (apart >= DAY_SECONDS || (hours === 0 && minutes === 0))
		return formatDate(time, zone).slice('2026-'.length);
	return `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
}
