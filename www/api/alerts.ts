// The alerts that every page shows: asked for by the shell, looked at by the
// banners, the badge in the sidebar, and the pages.

import { Store } from '../store';
import type { ApiError } from './client';
import { act } from './session';
import type { Alert, AlertWithHistory } from './types';

export interface Alerts {
	alerts: Alert[];
	/** How many silences there are, and since when the oldest stands. */
	silences: number;
	oldest_silence: string | null;
	generated_at: string;
}

export type { AlertWithHistory };

export const ALERTS_PATH = '/api/alerts?state=active';
export const ALERTS_EVERY_MS = 10_000;

export const alerts = new Store<Alerts | undefined>(undefined);
/** Why there are no newer ones. */
export const alertsFailure = new Store<ApiError | undefined>(undefined);
/** Asks for them at once; the shell says how. */
export const refreshAlerts = new Store<() => void>(() => {});

/** Those that want somebody to look: firing, nobody has said that he saw. */
export function unseen(list: readonly Alert[]): Alert[] {
	return list.filter(alert => alert.state === 'firing' &&
		alert.acknowledged_by === null && alert.silenced_by === null);
}

/** One, with what has happened to it. */
export function alertPath(id: number | string): string {
	return `/api/alerts/${encodeURIComponent(id)}`;
}

/** Those that were resolved within `last`: "24h". */
export function resolvedPath(last: string): string {
	return `/api/alerts?state=resolved&last=${encodeURIComponent(last)}`;
}

export async function acknowledge(id: number, note: string): Promise<void> {
	await act(`${alertPath(id)}/acknowledge`, note === '' ? {} : { note });
	refreshAlerts.get()();
}
