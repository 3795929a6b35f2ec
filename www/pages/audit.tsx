// The audit log asked: what matches, how much of it, when and by whom, and
// whether the log still is what was written. The address says all that is asked.

import { useMemo, useState } from 'preact/hooks';

import { useAnswer } from '../api/answer';
import { AGENTS_PATH, LOG_PATH, pagePath, SEEN_PATH, type Agents } from '../api/audit';
import type { ApiError } from '../api/client';
import { usePolled } from '../api/polled';
import type { AuditPage, Stats } from '../api/types';
import { AuditFilters, CONTROLLED } from '../components/audit-filters';
import { AuditOverview } from '../components/audit-overview';
import { AuditResults } from '../components/audit-results';
import { CHAIN_EVERY_MS, ChainStatus, CHECKING_EVERY_MS, isVerifying, useVerifying } from '../components/chain-status';
import { Failure } from '../components/failure';
import { QueryBox } from '../components/query-box';
import { Untrusted } from '../components/untrusted';
import type { Known } from '../completion';
import { NO_FILTER, PAGE_SIZES, readView, viewQuery, withFilter, type Filter, type View } from '../filter';
import { useTitle } from '../title';
import { address, go, type Place } from '../url';
import { audit as words } from '../words/audit';

const LISTS_EVERY_MS = 60_000;

/** What is offered for filters. */
function useKnown(agents: Agents | undefined, seen: Stats | undefined): Known {
	return useMemo(() => ({
		agent_name: (agents?.agents ?? []).map(agent => agent.agent_name),
		user_name: (seen?.by_actor ?? []).flatMap(actor => actor.user_name ?? []),
		capability: (seen?.by_capability ?? []).map(each => each.capability).sort(),
		today: new Date().toISOString().slice(0, 10),
	}), [agents, seen]);
}

/** What the chain's state is now, oftener while it is being looked at. */
function useChain() {
	const [everyMs, setEveryMs] = useState(CHAIN_EVERY_MS);
	const polled = usePolled<AuditPage>(LOG_PATH, everyMs);
	const { state, verify } = useVerifying(polled.value);
	const isBusy = isVerifying(state) || polled.value?.integrity.status === 'checking';
	const wanted = isBusy ? CHECKING_EVERY_MS : CHAIN_EVERY_MS;

	if (wanted !== everyMs)
		setEveryMs(wanted);
	return { polled, state, verify };
}

/** A parameter that the API refused, and a way to be rid of it. */
function WrongAddress({ error, view }: { error: ApiError; view: View }) {
	const parameter = error.parameter ?? '';
	const query = viewQuery(view);
	const given = query.getAll(parameter).join(', ');

	query.delete(parameter);
	// What has a control is said there.
	return <div class="notice notice-bad" role="alert">
		<p>
			{words.wrong(parameter)}
			{!CONTROLLED.includes(parameter) && <>
				{' '}{error.message}. {given !== '' && <>{words.filters.given}: <Untrusted text={given} limit={100} /></>}
			</>}
		</p>
		<a class="button" href={address('/audit', query)}>{words.leaveOut(parameter)}</a>
	</div>;
}

/** Where a page has little room, the controls are behind the query box. */
const HAS_ROOM = () => matchMedia('(min-width: 52rem)').matches;

export default function Audit({ place }: { place: Place }) {
	const view = useMemo(() => readView(place.query), [place]);
	const answer = useAnswer<AuditPage>(pagePath(view));
	const agents = usePolled<Agents>(AGENTS_PATH, LISTS_EVERY_MS).value;
	const known = useKnown(agents, usePolled<Stats>(SEEN_PATH, LISTS_EVERY_MS).value);
	const chain = useChain();
	const [round, setRound] = useState(0);
	const { error } = answer;
	const wrong = error?.status === 400 && error.parameter !== undefined
		? { parameter: error.parameter, sentence: error.message } : undefined;

	useTitle(words.title);
	const onFilter = (filter: Filter) => go(address('/audit', viewQuery(withFilter(view, filter))));
	function onClear() {
		const limit = (PAGE_SIZES as readonly string[]).includes(view.limit) ? view.limit : '';
		go(address('/audit', viewQuery(withFilter({ ...view, limit }, NO_FILTER))));
	}
	return <div class="audit">
		<header class="page-head">
			<h1>{words.title}</h1>
			<ChainStatus page={chain.polled.value} state={chain.state} onVerify={chain.verify} />
		</header>
		{view.unknown.length > 0 && <div class="notice notice-warn" role="status">
			<p>{words.unknown('')}<Untrusted text={view.unknown.join(', ')} limit={200} /></p>
		</div>}
		<section class="card audit-query" aria-label={words.filters.summary}>
			<QueryBox filter={view.filter} known={known} onFilter={onFilter} />
			<details class="audit-controls" open={HAS_ROOM() || wrong !== undefined}>
				<summary>{words.filters.summary}</summary>
				<AuditFilters filter={view.filter} agents={agents} wrong={wrong} onFilter={onFilter} onClear={onClear} />
			</details>
		</section>
		{error === undefined && chain.polled.error !== undefined && <Failure error={chain.polled.error}
			sentence={words.unreachable(chain.polled.error.message)} onRetry={chain.polled.again} />}
		{error !== undefined && (wrong !== undefined ? <WrongAddress error={error} view={view} />
			: <Failure error={error} onRetry={answer.again}
				{...error.isAway ? { sentence: words.unreachable(error.message) } : {}} />)}
		{wrong === undefined && <>
			<AuditOverview filter={view.filter} round={round} isOpen={HAS_ROOM()} onFilter={onFilter} />
			<AuditResults view={view} answer={answer} onClear={onClear} onFresh={() => setRound(round + 1)} />
		</>}
	</div>;
}
