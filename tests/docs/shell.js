// What a line of shell would run, without running it: as much of the language as
// is written in pages.

const separators = /^(?:&&|\|\||[|&;\n()])/;
const redirection = /^[0-9]*(?:>>|>&|<<<|<|>)&?/;

/**
 * The simple commands of `text`, each a list of words without quotes and
 * redirections; those in $(…) and <(…) too.
 */
export function commandsOf(text) {
	const commands = [];
	let words = [], word = null, skipsWord = false;

	const endWord = () => {
		if (word !== null && !skipsWord)
			words.push(word);
		if (word !== null)
			skipsWord = false;
		word = null;
	};
	const endCommand = () => {
		endWord();
		if (words.length > 0)
			commands.push(words);
		words = [];
	};
	/** The length of `(…)` at the front of `rest`. */
	const inParentheses = rest => {
		let depth = 0, quote = null;
		for (let i = 0; i < rest.length; i++) {
			if (quote !== null)
				quote = rest[i] === quote ? null : quote;
			else if (rest[i] === '\'')
				quote = '\'';
			else if (rest[i] === '(')
				depth++;
			else if (rest[i] === ')' && --depth === 0)
				return i + 1;
		}
		return rest.length;
	};
	/** A `$(…)` or `<(…)` at the front of `rest`: its length. */
	const substitute = rest => {
		const length = 1 + inParentheses(rest.slice(1));
		commands.push(...commandsOf(rest.slice(2, length - 1)));
		word = `${word ?? ''}substituted`;
		return length;
	};

	for (let rest = text; rest !== '';) {
		let length = 1, found;
		if (rest.startsWith('\\\n')) {
			length = 2;
		} else if (/^[$<]\(/.test(rest)) {
			length = substitute(rest);
		} else if (word === null && (found = redirection.exec(rest))) {
			length = found[0].length;
			skipsWord = !found[0].endsWith('&');
			word = found[0].endsWith('&') ? null : word;
			if (found[0].endsWith('&'))
				length += /^[0-9-]*/.exec(rest.slice(length))[0].length;
		} else if (/^[<>]/.test(rest)) {
			endWord();
			length = 0;
		} else if (word === null && rest[0] === '#') {
			length = /^[^\n]*/.exec(rest)[0].length;
		} else if ((found = separators.exec(rest))) {
			endCommand();
			length = found[0].length;
		} else if (/^[ \t]/.test(rest)) {
			endWord();
		} else if (rest[0] === '\'') {
			length = Math.max(rest.indexOf('\'', 1), 0) + 1;
			word = (word ?? '') + rest.slice(1, length - 1);
		} else if (rest[0] === '"') {
			word ??= '';
			for (length = 1; length < rest.length && rest[length] !== '"';) {
				if (rest.startsWith('$(', length)) {
					length += substitute(rest.slice(length));
					continue;
				}
				if (rest[length] === '\\')
					length++;
				word += rest[length++];
			}
			length++;
		} else if (rest[0] === '\\') {
			word = (word ?? '') + (rest[1] ?? '');
			length = 2;
		} else {
			word = (word ?? '') + rest[0];
		}
		rest = rest.slice(length);
	}
	endCommand();
	return commands;
}

/** Without what stands before a command's name: variables, sudo and its kind. */
export function withoutPrefix(words) {
	let i = 0;
	for (; i < words.length; i++) {
		if (/^[A-Za-z_][A-Za-z0-9_]*=/.test(words[i]) || words[i] === 'exec' || words[i] === '!')
			continue;
		if (words[i] === 'sudo') {
			if (words[i + 1] === '-u')
				i += 2;
			continue;
		}
		break;
	}
	return words.slice(i);
}
