// What is wrong now, in detail.

import { useState } from 'preact/hooks';

import { alerts, alertsFailure, refreshAlerts } from '../api/alerts';
import { mayOperate, session } from '../api/session';
import type { Alert } from '../api/types';
import { AcknowledgeDialog } from '../components/acknowledge';
import { SeverityChip } from '../components/chip';
import { Failure } from '../components/failure';
import { Sentence } from '../components/sentence';
import { Time } from '../components/time';
import { Untrusted } from '../components/untrusted';
import { formatSpan } from '../format';
import { moveFocus, useKeys, type Keys } from '../keys';
import { useStore } from '../store';
import { go } from '../url';
import { visible } from '../visible';
import { health } from '../words/health';

const words = health.alerts;

/** The others are a click away. */
const SHOWN = 20;
const TITLE_SHOWN = 200, MESSAGE_SHOWN = 600, NAME_SHOWN = 130, NOTE_SHOWN = 300;

function Source({ alert }: { alert: Alert }) {
	const [kind, name] = alert.agent_name !== null ? [words.sources.agent, alert.agent_name]
		: alert.service !== null ? [words.sources.service, alert.service]
		: [words.sources.rule, alert.rule ?? ''];

	return <>{kind} <Untrusted text={name} limit={NAME_SHOWN} />
		{alert.seq !== null && <> · <a href={`/audit/${alert.seq}`}>{words.entry(alert.seq)}</a></>}</>;
}

/** When it was seen first and last, and how long lies between. */
function Range({ alert }: { alert: Alert }) {
	const span = Date.parse(alert.last_seen) - Date.parse(alert.first_seen);

	return <><Time value={alert.first_seen} /> – <Time value={alert.last_seen} />
		{span >= 1000 && <span class="muted"> ({words.lasted(formatSpan(span))})</span>}</>;
}

function Marks({ alert }: { alert: Alert }) {
	return <>
		{alert.state === 'pending' && <span class="chip">{words.pending}</span>}
		{alert.acknowledged_by !== null && <span class="chip">
			<Sentence text={words.acknowledged}><Untrusted text={alert.acknowledged_by} limit={NAME_SHOWN} /></Sentence>
		</span>}
		{alert.silenced_by !== null && <a class="chip" href="/alerts?state=silenced">{words.silenced}</a>}
	</>;
}

function Detail({ alert, onAcknowledge }: { alert: Alert; onAcknowledge: (() => void) | undefined }) {
	const title = visible(alert.title.slice(0, TITLE_SHOWN));

	return <li class="alert-detail" tabIndex={-1} data-id={alert.id}>
		<div class="alert-head">
			<SeverityChip severity={alert.severity} />
			<h3><Untrusted text={alert.title} limit={TITLE_SHOWN} /></h3>
			<Marks alert={alert} />
		</div>
		{alert.message !== null && alert.message !== '' && <p class="alert-message">
			<Untrusted text={alert.message} limit={MESSAGE_SHOWN} />
		</p>}
		<dl class="alert-facts number">
			<div><dt>{words.count}</dt><dd>{words.times(alert.count)}</dd></div>
			<div><dt>{words.range}</dt><dd><Range alert={alert} /></dd></div>
			<div><dt>{words.source}</dt><dd><Source alert={alert} /></dd></div>
			{alert.note !== null && alert.note !== '' && <div>
				<dt>{words.note}</dt><dd><Untrusted text={alert.note} limit={NOTE_SHOWN} /></dd>
			</div>}
		</dl>
		{alert.context !== null && <details><summary>{words.context}</summary>
			<pre><Untrusted text={JSON.stringify(alert.context, null, 2)} limit={MESSAGE_SHOWN} /></pre>
		</details>}
		<p class="alert-actions">
			{onAcknowledge !== undefined && <button type="button" class="small" onClick={onAcknowledge}
				aria-label={words.acknowledgeOf(title)}>{words.acknowledge}</button>}
			<a href={`/alerts?id=${alert.id}`} aria-label={words.openOf(title)}>{words.open}</a>
		</p>
	</li>;
}

/** From one to the next, and into it. */
const keys: Keys = {
	j: () => moveFocus('.alert-detail', 1),
	k: () => moveFocus('.alert-detail', -1),
	Enter: () => {
		const id = document.activeElement?.closest<HTMLElement>('.alert-detail')?.dataset['id'];
		if (id !== undefined)
			go(`/alerts?id=${id}`);
	},
};

export function ActiveAlerts({ isReachable }: { isReachable: boolean }) {
	const known = useStore(alerts);
	const error = useStore(alertsFailure);
	const who = useStore(session);
	const [asking, setAsking] = useState<Alert>();
	const list = known?.alerts ?? [];
	const isOpen = (alert: Alert) => alert.state === 'firing' && alert.acknowledged_by === null;

	useKeys(keys);
	return <section class="card" aria-labelledby="active-alerts">
		<h2 id="active-alerts">{words.title}</h2>
		{error !== undefined && isReachable && <Failure error={error} onRetry={refreshAlerts.get()} />}
		{list.length === 0 && <p class="muted">{known === undefined ? words.unknown : words.none}</p>}
		<ul class="alert-details">
			{list.slice(0, SHOWN).map(alert => <Detail key={alert.id} alert={alert}
				onAcknowledge={mayOperate(who) && isOpen(alert) ? () => setAsking(alert) : undefined} />)}
		</ul>
		{list.length > SHOWN && <p><a href="/alerts">{words.more(list.length - SHOWN)}</a></p>}
		{asking !== undefined && <AcknowledgeDialog alert={asking} onClose={() => setAsking(undefined)} />}
	</section>;
}
