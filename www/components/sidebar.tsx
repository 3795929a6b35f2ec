// The pages, and what a user may choose.

import { alerts, unseen } from '../api/alerts';
import { endSession, session, type Session } from '../api/session';
import { theme, zone, zoneName } from '../preferences';
import { useStore } from '../store';
import { usePlace } from '../url';
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
	proxy: 'M3 6.5h12l-3-3M17 13.5H5l3 3',
};

function Pages() {
	const { path } = usePlace();
	const count = unseen(useStore(alerts)?.alerts ?? []).length;

	return <nav aria-label={shell.navigation}>
		<ul class="pages">
			{(Object.keys(icons) as PageName[]).map(page => <li key={page}>
				<a href={`/${page}`} aria-current={path.split('/')[1] === page ? 'page' : undefined}>
					<svg viewBox="0 0 20 20" aria-hidden="true"><path d={icons[page]} /></svg>
					{shell.pages[page]}
					{page === 'alerts' && count > 0 && <span class="badge">
						<span aria-hidden="true">{count > 99 ? '99+' : count}</span>
						<span class="visually-hidden">{shell.badge(count)}</span>
					</span>}
				</a>
			</li>)}
		</ul>
	</nav>;
}

function Account({ who }: { who: Session }) {
	return <details class="account">
		<summary aria-label={shell.account.label(who.name)}>
			{who.name} <span class="muted">({shell.account.roles[who.role]})</span>
		</summary>
		<h3>{shell.account.sessions}</h3>
		<ul>
			{who.sessions.map(open => <li key={open.id}>
				<span class="muted">
					{open.current ? shell.account.current : <><Ago value={open.last_used_at} everyMs={30_000} /> {open.address}</>}
				</span>
				{!open.current && <button type="button" class="small" onClick={() => void endSession(open.id)}>{shell.account.end}</button>}
			</li>)}
		</ul>
		<button type="button" onClick={() => void endSession()}>{shell.account.signOut}</button>
	</details>;
}

export function Sidebar({ onHelp }: { onHelp: () => void }) {
	const who = useStore(session);
	const chosenZone = useStore(zone);

	return <div class="sidebar">
		<a class="brand" href="/health">
			<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" fill="#10233f" /><path d="M5 17h5l3-8 5 15 3-7h6" fill="none" stroke="#6fd3a5" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round" /></svg>
			{shell.product}
		</a>
		<Pages />
		<div class="sidebar-foot">
			<Segments label={shell.zone.label} choices={{ utc: shell.zone.utc, local: shell.zone.local }}
				chosen={chosenZone} onChoose={choice => zone.set(choice)} />
			<span class="muted zone">{zoneName(chosenZone)}</span>
			<Segments label={shell.theme.label} chosen={useStore(theme)} onChoose={choice => theme.set(choice)}
				choices={{ system: shell.theme.system, light: shell.theme.light, dark: shell.theme.dark }} />
			<button type="button" class="small" onClick={onHelp}>{shell.help.open} <kbd>?</kbd></button>
			{who != null && <Account who={who} />}
		</div>
	</div>;
}
