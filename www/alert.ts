// What the pages say of an alert: pure functions of it.

import type { Alert } from './api/types';

/** Where an alert is listed: what a silence mutes wants nobody, even when it was
 * acknowledged before; what is pending is wrong, but not for long enough. */
export type AlertPlace = 'firing' | 'pending' | 'acknowledged' | 'silenced' | 'history';

export function placeOf(alert: Alert): AlertPlace {
	if (alert.state === 'resolved')
		return 'history';
	if (alert.state === 'pending')
		return 'pending';
	if (alert.silenced_by !== null)
		return 'silenced';
	return alert.acknowledged_by === null ? 'firing' : 'acknowledged';
}

export interface Source {
	kind: 'agent' | 'service' | 'rule';
	name: string;
	/** Where more of it is known. */
	href: string;
}

function audit(query: Record<string, string>): string {
	return `/audit?${new URLSearchParams(query)}`;
}

/** Who or what raised it: an agent by its own words, a rule; of several things
 * that a rule looks at, the one that it means. */
export function sourcesOf(alert: Alert): Source[] {
	const sources: Source[] = [];

	if (alert.rule !== null)
		sources.push({
			kind: 'rule', name: alert.rule,
			href: audit({ capability: 'alerts.*', q: `"rule":${JSON.stringify(alert.rule)}` }),
		});
	if (alert.service !== null)
		sources.push({ kind: 'service', name: alert.service, href: '/health' });
	if (alert.agent_name !== null)
		sources.push({
			kind: 'agent', name: alert.agent_name,
			href: audit({ actor_type: 'agent', agent_name: alert.agent_name }),
		});
	return sources;
}

/** What the log says of it. The entries that the daemon made name it by its
 * fingerprint; an agent's own one has a number. */
export function entriesOf(alert: Alert): string {
	return audit({ capability: 'alerts.*', q: alert.fingerprint });
}
