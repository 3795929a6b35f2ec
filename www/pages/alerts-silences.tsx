// The silences that stand: what they mean, who set them, why, and how long ago.

import { useState } from 'preact/hooks';

import { ALERTS_EVERY_MS, refreshAlerts } from '../api/alerts';
import { usePolled } from '../api/polled';
import { mayOperate, session } from '../api/session';
import { endSilence, SILENCES_PATH, type Silences as Answer } from '../api/silences';
import type { Silence } from '../api/types';
import { Confirm } from '../components/dialog';
import { Failure } from '../components/failure';
import { SilenceDialog } from '../components/silence-dialog';
import { Ago, Time, useNow } from '../components/time';
import { Untrusted } from '../components/untrusted';
import { formatSpan } from '../format';
import { ANY } from '../silence';
import { useStore } from '../store';
import { alertsWords } from '../words/alerts';

const words = alertsWords.silences;
const EVERY_MS = 10_000;

function Meant({ matchers }: { matchers: Silence['matchers'] }) {
	return <span class="meant">
		{Object.entries(matchers).map(([name, value]) => <code key={name}>{name}=<Untrusted text={value} limit={100} /></code>)}
	</span>;
}

function Ends({ silence }: { silence: Silence }) {
	const now = useNow(EVERY_MS);

	return <span>
		{words.in(formatSpan(new Date(silence.ends_at).getTime() - now))}
		{silence.until_resolved && <span class="muted">, {words.untilResolved}</span>}
	</span>;
}

function Row({ silence, onEnd }: { silence: Silence; onEnd: (() => void) | undefined }) {
	return <tr>
		<th scope="row"><Meant matchers={silence.matchers} /></th>
		<td data-label={words.reason}><Untrusted text={silence.reason} limit={300} /></td>
		<td data-label={words.author}><Untrusted text={silence.author} /></td>
		<td data-label={words.age}><Ago value={silence.created_at} everyMs={EVERY_MS} /></td>
		<td data-label={words.ends}><Ends silence={silence} /></td>
		<td>
			{onEnd !== undefined && <button type="button" class="small" aria-label={words.endLabel(silence.id)} onClick={onEnd}>
				{words.end}
			</button>}
		</td>
	</tr>;
}

function Table({ silences, onEnd }: { silences: Silence[]; onEnd: ((silence: Silence) => void) | undefined }) {
	return <table class="blocks silence-table">
		<thead><tr>
			<th scope="col">{words.matchers}</th><th scope="col">{words.reason}</th><th scope="col">{words.author}</th>
			<th scope="col">{words.age}</th><th scope="col">{words.ends}</th><td />
		</tr></thead>
		<tbody>
			{silences.map(silence => <Row key={silence.id} silence={silence} onEnd={onEnd && (() => onEnd(silence))} />)}
		</tbody>
	</table>;
}

function EndDialog({ silence, onDone, onClose }: { silence: Silence; onDone: () => void; onClose: () => void }) {
	async function end() {
		await endSilence(silence.id);
		onDone();
	}
	return <Confirm title={words.ask.title} action={words.ask.action} onConfirm={end} onClose={onClose}>
		<p><Meant matchers={silence.matchers} /></p>
		<p><Untrusted text={silence.reason} limit={300} /> · <Time value={silence.created_at} /></p>
		<p class="muted">{words.ask.text}</p>
	</Confirm>;
}

export function Silences() {
	const { value, error, again } = usePolled<Answer>(SILENCES_PATH, ALERTS_EVERY_MS);
	const isOperator = mayOperate(useStore(session));
	const [asking, setAsking] = useState<Silence | 'new'>();
	const close = () => setAsking(undefined);
	const refresh = () => {
		again();
		refreshAlerts.get()();
	};

	return <section class="card silence-card" id="silences">
		<div class="page-head">
			<h2>{words.title}</h2>
			{isOperator && <button type="button" onClick={() => setAsking('new')}>{words.add}</button>}
		</div>
		{error !== undefined && <Failure error={error} onRetry={again} />}
		{value?.silences.length === 0 && <p class="muted">{words.none}</p>}
		{value !== undefined && value.silences.length > 0 &&
			<Table silences={value.silences} onEnd={isOperator ? setAsking : undefined} />}
		{asking === 'new' && <SilenceDialog matchers={ANY} onClose={() => {
			close();
			again();
		}} />}
		{asking !== undefined && asking !== 'new' && <EndDialog silence={asking} onDone={refresh} onClose={close} />}
	</section>;
}
