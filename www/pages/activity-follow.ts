// The feed of the page, followed: the newest entries first, then the stream from
// there on. Entries come in batches, however many there are a second.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import { ApiError, get } from '../api/client';
import { retryDelay } from '../api/polled';
import { Stream } from '../api/stream';
import type { Entry } from '../api/types';
import { beginFeed, emptyFeed, hold, show, SHOWN_MAX, type Feed, type Row } from '../feed';

export type FollowState = 'connecting' | 'live' | 'paused' | 'disconnected';

export interface Follow {
	feed: Feed;
	state: FollowState;
	/** Why there is nothing to begin with. */
	error: ApiError | undefined;
	/** Stop, or go on where it was stopped. */
	toggle: () => void;
	/** Try now what is tried later otherwise. */
	again: () => void;
	/** Show what waits; `always`: though its reader holds it. */
	settle: (always?: boolean) => void;
}

interface ActivityPage {
	entries: Entry[];
	last_seq: number;
}

/** A reader sees no difference, and a page has time for other things. */
const BATCH_MS = 200;
const RETRY_MS = 15_000;

/** One batch a while: `take` gets it in a frame of the browser. A page that is
 * not looked at has no frames; no more is kept for it than is shown. */
function batched(take: (rows: Row[], count: number) => void) {
	let rows: Row[] = [], count = 0, takenAt = -BATCH_MS, frame = 0;
	let timer: number | undefined;

	function flush(now: number) {
		const batch = rows, batchCount = count;
		[rows, count, takenAt, timer] = [[], 0, now, undefined];
		take(batch, batchCount);
	}
	return {
		add(row: Row) {
			count++;
			rows.push(row);
			if (rows.length > 2 * SHOWN_MAX)
				rows = rows.slice(-SHOWN_MAX);
			timer ??= setTimeout(() => {
				frame = requestAnimationFrame(flush);
			}, Math.max(0, takenAt + BATCH_MS - performance.now()));
		},
		end() {
			clearTimeout(timer);
			cancelAnimationFrame(frame);
		},
	};
}

/** Follow what `filters` (a query) says; `isHeld`: its reader is not to be moved. */
export function useFollow(filters: string, isHeld: () => boolean): Follow {
	const [feed, setFeed] = useState<Feed>(emptyFeed);
	const [state, setState] = useState<FollowState>('connecting');
	const [error, setError] = useState<ApiError>();
	const actions = useRef({ toggle() {}, again() {} });

	useEffect(() => {
		let now: FollowState = 'connecting';
		let stream: Stream | undefined, timer: number | undefined, asking: AbortController | undefined;
		let failures = 0;
		const batch = batched((rows, count) => setFeed(known => isHeld() ? hold(known, rows, count) : show(known, rows)));

		function become(next: FollowState) {
			now = next;
			setState(next);
		}
		function stop() {
			clearTimeout(timer);
			asking?.abort();
			stream?.close();
		}
		function go() {
			stop();
			become('connecting');
			if (stream === undefined)
				void begin();
			else
				stream.open();
		}
		async function begin() {
			const own = asking = new AbortController();
			try {
				const query = new URLSearchParams(filters);
				query.set('limit', String(SHOWN_MAX));
				const page = await get<ActivityPage>(`/api/activity?${query}`, { signal: own.signal, background: failures > 0 });
				setFeed(beginFeed(page.entries));
				setError(undefined);
				stream = new Stream(filters, page.last_seq, {
					onOpen: () => become('live'), onDrop: () => become('disconnected'), onRow: batch.add,
				});
				stream.open();
			} catch (failure) {
				if (own.signal.aborted || !(failure instanceof ApiError))
					return;
				setFeed(emptyFeed);
				setError(failure);
				become('disconnected');
				if (failure.status !== 400)
					timer = setTimeout(go, retryDelay(++failures, RETRY_MS, failure));
			}
		}

		actions.current = {
			again: go,
			toggle() {
				if (now === 'paused' || now === 'disconnected')
					return go();
				stop();
				become('paused');
			},
		};
		go();
		return () => {
			stop();
			batch.end();
		};
	}, [filters, isHeld]);

	return {
		feed, state, error,
		toggle: useCallback(() => actions.current.toggle(), []),
		again: useCallback(() => actions.current.again(), []),
		settle: useCallback((always = false) => {
			if (always || !isHeld())
				setFeed(known => show(known));
		}, [isHeld]),
	};
}
