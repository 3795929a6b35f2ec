// What is looked for in the audit log: the parameters of /api/audit, which are
// those of the page's own address, too. Values stand as they were given, right
// or wrong: the API is who judges them, and names the one that is wrong.

/** They may have several values; one with a leading "-" means none of that. */
export const LISTS = ['actor_type', 'agent_name', 'user_name', 'capability', 'status', 'policy_tier',
	'session_id', 'call_id', 'source'] as const;

/** They have one value, or "". */
const TEXTS = ['from', 'to', 'q'] as const;

/** Which part of what was found is shown. */
const PARTS = ['limit', 'offset', 'through'] as const;

export type ListName = typeof LISTS[number];
export type TextName = typeof TEXTS[number];
export type Filter = Readonly<Record<ListName, readonly string[]> & Record<TextName, string>>;

/** What the page's address says. */
export interface View extends Readonly<Record<typeof PARTS[number], string>> {
	filter: Filter;
	/** Parameters that there are not: somebody meant something by them. */
	unknown: readonly string[];
}

export const CHOICES = {
	actor_type: ['agent', 'user', 'system'],
	status: ['success', 'error', 'denied', 'pending'],
	policy_tier: ['autonomous', 'notify', 'approval_required', 'blocked'],
	source: ['gateway', 'hook', 'otlp', 'sdk', 'cli', 'dashboard', 'daemon', 'import'],
} as const;

export const PAGE_SIZES = ['25', '50', '100', '200'] as const;
export const PAGE_SIZE = '50';

/** Where no beginning is given, so long before the end. */
const DEFAULT_DAYS = 7;
const DAY_MS = 86_400_000;

const lists = (of: (name: ListName) => readonly string[]) =>
	Object.fromEntries(LISTS.map(name => [name, of(name)])) as Record<ListName, readonly string[]>;

/** All of the last days. */
export const NO_FILTER: Filter = { ...lists(() => []), q: '', from: '', to: '' };

export function isNegative(value: string): boolean {
	return value.startsWith('-');
}

// --- the address

export function readView(query: URLSearchParams): View {
	const text = (name: string) => query.get(name) ?? '';
	const names: readonly string[] = [...LISTS, ...TEXTS, ...PARTS];

	return {
		filter: {
			...lists(name => [...new Set(query.getAll(name))].filter(value => value !== '')),
			q: text('q'), from: text('from'), to: text('to'),
		},
		limit: text('limit'), offset: text('offset'), through: text('through'),
		unknown: [...new Set(query.keys())].filter(name => !names.includes(name)),
	};
}

/** The filter's parameters, always in the same order. */
export function filterQuery(filter: Filter): URLSearchParams {
	const query = new URLSearchParams();

	for (const name of LISTS)
		for (const value of filter[name])
			query.append(name, value);
	for (const name of TEXTS)
		if (filter[name] !== '')
			query.set(name, filter[name]);
	return query;
}

/** For the page's address, and for /api/audit. */
export function viewQuery(view: Omit<View, 'unknown'>): URLSearchParams {
	const query = filterQuery(view.filter);

	for (const name of PARTS)
		if (view[name] !== '')
			query.set(name, view[name]);
	return query;
}

export function isSame(one: Filter, other: Filter): boolean {
	return filterQuery(one).toString() === filterQuery(other).toString();
}

export function isEmpty(filter: Filter): boolean {
	return isSame(filter, NO_FILTER);
}

/** The view from its beginning: another filter is another set of pages. */
export function withFilter(view: View, filter: Filter): Omit<View, 'unknown'> {
	return { filter, limit: view.limit, offset: '', through: '' };
}

// --- other questions about the same entries

/** The end of a bare date is the day's end, as for the API. */
function endOf(to: string): number {
	return Date.parse(to) + (/^\d{4}-\d\d-\d\d$/.test(to) ? DAY_MS : 0);
}

