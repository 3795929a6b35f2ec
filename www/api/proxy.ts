// What the service proxy does, as it was reported last, and what may be decided
// of its writes.

import { act } from './session';
import type { ProxyWrite } from './types';

export const PROXY_PATH = '/api/proxy/status';
export const PROXY_EVERY_MS = 10_000;

export type Decision = 'cancel' | 'retry' | 'discard';

export async function decide(write: ProxyWrite, decision: Decision): Promise<void> {
	await act(`/api/proxy/writes/${encodeURIComponent(write.id)}/${decision}`);
}
