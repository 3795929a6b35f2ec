import { useEffect } from 'preact/hooks';

import { shell } from './words/shell';

/** What the browser's tab says. */
export function useTitle(title: string): void {
	useEffect(() => {
		document.title = `${title} · ${shell.product}`;
	}, [title]);
}
