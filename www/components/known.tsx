import type { ComponentChildren } from 'preact';

/** A value; or, when it is not known, a dash that says why: never a zero. */
export function Known<T>({ value, why, children }:
	{ value: T | null | undefined; why: string; children: (value: T) => ComponentChildren }) {
	if (value === null || value === undefined)
		return <span class="muted" title={why}><span aria-hidden="true">—</span><span class="visually-hidden">{why}</span></span>;
	return <>{children(value)}</>;
}
