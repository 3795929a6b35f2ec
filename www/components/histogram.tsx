// The matches over time, by status; a stretch of it, dragged over or set by two
// handles, becomes the range that is looked at.

import { useEffect, useRef, useState } from 'preact/hooks';

import type { Histogram as Data } from '../api/types';
import { bars, bucketAt, rangeOf, STACK, ticks, totalOf, type Bucket } from '../bars';
import { formatClock, formatDate, formatNumber } from '../format';
import { zone, type Zone } from '../preferences';
import { useStore } from '../store';
import { audit } from '../words/audit';

const words = audit.overview;

const HEIGHT = 120;
const TICK_WIDTH = 85;
const DAY_SECONDS = 86_400;

interface Stretch {
	first: number;
	last: number;
}

interface Properties {
	data: Data;
	onRange: (from: string, to: string) => void;
}

function useWidth() {
	const element = useRef<HTMLDivElement>(null);
	const [width, setWidth] = useState(0);

	useEffect(() => {
		if (element.current === null)
			return;
		const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
		observer.observe(element.current);
		return () => observer.disconnect();
	}, []);
	return { element, width };
}

/** A look of its own for each status, so that none is told by colour alone. */
export function StatusPatterns() {
	return <svg class="patterns" aria-hidden="true">
		<defs>
			<pattern id="fill-error" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
				<rect class="fill-error" width="5" height="5" /><path d="M0 0v5" />
			</pattern>
			<pattern id="fill-denied" width="4" height="4" patternUnits="userSpaceOnUse">
				<rect class="fill-denied" width="4" height="4" /><path d="M0 0h4" />
			</pattern>
			<pattern id="fill-pending" width="4" height="4" patternUnits="userSpaceOnUse">
				<rect class="fill-pending" width="4" height="4" /><path d="M1 2h1" />
			</pattern>
		</defs>
	</svg>;
}

export function Swatch({ status }: { status: typeof STACK[number] }) {
	return <svg class="swatch" viewBox="0 0 12 12" aria-hidden="true"><rect class={`bar-${status}`} width="12" height="12" rx="2" /></svg>;
}

function moment(time: Date, chosen: Zone, stepSeconds: number): string {
	return stepSeconds >= DAY_SECONDS ? formatDate(time, chosen)
		: `${formatDate(time, chosen)} ${formatClock(time, chosen).slice(0, stepSeconds < 60 ? 8 : 5)}`;
}

function parts(counts: readonly Bucket[]): string {
	const text = words.parts(STACK.toReversed().map(status =>
		[status, counts.reduce((sum, bucket) => sum + bucket[status], 0)] as const));
	return text === '' ? words.none : text;
}

/** What a stretch holds, in words. */
function useSaid({ buckets, step_seconds }: Data): (stretch: Stretch) => string {
	const chosen = useStore(zone);

	return ({ first, last }) => {
		const start = new Date(buckets[first]?.time ?? '');
		const end = new Date(Date.parse(buckets[last]?.time ?? '') + step_seconds * 1000);
		return words.bucket(`${moment(start, chosen, step_seconds)} – ${moment(end, chosen, step_seconds)}`,
			parts(buckets.slice(first, last + 1)));
	};
}

function Axis({ data, width }: { data: Data; width: number }) {
	const chosen = useStore(zone);
	const offset = chosen === 'utc' ? 0 : new Date(data.to).getTimezoneOffset() * 60_000;
	const marks = ticks(data, Math.max(1, Math.floor(width / TICK_WIDTH)), offset);
	const span = data.buckets.length * data.step_seconds;
	const text = (time: Date) => span <= 2 * DAY_SECONDS ? formatClock(time, chosen).slice(0, data.step_seconds < 60 ? 8 : 5)
		: moment(time, chosen, span > 14 * DAY_SECONDS ? DAY_SECONDS : 60).replace(' 00:00', '').slice(span > 180 * DAY_SECONDS ? 0 : 5);

	return <div class="histogram-axis number" aria-hidden="true">
		{marks.filter(({ at }) => at < 1 - 0.5 * TICK_WIDTH / Math.max(1, width)).map(({ at, time }) =>
			<span key={at} style={{ left: `${at * 100}%` }}>{text(time)}</span>)}
	</div>;
}

