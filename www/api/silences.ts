// What is silenced, and what a silence would mute.

import { refreshAlerts } from './alerts';
import { act } from './session';
import type { Alert, Silence } from './types';

export interface Silences {
	silences: Silence[];
}

export interface SilencePreview {
	alerts: Alert[];
	/** Since when. */
	from: string;
}

export const SILENCES_PATH = '/api/silences';

/** null: there is nothing to ask for. */
export function previewPath(matchers: readonly string[]): string | null {
	const query = new URLSearchParams(matchers.map(text => ['matcher', text]));
	return matchers.length === 0 ? null : `/api/silences/preview?${query}`;
}

export interface NewSilence {
	matchers: string[];
	reason: string;
	/** "2h" */
	duration: string;
	/** Or sooner: when nothing that it means is wrong. */
	until?: 'resolved';
}

export async function addSilence(silence: NewSilence): Promise<void> {
	await act('/api/silences', silence);
	refreshAlerts.get()();
}

export async function endSilence(id: number): Promise<void> {
	await act(`/api/silences/${id}/end`);
	refreshAlerts.get()();
}
