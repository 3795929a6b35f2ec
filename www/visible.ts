// Text that agents wrote, for people's eyes. What a page would not show, or
// would let change what stands around it (control characters, bidi controls,
// zero-width and tag characters), is taken apart, so that it can be shown as
// what it is. The text itself is never changed where it is copied from.

/** A piece as it is, or one character by its number: "U+202E". */
export interface Piece {
	text: string;
	isControl: boolean;
}

// C0 but tab, newline and the return before one, DEL, C1; soft hyphen;
// zero-width, bidi, invisible operators; variation selectors; BOM; interlinear;
// tags.
const HIDDEN = new RegExp('\\r(?!\\n)|[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160' +
	'\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0' +
	'\\ufff0-\\ufffb\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}]', 'gu');

export function codeOf(character: string): string {
	return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

export function pieces(text: string): Piece[] {
	const found: Piece[] = [];
	let end = 0;

	for (const match of text.matchAll(HIDDEN)) {
		if (match.index > end)
			found.push({ text: text.slice(end, match.index), isControl: false });
		found.push({ text: codeOf(match[0]), isControl: true });
		end = match.index + match[0].length;
	}
	if (end < text.length)
		found.push({ text: text.slice(end), isControl: false });
	return found;
}

/** In one string, for attributes and titles: "a⟨U+202E⟩b". */
export function visible(text: string): string {
	return pieces(text).map(piece => piece.isControl ? `⟨${piece.text}⟩` : piece.text).join('');
}
