// The query box: a filter as one line of text, and back.
//
//	agent:ctf-web -status:success capability:shell.* from:2026-11-20 "curl"
//
// A term is a name, a colon and a value; a "-" before it means none of that.
// What is in quotes, or stands alone, is the text that is searched for; words
// that stand side by side are one text. In quotes \" \\ \n \r \t and \u{202e}
// stand for characters, so that none is invisible.
//
// parseQuery(formatQuery(filter)) is the filter, whatever it holds.

import { isNegative, LISTS, NO_FILTER, type Filter, type ListName, type TextName } from './filter';
import { pieces } from './visible';

/** The box's own, shorter names, in the order in which it writes them. */
export const SHORT_NAMES = {
	agent: 'agent_name', user: 'user_name', actor: 'actor_type', status: 'status', capability: 'capability',
	tier: 'policy_tier', session: 'session_id', call: 'call_id', source: 'source', from: 'from', to: 'to',
} as const satisfies Record<string, ListName | 'from' | 'to'>;

export type ShortName = keyof typeof SHORT_NAMES;

const NAMES = new Map<string, ListName | TextName>([
	...Object.entries(SHORT_NAMES), ...LISTS.map(name => [name, name] as const),
]);

export type QueryErrorCode = 'unknown_name' | 'no_value' | 'open_quote' | 'second_text' | 'negative_text' | 'negative_time' | 'twice' | 'bad_escape';

export interface QueryError {
	code: QueryErrorCode;
	/** The term that is wrong. */
	term: string;
}

/** A stretch of the box's text, between white space. */
export interface Term {
	start: number;
	end: number;
	isNegative: boolean;
	/** Before the colon; undefined where it is text to search for. */
	name: string | undefined;
	value: string;
	isQuoted: boolean;
	error?: QueryErrorCode;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

/** The quoted string that begins at `start`. */
function readQuoted(text: string, start: number): Pick<Term, 'end' | 'value' | 'error'> {
	let value = '';
	let at = start + 1;

	for (; at < text.length && text[at] !== '"'; at++) {
		const next = text[at + 1] ?? '';
		if (text[at] !== '\\') {
			value += text[at];
			continue;
		}
		const code = /^\\u\{([0-9a-f]{1,6})\}/i.exec(text.slice(at, at + 10));
		if (code !== null) {
			const number = parseInt(code[1] as string, 16);
			if (number > 0x10ffff)
				return { end: text.length, value, error: 'bad_escape' };
			value += String.fromCodePoint(number);
			at += code[0].length - 1;
		} else if (next in ESCAPES) {
			value += ESCAPES[next];
			at++;
		} else {
			value += '\\';
		}
	}
	return at < text.length ? { end: at + 1, value } : { end: at, value, error: 'open_quote' };
}

function readTerm(text: string, start: number): Term {
	const [, sign = '', name] = /^(-?)(?:([a-z_]+):(?!\/\/))?/i.exec(text.slice(start)) ?? [];
	const isTerm = name !== undefined || text[start + 1] === '"';
	const from = start + (isTerm ? sign.length : 0) + (name === undefined ? 0 : name.length + 1);
	const common = { start, name, isNegative: isTerm && sign === '-' };

	if (text[from] === '"')
		return { ...common, ...readQuoted(text, from), isQuoted: true };
	const value = /^\S*/.exec(text.slice(from))?.[0] ?? '';
	return { ...common, end: from + value.length, value, isQuoted: false };
}

export function readTerms(text: string): Term[] {
	const terms: Term[] = [];

	for (let at = 0; at < text.length;) {
		if (/\s/.test(text[at] as string)) {
			at++;
			continue;
		}
		const term = readTerm(text, at);
		terms.push(term);
		at = term.end;
	}
	return terms;
}

type Changed = { -readonly [K in keyof Filter]: Filter[K] };

/** Take a term with a name into the filter. */
function takeNamed(filter: Changed, term: Term): QueryErrorCode | undefined {
	const name = NAMES.get((term.name as string).toLowerCase());

	if (name === undefined)
		return 'unknown_name';
	if (term.value === '' && !(term.isNegative && term.isQuoted))
		return 'no_value';
	if (name === 'from' || name === 'to') {
		if (term.isNegative)
			return 'negative_time';
		if (filter[name] !== '')
			return 'twice';
		filter[name] = term.value;
		return undefined;
	}
	const value = `${term.isNegative ? '-' : ''}${term.value}`;
	if (!filter[name as ListName].includes(value))
		filter[name as ListName] = [...filter[name as ListName], value];
	return undefined;
}

/** Take a text into the filter; `before` is the term before it. */
function takeText(filter: Changed, term: Term, before: Term | undefined): QueryErrorCode | undefined {
	if (term.isNegative)
		return 'negative_text';
	const isNextWord = before !== undefined && before.name === undefined && !before.isQuoted && !term.isQuoted;
	if (filter.q !== '' && !isNextWord)
		return 'second_text';
	filter.q = isNextWord ? `${filter.q} ${term.value}` : term.value;
	return undefined;
}

/** The filter that the text says, or the first thing in it that is wrong. */
export function parseQuery(text: string): { filter: Filter } | { error: QueryError } {
	const filter: Changed = { ...NO_FILTER };
	const terms = readTerms(text);

	for (const [index, term] of terms.entries()) {
		const code = term.error ?? (term.name === undefined
			? takeText(filter, term, terms[index - 1]) : takeNamed(filter, term));
		if (code !== undefined)
			return { error: { code, term: text.slice(term.start, term.end) } };
	}
	return { filter };
}

const WRITTEN: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', '\\': '\\\\' };

function quote(text: string): string {
	const inside = pieces(text).map(piece => piece.isControl
		? `\\u{${piece.text.slice(2).toLowerCase()}}`
		: piece.text.replaceAll(/[\n\r\t"\\]/g, character => WRITTEN[character] as string));
	return `"${inside.join('')}"`;
}

/** A value as it stands behind a colon. */
export function queryValue(value: string): string {
	const isPlain = value !== '' && !/[\s"\\]|^\/\//.test(value) && pieces(value).every(piece => !piece.isControl);
	return isPlain ? value : quote(value);
}

export function formatQuery(filter: Filter): string {
	const terms: string[] = [];

	for (const [short, name] of Object.entries(SHORT_NAMES))
		for (const value of [filter[name]].flat())
			if (value !== '')
				terms.push(isNegative(value) && name !== 'from' && name !== 'to'
					? `-${short}:${queryValue(value.slice(1))}` : `${short}:${queryValue(value)}`);
	if (filter.q !== '')
		terms.push(quote(filter.q));
	return terms.join(' ');
}
