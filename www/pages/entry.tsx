// One entry: what it says, its bytes, and the proof that they are what was
// written.

import { useMemo, useState } from 'preact/hooks';

import { useAnswer } from '../api/answer';
import { LOG_PATH } from '../api/audit';
import { getText } from '../api/client';
import { mayOperate, session } from '../api/session';
import type { AuditPage, Entry } from '../api/types';
import { TierChip } from '../components/chip';
import { CopyButton } from '../components/copy-button';
import { Empty } from '../components/empty';
import { EntryChain } from '../components/entry-chain';
import { EntryDetails } from '../components/entry-details';
import { ActorName } from '../components/entry-row';
import { EraseDialog } from '../components/erase-dialog';
import { Failure } from '../components/failure';
import { HandChecks } from '../components/hand-checks';
import { StatusText } from '../components/status';
import { Time } from '../components/time';
import { Untrusted } from '../components/untrusted';
import { formatDuration } from '../format';
import { useKeys, type Keys } from '../keys';
import { neighbour } from '../line';
import { useStore } from '../store';
import { useTitle } from '../title';
import { go, type Place } from '../url';
import { entryPage as words } from '../words/entry-page';
import { shell } from '../words/shell';

const LINE_LENGTH = 4000;

/** The seqs beside it, as far as the log goes. */
function useNeighbours(seq: string): { previous: string | undefined; next: string | undefined } {
	const head = useAnswer<AuditPage>(LOG_PATH).value?.head_seq;
	return useMemo(() => ({
		previous: BigInt(seq) > 1n ? neighbour(seq, -1) : undefined,
		next: head == null || BigInt(seq) < BigInt(head) ? neighbour(seq, 1) : undefined,
	}), [seq, head]);
}

/** As in a list, where the newest comes first: `j` goes to the older one. */
function Neighbours({ seq }: { seq: string }) {
	const { previous, next } = useNeighbours(seq);
	const keys = useMemo<Keys>(() => ({
		j: () => previous !== undefined && go(`/audit/${previous}`),
		k: () => next !== undefined && go(`/audit/${next}`),
	}), [previous, next]);

	useKeys(keys);
	return <nav class="entry-neighbours" aria-label={words.neighbours}>
		{previous !== undefined && <a class="button" rel="prev" href={`/audit/${previous}`}>‹ {words.previous}</a>}
		{next !== undefined && <a class="button" rel="next" href={`/audit/${next}`}>{words.next} ›</a>}
	</nav>;
}

function Summary({ entry }: { entry: Entry }) {
	return <p class="entry-summary">
		<StatusText status={entry.status} />
		<Time value={entry.time} milliseconds />
		<ActorName entry={entry} />
		<strong><Untrusted text={entry.capability} /></strong>
		{entry.policy_tier !== undefined && <TierChip tier={entry.policy_tier} />}
		{entry.duration_ms !== undefined && <span class="number">{formatDuration(entry.duration_ms)}</span>}
	</p>;
}

function Bytes({ seq, line }: { seq: string; line: string }) {
	return <section class="card">
		<div class="page-head">
			<h2>{words.bytes.title}</h2>
			<span class="entry-neighbours">
				<CopyButton text={line.replace(/\n$/, '')} label={words.bytes.copy} />
				<a class="button" download={`entry-${seq}.json`} href={`/api/audit/${seq}/line`}>{words.bytes.raw}</a>
			</span>
		</div>
		<pre class="entry-bytes" tabIndex={0}><Untrusted text={line.replace(/\n$/, '')} limit={LINE_LENGTH} /></pre>
	</section>;
}

function Erase({ entry, onErased }: { entry: Entry; onErased: () => void }) {
	const [isAsking, setAsking] = useState(false);
	const isReserved = /^(audit|log)\./.test(entry.capability);
	const may = mayOperate(useStore(session));

	if (entry.erased_by !== undefined)
		return null;
	return <section class="card">
		<h2>{words.erase.heading}</h2>
		<p>{isReserved ? words.erase.reserved : words.erase.text}</p>
		{!isReserved && (may
			? <button type="button" class="danger" onClick={() => setAsking(true)}>{words.erase.action}</button>
			: <p class="muted">{words.erase.refused}</p>)}
		{isAsking && <EraseDialog entry={entry} onErased={onErased} onClose={() => setAsking(false)} />}
	</section>;
}

function Missing({ seq }: { seq: string }) {
	return <Empty title={words.missing(seq)} command={words.command}>
		<p>{words.missingText}</p>
		<a class="button" href="/audit">{words.newest}</a>
	</Empty>;
}

export default function EntryPage({ place }: { place: Place }) {
	const seq = place.path.replace('/audit/', '').replace(/^0+(?=\d)/, '');
	const entry = useAnswer<Entry>(`/api/audit/${seq}`);
	const line = useAnswer<string>(`/api/audit/${seq}/line`, { ask: getText });
	const before = useAnswer<Entry>(BigInt(seq) > 1n ? `/api/audit/${neighbour(seq, -1)}` : null);
	const { value, error } = entry;

	useTitle(words.title(seq));
	function onErased() {
		entry.again();
		line.again();
	}
	return <div class="entry-page">
		<p class="entry-back"><a href="/audit">‹ {words.back}</a></p>
		<header class="page-head">
			<h1>{words.title(seq)}</h1>
			<Neighbours seq={seq} />
		</header>
		{error !== undefined && (error.status === 404 ? <Missing seq={seq} />
			: <Failure error={error} onRetry={entry.again}
				{...error.isAway ? { sentence: words.unreachable(error.message) } : {}} />)}
		{value === undefined && error === undefined && <p class="muted" aria-busy="true">{shell.loading}</p>}
		{value !== undefined && <>
			<Summary entry={value} />
			<section class="card">
				<h2 class="visually-hidden">{words.details}</h2>
				<EntryDetails entry={value} isOwnPage />
			</section>
			<EntryChain entry={value} line={line.value} before={before.error?.status === 404 ? null : before.value} />
			{line.value !== undefined && <Bytes seq={seq} line={line.value} />}
			<HandChecks entry={value} fileBefore={before.value?.log_file} />
			<Erase entry={value} onErased={onErased} />
		</>}
	</div>;
}
