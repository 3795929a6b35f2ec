// Who is signed in. `session` is undefined until that is known, null when
// nobody is; any answer of 401 makes it null, and the shell then shows the
// sign-in, with the way back to where the user was.

import { Store } from '../store';
import { go } from '../url';
import { ApiError, get, post, type Asked } from './client';
import type { SignedIn } from './types';

export const session = new Store<SignedIn | null | undefined>(undefined);

export function signedOut(): void {
	if (session.get() !== undefined)
		session.set(null);
}

/** Ask who we are. An unreachable server rejects, and leaves it unknown. */
export async function loadSession(asked: Asked = {}): Promise<void> {
	try {
		session.set(await get<SignedIn>('/api/session', asked));
	} catch (error) {
		if (!(error instanceof ApiError) || error.status !== 401)
			throw error;
		session.set(null);
	}
}

/** By name and password, or by a one-time link's secret. */
export async function signIn(by: { name: string; password: string } | { link: string }): Promise<void> {
	session.set(await post<SignedIn>('/api/session', by, undefined));
}

/** End this sign-in, or another one of the same account. Who ends his own does
 * not mean to come back to where he was. */
export async function endSession(id?: string): Promise<void> {
	const own = session.get();
	await act('/api/session/end', id === undefined ? {} : { id });
	if (id !== undefined && id !== own?.id)
		return loadSession();
	go('/sign-in', { replace: true });
	session.set(null);
}

/** A change, in the name of who is signed in. */
export async function act<T>(path: string, body: object = {}): Promise<T> {
	return post<T>(path, body, session.get()?.csrf ?? undefined);
}

export function mayOperate(who: SignedIn | null | undefined): boolean {
	return who?.role === 'operator';
}

export function mayExport(who: SignedIn | null | undefined): boolean {
	return who?.role === 'operator' || who?.role === 'auditor';
}
