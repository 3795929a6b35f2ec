// What is wrong now, in detail.

import { useState } from 'preact/hooks';

import { sourcesOf } from '../alert';
import { alerts, alertsFailure, refreshAlerts } from '../api/alerts';
import { mayOperate, session } from '../api/session';
import type { Alert, Value } from '../api/types';
import { AcknowledgeDialog } from '../components/acknowledge';
import { SeverityChip } from '../components/chip';
import { Failure } from '../components/failure';
import { Sentence } from '../components/sentence';
import { Time } from '../components/time';
import { Untrusted } from '../components/untrusted';
import { ValueGrid } from '../components/value-grid';
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
	return <>
		{sourcesOf(alert).map(({ kind, name, href }, at) => <span key={kind}>
			{at > 0 && ' · '}{words.sources[kind]} <a href={href}><Untrusted text={name} limit={NAME_SHOWN} /></a>
		</span>)}
		{alert.seq !== null && <> · <a href={`/audit/${alert.seq}`}>{words.entry(alert.seq)}</a></>}
	</>;
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

	return <li class="health-alert" tabIndex={-1} data-id={alert.id}>
		<div class="health-alert-head">
			<SeverityChip severity={alert.severity} />
			<h3><Untrusted text={alert.title} limit={TITLE_SHOWN} /></h3>
			<Marks alert={alert} />
		</div>
		{alert.message !== null && alert.message !== '' && <p class="health-alert-message">
			<Untrusted text={alert.message} limit={MESSAGE_SHOWN} />
		</p>}
		<dl class="health-alert-facts number">
			<div><dt>{words.count}</dt><dd>{words.times(alert.count)}</dd></div>
			<div><dt>{words.range}</dt><dd><Range alert={alert} /></dd></div>
			<div><dt>{words.source}</dt><dd><Source alert={alert} /></dd></div>
			{alert.note !== null && alert.note !== '' && <div>
				<dt>{words.note}</dt><dd><Untrusted text={alert.note} limit={NOTE_SHOWN} /></dd>
			</div>}
		</dl>
		{alert.context !== null && <details><summary>{words.context}</summary>
			<ValueGrid of={alert.context as { [key: string]: Value }} />
		</details>}
		<p class="health-alert-actions">
			{onAcknowledge !== undefined && <button type="button" class="small" onClick={onAcknowledge}
				aria-label={words.acknowledgeOf(title)}>{words.acknowledge}</button>}
			<a href={`/alerts?id=${alert.id}`} aria-label={words.openOf(title)}>{words.open}</a>
		</p>
	</li>;
}

/** From one to the next, and into it. */
const keys: Keys = {
	j: () => moveFocus('.health-alert', 1),
	k: () => moveFocus('.health-alert', -1),
	Enter: () => {
		const id = document.activeElement?.closest<HTMLElement>('.health-alert')?.dataset['id'];
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
		<ul class="health-alerts">
			{list.slice(0, SHOWN).map(alert => <Detail key={alert.id} alert={alert}
				onAcknowledge={mayOperate(who) && isOpen(alert) ? () => setAsking(alert) : undefined} />)}
		</ul>
		{list.length > SHOWN && <p><a href="/alerts">{words.more(list.length - SHOWN)}</a></p>}
		{asking !== undefined && <AcknowledgeDialog alert={asking} onClose={() => setAsking(undefined)} />}
	</section>;
}
