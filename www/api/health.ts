// What the Health page asks for.

export const HEALTH_PATH = '/api/health';
export const HEALTH_EVERY_MS = 15_000;

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

/** How far back a chart reaches, and how often its figures are asked for. */
const ranges = {
	'1h': { reaches: HOUR, everyMs: 15 * SECOND },
	'24h': { reaches: DAY, everyMs: MINUTE },
	'7d': { reaches: 7 * DAY, everyMs: 5 * MINUTE },
	'30d': { reaches: 30 * DAY, everyMs: 5 * MINUTE },
} as const;

export type Range = keyof typeof ranges;
export const RANGE = '1h';

/** What stands in the address, if it is one. */
export function rangeOf(text: string | null): Range {
	return text !== null && Object.hasOwn(ranges, text) ? text as Range : RANGE;
}

export const trendFigures = ['memory_percent', 'cpu_percent', 'disk_used_percent'] as const;

export function historyEveryMs(range: Range): number {
	return ranges[range].everyMs;
}

/** The figures of the charts, until now. */
export function historyPath(range: Range): string {
	const query = new URLSearchParams(trendFigures.map(figure => ['figure', figure]));

	query.set('from', new Date(Date.now() - ranges[range].reaches).toISOString());
	return `/api/metrics/history?${query}`;
}
