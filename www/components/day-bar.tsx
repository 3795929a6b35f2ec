// 90 days of a service, a column each. What was wrong in a day stands on top of
// what was not, apart from it, and sticks out: a healthy day does not. A stub is
// a day of which nothing is known.

import { useMemo } from 'preact/hooks';

import { columnOf, daysOf, healthyPercent, isWhole, knownOf, sumOf, type Day, type Span } from '../days';
import { formatDate, formatSpan } from '../format';
import { zone, type Zone } from '../preferences';
import { useStore } from '../store';
import { health } from '../words/health';

const words = health.history;

// The drawing's own units.
const WIDTH = 4, GAP = 1, HEIGHT = 26, HEALTHY = 21, STUB = 4, GAP_WITHIN = 2;

function summary(days: readonly Day[]): string {
	const sum = sumOf(days);
	const percent = healthyPercent(sum);

	if (percent === null)
		return words.none;
	return isWhole(days) ? words.whole(percent) : words.part(percent, formatSpan(knownOf(sum)));
}

function title(day: Day, chosen: Zone): string {
	const date = formatDate(new Date(day.since), chosen);
	const percent = healthyPercent(day);
	const parts: string[] = [];

	if (percent === null)
		return words.day(date, words.dayNone);
	parts.push(words.dayPercent(percent));
	for (const status of ['degraded', 'unhealthy'] as const)
		if (day[status] > 0)
			parts.push(words.dayTrouble(status, formatSpan(day[status])));
	if (!isWhole([day]))
		parts.push(words.dayPart(formatSpan(knownOf(day))));
	return words.day(date, parts.join(', '));
}

function Column({ day, at, chosen }: { day: Day; at: number; chosen: Zone }) {
	const { status, trouble } = columnOf(day);
	const x = at * WIDTH, width = WIDTH - GAP;
	const top = Math.round(trouble * HEIGHT);
	const bottom = Math.min(HEALTHY, HEIGHT - top - GAP_WITHIN);

	return <g>
		<title>{title(day, chosen)}</title>
		<rect class="day-ground" x={x} y={0} width={WIDTH} height={HEIGHT} />
		{status === 'unknown'
			? <rect class="day-unknown" x={x} y={HEIGHT - STUB} width={width} height={STUB} />
			: <>
				{top > 0 && <rect class={`day-${status}`} x={x} y={0} width={width} height={top} />}
				{bottom > 0 && <rect class="day-healthy" x={x} y={HEIGHT - bottom} width={width} height={bottom} />}
			</>}
	</g>;
}

export function DayBar({ spans, now }: { spans: readonly Span[]; now: string }) {
	const chosen = useStore(zone);
	const days = useMemo(() => daysOf(spans, new Date(now), chosen), [spans, now, chosen]);
	const text = summary(days);

	return <div class="day-bar">
		<svg viewBox={`0 0 ${days.length * WIDTH - GAP} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={text}>
			{days.map((day, at) => <Column key={day.since} day={day} at={at} chosen={chosen} />)}
		</svg>
		<p class="day-text" aria-hidden="true">{text}</p>
	</div>;
}
