import type { ComponentChildren } from 'preact';

import { GAP } from '../words/shell';

/** A sentence of the catalogue with something in its gap. */
export function Sentence({ text, children }: { text: string; children: ComponentChildren }) {
	const [before, after] = text.split(GAP);

	return <>{before}{children}{after}</>;
}
