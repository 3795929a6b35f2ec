// An answer that is asked for again and again: by a clock, while the page is
// looked at. After a failure it is tried sooner, then less and less often; the
// last good answer stays, with the error beside it.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import { ApiError, get } from './client';

export interface Polled<T> {
	/** The last good answer. */
	value: T | undefined;
	/** Why there is no newer one. */
	error: ApiError | undefined;
	/** When `value` came, by this clock. */
	at: number | undefined;
	/** After `error`: when it is tried next, by this clock. */
	retryAt: number | undefined;
	isAsking: boolean;
	/** Ask now. */
	again: () => void;
}

const FIRST_RETRY_MS = 1000;

/** How long until the next attempt, after so many failures in a row. */
export function retryDelay(failures: number, everyMs: number, error: ApiError): number {
	const delay = Math.min(everyMs, FIRST_RETRY_MS * 2 ** (failures - 1));
	return Math.max(delay, error.retryAfterMs ?? 0);
}

/** Ask for `path` now and every `everyMs`; null: not at all. A function is asked
 * each time for the path of then. */
export function usePolled<T>(path: string | (() => string) | null, everyMs: number): Polled<T> {
	const [state, setState] = useState<Omit<Polled<T>, 'again'>>({
		value: undefined, error: undefined, at: undefined, retryAt: undefined, isAsking: path !== null,
	});
	const ask = useRef<() => void>(() => {});

	useEffect(() => {
		if (path === null)
			return;
		const next = typeof path === 'function' ? path : () => path;
		let timer: number | undefined;
		let asking: AbortController | undefined;
		let failures = 0;

		async function once(background: boolean) {
			clearTimeout(timer);
			asking?.abort();
			const own = asking = new AbortController();
			setState(before => ({ ...before, isAsking: true }));
			try {
				const value = await get<T>(next(), { signal: own.signal, background });
				failures = 0;
				setState({ value, error: undefined, at: Date.now(), retryAt: undefined, isAsking: false });
				plan(everyMs);
			} catch (error) {
				if (own.signal.aborted || !(error instanceof ApiError))
					return;
				const delay = retryDelay(++failures, everyMs, error);
				setState(before => ({ ...before, error, retryAt: Date.now() + delay, isAsking: false }));
				plan(delay);
			}
		}
		function plan(delay: number) {
			timer = setTimeout(() => {
				if (!document.hidden)
					void once(true);
			}, delay);
		}
		function onVisible() {
			if (!document.hidden)
				void once(true);
		}

		ask.current = () => void once(false);
		void once(false);
		document.addEventListener('visibilitychange', onVisible);
		return () => {
			document.removeEventListener('visibilitychange', onVisible);
			clearTimeout(timer);
			asking?.abort();
		};
	}, [path, everyMs]);

	return { ...state, again: useCallback(() => ask.current(), []) };
}
