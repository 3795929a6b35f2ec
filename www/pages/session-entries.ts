// A session and its entries: asked for again while it goes on.

import { useEffect, useRef, useState } from 'preact/hooks';

import { ApiError, get } from '../api/client';
import { usePolled, type Polled } from '../api/polled';
import type { AgentSession, AuditPage, Entry } from '../api/types';

/** More would be no picture any more; the audit page has them all. */
export const ENTRIES_MAX = 2000;
const PAGE = 200;
const EVERY_MS = 5000;

export interface Sessions {
	sessions: AgentSession[];
	through_seq: number;
}

/** All that were recorded since `known`, or as many as are shown; oldest first. */
async function entriesSince(known: readonly Entry[], id: string, { sessions, through_seq }: Sessions,
	signal: AbortSignal): Promise<Entry[]> {
	const last = known.at(-1)?.seq ?? 0;
	const from = sessions.map(one => one.first_seen).sort()[0] ?? '';
	const found: Entry[] = [];

	while (found.length < ENTRIES_MAX) {
		const query = new URLSearchParams({
			session_id: id, from, through: String(through_seq), limit: String(PAGE), offset: String(found.length),
		});
		const { entries } = await get<AuditPage>(`/api/audit?${query}`, { signal, background: true });
		found.push(...entries);
		if (entries.length < PAGE || entries.some(entry => entry.seq <= last))
			break;
	}
	return [...known, ...found.filter(entry => entry.seq > last).toReversed()].slice(-ENTRIES_MAX);
}

export interface KnownSession {
	polled: Polled<Sessions>;
	entries: readonly Entry[] | undefined;
	error: ApiError | undefined;
	again: () => void;
}

export function useSession(id: string): KnownSession {
	const polled = usePolled<Sessions>(`/api/sessions/${encodeURIComponent(id)}`, EVERY_MS);
	const [state, setState] = useState<{ id?: string; entries?: readonly Entry[]; error?: ApiError }>({});
	const [attempt, setAttempt] = useState(0);
	const known = useRef(state);
	const lastSeq = Math.max(0, ...(polled.value?.sessions ?? []).map(one => one.last_seq));

	known.current = state;
	useEffect(() => {
		if (polled.value === undefined)
			return;
		const ended = new AbortController();
		const before = known.current.id === id ? known.current.entries ?? [] : [];
		entriesSince(before, id, polled.value, ended.signal).then(
			entries => setState({ id, entries }),
			failure => {
				if (!ended.signal.aborted && failure instanceof ApiError)
					setState({ id, entries: before, error: failure });
			});
		return () => ended.abort();
	}, [id, lastSeq, attempt]);

	return {
		polled, error: state.error,
		entries: state.id === id ? state.entries : undefined,
		again: () => setAttempt(count => count + 1),
	};
}
