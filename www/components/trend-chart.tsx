// A percentage over time: its average as a line, the least and the most as a
// band around it, nothing where nothing was measured. Charts of a page have one
// cursor. A canvas says nothing to who cannot see it, so a sentence does.

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

import { formatTime } from '../format';
import { theme, zone, type Zone } from '../preferences';
import { useStore } from '../store';
import { aloneIn, summaryOf, tickLabel, type Trend } from '../trend';
import { health } from '../words/health';

const words = health.trend;

const HEIGHT = 130;
/** The cursor of all that have this key is one. */
const CURSOR = 'trend';
const DARK = '(prefers-color-scheme: dark)';

// The series: the band's edges, then the line.
const MAXIMUM = 1, MINIMUM = 2, AVERAGE = 3;

const colour = (name: string) => () => getComputedStyle(document.documentElement).getPropertyValue(name);

function say(trend: Trend): string {
	const summary = summaryOf(trend);

	return summary === null ? words.none : words.summary(summary.average, summary.maximum);
}

/** What is under the cursor; all of it where that is nowhere. */
function sayAt(trend: Trend, at: number | null | undefined, chosen: Zone): string {
	const seconds = at == null ? undefined : trend.times[at];

	if (at == null || seconds === undefined)
		return say(trend);
	const time = formatTime(new Date(seconds * 1000), chosen);
	const average = trend.average[at] ?? null;
	return average === null ? words.pointNone(time)
		: words.point(time, average, trend.minimum[at] ?? average, trend.maximum[at] ?? average);
}

const columns = ({ times, maximum, minimum, average }: Trend): uPlot.AlignedData =>
	[times, maximum, minimum, average];

function options(width: number, latest: () => Trend, chosen: Zone, onCursor: (at: number | null | undefined) => void): uPlot.Options {
	const axis = { stroke: colour('--muted'), font: '11px system-ui, sans-serif', ticks: { show: false } };
	const edge: uPlot.Series = { width: 0, stroke: 'transparent', points: { show: false } };

	return {
		width, height: HEIGHT, padding: [6, 16, 0, 0],
		legend: { show: false },
		cursor: { y: false, drag: { x: false, y: false }, points: { show: false }, sync: { key: CURSOR } },
		tzDate: seconds => chosen === 'utc'
			? uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') : new Date(seconds * 1000),
		scales: {
			x: { range: () => [latest().from, latest().to] },
			y: { range: [0, 100] },
		},
		axes: [{
			...axis, size: 24, space: 56, grid: { show: false },
			values: (_, ticks, __, ___, apart) => ticks.map(tick => tickLabel(tick, apart, chosen)),
		}, {
			...axis, size: 34, splits: [0, 20, 40, 60, 80, 100], gap: 4,
			grid: { stroke: colour('--line'), width: 1 },
		}],
		series: [{}, edge, edge, {
			stroke: colour('--accent'), width: 1.5,
			points: { show: false, size: 4, fill: colour('--accent'), filter: () => aloneIn(latest().average) },
		}],
		bands: [{ series: [MAXIMUM, MINIMUM], fill: colour('--info-soft') }],
		hooks: { setCursor: [plot => onCursor(plot.cursor.idxs?.[AVERAGE] ?? plot.cursor.idx)] },
	};
}

/** What was drawn in the colours of one theme is drawn again in the other's. */
function useTheme(redraw: () => void) {
	useEffect(() => {
		const system = matchMedia(DARK);
		const unwatch = theme.watch(redraw);
		system.addEventListener('change', redraw);
		return () => {
			unwatch();
			system.removeEventListener('change', redraw);
		};
	}, [redraw]);
}

export function TrendChart({ trend, name, range }: { trend: Trend; name: string; range: string }) {
	const chosen = useStore(zone);
	const box = useRef<HTMLDivElement>(null);
	const text = useRef<HTMLElement>(null);
	const plot = useRef<uPlot | null>(null);
	const latest = useRef(trend);
	const summary = summaryOf(trend);

	latest.current = trend;
	useTheme(useRef(() => plot.current?.redraw(false, true)).current);
	useEffect(() => {
		const element = box.current as HTMLDivElement;
		const onCursor = (at: number | null | undefined) => {
			if (text.current !== null)
				text.current.textContent = sayAt(latest.current, at, chosen);
		};
		const made = plot.current = new uPlot(options(element.clientWidth, () => latest.current, chosen, onCursor),
			columns(latest.current), element);
		const watcher = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
		watcher.observe(element);
		return () => {
			watcher.disconnect();
			made.destroy();
		};
	}, [chosen]);
	useEffect(() => {
		plot.current?.setData(columns(trend));
		if (text.current !== null)
			text.current.textContent = sayAt(trend, plot.current?.cursor.idx, chosen);
	}, [trend, chosen]);

	return <figure class="trend">
		<div class="trend-plot" ref={box} role="img" aria-label={words.label(name, range, summary === null
			? words.none : words.whole(summary.average, summary.minimum, summary.maximum, summary.known))} />
		<figcaption class="muted number" aria-hidden="true" ref={text} />
	</figure>;
}
