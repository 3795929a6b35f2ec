import { useEffect, useState } from 'preact/hooks';

import { shell } from '../words/shell';

const SHOWN_MS = 2000;

/** Copies `text`, and says that it did. `label`: of what, for who cannot see. */
export function CopyButton({ text, label }: { text: string; label: string }) {
	const [said, setSaid] = useState<string>();

	useEffect(() => {
		if (said === undefined)
			return;
		const timer = setTimeout(() => setSaid(undefined), SHOWN_MS);
		return () => clearTimeout(timer);
	}, [said]);

	async function copy() {
		try {
			await navigator.clipboard.writeText(text);
			setSaid(shell.copied);
		} catch {
			setSaid(shell.notCopied);
		}
	}
	return <button type="button" class="small" aria-label={`${shell.copy} ${label}`} onClick={copy}>
		<span aria-live="polite">{said ?? shell.copy}</span>
	</button>;
}
