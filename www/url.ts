// Where the user is: the path and the query of the address, which hold all that
// one would bookmark. Pages read them from `place` and write them by `go`.

import { useStore, Store } from './store';

export interface Place {
	readonly path: string;
	readonly query: URLSearchParams;
	/** "#…", or "". */
	readonly fragment: string;
}

function current(): Place {
	return {
		path: location.pathname,
		query: new URLSearchParams(location.search),
		fragment: location.hash,
	};
}

export const place = new Store<Place>(current());

addEventListener('popstate', () => place.set(current()));

/** Go to an address of ours. `replace`: "back" will not come here again. */
export function go(address: string, { replace = false } = {}): void {
	history[replace ? 'replaceState' : 'pushState'](null, '', address);
	place.set(current());
}

export function usePlace(): Place {
	return useStore(place);
}

/** The address of a path and a query; without a `?` when the query is empty. */
export function address(path: string, query: URLSearchParams): string {
	const text = query.toString();
	return text === '' ? path : `${path}?${text}`;
}

/** Only a path of our own is gone to: never another site, however written. */
export function ownAddress(text: string | null, otherwise: string): string {
	const url = text?.startsWith('/') ? URL.parse(text, location.origin) : null;
	// "/.//host" is a path of ours that, written down, would be a host.
	return url !== null && url.origin === location.origin && !url.pathname.startsWith('//')
		? url.pathname + url.search + url.hash : otherwise;
}

/** A click on a link of ours is no new page, unless the user wants one. */
export function followLinks(root: HTMLElement): void {
	root.addEventListener('click', event => {
		const link = event.target instanceof Element ? event.target.closest('a') : null;

		if (link === null || event.defaultPrevented || event.button !== 0 ||
			event.ctrlKey || event.metaKey || event.shiftKey || event.altKey ||
			link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin ||
			link.pathname.startsWith('/api/'))
			return;
		if (link.hash !== '' && link.pathname === location.pathname && link.search === location.search)
			return;
		event.preventDefault();
		go(link.pathname + link.search + link.hash);
	});
}
