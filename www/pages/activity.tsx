// What happens now: the newest entries, and those that come.

import { Fragment, type RefObject } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { Empty } from '../components/empty';
import { entryKeys, EntryRow } from '../components/entry-row';
import { Failure } from '../components/failure';
import { narrow, type Gap, type Row } from '../feed';
import { formatDate } from '../format';
import { useKeys, type Keys } from '../keys';
import { zone } from '../preferences';
import { useStore } from '../store';
import { useTitle } from '../title';
import { address, type Place } from '../url';
import { activity as words } from '../words/activity';
import { ActivityFilters, clearFilters, hasFilters, serverFilters } from './activity-filters';
import { useFollow, type Follow, type FollowState } from './activity-follow';

function LivePill({ state, onToggle }: { state: FollowState; onToggle: () => void }) {
	return <button type="button" class={`live live-${state}`} title={words.does[state]} onClick={onToggle}>
		<span class="live-dot" aria-hidden="true" />
		<span role="status">{words.states[state]}</span>
		<span class="visually-hidden">: {words.does[state]}</span>
	</button>;
}

/** Same filters, other page. */
function auditAddress(query: URLSearchParams): string {
	return address('/audit', query);
}

function GapRow({ gap, query }: { gap: Gap; query: URLSearchParams }) {
	return <li class="entry entry-gap">
		<p>{words.gap(gap.skipped)}{words.gapRange(gap.from, gap.to)}<a href={auditAddress(query)}>{words.gapLink}</a></p>
	</li>;
}

/** Who has scrolled, has opened an entry or goes through the list by keys reads;
 * what is read does not move. */
function useReader(isOpen: RefObject<boolean>) {
	const list = useRef<HTMLOListElement>(null);
	const isHeld = useCallback(() => isOpen.current || scrollY > 0 ||
		(list.current?.contains(document.activeElement) ?? false), [isOpen]);

	return { list, isHeld };
}

/** When the reader is done, what has waited is shown. */
function useSettling(follow: Follow, open: number | undefined) {
	const { settle } = follow;

	useEffect(() => {
		const onDone = () => settle();
		// The focus is nowhere yet while it moves on.
		const onFocusOut = () => setTimeout(onDone);
		addEventListener('scroll', onDone, { passive: true });
		addEventListener('focusout', onFocusOut);
		return () => {
			removeEventListener('scroll', onDone);
			removeEventListener('focusout', onFocusOut);
		};
	}, [settle]);
	useEffect(() => settle(), [settle, open]);
}

/** Rows say the time alone: the day stands above where it is another one than
 * that of the row above, and first of all than today. */
function useDays(rows: readonly Row[]): (string | undefined)[] {
	const chosen = useStore(zone);

	return useMemo(() => {
		let above = formatDate(new Date(), chosen);
		return rows.map(row => {
			const day = row.entry === undefined ? above : formatDate(new Date(row.entry.time), chosen);
			const isOther = day !== above;
			above = day;
			return isOther ? day : undefined;
		});
	}, [rows, chosen]);
}

function News({ count, onShow }: { count: number; onShow: () => void }) {
	return <div class="news">
		{count > 0 && <button type="button" class="primary small" onClick={onShow}>{words.news(count)}</button>}
	</div>;
}

function Nothing({ query, shown }: { query: URLSearchParams; shown: number }) {
	if (shown > 0)
		return <Empty title={words.noneShown(shown)}><a class="button" href={auditAddress(query)}>{words.searchAll}</a></Empty>;
	if (hasFilters(query))
		return <Empty title={words.noMatch}>
			<p>{words.noMatchText}</p>
			<button type="button" onClick={clearFilters}>{words.clear}</button>
		</Empty>;
	return <Empty title={words.empty} command={words.emptyCommand}><p>{words.emptyText}</p></Empty>;
}

function StateNotice({ follow }: { follow: Follow }) {
	if (follow.error !== undefined)
		return <Failure error={follow.error} onRetry={follow.again} />;
	if (follow.state === 'disconnected')
		return <div class="notice notice-warn" role="alert">
			<p>{words.dropped}</p><button type="button" onClick={follow.again}>{words.connect}</button>
		</div>;
	return null;
}

export default function Activity({ place }: { place: Place }) {
	const [open, setOpen] = useState<number>();
	const isOpen = useRef(false);
	const { list, isHeld } = useReader(isOpen);
	const follow = useFollow(serverFilters(place.query), isHeld);
	const q = place.query.get('q') ?? '';
	const rows = useMemo(() => narrow(follow.feed.rows, q), [follow.feed.rows, q]);
	isOpen.current = rows.some(row => row.seq === open);
	const days = useDays(rows);
	const waiting = q === '' ? follow.feed.waitingCount : narrow(follow.feed.waiting, q).length;
	const onToggle = useCallback((seq: number) => setOpen(known => known === seq ? undefined : seq), []);
	const keys = useMemo<Keys>(() => ({
		...entryKeys,
		Escape: () => {
			setOpen(undefined);
			(document.activeElement as HTMLElement | null)?.blur();
		},
	}), []);

	function showNews() {
		setOpen(undefined);
		follow.settle(true);
		scrollTo(0, 0);
	}
	useTitle(words.title);
	useKeys(keys);
	useSettling(follow, open);
	return <>
		<div class="page-head"><h1>{words.title}</h1><LivePill state={follow.state} onToggle={follow.toggle} /></div>
		<StateNotice follow={follow} />
		<ActivityFilters place={place} wrong={follow.error?.parameter} />
		<News count={waiting} onShow={showNews} />
		{rows.length === 0 ? follow.state !== 'connecting' && follow.error === undefined &&
			<Nothing query={place.query} shown={follow.feed.rows.length} />
			: <ol class="entries" ref={list} aria-label={words.list}>
				{rows.map((row, index) => row.entry === undefined
					? <GapRow key={`gap-${row.seq}`} gap={row.gap} query={place.query} />
					: <Fragment key={row.seq}>
						{days[index] !== undefined && <li class="entry entry-day number">{days[index]}</li>}
						<EntryRow entry={row.entry} isOpen={open === row.seq} onToggle={onToggle} clockOnly />
					</Fragment>)}
			</ol>}
	</>;
}
