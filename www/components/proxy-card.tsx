// A service of the proxy: how its syncs went, and its writes.

import { useState } from 'preact/hooks';

import type { ProxyError, ProxyService, ProxyWrite } from '../api/types';
import { formatNumber } from '../format';
import { proxy as words } from '../words/proxy';
import { Fact } from './fact';
import { ProxyErrors } from './proxy-errors';
import { ProxyWriteRow } from './proxy-write';
import { StatusText, type Status } from './status';
import { Since, Time } from './time';
import { Untrusted } from './untrusted';

const dots: Record<ProxyService['status'], Status> = {
	synced: 'healthy', syncing: 'pending', error: 'unhealthy', paused: 'denied', unknown: 'unknown',
};

const ERROR_LENGTH = 300;
const SHOWN = 10;

function Moment({ name, value }: { name: string; value: string | null }) {
	return <div class="proxy-moment">
		<dt>{name}</dt>
		<dd class="number">
			{value === null ? <span class="muted">{words.never}</span>
				: <><span class="muted"><Since value={value} /></span> <Time value={value} /></>}
		</dd>
	</div>;
}

function Facts({ service }: { service: ProxyService }) {
	const { facts } = words;

	return <dl class="proxy-facts">
		<Moment name={facts.started} value={service.last_started_at} />
		<Moment name={facts.completed} value={service.last_completed_at} />
		<Fact isNumber name={facts.failures}>{formatNumber(service.consecutive_failures)}</Fact>
		<Fact isNumber name={facts.items}>
			{service.items_synced === null ? <span class="muted">{words.notTold}</span> : formatNumber(service.items_synced)}
		</Fact>
		<Fact isNumber name={facts.buffered}>{formatNumber(service.buffered)}</Fact>
		<Fact isNumber name={facts.dead}>{formatNumber(service.dead_letters)}</Fact>
	</dl>;
}

interface Written {
	writes: ProxyWrite[];
	/** By how much the server's clock is ahead of this one. */
	clockAhead: number;
	onDecided: () => void;
}

function Writes({ title, writes, clockAhead, onDecided }: Written & { title: string }) {
	const [limit, setLimit] = useState(SHOWN);

	if (writes.length === 0)
		return null;
	return <section class="writes">
		<h3>{title} <span class="muted number">{formatNumber(writes.length)}</span></h3>
		<ul>
			{writes.slice(0, limit).map(write => <ProxyWriteRow key={write.id} write={write}
				clockAhead={clockAhead} onDecided={onDecided} />)}
		</ul>
		{writes.length > limit && <button type="button" class="small" onClick={() => setLimit(limit + 10 * SHOWN)}>
			{words.writes.more(Math.min(10 * SHOWN, writes.length - limit))}
		</button>}
	</section>;
}

export function ProxyCard({ service, writes, errors, ...rest }:
	Written & { service: ProxyService; errors: ProxyError[] }) {
	return <article class="card proxy-card">
		<header>
			<h2><Untrusted text={service.name} /></h2>
			<StatusText status={dots[service.status]} label={words.statuses[service.status]} />
		</header>
		<Facts service={service} />
		{service.last_error !== null && <p class="proxy-error">
			<span class="muted">{words.facts.error}</span>
			<code><Untrusted text={service.last_error} limit={ERROR_LENGTH} /></code>
		</p>}
		<Writes title={words.writes.buffered} writes={writes.filter(({ state }) => state === 'buffered')} {...rest} />
		<Writes title={words.writes.dead} writes={writes.filter(({ state }) => state === 'dead')} {...rest} />
		<ProxyErrors errors={errors} />
		<a class="proxy-log" href={`/audit?${new URLSearchParams({ capability: 'proxy.*', q: `"service":"${service.name}"` })}`}>{words.log}</a>
	</article>;
}
