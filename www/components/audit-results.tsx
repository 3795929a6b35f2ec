// A page of the entries that match. It stands still, whatever is recorded
// meanwhile, until its reader wants to see that.

import { useEffect, useRef, useState } from 'preact/hooks';

import type { Answer } from '../api/answer';
import { countPath, exportPath } from '../api/audit';
import { usePolled } from '../api/polled';
import { mayExport, session } from '../api/session';
import type { AuditPage } from '../api/types';
import { commandOf, isEmpty, PAGE_SIZE, PAGE_SIZES, viewQuery, type ExportFormat, type Filter, type View } from '../filter';
import { formatNumber, formatTime } from '../format';
import { useKeys } from '../keys';
import { formatQuery } from '../query';
import { zone, zoneName } from '../preferences';
import { useStore } from '../store';
import { address, go } from '../url';
import { audit as words } from '../words/audit';
import { Empty } from './empty';
import { entryKeys, EntryRow } from './entry-row';
import { Time } from './time';
import { Untrusted } from './untrusted';

const COUNT_EVERY_MS = 10_000;

interface Properties {
	view: View;
	answer: Answer<AuditPage>;
	onClear: () => void;
	/** What is new is looked at. */
	onFresh: () => void;
}

type Shown = Pick<Properties, 'view'> & { page: AuditPage };

function auditAddress(view: View, changed: Partial<Pick<View, 'filter' | 'limit' | 'offset' | 'through'>>): string {
	return address('/audit', viewQuery({ ...view, ...changed }));
}

// --- what there is

/** The range in words; the default is said, too. */
function Range({ filter, page }: { filter: Filter; page: AuditPage }) {
	const { range } = words;

	if (filter.from === '' && page.to === null)
		return <>{range.week} ({range.since}<Time value={page.from} />)</>;
	if (filter.from === '' && page.to !== null)
		return <>{range.weekBefore}<Time value={page.to} /></>;
	if (page.to === null)
		return <>{range.since}<Time value={page.from} /></>;
	return <>{range.between[0]}<Time value={page.from} />{range.between[1]}<Time value={page.to} /></>;
}

function Showing({ view, page }: Shown) {
	const isExact = page.total_relation === undefined;
	const chosen = useStore(zone);

	return <p class="audit-showing" role="status">
		<strong class="number">{page.entries.length === 0 ? words.showingNone(isExact)
			: words.showing(page.offset + 1, page.offset + page.entries.length, page.total, isExact)}</strong>{' · '}
		<Range filter={view.filter} page={page} /> <span class="muted">({zoneName(chosen)})</span>
	</p>;
}

/** A search for a text that took too long: what to do to see the rest. */
function SearchOn({ view, page }: Shown) {
	if (page.next === undefined)
		return null;
	return <div class="notice notice-info">
		<p>{words.searchEnded}<span class="number">{formatNumber(page.next)}</span>.</p>
		<a class="button" href={auditAddress(view, { offset: '', through: String(page.next) })}>{words.searchOn}</a>
	</div>;
}

function IndexNotice({ page }: { page: AuditPage }) {
	if (page.index === 'current')
		return null;
	return <div class="notice notice-warn" role="status">
		<p>{page.index === 'catching_up'
			? words.behind(Math.max(0, (page.head_seq ?? 0) - page.through_seq)) : words.indexes[page.index]}</p>
	</div>;
}

/** How many have come since; by the filter, where that is quickly counted. */
function Fresh({ view, page, onShow }: Shown & { onShow: () => void }) {
	const now = usePolled<AuditPage>(countPath(view.filter, page.from), COUNT_EVERY_MS).value;

	if (now === undefined)
		return null;
	const isCounted = view.filter.q === '';
	const count = isCounted ? now.total - page.total : (now.head_seq ?? 0) - page.through_seq;
	return <div class="audit-fresh" aria-live="polite">
		{count > 0 && <button type="button" onClick={onShow}>
			<span class="number">{isCounted ? words.fresh(count) : words.unsearched(count)}</span> · {words.refresh}
		</button>}
	</div>;
}

const FORMATS: readonly ExportFormat[] = ['json', 'ndjson', 'csv'];

function Exports({ view, page }: Shown) {
	const may = mayExport(useStore(session));

	if (!may)
		return <p class="muted audit-exports">{words.exports.refused}</p>;
	const total = `${page.total_relation === undefined ? '' : '≥ '}${formatNumber(page.total)}`;
	return <div class="audit-exports" role="group" aria-label={words.exports.label}>
		{FORMATS.map(format => <a key={format} class="button" download href={exportPath(view.filter, format, page)}
			title={words.exports.title(total)}>{words.exports[format]}</a>)}
	</div>;
}

