// A session and its entries: asked for again while it goes on.

import { useEffect, useRef, useState } from 'preact/hooks';

import { ApiError, get } from '../api/client';
import { usePolled, type Polled } from '../api/polled';
import type { AgentSession, AuditPage, Entry } from '../api/types';

/** More would be no picture any more; the audit page has them all. */
const ENTRIES_MAX = 2000;
const PAGE = 200;
const EVERY_MS = 5000;

/** Of one id, in one answer. */
const ACTORS_MAX = 100;

export interface Entries {
	list: readonly Entry[];
	/** How many there are, shown or not. */
	total: number;
}

export interface Sessions {
	sessions: AgentSession[];
	through_seq: number;
}

/** From when on there can be entries of it. Where its id has more actors than
 * are answered, that is not known. */
export function beginOf(sessions: readonly AgentSession[]): string {
	return (sessions.length < ACTORS_MAX ? sessions.map(one => one.first_seen).sort()[0] : undefined) ?? '1970-01-01';
}

/** What is known of it and what was recorded since, as many as are shown; the
 * oldest first. */
async function entriesWith(known: Entries, id: string, { sessions, through_seq }: Sessions,
	signal: AbortSignal): Promise<Entries> {
	const last = known.list.at(-1)?.seq ?? 0;
	const from = beginOf(sessions);
	const found: Entry[] = [];
	let total = known.total;

	while (found.length < ENTRIES_MAX) {
		const query = new URLSearchParams({
			session_id: id, from, through: String(through_seq), limit: String(PAGE), offset: String(found.length),
		});
		const page = await get<AuditPage>(`/api/audit?${query}`, { signal, background: true });
		const { entries } = page;
		total = page.total;
		found.push(...entries);
		if (entries.length < PAGE || entries.some(entry => entry.seq <= last))
			break;
	}
	return { total, list: [...known.list, ...found.filter(entry => entry.seq > last).toReversed()].slice(-ENTRIES_MAX) };
}

export interface KnownSession {
	polled: Polled<Sessions>;
	entries: Entries | undefined;
	error: ApiError | undefined;
	again: () => void;
}

export function useSession(id: string): KnownSession {
	const polled = usePolled<Sessions>(`/api/sessions/${encodeURIComponent(id)}`, EVERY_MS);
	const [state, setState] = useState<{ id?: string; entries?: Entries; error?: ApiError }>({});
	const [attempt, setAttempt] = useState(0);
	const known = useRef(state);
	const lastSeq = Math.max(0, ...(polled.value?.sessions ?? []).map(one => one.last_seq));

	known.current = state;
	useEffect(() => {
		if (polled.value === undefined)
			return;
		const ended = new AbortController();
		const before = known.current.id === id ? known.current.entries : undefined;
		entriesWith(before ?? { list: [], total: 0 }, id, polled.value, ended.signal).then(
			entries => setState({ id, entries }),
			failure => {
				if (!ended.signal.aborted && failure instanceof ApiError)
					setState({ id, ...before && { entries: before }, error: failure });
			});
		return () => ended.abort();
	}, [id, lastSeq, attempt]);

	return {
		polled, error: state.error,
		entries: state.id === id ? state.entries : undefined,
		again: () => setAttempt(count => count + 1),
	};
}
