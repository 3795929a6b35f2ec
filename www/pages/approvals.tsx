// What waits for a person's word, the longest first, and what was decided.

import { useState } from 'preact/hooks';

import { approvals, APPROVALS_EVERY_MS, approvalsFailure, decidedPath, refreshApprovals, type Approvals as Answer } from '../api/approvals';
import { usePolled } from '../api/polled';
import type { Approval } from '../api/types';
import { ApprovalCard } from '../components/approval-card';
import { ApprovalRow } from '../components/approval-row';
import { Empty } from '../components/empty';
import { Failure } from '../components/failure';
import { moveFocus, useKeys, type Keys } from '../keys';
import { useStore } from '../store';
import { useTitle } from '../title';
import type { Place } from '../url';
import { approvals as words } from '../words/approvals';
import { shell } from '../words/shell';

/** So many at first, then as many as one answer has. */
const DECIDED = 20;
const DECIDED_MAX = 200;

const AUDIT = '/audit?capability=approval.accept&capability=approval.reject';

/** `j` and `k` go through all that is listed; Enter opens what was decided, Tab
 * goes on to what may be done. */
const keys: Keys = {
	j: () => moveFocus('.approval h3, .decided summary', 1),
	k: () => moveFocus('.approval h3, .decided summary', -1),
};

function Cards({ list, onDecided }: { list: Approval[]; onDecided: () => void }) {
	return <ul class="approvals">
		{list.map(one => <ApprovalCard key={`${one.id} ${one.asked_at}`} approval={one} onDecided={onDecided} />)}
	</ul>;
}

/** What is decided here, or would be, were the daemon there. */
function Here({ list, onDecided }: { list: Approval[]; onDecided: () => void }) {
	return list.length > 0 ? <Cards list={list} onDecided={onDecided} />
		: <Empty title={words.empty.title} command={words.empty.command}><p>{words.empty.text}</p></Empty>;
}

function Elsewhere({ list, onDecided }: { list: Approval[]; onDecided: () => void }) {
	return list.length === 0 ? null : <section>
		<h2>{words.elsewhere.title}</h2>
		<p class="muted">{words.elsewhere.text}</p>
		<Cards list={list} onDecided={onDecided} />
	</section>;
}

function Open({ onDecided }: { onDecided: () => void }) {
	const known = useStore(approvals);
	const error = useStore(approvalsFailure);
	const elsewhere = known?.approvals.filter(one => one.held === false) ?? [];

	return <>
		<section>
			<h2>{words.open}</h2>
			{error !== undefined && <Failure error={error} onRetry={refreshApprovals.get()} />}
			{known === undefined ? error === undefined && <p class="muted" aria-busy="true">{shell.loading}</p>
				: <Here list={known.approvals.filter(one => one.held !== false)} onDecided={onDecided} />}
			{known !== undefined && known.total > known.approvals.length &&
				<p class="muted">{words.more(known.total - known.approvals.length)}</p>}
		</section>
		<Elsewhere list={elsewhere} onDecided={onDecided} />
	</>;
}

function Decided({ limit, onMore, known }:
	{ limit: number; onMore: () => void; known: ReturnType<typeof usePolled<Answer>> }) {
	const { value, error, again } = known;

	return <section>
		<h2>{words.decided}</h2>
		{error !== undefined && <Failure error={error} onRetry={again} />}
		{value === undefined ? error === undefined && <p class="muted" aria-busy="true">{shell.loading}</p>
			: value.approvals.length === 0 ? <p class="muted">{words.noneDecided}</p>
				: <ul class="decided">{value.approvals.map(one => <ApprovalRow key={one.seq} approval={one} />)}</ul>}
		<p class="entry-links">
			{value !== undefined && value.total > limit && limit < DECIDED_MAX &&
				<button type="button" onClick={onMore}>{words.showMore}</button>}
			<a class="button" href={AUDIT}>{words.all}</a>
		</p>
	</section>;
}

export default function Approvals(_: { place: Place }) {
	const [limit, setLimit] = useState(DECIDED);
	const decided = usePolled<Answer>(decidedPath(limit), APPROVALS_EVERY_MS);

	useTitle(words.title);
	useKeys(keys);
	return <>
		<div class="page-head"><h1>{words.title}</h1></div>
		<Open onDecided={decided.again} />
		<Decided limit={limit} onMore={() => setLimit(DECIDED_MAX)} known={decided} />
	</>;
}
