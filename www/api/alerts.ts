// The alerts that every page shows: asked for by the shell, looked at by the
// banners, the badge in the sidebar, and the pages.

import { Store } from '../store';
import { act } from './session';
import type { Alert } from './types';

export interface Alerts {
	alerts: Alert[];
	/** How many silences there are, and since when the oldest stands. */
	silences: number;
	oldest_silence: string | null;
	generated_at: string;
}

export const ALERTS_PATH = '/api/alerts?state=active';
export const ALERTS_EVERY_MS = 10_000;

export const alerts = new Store<Alerts | undefined>(undefined);
/** Asks for them at once; the shell says how. */
export const refreshAlerts = new Store<() => void>(() => {});

/** Those that want somebody to look: firing, nobody has said that he saw. */
export function unseen(list: readonly Alert[]): Alert[] {
	return list.filter(alert => alert.state === 'firing' &&
		alert.acknowledged_by === null && alert.silenced_by === null);
}

export async function acknowledge(id: number, note: string): Promise<void> {
	await act(`/api/alerts/${id}/acknowledge`, note === '' ? {} : { note });
	refreshAlerts.get()();
}
