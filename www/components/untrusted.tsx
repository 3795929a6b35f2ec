// Text of agents, always and only as text. `bdi` keeps its direction to itself.

import { useState } from 'preact/hooks';

import { formatNumber } from '../format';
import { pieces } from '../visible';
import { shell } from '../words/shell';

interface Properties {
	text: string;
	/** So many characters are shown; the rest when it is asked for. */
	limit?: number;
}

export function Untrusted({ text, limit }: Properties) {
	const [isWhole, setWhole] = useState(false);
	const isCut = limit !== undefined && !isWhole && text.length > limit;
	const shown = isCut ? text.slice(0, limit) : text;

	return <>
		<bdi class="untrusted">
			{pieces(shown).map(piece => piece.isControl
				? <span class="control" title={shell.control(piece.text)}>{piece.text}</span>
				: piece.text)}
		</bdi>
		{isCut && <button type="button" class="link" onClick={() => setWhole(true)}>
			{shell.showAll(formatNumber(text.length))}
		</button>}
	</>;
}
