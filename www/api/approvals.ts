// What waits for a person's word: asked for by the shell, looked at by the badge
// in the sidebar and by the page.

import { Store } from '../store';
import type { ApiError } from './client';
import { act } from './session';
import type { Approval } from './types';

export interface Approvals {
	/** What waits the longest first; what was decided, the newest. */
	approvals: Approval[];
	/** Of all, those that are not listed included. */
	total: number;
	/** The server's clock. */
	generated_at: string;
}

export const APPROVALS_PATH = '/api/approvals?state=open&limit=200';
export const APPROVALS_EVERY_MS = 10_000;

export const approvals = new Store<Approvals | undefined>(undefined);
/** Why there are no newer ones. */
export const approvalsFailure = new Store<ApiError | undefined>(undefined);
/** Asks for them at once; the shell says how. */
export const refreshApprovals = new Store<() => void>(() => {});

/** Those that somebody may decide here. */
export function held(list: readonly Approval[]): Approval[] {
	return list.filter(one => one.held === true);
}

/** So many of what was decided. */
export function decidedPath(limit: number): string {
	return `/api/approvals?state=decided&limit=${limit}`;
}

export type Decision = 'accept' | 'reject';

export async function decide(approval: Approval, decision: Decision, reason: string): Promise<void> {
	await act(`/api/approvals/${encodeURIComponent(approval.id)}/${decision}`, reason === '' ? {} : { reason });
	refreshApprovals.get()();
}
