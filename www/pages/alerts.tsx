// What is wrong, what somebody has seen, what is muted, what was wrong: one list
// each, by the address's `state`; its `id` opens one of them.

import { useState } from 'preact/hooks';

import { placeOf } from '../alert';
import { alertPath, alerts, ALERTS_EVERY_MS, alertsFailure, refreshAlerts, resolvedPath, type Alerts as Answer, type AlertWithHistory } from '../api/alerts';
import type { ApiError } from '../api/client';
import { usePolled } from '../api/polled';
import type { Alert } from '../api/types';
import { alertKeys, AlertRow } from '../components/alert-row';
import { Empty } from '../components/empty';
import { Failure } from '../components/failure';
import { useKeys } from '../keys';
import { useStore } from '../store';
import { useTitle } from '../title';
import { address, go, type Place } from '../url';
import { visible } from '../visible';
import { alertsWords as words } from '../words/alerts';
import { shell } from '../words/shell';
import { Silences } from './alerts-silences';

const TABS = ['firing', 'acknowledged', 'silenced', 'history'] as const;
const LASTS = ['24h', '7d', '30d'] as const;
/** More rows at once would make the page slow. */
const SHOWN = 100;

const ID_LENGTH = 60;

type Tab = typeof TABS[number];
type Last = typeof LASTS[number];

function oneOf<T extends string>(choices: readonly T[], text: string | null, otherwise: T): T {
	return choices.find(choice => choice === text) ?? otherwise;
}

/** This page's address, with some of its query changed; null takes it out. */
function changed({ path, query }: Place, change: Record<string, string | null>): string {
	const next = new URLSearchParams(query);

	for (const [name, value] of Object.entries(change))
		if (value === null)
			next.delete(name);
		else
			next.set(name, value);
	return address(path, next);
}

function Tabs({ place, current, known }: { place: Place; current: Tab; known: Alert[] | undefined }) {
	return <nav class="tabs" aria-label={words.tabs.label}>
		{TABS.map(tab => {
			const count = known?.filter(alert => placeOf(alert) === tab).length;
			return <a key={tab} href={changed(place, { state: tab, id: null })} aria-current={tab === current ? 'page' : undefined}>
				{words.tabs[tab]}
				{tab !== 'history' && count !== undefined && <>{' '}<span class="tab-count number">{count}</span></>}
			</a>;
		})}
	</nav>;
}

function Lasts({ place, current }: { place: Place; current: Last }) {
	return <nav class="segments" aria-label={words.last.label}>
		{LASTS.map(last => <a key={last} href={changed(place, { last, id: null })} aria-current={last === current ? 'page' : undefined}>
			{words.last[last]}
		</a>)}
	</nav>;
}

/** What may become an alert. */
function Pending({ list, openId, onToggle }: Omit<Listed, 'label'>) {
	if (list.length === 0)
		return null;
	return <section>
		<h2>{words.list.pending}</h2>
		<List list={list} label={words.list.pending} openId={openId} onToggle={onToggle} />
	</section>;
}

interface Listed {
	list: Alert[];
	label: string;
	openId: string | null;
	onToggle: (id: number) => void;
}

function List({ list, label, openId, onToggle }: Listed) {
	const [limit, setLimit] = useState(SHOWN);

	return <>
		<ul class="alerts" aria-label={label}>
			{list.slice(0, limit).map(alert => <AlertRow key={alert.id} alert={alert}
				isOpen={String(alert.id) === openId} onToggle={onToggle} />)}
		</ul>
		{list.length > limit && <button type="button" onClick={() => setLimit(limit + SHOWN)}>
			{words.more(Math.min(SHOWN, list.length - limit))}
		</button>}
	</>;
}

/** The alert of the address when it is not, or no longer, in the list. Only a
 * number is asked for: who knows where the path of anything else would lead. */
function Elsewhere({ id, onToggle }: { id: string; onToggle: (id: number) => void }) {
	const isNumber = /^\d{1,15}$/.test(id);
	const { value, error, again } = usePolled<AlertWithHistory>(isNumber ? alertPath(id) : null, ALERTS_EVERY_MS);
	const isUnknown = !isNumber || error?.status === 404 || error?.status === 400;

	if (value !== undefined)
		return <section aria-label={words.list.found}>
			<p>{words.elsewhere[placeOf(value)]}</p>
			<ul class="alerts"><AlertRow alert={value} isOpen onToggle={onToggle} /></ul>
		</section>;
	if (isUnknown)
		return <p class="notice notice-info" role="status">{words.unknown(visible(id.slice(0, ID_LENGTH)))}</p>;
	return error === undefined ? null : <Failure error={error} onRetry={again} />;
}

function NoAlerts({ at, last }: { at: Tab; last: Last }) {
	if (at === 'history')
		return <Empty title={words.empty.history.title(words.last[last])} command={words.empty.history.command} />;
	return <Empty {...words.empty[at]} />;
}

interface Known {
	list: Alert[] | undefined;
	error: ApiError | undefined;
	again: () => void;
}

/** The alerts of a tab: those that every page shows, or those that are over. */
function useKnown(at: Tab, last: Last): Known {
	const active = useStore(alerts);
	const error = useStore(alertsFailure);
	const resolved = usePolled<Answer>(at === 'history' ? resolvedPath(last) : null, ALERTS_EVERY_MS);

	if (at === 'history')
		return { list: resolved.value?.alerts, error: resolved.error, again: resolved.again };
	return { list: active?.alerts.filter(alert => placeOf(alert) === at), error, again: refreshAlerts.get() };
}

export default function Alerts({ place }: { place: Place }) {
	const active = useStore(alerts)?.alerts;
	const id = place.query.get('id');
	const asked = place.query.get('state');
	const named = active?.find(alert => String(alert.id) === id);
	// A link to one alert names no list: it is the one where that stands.
	const at = oneOf(TABS, asked === null && named !== undefined ? placeOf(named) : asked, 'firing');
	const last = oneOf(LASTS, place.query.get('last'), '24h');
	const { list, error, again } = useKnown(at, last);
	const pending = at === 'firing' ? active?.filter(alert => placeOf(alert) === 'pending') ?? [] : [];
	const isListed = (list ?? []).concat(pending).some(alert => String(alert.id) === id);
	const toggle = (row: number) =>
		go(changed(place, { state: at, id: String(row) === id ? null : String(row) }), { replace: true });

	useTitle(words.title);
	useKeys(alertKeys);
	return <>
		<div class="page-head"><h1>{words.title}</h1>{at === 'history' && <Lasts place={place} current={last} />}</div>
		<Tabs place={place} current={at} known={active} />
		{error !== undefined && <Failure error={error} onRetry={again} />}
		{id !== null && list !== undefined && !isListed &&
			<Elsewhere key={id} id={id} onToggle={toggle} />}
		{list === undefined ? error === undefined && <p class="muted" aria-busy="true">{shell.loading}</p>
			: list.length === 0 ? <NoAlerts at={at} last={last} />
				: <List key={at} list={list} label={words.list[at]} openId={id} onToggle={toggle} />}
		<Pending list={pending} openId={id} onToggle={toggle} />
		{at === 'silenced' && <Silences />}
	</>;
}
