// What an agent did in one session: its calls over time, those of its
// sub-agents below them, and where it waited for somebody's word.

import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';

import type { AgentSession } from '../api/types';
import { callsOf, flat, type Call } from '../calls';
import { Empty } from '../components/empty';
import { Failure } from '../components/failure';
import { StatusText } from '../components/status';
import { Since, Time } from '../components/time';
import { Untrusted } from '../components/untrusted';
import { Waterfall } from '../components/waterfall';
import { sessionIdOf } from '../entry';
import { moveFocus, useKeys, type Keys } from '../keys';
import { timescaleOf } from '../timescale';
import { useTitle } from '../title';
import { address, type Place } from '../url';
import { visible } from '../visible';
import { session as words } from '../words/session';
import { beginOf, useSession } from './session-entries';

const statuses = ['success', 'error', 'denied', 'pending'] as const;
const ROWS = '.call-head, .entry-head';

const keys: Keys = { j: () => moveFocus(ROWS, 1), k: () => moveFocus(ROWS, -1) };

/** Whose it is: the agent that started it, or that came first. */
function mainOf(sessions: readonly AgentSession[]): AgentSession | undefined {
	const byAge = sessions.toSorted((one, other) => one.first_seq - other.first_seq);
	return byAge.find(one => one.started_at !== null) ??
		byAge.find(one => one.actor_type === 'agent') ?? byAge[0];
}

function nameOf({ agent_name, user_name, actor_type }: AgentSession): string {
	return agent_name ?? user_name ?? actor_type;
}

function auditAddress(id: string, sessions: readonly AgentSession[]): string {
	return address('/audit', new URLSearchParams({ session_id: id, from: beginOf(sessions) }));
}

function End({ main, lastSeen }: { main: AgentSession; lastSeen: string }) {
	if (main.ended_at === null)
		return <>{main.end === 'missing' ? words.endMissing : words.open}<Since value={lastSeen} /></>;
	return <><Time value={main.ended_at} /> {words.lasted(Date.parse(main.ended_at) - Date.parse(main.started_at ?? main.first_seen))}</>;
}

/** Which ways told of its calls, and what that shows to be missing. */
function Told({ coverage }: { coverage: AgentSession['coverage'] }) {
	if (coverage === null)
		return null;
	const { unrecorded, missing_sequence: missing } = coverage;
	return <div><dt>{words.told}</dt><dd class="session-sums number">
		{words.ways(coverage)}
		{unrecorded > 0 && <StatusText status="degraded" label={words.unrecorded(unrecorded)} />}
		{missing > 0 && <StatusText status="degraded" label={words.lost(missing)} />}
	</dd></div>;
}

/** The head is not to be longer than the calls. */
const NAMED = 8;

function Head({ sessions, main, id }: { sessions: readonly AgentSession[]; main: AgentSession; id: string }) {
	const others = sessions.filter(one => one !== main);
	const lastSeen = sessions.map(one => one.last_seen).sort().at(-1) ?? main.last_seen;

	return <dl class="session-head card">
		<div><dt>{words.agent}</dt><dd><Untrusted text={nameOf(main)} /></dd></div>
		{others.length > 0 && <div><dt>{words.others}</dt><dd>
			{others.slice(0, NAMED).map((one, index) => <>{index > 0 && ', '}<Untrusted text={nameOf(one)} /></>)}
			{others.length > NAMED && words.moreOthers(others.length - NAMED)}
		</dd></div>}
		<div>
			<dt>{main.started_at === null ? words.firstSeen : words.started}</dt>
			<dd><Time value={main.started_at ?? main.first_seen} /></dd>
		</div>
		<div><dt>{words.ended}</dt><dd><End main={main} lastSeen={lastSeen} /></dd></div>
		<div><dt>{words.entries}</dt><dd class="session-sums number">
			<a href={auditAddress(id, sessions)} title={words.audit}>{words.count(sessions.reduce((sum, one) => sum + one.entries, 0))}</a>
			{statuses.map(status => [status, sessions.reduce((sum, one) => sum + one.by_status[status], 0)] as const)
				.filter(([, count]) => count > 0)
				.map(([status, count]) => <StatusText key={status} status={status} label={`${words.count(count)} ${status}`} />)}
		</dd></div>
		<Told coverage={main.coverage} />
	</dl>;
}

function Legend({ hasPauses }: { hasPauses: boolean }) {
	return <p class="legend muted" aria-hidden="true">
		<span><i class="bar bar-success" />{words.legend.run}</span>
		<span><i class="gate gate-accepted" />{words.legend.wait}</span>
		<span><i class="bar bar-open" />{words.legend.open}</span>
		{hasPauses && <span><b class="pause" /> {words.legend.pause}</span>}
	</p>;
}

/** Open ones, by their keys; the one of the entry in the address to begin with. */
function useOpen(calls: readonly Call[], wanted: number) {
	const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
	const [isFound, setFound] = useState(false);

	useEffect(() => {
		const call = isFound ? undefined : flat(calls).find(one => one.entries.some(entry => entry.seq === wanted));
		if (call === undefined)
			return;
		setFound(true);
		setOpen(new Set([call.key]));
		requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-call="${CSS.escape(call.key)}"]`)
			?.scrollIntoView({ block: 'center' }));
	}, [calls, wanted, isFound]);
	const onToggle = useCallback((key: string) => setOpen(known => {
		const next = new Set(known);
		if (!next.delete(key))
			next.add(key);
		return next;
	}), []);
	return { open, onToggle };
}

function Known({ id, place }: { id: string; place: Place }) {
	const { polled, entries, error, again } = useSession(id);
	const sessions = polled.value?.sessions ?? [];
	const main = mainOf(sessions);
	const calls = useMemo(() => callsOf(entries?.list ?? []), [entries]);
	const scale = useMemo(() => timescaleOf(calls), [calls]);
	const { open, onToggle } = useOpen(calls, Number(place.query.get('entry') ?? NaN));

	if (polled.error?.status === 404)
		return <Empty title={words.missing} command={words.missingCommand(visible(id))}><p>{words.missingText}</p></Empty>;
	return <>
		{polled.error !== undefined && <Failure error={polled.error} onRetry={polled.again} />}
		{error !== undefined && <Failure error={error} onRetry={again} />}
		{main !== undefined && <Head sessions={sessions} main={main} id={id} />}
		{entries !== undefined && entries.total > entries.list.length && <p class="notice notice-info">
			{words.onlyNewest(entries.list.length, entries.total)}
			<a href={auditAddress(id, sessions)}>{words.audit}</a>
		</p>}
		<div class="session-calls"><h2>{words.calls}</h2><Legend hasPauses={scale.pauses.length > 0} /></div>
		{calls.length > 0 && <Waterfall calls={calls} scale={scale} open={open} onToggle={onToggle} agent={main?.agent_name} />}
	</>;
}

export default function Session({ place }: { place: Place }) {
	const id = sessionIdOf(place.path);

	useTitle(words.title(visible(id ?? '')));
	useKeys(keys);
	return <>
		<div class="page-head">
			<h1>{words.heading} {id !== undefined && <code class="session-id"><Untrusted text={id} /></code>}</h1>
		</div>
		{id === undefined ? <Empty title={words.badId} /> : <Known key={id} id={id} place={place} />}
	</>;
}
