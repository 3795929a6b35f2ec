// All that is known of an alert, what has happened to it, and what may be done.

import { useState } from 'preact/hooks';

import { entriesOf, placeOf, sourcesOf } from '../alert';
import { ALERTS_EVERY_MS, alertPath, type AlertWithHistory } from '../api/alerts';
import { usePolled } from '../api/polled';
import { mayOperate, session } from '../api/session';
import type { Alert, Value } from '../api/types';
import { useStore } from '../store';
import { matchersOf } from '../silence';
import { alertsWords } from '../words/alerts';
import { AcknowledgeDialog } from './acknowledge';
import { SeverityChip } from './chip';
import { CopyButton } from './copy-button';
import { Fact } from './fact';
import { Failure } from './failure';
import { SilenceDialog } from './silence-dialog';
import { Time } from './time';
import { Untrusted } from './untrusted';
import { ValueGrid } from './value-grid';

const words = alertsWords.details;
const TEXT_LENGTH = 2000;

function Seen({ alert }: { alert: Alert }) {
	if (alert.state === 'pending')
		return <Fact name={words.since}><Time value={alert.first_seen} /></Fact>;
	if (alert.count <= 1)
		return <Fact name={words.seen}>{words.once}, <Time value={alert.first_seen} /></Fact>;
	return <Fact name={words.seen}>
		{words.range(alert.count)}<Time value={alert.first_seen} />{words.to}<Time value={alert.last_seen} />
	</Fact>;
}

function About({ alert }: { alert: Alert }) {
	return <section>
		<h2>{words.about}</h2>
		<dl class="values">
			<Fact name={words.severity}><SeverityChip severity={alert.severity} /></Fact>
			<Fact name={words.source}>
				{sourcesOf(alert).map(({ kind, name, href }) => <div key={kind}>
					{alertsWords.kinds[kind]} <a href={href}><Untrusted text={name} /></a>
				</div>)}
			</Fact>
			<Seen alert={alert} />
			{alert.resolved_at !== null && <Fact name={words.resolved}><Time value={alert.resolved_at} /></Fact>}
			{alert.acknowledged_by !== null && <Fact name={words.acknowledged}>
				{alertsWords.by.acknowledged(alert.acknowledged_by)}{' '}
				{alert.acknowledged_at !== null && <Time value={alert.acknowledged_at} />}
			</Fact>}
			{alert.note !== null && alert.note !== '' &&
				<Fact name={words.note}><Untrusted text={alert.note} limit={TEXT_LENGTH} /></Fact>}
			{alert.silenced_by !== null && <Fact name={words.silenced}>
				<a href="/alerts?state=silenced#silences">{alertsWords.by.silence(alert.silenced_by)}</a>
			</Fact>}
			{alert.seq !== null && <Fact name={words.entry}><a href={`/audit/${alert.seq}`}>#{alert.seq}</a></Fact>}
			<Fact name={words.fingerprint}>
				<code>{alert.fingerprint}</code> <CopyButton text={alert.fingerprint} label={words.fingerprint} />
			</Fact>
		</dl>
	</section>;
}

function History({ id }: { id: number }) {
	const { value, error, again } = usePolled<AlertWithHistory>(alertPath(id), ALERTS_EVERY_MS);

	return <section>
		<h2>{words.history}</h2>
		{error !== undefined && <Failure error={error} onRetry={again} />}
		{value?.history.length === 0 && <p class="muted">{words.noHistory}</p>}
		<ol class="alert-history">
			{value?.history.map(({ at, event, user_name, note }) => <li key={at + event}>
				<span class="number"><Time value={at} /></span>
				<span>
					{alertsWords.events[event]}{user_name !== null && alertsWords.byUser(user_name)}
					{note !== null && note !== '' && <>: <Untrusted text={note} limit={TEXT_LENGTH} /></>}
				</span>
			</li>)}
		</ol>
	</section>;
}

function Actions({ alert }: { alert: Alert }) {
	const who = useStore(session);
	const [asking, setAsking] = useState<'acknowledge' | 'silence'>();
	const close = () => setAsking(undefined);
	const place = placeOf(alert);

	return <p class="entry-links">
		{mayOperate(who) && alert.state === 'firing' && alert.acknowledged_by === null &&
			<button type="button" class="primary" onClick={() => setAsking('acknowledge')}>{words.acknowledge}</button>}
		{mayOperate(who) && place !== 'silenced' && place !== 'history' &&
			<button type="button" onClick={() => setAsking('silence')}>{words.silence}</button>}
		<a class="button" href={entriesOf(alert)}>{words.entries}</a>
		{asking === 'acknowledge' && <AcknowledgeDialog alert={alert} onClose={close} />}
		{asking === 'silence' && <SilenceDialog matchers={matchersOf(alert)} onClose={close} />}
	</p>;
}

export function AlertDetails({ alert }: { alert: Alert }) {
	const context = (alert.context ?? {}) as { [key: string]: Value };

	return <div class="alert-details">
		<div>
			<section>
				<h2>{words.message}</h2>
				{alert.message ? <pre><Untrusted text={alert.message} limit={TEXT_LENGTH} /></pre>
					: <p class="muted">{words.noMessage}</p>}
			</section>
			<section>
				<h2>{words.context}</h2>
				{Object.keys(context).length === 0 ? <p class="muted">{words.noContext}</p> : <ValueGrid of={context} />}
			</section>
			<History id={alert.id} />
		</div>
		<div>
			<About alert={alert} />
			<Actions alert={alert} />
		</div>
	</div>;
}