// --- pages

function PageSize({ view }: { view: View }) {
	const chosen = view.limit === '' ? PAGE_SIZE : view.limit;
	const sizes: readonly string[] = PAGE_SIZES;

	return <label class="audit-size">{words.pageSize}{' '}
		<select value={chosen} onChange={event => go(auditAddress(view, { limit: event.currentTarget.value, offset: '' }))}>
			{(sizes.includes(chosen) ? sizes : [...sizes, chosen]).map(size => <option key={size}>{size}</option>)}
		</select>
	</label>;
}

/** Links, so that they can be opened elsewhere; further pages stand still. */
function Pager({ view, page }: Shown) {
	const through = String(page.through_seq);
	const before = Math.max(0, page.offset - page.limit);
	const after = page.offset + page.limit;

	return <nav class="audit-pager" aria-label={words.pages}>
		{page.offset > 0 && <a class="button" rel="prev"
			href={auditAddress(view, { offset: before === 0 ? '' : String(before), through })}>‹ {words.newer}</a>}
		{after < page.total && <a class="button" rel="next"
			href={auditAddress(view, { offset: String(after), through })}>{words.older} ›</a>}
	</nav>;
}

// --- nothing

function Nothing({ view, page, onClear }: Shown & Pick<Properties, 'onClear'>) {
	const { nothing } = words;

	if (page.offset > 0 && page.total > 0)
		return <Empty title={nothing.beyond}>
			<a class="button" href={auditAddress(view, { offset: '' })}>{nothing.first}</a>
		</Empty>;
	if (page.total_relation !== undefined)
		return <Empty title={nothing.soFar} />;
	if (isEmpty(view.filter) && view.through === '')
		return <Empty title={nothing.fresh} command={nothing.command}>
			<p>{nothing.freshText}</p>
			<a class="button" href="/audit?from=1970-01-01">{nothing.all}</a>
		</Empty>;
	const command = commandOf(view.filter);
	return <Empty title={nothing.title} {...command === undefined ? {} : { command }}>
		{command !== undefined && <p>{nothing.text}</p>}
		<button type="button" onClick={onClear}>{words.filters.clear}</button>
	</Empty>;
}

// --- all of it

/** Which rows are open; another page has none. */
function useOpen(page: AuditPage | undefined) {
	const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
	const [toggle] = useState(() => (seq: number) => setOpen(before => {
		const after = new Set(before);
		if (!after.delete(seq))
			after.add(seq);
		return after;
	}));

	useEffect(() => setOpen(new Set()), [page?.offset, page?.through_seq]);
	return { open, toggle };
}

/** Another page is read from its top. */
function useTop(offset: string) {
	const top = useRef<HTMLElement>(null);
	const isFirst = useRef(true);

	useEffect(() => {
		if (!isFirst.current)
			top.current?.scrollIntoView({ block: 'start' });
		isFirst.current = false;
	}, [offset]);
	return top;
}

/** On paper: what was asked. */
function Printed({ view }: { view: View }) {
	const chosen = useStore(zone);

	return <p class="print-only">
		{words.printed(formatTime(new Date(), chosen), zoneName(chosen))} {location.origin}{' '}
		<code><Untrusted text={formatQuery(view.filter)} /></code>
	</p>;
}

export function AuditResults({ view, answer, onClear, onFresh }: Properties) {
	const page = answer.value;
	const { open, toggle } = useOpen(page);
	const top = useTop(view.offset);

	useKeys(entryKeys);
	if (page === undefined)
		return null;
	const shown = { view, page };
	function showFresh() {
		onFresh();
		if (view.through === '' && view.offset === '')
			answer.again();
		else
			go(auditAddress(view, { through: '', offset: '' }));
	}
	return <section class="audit-results" ref={top} aria-label={words.entries} aria-busy={answer.isAsking}>
		<Printed view={view} />
		<div class="audit-bar">
			<Showing {...shown} />
			<PageSize view={view} />
			<Exports {...shown} />
		</div>
		<IndexNotice page={page} />
		<SearchOn {...shown} />
		<Fresh key={`${countPath(view.filter, page.from)} ${page.through_seq}`} {...shown} onShow={showFresh} />
		{page.entries.length === 0 ? <Nothing {...shown} onClear={onClear} />
			: <ol class="entries">
				{page.entries.map(entry => <EntryRow key={entry.seq} entry={entry} isOpen={open.has(entry.seq)} onToggle={toggle} />)}
			</ol>}
		<Pager {...shown} />
	</section>;
}
