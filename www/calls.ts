// A session's entries as the calls that they tell of. Pure functions.
//
// A call is what has one `call_id` and one agent: asked for, let through or not,
// begun, done. Where a person or the system says something of it, its entry names
// the agent, or means the last call of that id. `parent_call_id` makes a tree of
// calls. What has no `call_id` stands alone.

import type { Entry } from './api/types';

/** Milliseconds since the epoch. */
export interface Span {
	from: number;
	/** Undefined: it is not over. */
	to: number | undefined;
}

/** A call that waited for somebody's word. */
export interface Gate extends Span {
	asked: Entry;
	verdict: 'accepted' | 'rejected' | 'open';
	/** What told the verdict: the decision, or what the call did then. */
	decided: Entry | undefined;
}

export interface Call extends Span {
	key: string;
	capability: string;
	agent: string | undefined;
	status: Entry['status'];
	/** When it ran; undefined where it never did. */
	run: Span | undefined;
	gates: readonly Gate[];
	/** As they stand in the log. */
	entries: readonly Entry[];
	children: Call[];
}

const REQUEST = 'approval.request';
const DECISIONS: Readonly<Record<string, Gate['verdict']>> = {
	'approval.accept': 'accepted', 'approval.reject': 'rejected',
};

function timeOf(entry: Entry): number {
	return Date.parse(entry.time);
}

function isAboutApproval(entry: Entry): boolean {
	return entry.capability === REQUEST || entry.capability in DECISIONS;
}

function textOf(entry: Entry | undefined, name: string): string | undefined {
	const value = entry?.request?.[name];
	return typeof value === 'string' ? value : undefined;
}

/** The entries of each call, in the order in which the calls began. */
function grouped(entries: readonly Entry[]): Map<string, Entry[]> {
	const groups = new Map<string, Entry[]>();
	const latest = new Map<string, string>(); // call_id to the key of its last call

	for (const entry of entries) {
		const { call_id: id } = entry;
		let key = `#${entry.seq}`;
		if (id !== undefined) {
			const own = `${id} ${entry.agent_name ?? textOf(entry, 'agent_name') ?? ''}`;
			key = entry.agent_name !== undefined || groups.has(own) ? own : latest.get(id) ?? own;
			latest.set(id, key);
		}
		const group = groups.get(key);
		if (group === undefined)
			groups.set(key, [entry]);
		else
			group.push(entry);
	}
	return groups;
}

function gatesOf(entries: readonly Entry[]): Gate[] {
	return entries.flatMap((asked, index) => {
		if (asked.capability !== REQUEST)
			return [];
		const behind = entries.slice(index + 1);
		const decided = behind.find(entry => entry.capability in DECISIONS) ??
			behind.find(entry => !isAboutApproval(entry) && entry.status !== 'pending');
		const verdict = decided === undefined ? 'open'
			: DECISIONS[decided.capability] ?? (decided.status === 'denied' ? 'rejected' : 'accepted');
		const from = timeOf(asked);
		return [{ asked, decided, verdict, from, to: decided && Math.max(from, timeOf(decided)) }];
	});
}

/** From when it was begun until it was done; what came only when it was done
 * says how long it took. */
function runOf(own: readonly Entry[]): Span | undefined {
	const first = own[0], last = own.at(-1);

	if (first === undefined || last === undefined)
		return undefined;
	const to = timeOf(last);
	const from = first === last ? to - (last.duration_ms ?? 0) : Math.min(to, timeOf(first));
	return { from, to: last.status === 'pending' ? undefined : to };
}

function statusOf(own: readonly Entry[], gate: Gate | undefined): Entry['status'] {
	const last = own.at(-1);

	if (last !== undefined && last.status !== 'pending')
		return last.status;
	return gate?.verdict === 'rejected' ? 'denied' : 'pending';
}

function callOf(key: string, entries: readonly Entry[]): Call {
	const gates = gatesOf(entries);
	const first = entries.find(entry => !isAboutApproval(entry));
	const own = entries.filter(entry => first !== undefined && entry.capability === first.capability);
	const run = runOf(own);
	const status = first === undefined && gates.length === 0 ? entries[0]!.status : statusOf(own, gates.at(-1));
	const ends = [...gates, ...run === undefined ? [] : [run]];

	return {
		key, run, gates, entries, status,
		capability: first?.capability ?? textOf(gates[0]?.asked, 'capability') ?? entries[0]!.capability,
		agent: entries.find(entry => entry.agent_name !== undefined)?.agent_name,
		from: Math.min(...ends.map(span => span.from), timeOf(entries[0]!)),
		to: status === 'pending' ? undefined
			: Math.max(...ends.map(span => span.to ?? span.from), timeOf(entries.at(-1)!)),
		children: [],
	};
}

/** Deeper than this the tree goes on beside and not below: nobody can follow, and
 * whoever writes entries must not decide how deep a page is. */
const DEPTH_MAX = 8;

/** The call that called it, unless that leads back to itself. */
function parentOf(call: Call, byId: ReadonlyMap<string, Call>): Call | undefined {
	const above = (of: Call) => byId.get(of.entries.find(entry => entry.parent_call_id !== undefined)?.parent_call_id ?? '');
	const ancestors = new Set<Call>();

	for (let one = above(call); one !== undefined; one = above(one)) {
		if (one === call || ancestors.has(one))
			return undefined;
		ancestors.add(one);
	}
	const line = [...ancestors];
	return line.length > DEPTH_MAX ? line.at(-DEPTH_MAX) : line[0];
}

function sort(calls: Call[]): Call[] {
	calls.sort((one, other) => one.from - other.from || one.entries[0]!.seq - other.entries[0]!.seq);
	calls.forEach(call => sort(call.children));
	return calls;
}

/** Of entries in the order of the log: the calls that nobody called, in the
 * order of time, and in them those that they called. */
export function callsOf(entries: readonly Entry[]): Call[] {
	const calls = [...grouped(entries)].map(([key, group]) => callOf(key, group));
	const byId = new Map(calls.toReversed().flatMap(call => {
		const id = call.entries[0]!.call_id;
		return id === undefined ? [] : [[id, call] as const];
	}));
	const roots: Call[] = [];

	for (const call of calls)
		(parentOf(call, byId)?.children ?? roots).push(call);
	return sort(roots);
}

/** All of them, from the top down. */
export function flat(calls: readonly Call[]): Call[] {
	return calls.flatMap(call => [call, ...flat(call.children)]);
}
