// A name and what is known by it, in a `<dl>`.

import type { ComponentChildren } from 'preact';

export function Fact({ name, isNumber = false, children }:
	{ name: string; isNumber?: boolean; children: ComponentChildren }) {
	return <div><dt>{name}</dt><dd class={isNumber ? 'number' : undefined}>{children}</dd></div>;
}
