// The one place that calls fetch. Every answer is JSON or a problem (RFC 9457);
// what goes wrong is an ApiError that says where and what.

import { signedOut } from './session';
import type { Problem } from './types';

/** Nothing came back: the network, nginx or the machine. */
export const UNREACHABLE = 0;

/** An answer that comes later than this comes too late. */
const TIMEOUT_MS = 30_000;

export class ApiError extends Error {
	/** The HTTP status, or UNREACHABLE. */
	readonly status: number;
	/** The parameter or the member of the body that is wrong. */
	readonly parameter: string | undefined;
	/** After how long it makes sense to ask again, if that was said. */
	readonly retryAfterMs: number | undefined;

	/** May another attempt go better, without anything being changed? */
	get isAway(): boolean {
		return this.status === UNREACHABLE || this.status === 429 || this.status >= 500;
	}

	constructor(status: number, sentence: string, parameter?: string, retryAfterMs?: number) {
		super(sentence);
		this.status = status;
		this.parameter = parameter;
		this.retryAfterMs = retryAfterMs;
	}
}

export interface Asked {
	/** An ended one rejects with an AbortError. */
	signal?: AbortSignal | undefined;
	/** Asked by a clock and not by a person: it keeps no sign-in alive. */
	background?: boolean;
}

async function problemOf(response: Response): Promise<ApiError> {
	const retryAfter = Number(response.headers.get('Retry-After') ?? NaN);
	const problem: Partial<Problem> = await response.json().catch(() => ({}));
	return new ApiError(response.status,
		problem.detail ?? problem.title ?? `${response.status} ${response.statusText}`,
		problem.parameter, Number.isNaN(retryAfter) ? undefined : retryAfter * 1000);
}

async function ask(path: string, init: RequestInit, { signal, background }: Asked): Promise<Response> {
	const timeout = AbortSignal.timeout(TIMEOUT_MS);
	const headers = new Headers(init.headers);
	let response: Response;

	headers.set('Accept', 'application/json');
	if (background)
		headers.set('X-Kruxos-Background', '1');
	try {
		response = await fetch(path, {
			...init, headers, credentials: 'same-origin', cache: 'no-store', redirect: 'error',
			signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
		});
	} catch (error) {
		if (signal?.aborted)
			throw error;
		throw new ApiError(UNREACHABLE, timeout.aborted
			? `no answer within ${TIMEOUT_MS / 1000} s` : 'the server cannot be reached');
	}
	if (response.ok)
		return response;
	if (response.status === 401)
		signedOut();
	throw await problemOf(response);
}

async function json<T>(response: Response): Promise<T> {
	try {
		return await response.json() as T;
	} catch {
		throw new ApiError(response.status, 'the answer is no JSON');
	}
}

/** GET `path` (with its query). Rejects with an ApiError, or an AbortError. */
export async function get<T>(path: string, asked: Asked = {}): Promise<T> {
	return json<T>(await ask(path, {}, asked));
}

/** The bytes of an answer, as text. */
export async function getText(path: string, asked: Asked = {}): Promise<string> {
	return (await ask(path, {}, asked)).text();
}

/** POST `body` as JSON; `csrf` is the session's, where there is one. */
export async function post<T>(path: string, body: object, csrf: string | undefined): Promise<T> {
	return json<T>(await ask(path, {
		method: 'POST', body: JSON.stringify(body),
		headers: { 'Content-Type': 'application/json', ...(csrf === undefined ? {} : { 'X-CSRF-Token': csrf }) },
	}, {}));
}
