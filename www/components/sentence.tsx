import type { ComponentChildren } from 'preact';

/** A sentence of the catalogue with something in its gap, which is a NUL. */
export function Sentence({ text, children }: { text: string; children: ComponentChildren }) {
	const [before, after] = text.split('\0');

	return <>{before}{children}{after}</>;
}
