// What the service proxy does: how its services are, which writes wait, which
// could not be sent; and what is to become of those.

import { PROXY_EVERY_MS, PROXY_PATH } from '../api/proxy';
import { usePolled } from '../api/polled';
import type { ProxyStatus } from '../api/types';
import { Empty } from '../components/empty';
import { Failure } from '../components/failure';
import { ProxyCard } from '../components/proxy-card';
import { Sentence } from '../components/sentence';
import { Ago } from '../components/time';
import { formatNumber } from '../format';
import { moveFocus, useKeys, type Keys } from '../keys';
import { useTitle } from '../title';
import type { Place } from '../url';
import { proxy as words } from '../words/proxy';
import { shell } from '../words/shell';

const CELLS = ['total_services', 'synced', 'with_errors', 'buffered_ops', 'dead_letters'] as const;

/** Those that want somebody to look, when there are any. */
const BAD = new Set<string>(['with_errors', 'dead_letters']);

/** `j` and `k` go from one decision to the next; Enter is the button's own. */
const keys: Keys = {
	j: () => moveFocus('.write button', 1),
	k: () => moveFocus('.write button', -1),
};

function Strip({ status }: { status: ProxyStatus }) {
	return <dl class="strip" aria-label={words.strip.label}>
		{CELLS.map(cell => <div key={cell} class={BAD.has(cell) && status[cell] > 0 ? 'strip-bad' : undefined}>
			<dt>{words.strip[cell]}</dt>
			<dd class="number">{formatNumber(status[cell])}</dd>
		</div>)}
	</dl>;
}

function Stale({ since }: { since: string }) {
	return <div class="notice notice-warn" role="status">
		<p><Sentence text={words.stale}><Ago value={since} /></Sentence></p>
	</div>;
}

function Shown({ status, clockAhead, onDecided }:
	{ status: ProxyStatus; clockAhead: number; onDecided: () => void }) {
	const { reported_at, stale, services, writes, errors } = status;

	if (reported_at === null)
		return <Empty title={words.empty.title} command={words.empty.command}><p>{words.empty.text}</p></Empty>;
	return <>
		{stale && <Stale since={reported_at} />}
		<Strip status={status} />
		{services.length === 0 && <Empty title={words.noServices} command={words.empty.command} />}
		<div class="proxy-cards">
			{services.map(service => <ProxyCard key={service.name} service={service} clockAhead={clockAhead}
				writes={writes.filter(write => write.service === service.name)}
				errors={errors.filter(error => error.service === service.name)} onDecided={onDecided} />)}
		</div>
	</>;
}

export default function Proxy(_: { place: Place }) {
	const { value, error, at, again } = usePolled<ProxyStatus>(PROXY_PATH, PROXY_EVERY_MS);

	useTitle(words.title);
	useKeys(keys);
	return <>
		<div class="page-head">
			<h1>{words.title}</h1>
			{value?.reported_at != null && <p class="muted number reported">
				<Sentence text={words.reported}><Ago value={value.reported_at} /></Sentence>
			</p>}
		</div>
		{error !== undefined && <Failure error={error} onRetry={again} />}
		{value === undefined ? error === undefined && <p class="muted" aria-busy="true">{shell.loading}</p>
			: <Shown status={value} onDecided={again}
				clockAhead={new Date(value.generated_at).getTime() - (at ?? Date.now())} />}
	</>;
}
