// Questions to the audit log, and what may be done to it.

import { exportQuery, filterQuery, sumsQuery, viewQuery, type ExportFormat, type Filter, type View } from '../filter';
import { address } from '../url';
import { useAnswer, type Answer } from './answer';
import { act } from './session';
import type { Agent, AuditPage, Histogram, Stats } from './types';

/** What every page of answers says of the log as it is now. */
export const LOG_PATH = '/api/audit?limit=1';

export function pagePath(view: View): string {
	return address('/api/audit', viewQuery(view));
}

/** How many match by now, of the range that a page has; `q` would take long. */
export function countPath(filter: Filter, from: string): string {
	const query = filterQuery({ ...filter, q: '', from });
	query.set('limit', '1');
	return address('/api/audit', query);
}

export function exportPath(filter: Filter, format: ExportFormat, page: AuditPage): string {
	return address('/api/audit/export', exportQuery(filter, format, page));
}

/** Another `round`: the same, as it is by now. */
export function useStats(filter: Filter, round: number): Answer<Stats> {
	return useAnswer<Stats>(address('/api/audit/stats', sumsQuery(filter)), { round });
}

/** Where the range begins long before its first entry ("everything"), the first
 * answer only says where to begin. */
export function useHistogram(filter: Filter, round: number): Answer<Histogram> {
	const query = sumsQuery(filter);
	const whole = useAnswer<Histogram>(address('/api/audit/histogram', query), { round });
	const from = filter.from === '' ? undefined : firstOf(whole.value);

	if (from !== undefined)
		query.set('from', from);
	const part = useAnswer<Histogram>(from === undefined ? null : address('/api/audit/histogram', query), { round });
	return from === undefined || part.value === undefined ? whole : part;
}

/** A range that needs no more has steps of its own. */
const BUCKETS = 200;

/** The first bucket with an entry, of a range that is too long to be seen. */
function firstOf(histogram: Histogram | undefined): string | undefined {
	const buckets = histogram?.buckets ?? [];
	const first = buckets.findIndex(({ success, error, denied, pending }) => success + error + denied + pending > 0);
	return buckets.length > BUCKETS ? buckets[first]?.time : undefined;
}

/** Of whoever has been seen in the last month, for what is offered. */
export const SEEN_PATH = '/api/audit/stats?last=30d';
export const AGENTS_PATH = '/api/agents';

export interface Agents {
	agents: Agent[];
	total: number;
}

/** Begin to verify the whole chain again; `integrity` tells how far it is. */
export async function verifyChain(): Promise<void> {
	await act('/api/audit/verify');
}

/** Take an entry's payload out of the log, for ever. */
export async function erase(seq: number, reason: string, password: string): Promise<void> {
	await act(`/api/audit/${seq}/erase`, { reason, password });
}
