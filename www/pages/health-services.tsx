// A row a service: how it is, how fast, what its check said, and its 90 days.

import type { HealthPage } from '../api/types';
import { DayBar } from '../components/day-bar';
import { Known } from '../components/known';
import { Sentence } from '../components/sentence';
import { StatusText } from '../components/status';
import { Ago, Since } from '../components/time';
import { Untrusted } from '../components/untrusted';
import { formatDuration } from '../format';
import { toneOfLatency } from '../tones';
import { health } from '../words/health';
import { shell } from '../words/shell';

const words = health.services;

type Service = HealthPage['services'][number];

const DETAILS_SHOWN = 80;

function Name({ service }: { service: Service }) {
	return <>
		<strong>{service.name}</strong>
		<span class="service-kind">
			{service.kind === null ? words.unchecked : words.kinds[service.kind]}
			{service.critical && <> · <span title={words.criticalHint}>{words.critical}</span></>}
		</span>
	</>;
}

function Latency({ ms }: { ms: number | null }) {
	const tone = toneOfLatency(ms);

	return <Known value={ms} why={words.noLatency}>
		{known => <span class={`tone-${tone}`} title={words.latencyHint[tone]}>
			{formatDuration(known)}{words.latency[tone] !== '' && <> · {words.latency[tone]}</>}
		</span>}
	</Known>;
}

function Row({ service, now }: { service: Service; now: string }) {
	const { columns } = words;

	return <tr>
		<th scope="row" data-label={columns.service}><div><Name service={service} /></div></th>
		<td data-label={columns.status}><div>
			<StatusText status={service.status} />
			{service.since !== null && <span class="service-kind">
				<Sentence text={words.since}><Ago value={service.since} everyMs={10_000} /></Sentence>
			</span>}
		</div></td>
		<td data-label={columns.latency} class="number"><Latency ms={service.latency_ms} /></td>
		<td data-label={columns.details}><div><Known value={service.details} why={words.noDetails}>
			{details => <Untrusted text={details} limit={DETAILS_SHOWN} />}
		</Known></div></td>
		<td data-label={columns.checked} class="number"><Known value={service.checked_at} why={words.neverChecked}>
			{at => <span><Since value={at} /></span>}
		</Known></td>
		<td data-label={columns.history} class="service-days">
			<Known value={service.history} why={health.history.unreadable}>
				{history => <DayBar spans={history} now={now} />}
			</Known>
		</td>
	</tr>;
}

export function Services({ page, isLoading }: { page: HealthPage | undefined; isLoading: boolean }) {
	const { columns } = words;

	return <section class="card" aria-labelledby="services">
		<h2 id="services">{words.title}</h2>
		{page === undefined ? <p class="muted">{isLoading ? shell.loading : health.notKnown}</p>
			: page.services.length === 0 ? <p class="muted">{words.none}</p>
			: <table class="blocks services">
				<thead><tr>{Object.values(columns).map(name => <th key={name} scope="col">{name}</th>)}</tr></thead>
				<tbody>{page.services.map(service =>
					<Row key={service.name} service={service} now={page.generated_at} />)}</tbody>
			</table>}
	</section>;
}