/** For sums, which take no `q`, and whose own default range is another one. */
export function sumsQuery(filter: Filter): URLSearchParams {
	const query = filterQuery({ ...filter, q: '' });
	const end = endOf(filter.to);

	if (filter.from === '' && filter.to === '')
		query.set('last', `${DEFAULT_DAYS}d`);
	else if (filter.from === '' && !Number.isNaN(end))
		query.set('from', new Date(end - DEFAULT_DAYS * DAY_MS).toISOString());
	return query;
}

export type ExportFormat = 'json' | 'ndjson' | 'csv';

/** Exactly what the page counts: of the same range, and nothing newer. */
export function exportQuery(filter: Filter, format: ExportFormat, page: { from: string; through_seq: number }): URLSearchParams {
	const query = filterQuery(filter.from === '' ? { ...filter, from: page.from } : filter);

	query.set('through', String(page.through_seq));
	query.set('format', format);
	return query;
}

// --- changes

export function includes(filter: Filter, name: ListName, value: string): boolean {
	return filter[name].includes(value);
}

export function excludes(filter: Filter, name: ListName, value: string): boolean {
	return filter[name].includes(`-${value}`);
}

const ACTOR_NAMES: readonly ListName[] = ['actor_type', 'agent_name', 'user_name'];

/** Any of the values, and this one; or no more this one. Names are joined by
 * "and": whoever asks for another kind of actor does not ask for both. */
export function toggleIncluded(filter: Filter, name: ListName, value: string): Filter {
	const others = filter[name].filter(each => each !== value && each !== `-${value}`);

	if (includes(filter, name, value))
		return { ...filter, [name]: others };
	const changed = { ...filter, [name]: [...others, value] };
	if (!ACTOR_NAMES.includes(name))
		return changed;
	for (const other of ACTOR_NAMES)
		if (other !== name)
			changed[other] = filter[other].filter(isNegative);
	return changed;
}

export function toggleExcluded(filter: Filter, name: ListName, value: string): Filter {
	const others = filter[name].filter(each => each !== value && each !== `-${value}`);
	return { ...filter, [name]: excludes(filter, name, value) ? others : [...others, `-${value}`] };
}

// --- the controls

/** Of the Actor control: "", "user", "system", "agent", "agent:NAME",
 * "user:NAME"; undefined: more than it can show. */
export function actorOfFilter(filter: Filter): string | undefined {
	const given = ACTOR_NAMES.flatMap(name => filter[name].map(value => ({ name, value })));
	const [first] = given;

	if (first === undefined)
		return '';
	if (given.length > 1 || isNegative(first.value))
		return undefined;
	return first.name === 'actor_type' ? first.value : `${first.name === 'agent_name' ? 'agent' : 'user'}:${first.value}`;
}

export function withActor(filter: Filter, choice: string): Filter {
	const [type, name] = [choice.replace(/:.*/s, ''), choice.replace(/^[^:]*:?/, '')];
	return {
		...filter,
		actor_type: type !== '' && name === '' ? [type] : [],
		agent_name: type === 'agent' && name !== '' ? [name] : [],
		user_name: type === 'user' && name !== '' ? [name] : [],
	};
}

/** Several values in one field: "shell.*, -shell.exec". No value that an entry
 * could have holds a comma or a space. */
export function listText(values: readonly string[]): string {
	return values.join(', ');
}

export function readList(text: string): string[] {
	return [...new Set(text.split(/[\s,]+/).filter(value => value !== ''))];
}

// --- the same at the command line

const CONTROL = /\p{C}/u;

function shellWord(text: string): string {
	return /^[A-Za-z0-9._:@/+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** `kruxos audit query …`; undefined where it had to hold what a terminal or a
 * reader could take for something else. */
export function commandOf(filter: Filter): string | undefined {
	const words = ['kruxos audit query'];

	for (const [name, value] of filterQuery(filter)) {
		if (CONTROL.test(value))
			return undefined;
		words.push(`--${name.replaceAll('_', '-')}=${shellWord(value)}`);
	}
	return words.join(' ');
}
