// What the machine has, how much of it is used, and how that has been.

import type { ComponentChildren } from 'preact';
import { useCallback, useEffect } from 'preact/hooks';

import { historyEveryMs, historyPath, RANGE, type Range, type trendFigures } from '../api/health';
import { usePolled } from '../api/polled';
import type { HealthPage, MetricsHistory } from '../api/types';
import { Failure } from '../components/failure';
import { Known } from '../components/known';
import { Segments } from '../components/segments';
import { TrendChart } from '../components/trend-chart';
import { formatBytes } from '../format';
import { toneOfLoad } from '../tones';
import { trendOf } from '../trend';
import { address, go } from '../url';
import { health } from '../words/health';

const words = health.resources;

const BYTES_PER_MB = 1024 ** 2;

interface Properties {
	name: string;
	figure: typeof trendFigures[number];
	percent: number | null | undefined;
	history: MetricsHistory | undefined;
	range: Range;
	/** What the percentage is of. */
	children: ComponentChildren;
}

/** The bar has its colour by a class: where it changes is one rule with the
 * word, and not the browser's. */
function Load({ name, percent }: { name: string; percent: number | null }) {
	const tone = toneOfLoad(percent);

	return <>
		<p class="load-line">
			<strong class="load-percent number"><Known value={percent} why={words.notMeasured}>
				{known => words.percent(known)}
			</Known></strong>
			<span class={`chip load-tone tone-${tone}`} title={words.toneHint[tone]}>{words.tones[tone]}</span>
		</p>
		{percent === null ? <div class="load" />
			: <meter class={`load tone-${tone}`} min={0} max={100} value={percent}
				aria-label={words.used(name)}>{words.percent(percent)}</meter>}
	</>;
}

function Card({ name, figure, percent, history, range, children }: Properties) {
	const trend = history && trendOf(history, figure);

	return <section class="card" aria-label={name}>
		<h3>{name}</h3>
		<Load name={name} percent={percent ?? null} />
		<p class="load-of muted number">{children}</p>
		{trend === undefined ? <div class="trend-room" />
			: <TrendChart trend={trend} name={name} range={words.rangeWords[range]} />}
	</section>;
}

const bytes = (mb: number) => formatBytes(mb * BYTES_PER_MB);

/** A pair is known when both are. */
function pair(one: number | null | undefined, two: number | null | undefined): [number, number] | null {
	return one == null || two == null ? null : [one, two];
}

function Load3({ of }: { of: HealthPage['resources'] | undefined }) {
	const known = of === undefined || of.load_1m === null || of.load_5m === null || of.load_15m === null
		? null : words.load(of.load_1m, of.load_5m, of.load_15m);

	return <Known value={known} why={words.notMeasured}>
		{text => <span title={words.loadHint}>{text}</span>}
	</Known>;
}

function chooseRange(range: Range): void {
	go(address('/health', new URLSearchParams(range === RANGE ? {} : { range })));
}

export function Resources({ page, range, isReachable }:
	{ page: HealthPage | undefined; range: Range; isReachable: boolean }) {
	const path = useCallback(() => historyPath(range), [range]);
	const { value: history, error, again } = usePolled<MetricsHistory>(path, historyEveryMs(range));
	const of = page?.resources;

	// A long range is asked for seldom: not so when there is an answer again.
	useEffect(() => {
		if (isReachable && error !== undefined)
			again();
	}, [isReachable]);
	return <section aria-labelledby="resources">
		<div class="section-head">
			<h2 id="resources">{words.title}</h2>
			<Segments label={words.range} choices={words.ranges} chosen={range} onChoose={chooseRange} />
		</div>
		{error !== undefined && isReachable && <Failure error={error} onRetry={again} />}
		<div class="grid">
			<Card name={words.memory} figure="memory_percent" percent={of?.memory_percent} history={history} range={range}>
				<Known value={pair(of?.memory_used_mb, of?.memory_total_mb)} why={words.notMeasured}>
					{([used, total]) => words.memoryOf(bytes(used), bytes(total))}
				</Known>
			</Card>
			<Card name={words.cpu} figure="cpu_percent" percent={of?.cpu_percent} history={history} range={range}>
				<Load3 of={of} />
			</Card>
			<Card name={words.disk} figure="disk_used_percent" percent={of?.disk_used_percent} history={history} range={range}>
				<Known value={pair(of?.disk_free_mb, of?.disk_total_mb)} why={words.notMeasured}>
					{([free, total]) => words.diskOf(bytes(free), bytes(total))}
				</Known>
			</Card>
		</div>
	</section>;
}