function Bars({ data, width, stretch, hovered }: { data: Data; width: number; stretch: Stretch | undefined; hovered: number | undefined }) {
	const each = width / data.buckets.length;

	return <>
		<path class="histogram-grid" d={`M0 .5H${width}M0 ${HEIGHT / 2}H${width}M0 ${HEIGHT - 0.5}H${width}`} />
		{hovered !== undefined && <rect class="histogram-hovered" x={hovered * each} width={each} height={HEIGHT} />}
		{bars(data.buckets, width, HEIGHT).map(({ x, width: wide, parts: stack }) => stack.map(({ status, y, height }) =>
			<rect key={`${x} ${status}`} class={`bar-${status}`} x={x} y={y} width={wide} height={height} />))}
		{stretch !== undefined &&
			<rect class="histogram-stretch" x={stretch.first * each} width={(stretch.last - stretch.first + 1) * each} height={HEIGHT} />}
	</>;
}

/** Native sliders, on one track: they have keys, and say what they mean. */
function Handles({ data, stretch, onStretch, onDone, onReset }:
	{ data: Data; stretch: Stretch | undefined; onStretch: (stretch: Stretch) => void; onDone: () => void; onReset: () => void }) {
	const end = data.buckets.length - 1;
	const { first, last } = stretch ?? { first: 0, last: end };
	const said = useSaid(data);

	function onKey(event: KeyboardEvent) {
		if (event.key === 'Enter')
			onDone();
		else if (event.key === 'Escape')
			onReset();
	}
	return <div class="histogram-handles" onKeyDown={onKey}>
		<input type="range" min={0} max={end} value={first} aria-label={words.start} aria-valuetext={said({ first, last: first })}
			onInput={event => onStretch({ first: Math.min(Number(event.currentTarget.value), last), last })} />
		<input type="range" min={0} max={end} value={last} aria-label={words.end} aria-valuetext={said({ first: last, last })}
			onInput={event => onStretch({ first, last: Math.max(Number(event.currentTarget.value), first) })} />
	</div>;
}

/** Dragging: from where it began to where the pointer is. */
function useBrush(data: Data, onRange: Properties['onRange']) {
	const [stretch, setStretch] = useState<Stretch>();
	const [hovered, setHovered] = useState<number>();
	const [anchor, setAnchor] = useState<number>();
	const count = data.buckets.length;

	useEffect(() => setStretch(undefined), [data]);
	const at = (event: PointerEvent) => {
		const box = (event.currentTarget as Element).getBoundingClientRect();
		return bucketAt(event.clientX - box.left, box.width, count);
	};
	const apply = (chosen: Stretch | undefined) => {
		setStretch(undefined);
		setAnchor(undefined);
		if (chosen === undefined)
			return;
		const { from, to } = rangeOf(data, chosen.first, chosen.last);
		onRange(from, to);
	};
	return {
		stretch, hovered, setStretch, apply, isDragging: anchor !== undefined,
		pointer: {
			onPointerDown(event: PointerEvent) {
				if (event.button !== 0)
					return;
				(event.currentTarget as Element).setPointerCapture(event.pointerId);
				const here = at(event);
				setAnchor(here);
				setStretch({ first: here, last: here });
			},
			onPointerMove(event: PointerEvent) {
				const here = at(event);
				setHovered(here);
				if (anchor !== undefined)
					setStretch({ first: Math.min(anchor, here), last: Math.max(anchor, here) });
			},
			onPointerUp: () => anchor !== undefined && apply(stretch),
			onPointerCancel: () => apply(undefined),
			onPointerLeave: () => setHovered(undefined),
		},
	};
}

export function Histogram({ data, onRange }: Properties) {
	const { element, width } = useWidth();
	const brush = useBrush(data, onRange);
	const said = useSaid(data);
	const most = Math.max(0, ...data.buckets.map(totalOf));
	const { stretch, hovered } = brush;
	const whole = said({ first: 0, last: data.buckets.length - 1 });

	return <figure class="histogram">
		<div class="histogram-scale number" aria-hidden="true"><span>{formatNumber(most)}</span><span>0</span></div>
		<div class="histogram-plot" ref={element}>
			<svg width={width} height={HEIGHT} role="img" aria-label={`${words.label}. ${whole}`} {...brush.pointer}>
				{width > 0 && <Bars data={data} width={width} stretch={stretch} hovered={hovered} />}
			</svg>
			<Handles data={data} stretch={stretch} onStretch={brush.setStretch}
				onDone={() => brush.apply(stretch)} onReset={() => brush.apply(undefined)} />
			<Axis data={data} width={width} />
		</div>
		<figcaption>
			<span>{stretch !== undefined ? said(stretch) : hovered !== undefined ? said({ first: hovered, last: hovered }) : most === 0 ? words.empty : words.hint}</span>
			{stretch !== undefined && !brush.isDragging && <span>
				<button type="button" class="small" onClick={() => brush.apply(stretch)}>{words.set}</button>{' '}
				<button type="button" class="small plain" onClick={() => brush.apply(undefined)}>{words.reset}</button>
			</span>}
		</figcaption>
	</figure>;
}
