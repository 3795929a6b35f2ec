// What the pages say of an approval: pure functions of it.

import type { Approval, Value } from './api/types';
import type { Status } from './components/status';
import { isInexact } from './entry';

/** What became of it; accepted and held, the agent has yet to make the call. */
export type Fate = Exclude<Approval['state'], 'open'> | 'unused';

export function fateOf(approval: Approval): Fate {
	if (approval.state === 'accepted' && approval.held === true)
		return 'unused';
	return approval.state === 'open' ? 'ended' : approval.state;
}

export const fateStatuses: Record<Fate, Status> = {
	accepted: 'success', unused: 'success', rejected: 'denied', expired: 'unknown', ended: 'pending',
};

/** The name of who asks; the query that finds what he does. */
export function askerOf(approval: Approval): { name: string; href: string } {
	const [key, name] = approval.agent_name === null
		? ['user_name', approval.user_name ?? ''] as const : ['agent_name', approval.agent_name] as const;
	return { name, href: `/audit?${new URLSearchParams({ actor_type: key.replace('_name', ''), [key]: name })}` };
}

/** What is asked for. The entry that the daemon writes of a call that it holds
 * has the call's arguments beside what is shown already. */
function requestOf({ id, request }: Approval): Value {
	return (request?.['approval_id'] === id && request['arguments'] !== undefined ? request['arguments'] : request) as Value;
}

/** The same as text; "" where there is nothing. */
export function requestText(approval: Approval): string {
	const request = requestOf(approval);
	return request === null || Object.keys(request).length === 0 ? '' : JSON.stringify(request, null, 2);
}

function hasInexact(value: Value): boolean {
	if (typeof value === 'number')
		return isInexact(value);
	return typeof value === 'object' && value !== null && Object.values(value).some(hasInexact);
}

/** Have numbers in it lost digits on the way to this text? */
export function isRequestInexact(approval: Approval): boolean {
	return hasInexact(requestOf(approval));
}
