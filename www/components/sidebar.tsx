// The pages, and what a user may choose.

import { useState } from 'preact/hooks';

import { alerts, unseen } from '../api/alerts';
import { approvals, held } from '../api/approvals';
import { endSession, loadSession, session } from '../api/session';
import type { SignedIn } from '../api/types';
import { theme, zone, zoneName } from '../preferences';
import { useStore } from '../store';
import { usePlace } from '../url';
import { visible } from '../visible';
import { shell } from '../words/shell';
import { Segments } from './segments';
import { Ago } from './time';

export type PageName = keyof typeof shell.pages;

/** In a box of 20. */
const icons: Record<PageName, string> = {
	health: 'M2 10h4l2-5 4 10 2-5h4',
	activity: 'M4 5h12M4 10h12M4 15h7',
	audit: 'M5 2.5h7l3 3v12H5zM8 9h4M8 12.5h4',
	alerts: 'M10 2.5a5 5 0 0 1 5 5c0 4 1.5 5.5 1.5 5.5h-13S5 11.5 5 7.5a5 5 0 0 1 5-5zM8.5 16.5a1.6 1.6 0 0 0 3 0',
	approvals: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM6.8 10.3 9 12.5l4.3-4.8',
	proxy: 'M3 6.5h12l-3-3M17 13.5H5l3 3',
};

export function Mark() {
	return <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
		<rect width="32" height="32" rx="7" /><path d="M5 17h5l3-8 5 15 3-7h6" />
	</svg>;
}

function Badge({ page, count }: { page: keyof typeof shell.badges; count: number }) {
	return count === 0 ? null : <span class={`badge badge-${page}`}>
		<span aria-hidden="true">{count > 99 ? '99+' : count}</span>
		<span class="visually-hidden">{shell.badges[page](count)}</span>
	</span>;
}

function Pages() {
	const { path } = usePlace();
	const unseenCount = unseen(useStore(alerts)?.alerts ?? []).length;
	const heldCount = held(useStore(approvals)?.approvals ?? []).length;

	return <nav aria-label={shell.navigation}>
		<ul class="pages">
			{(Object.keys(icons) as PageName[]).map(page => <li key={page}>
				<a href={`/${page}`} aria-current={path.split('/')[1] === page ? 'page' : undefined}>
					<svg viewBox="0 0 20 20" aria-hidden="true"><path d={icons[page]} /></svg>
					{shell.pages[page]}
					{page === 'alerts' && <Badge page={page} count={unseenCount} />}
					{page === 'approvals' && <Badge page={page} count={heldCount} />}
				</a>
			</li>)}
		</ul>
	</nav>;
}

function OpenSessions({ who, onEnd }: { who: SignedIn; onEnd: (id: string) => void }) {
	return <>
		<h2 class="account-head">{shell.account.sessions}</h2>
		<ul>
			{who.sessions.map(open => <li key={open.id} title={visible(open.user_agent ?? '')}>
				<span class="muted">
					{open.current ? shell.account.current
						: <>{open.address ?? shell.account.nowhere} · <Ago value={open.last_used_at} everyMs={30_000} /></>}
				</span>
				{!open.current && <button type="button" class="small" onClick={() => onEnd(open.id)}>{shell.account.end}</button>}
			</li>)}
		</ul>
	</>;
}

function Account({ who }: { who: SignedIn }) {
	const [error, setError] = useState<string>();

	function end(id?: string) {
		setError(undefined);
		endSession(id).catch((failure: Error) => setError(failure.message));
	}
	return <details class="account" onToggle={event => event.currentTarget.open && void loadSession().catch(() => {})}>
		<summary>
			<span class="visually-hidden">{shell.account.label} </span>
			<span class="account-name">{who.name}</span> <span class="muted">{shell.account.roles[who.role]}</span>
		</summary>
		<OpenSessions who={who} onEnd={end} />
		<p role="alert" class="form-error">{error !== undefined && shell.failed(error)}</p>
		<button type="button" onClick={() => end()}>{shell.account.signOut}</button>
	</details>;
}

/** Always the zone, whatever it is; the browser's own has a name of its own. */
function Choices() {
	const chosenZone = useStore(zone);

	return <>
		<div>
			<Segments label={shell.zone.label} choices={{ utc: shell.zone.utc, local: shell.zone.local }}
				chosen={chosenZone} onChoose={choice => zone.set(choice)} />
			<p class="zone">{shell.zone.said(zoneName(chosenZone))}</p>
		</div>
		<Segments label={shell.theme.label} chosen={useStore(theme)} onChoose={choice => theme.set(choice)}
			choices={{ system: shell.theme.system, light: shell.theme.light, dark: shell.theme.dark }} />
	</>;
}

export function Sidebar({ onHelp }: { onHelp: () => void }) {
	const who = useStore(session);
	// Where there is little room, what may be chosen is behind a button.
	const [isOpen, setOpen] = useState(false);

	return <header class="sidebar">
		<a class="brand" href="/health"><Mark />{shell.product}</a>
		<button type="button" class="plain menu" aria-expanded={isOpen} aria-controls="choices"
			onClick={() => setOpen(!isOpen)}>{shell.menu}</button>
		<Pages />
		<div class={isOpen ? 'sidebar-foot is-open' : 'sidebar-foot'} id="choices">
			<Choices />
			<button type="button" class="small help-key" onClick={onHelp}>{shell.help.open} <kbd>?</kbd></button>
			{who != null && <Account who={who} />}
		</div>
	</header>;
}
