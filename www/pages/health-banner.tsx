// The sum of it, on top; and what is said when there is nobody to ask.

import type { HealthPage } from '../api/types';
import { Known } from '../components/known';
import { Sentence } from '../components/sentence';
import { StatusDot } from '../components/status';
import { Ago, Time, useNow } from '../components/time';
import { Untrusted } from '../components/untrusted';
import { formatDuration } from '../format';
import { zone, zoneName } from '../preferences';
import { useStore } from '../store';
import { health } from '../words/health';
import { shell } from '../words/shell';

const words = health.banner;

const WHY_SHOWN = 300;

/** `why`, as the API or a check says it. Without the countdown: who listens
 * would hear of every second. */
export function Unreachable({ why, onRetry }: { why: string; onRetry: () => void }) {
	return <div class="notice notice-bad" role="alert">
		<p><Sentence text={health.unreachable}><Untrusted text={why.replace(/\.$/, '')} limit={WHY_SHOWN} /></Sentence></p>
		<button type="button" onClick={onRetry}>{health.retryNow}</button>
	</div>;
}

/** How old the values are, and when the next ones are asked for. */
export function Stale({ seen, retryAt, isAsking }:
	{ seen: string | undefined; retryAt: number | undefined; isAsking: boolean }) {
	const now = useNow();
	const seconds = Math.ceil(Math.max(0, (retryAt ?? now) - now) / 1000);

	return <p class="muted number">
		{seen === undefined ? health.neverKnown : <Sentence text={health.stale}><Ago value={seen} /></Sentence>}
		{' '}{isAsking ? health.asking : health.retryIn(seconds)}
	</p>;
}

/** Which services make the sum what it is. */
function failing(page: HealthPage): string {
	return page.services.filter(({ status }) => status === 'degraded' || status === 'unhealthy')
		.map(({ name }) => name).join(', ');
}

function Issues({ page }: { page: HealthPage }) {
	const names = failing(page);

	return <>
		<p>{words.issues(page.issue_count)}{names !== '' && <>: {names}</>}</p>
		{!page.observed && <p>{words.unobserved}</p>}
	</>;
}

export function Banner({ page, isStale }: { page: HealthPage | undefined; isStale: boolean }) {
	const status = page === undefined || isStale ? 'unknown' : page.status;
	const chosen = useStore(zone);

	return <section class={`card health-banner dot-${status}`} aria-label={words.label}>
		<div class="health-sum" role="status">
			<StatusDot status={status} label="" />
			<div>
				<p class="health-status">{page === undefined && !isStale ? shell.loading : words.statuses[status]}</p>
				{page !== undefined && (isStale
					? <p>{words.before(words.statuses[page.status], words.issues(page.issue_count))}</p>
					: <Issues page={page} />)}
			</div>
		</div>
		<dl class="health-rail number">
			<div><dt>{words.generated}</dt><dd><Known value={page} why={health.notKnown}>
				{({ generated_at }) => <><Time value={generated_at} /> {zoneName(chosen)}</>}
			</Known></dd></div>
			<div><dt>{words.latency}</dt><dd><Known value={page?.total_latency_ms} why={words.noLatency}>
				{ms => formatDuration(ms)}
			</Known></dd></div>
		</dl>
	</section>;
}
