// The shell: which page is shown, and what surrounds it. A page is loaded when
// it is first gone to.

import { Component, type ComponentChildren, type ComponentType } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { ALERTS_EVERY_MS, ALERTS_PATH, alerts, alertsFailure, refreshAlerts, type Alerts } from './api/alerts';
import { approvals, APPROVALS_EVERY_MS, APPROVALS_PATH, approvalsFailure, refreshApprovals, type Approvals } from './api/approvals';
import { usePolled } from './api/polled';
import { session } from './api/session';
import { Banners } from './components/banners';
import { Dialog } from './components/dialog';
import { Sentence } from './components/sentence';
import { Sidebar } from './components/sidebar';
import { Ago } from './components/time';
import { focusFilter, useKeys, type Keys } from './keys';
import { useStore } from './store';
import { address, go, usePlace, type Place } from './url';
import { shell } from './words/shell';

type Page = ComponentType<{ place: Place }>;

/** The first that matches the path; a page finds its own part of it there. */
const routes: readonly [RegExp, () => Promise<{ default: Page }>][] = [
	[/^\/health$/, () => import('./pages/health')],
	[/^\/activity$/, () => import('./pages/activity')],
	[/^\/audit$/, () => import('./pages/audit')],
	[/^\/audit\/\d+$/, () => import('./pages/entry')],
	[/^\/sessions\/.+$/, () => import('./pages/session')],
	[/^\/alerts$/, () => import('./pages/alerts')],
	[/^\/approvals$/, () => import('./pages/approvals')],
	[/^\/proxy$/, () => import('./pages/proxy')],
	[/^\/sign-in$/, () => import('./pages/sign-in')],
	[/^/, () => import('./pages/not-found')],
];

const loaded = new Map<() => Promise<{ default: Page }>, Page>();

/** The page of a path, as soon as it is there. */
function usePage(path: string): { Page: Page | undefined; error: unknown } {
	const load = routes.find(([pattern]) => pattern.test(path))?.[1];
	const [state, setState] = useState<{ load?: typeof load; error?: unknown }>({});

	useEffect(() => {
		if (load === undefined || loaded.has(load))
			return;
		load().then(module => loaded.set(load, module.default))
			.then(() => setState({ load }), error => setState({ load, error }));
	}, [load]);
	return { Page: load && loaded.get(load), error: state.load === load ? state.error : undefined };
}

/** What fails in a page is said in its place; the rest goes on. */
class Guard extends Component<{ children: ComponentChildren }, { hasFailed: boolean }> {
	override state = { hasFailed: false };

	static override getDerivedStateFromError() {
		return { hasFailed: true };
	}

	override render() {
		return this.state.hasFailed ? <Broken /> : this.props.children;
	}
}

function Broken() {
	return <div class="empty" role="alert">
		<h1>{shell.broken.title}</h1>
		<p>{shell.broken.text}</p>
		<button type="button" onClick={() => location.reload()}>{shell.broken.reload}</button>
	</div>;
}

/** The alerts of every page, asked for by one. */
function useAlerts() {
	const polled = usePolled<Alerts>(ALERTS_PATH, ALERTS_EVERY_MS);

	useEffect(() => refreshAlerts.set(polled.again), [polled.again]);
	useEffect(() => alerts.set(polled.value), [polled.value]);
	useEffect(() => alertsFailure.set(polled.error), [polled.error]);
	return polled.value;
}

/** What waits for a person, likewise. */
function useApprovals() {
	const polled = usePolled<Approvals>(APPROVALS_PATH, APPROVALS_EVERY_MS);

	useEffect(() => refreshApprovals.set(polled.again), [polled.again]);
	useEffect(() => approvals.set(polled.value), [polled.value]);
	useEffect(() => approvalsFailure.set(polled.error), [polled.error]);
}

function SilencesLine({ known }: { known: Alerts | undefined }) {
	if (known === undefined || known.silences === 0 || known.oldest_silence === null)
		return null;
	return <section class="silences" aria-label={shell.silencesLabel}>
		<a href="/alerts?state=silenced">
			<Sentence text={shell.silences(known.silences)}><Ago value={known.oldest_silence} /></Sentence>
		</a>
	</section>;
}

function Help({ onClose }: { onClose: () => void }) {
	return <Dialog title={shell.help.title} onClose={onClose}>
		<dl class="keys">
			{shell.help.keys.map(([key, does]) => <div key={key}>
				<dt>{key.split(' ').map(part => <kbd key={part}>{part}</kbd>)}</dt><dd>{does}</dd>
			</div>)}
		</dl>
	</Dialog>;
}

/** A page that one came to has the focus, and begins at its top. */
function useArrival(path: string) {
	const main = useRef<HTMLElement>(null);
	const isFirst = useRef(true);

	useEffect(() => {
		if (!isFirst.current) {
			main.current?.focus({ preventScroll: true });
			scrollTo(0, 0);
		}
		isFirst.current = false;
	}, [path]);
	return main;
}

function SignedIn({ place }: { place: Place }) {
	const { Page, error } = usePage(place.path);
	const [isHelping, setHelping] = useState(false);
	const known = useAlerts();
	const main = useArrival(place.path);
	const keys = useMemo<Keys>(() => ({
		'g h': () => go('/health'), 'g a': () => go('/activity'), 'g u': () => go('/audit'),
		'g l': () => go('/alerts'), 'g r': () => go('/approvals'), 'g p': () => go('/proxy'),
		'/': focusFilter, '?': () => setHelping(true),
	}), []);

	useApprovals();
	useKeys(keys);
	return <div class="shell">
		<a class="skip" href="#content">{shell.skip}</a>
		<Sidebar onHelp={() => setHelping(true)} />
		<div class="content">
			<Banners />
			<SilencesLine known={known} />
			<main id="content" ref={main} tabIndex={-1}>
				{error !== undefined ? <Broken /> : Page === undefined
					? <p class="muted" aria-busy="true">{shell.loading}</p>
					: <Guard key={place.path}><Page place={place} /></Guard>}
			</main>
		</div>
		{isHelping && <Help onClose={() => setHelping(false)} />}
	</div>;
}

function SignedOut({ place }: { place: Place }) {
	const { Page, error } = usePage('/sign-in');

	// The way back stands in the address, so that a reload does not lose it.
	useEffect(() => {
		if (place.path !== '/sign-in')
			go(address('/sign-in', new URLSearchParams({ next: address(place.path, place.query) })), { replace: true });
	}, [place]);
	return <main id="content">{error !== undefined ? <Broken /> : Page !== undefined && <Page place={place} />}</main>;
}

export function App() {
	const place = usePlace();
	const who = useStore(session);

	useEffect(() => {
		if (place.path === '/')
			go('/health', { replace: true });
	}, [place.path]);
	if (who === undefined || place.path === '/')
		return null;
	return who === null || place.path === '/sign-in' ? <SignedOut place={place} /> : <SignedIn place={place} />;
}
