// An answer that is asked for once for each path, and again only when it did not
// come: a page of the log stands still.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import { ApiError, get } from './client';
import { retryDelay } from './polled';

const RETRY_EVERY_MS = 15_000;

export interface Answer<T> {
	/** The last good answer; while another one is asked for, still the old one. */
	value: T | undefined;
	error: ApiError | undefined;
	isAsking: boolean;
	/** Ask now. */
	again: () => void;
}

interface State<T> extends Omit<Answer<T>, 'again'> {
	/** What it is about. */
	path: string | null;
}

interface How<T> {
	/** Where it is not JSON. */
	ask?: (path: string, asked: { signal: AbortSignal; background?: boolean }) => Promise<T>;
	/** Another one: ask again. */
	round?: number;
}

/** Ask for `path`; null: not at all. */
export function useAnswer<T>(path: string | null, { ask = get<T>, round = 0 }: How<T> = {}): Answer<T> {
	const [state, setState] = useState<State<T>>({ path: null, value: undefined, error: undefined, isAsking: false });
	const again = useRef<() => void>(() => {});

	useEffect(() => {
		if (path === null)
			return;
		let timer: number | undefined;
		let asking = new AbortController();
		let failures = 0;

		async function once(background: boolean) {
			clearTimeout(timer);
			asking.abort();
			const own = asking = new AbortController();
			setState(before => ({ ...before, path, isAsking: true }));
			try {
				const value = await ask(path as string, { signal: own.signal, background });
				failures = 0;
				if (!own.signal.aborted)
					setState({ path, value, error: undefined, isAsking: false });
			} catch (error) {
				if (own.signal.aborted || !(error instanceof ApiError))
					return;
				setState(before => ({ ...before, error, isAsking: false }));
				if (error.isAway)
					timer = setTimeout(() => void once(true), retryDelay(++failures, RETRY_EVERY_MS, error));
			}
		}

		again.current = () => void once(false);
		void once(false);
		return () => {
			clearTimeout(timer);
			asking.abort();
		};
	}, [path, ask, round]);

	return { ...state, isAsking: state.isAsking || state.path !== path, again: useCallback(() => again.current(), []) };
}
