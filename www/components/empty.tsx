// Nothing is here, and that is no error: what it means, and what to do next.

import type { ComponentChildren } from 'preact';

import { CopyButton } from './copy-button';

export function Empty({ title, command, children }:
	{ title: string; command?: string; children?: ComponentChildren }) {
	return <div class="empty">
		<p class="empty-title">{title}</p>
		{children}
		{command !== undefined && <p class="command"><code>{command}</code> <CopyButton text={command} label={command} /></p>}
	</div>;
}
