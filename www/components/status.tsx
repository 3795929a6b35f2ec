// A status: a shape, a colour and a word. Never the colour alone.

import { shell } from '../words/shell';

export type Status = keyof typeof shell.statuses;

const shapes = {
	// A tick, a cross, a bar, a half circle, in a box of 12.
	success: 'M2.5 6.3 5 8.8 9.5 3.6', healthy: 'M2.5 6.3 5 8.8 9.5 3.6',
	error: 'M3 3l6 6M9 3l-6 6', unhealthy: 'M3 3l6 6M9 3l-6 6',
	denied: 'M2.6 6h6.8', degraded: 'M6 2.2v4.6M6 9.3v.4',
	pending: 'M6 3v3.2l2 1.4', unknown: 'M4.2 4.4c0-2.6 3.8-2.4 3.6 0 0 1.2-1.8 1.4-1.8 2.8M6 9.4v.3',
} as const;

export function StatusDot({ status, label }: { status: Status; label?: string }) {
	return <span class={`dot dot-${status}`} title={label ?? shell.statuses[status]}>
		<svg viewBox="0 0 12 12" aria-hidden="true"><path d={shapes[status]} /></svg>
		<span class="visually-hidden">{label ?? shell.statuses[status]}</span>
	</span>;
}

/** The dot, and its word beside it. */
export function StatusText({ status, label }: { status: Status; label?: string }) {
	return <span class="status-text">
		<span class={`dot dot-${status}`} aria-hidden="true">
			<svg viewBox="0 0 12 12"><path d={shapes[status]} /></svg>
		</span>
		{label ?? shell.statuses[status]}
	</span>;
}
