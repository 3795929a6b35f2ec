import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './harness/bundle.js';

const { codeOf, pieces, visible } = await load('visible.ts');

test('plain text of any script stays one piece', () => {
	for (const text of ['exit 0', 'Prüfung bestanden', 'ファイル', 'مرحبا', '\ta\nb', '🙂', 'e\u0301'])
		assert.deepEqual(pieces(text), [{ text, isControl: false }]);
});

test('no text has no pieces', () => {
	assert.deepEqual(pieces(''), []);
	assert.equal(visible(''), '');
});

test('what a page would hide is shown by its number', () => {
	for (const [character, code] of [
		['\0', 'U+0000'], ['\u0007', 'U+0007'], ['\u001b', 'U+001B'], ['\u007f', 'U+007F'], ['\u009b', 'U+009B'],
		['\u00ad', 'U+00AD'], ['\u200b', 'U+200B'], ['\u200d', 'U+200D'], ['\u200f', 'U+200F'], ['\u202e', 'U+202E'],
		['\u2066', 'U+2066'], ['\u2069', 'U+2069'], ['\ufeff', 'U+FEFF'], ['\u3164', 'U+3164'],
		['\u{e0041}', 'U+E0041'], ['\u{e007f}', 'U+E007F'],
	]) {
		assert.equal(codeOf(character), code);
		assert.deepEqual(pieces(`a${character}b`), [
			{ text: 'a', isControl: false }, { text: code, isControl: true }, { text: 'b', isControl: false },
		], code);
	}
});

test('each of several in a row is shown, at the ends too', () => {
	assert.equal(visible('\u202etxt\u200b\u200b'), '⟨U+202E⟩txt⟨U+200B⟩⟨U+200B⟩');
});

test('what is not hidden says the whole text', () => {
	const text = '\u001b[31m<b>red</b>\u202e & \u{e0041}done';
	assert.equal(pieces(text).filter(piece => !piece.isControl).map(piece => piece.text).join(''), '[31m<b>red</b> & done');
});

test('no character of those that reorder or hide is left in a title', () => {
	const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCodePoint(code)).join('');
	assert.doesNotMatch(visible(all), /[\0-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f]/u);
});
