// Words about a thing, shown to who points at it, tabs to it or taps on it; they
// stay while they are pointed at, and go by Escape (WCAG 2.2, 1.4.13).

import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';

interface Properties {
	/** What the button is about, for who cannot see where it stands. */
	label: string;
	text: string;
	/** All of it shows the words when it is pointed at. */
	children: ComponentChildren;
}

export function Hint({ label, text, children }: Properties) {
	const [isShown, setShown] = useState(false);
	const id = useId();

	return <div class="hint" onMouseEnter={() => setShown(true)} onMouseLeave={() => setShown(false)}
		onKeyDown={event => event.key === 'Escape' && setShown(false)}>
		{children}
		<button type="button" class="hint-button" aria-label={label} aria-describedby={id}
			onFocus={() => setShown(true)} onBlur={() => setShown(false)} onClick={() => setShown(true)}>i</button>
		<span id={id} role="tooltip" class="hint-text" hidden={!isShown}>{text}</span>
	</div>;
}
