// A filter as one line of text, with suggestions for what stands at the caret
// (the combobox of the ARIA practices: the focus stays in the field).

import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { accept, complete, type Completion, type Known } from '../completion';
import type { Filter } from '../filter';
import { formatQuery, parseQuery, type QueryError } from '../query';
import { audit as words } from '../words/audit';
import { Untrusted } from './untrusted';

interface Properties {
	filter: Filter;
	known: Known;
	onFilter: (filter: Filter) => void;
}

/** The field's text, what is wrong with it, and what is offered. */
function useQueryText({ filter, known, onFilter }: Properties) {
	const written = formatQuery(filter);
	const input = useRef<HTMLInputElement>(null);
	const [text, setText] = useState(written);
	const [error, setError] = useState<QueryError>();
	const [offer, setOffer] = useState<Completion>();
	const [active, setActive] = useState(-1);

	function show(next: string) {
		setText(next);
		setError(undefined);
		setOffer(undefined);
	}
	useEffect(() => show(written), [written]);

	function suggest(next: string) {
		const caret = input.current?.selectionStart ?? next.length;
		const found = complete(next, caret, known);
		setOffer(found.options.length === 0 ? undefined : found);
		setActive(-1);
	}
	return {
		input, text, error, offer, active, setActive, suggest,
		close: () => setOffer(undefined),
		reset: () => show(written),
		type(next: string) {
			setText(next);
			setError(undefined);
			suggest(next);
		},
		take(option: string) {
			if (offer === undefined || input.current === null)
				return;
			const next = accept(text, offer, option);
			input.current.value = next.text;
			input.current.setSelectionRange(next.caret, next.caret);
			setText(next.text);
			suggest(next.text);
		},
		submit() {
			const parsed = parseQuery(text);
			setOffer(undefined);
			if ('error' in parsed) {
				setError(parsed.error);
				return;
			}
			show(formatQuery(parsed.filter));
			onFilter(parsed.filter);
		},
	};
}

type QueryText = ReturnType<typeof useQueryText>;

function onKey(event: KeyboardEvent, box: QueryText): void {
	const options = box.offer?.options ?? [];
	const chosen = options[box.active];
	const move = (by: number) => options.length === 0
		? box.suggest(box.text)
		: box.setActive((box.active + by + options.length + (box.active === -1 && by === -1 ? 1 : 0)) % options.length);

	switch (event.key) {
	case 'ArrowDown': move(1); break;
	case 'ArrowUp': move(-1); break;
	case 'Escape':
		if (box.offer !== undefined)
			box.close();
		else
			box.reset();
		break;
	case 'Enter': case 'Tab':
		if (chosen === undefined)
			return;
		box.take(chosen);
		break;
	default:
		return;
	}
	event.preventDefault();
}

function Syntax() {
	return <details class="query-help">
		<summary>{words.box.help}</summary>
		<dl>
			{words.box.syntax.map(([example, means]) => <div key={example}>
				<dt><code>{example}</code></dt><dd>{means}</dd>
			</div>)}
		</dl>
	</details>;
}

export function QueryBox(properties: Properties) {
	const box = useQueryText(properties);
	const id = useId();
	const options = box.offer?.options ?? [];

	useEffect(() => {
		document.getElementById(`${id}-${box.active}`)?.scrollIntoView({ block: 'nearest' });
	}, [id, box.active]);
	return <form class="query" role="search" aria-label={words.box.label} onSubmit={event => {
		event.preventDefault();
		box.submit();
	}}>
		<div class="query-line">
			<input ref={box.input} data-filter type="text" class="query-input mono" value={box.text}
				role="combobox" aria-label={words.box.label} aria-autocomplete="list" aria-haspopup="listbox"
				aria-expanded={options.length > 0} aria-controls={`${id}-list`}
				aria-activedescendant={box.active === -1 ? undefined : `${id}-${box.active}`}
				aria-invalid={box.error !== undefined} aria-describedby={`${id}-error`}
				autocomplete="off" autocapitalize="none" spellcheck={false} placeholder={words.box.placeholder}
				onInput={event => box.type(event.currentTarget.value)}
				onKeyDown={event => onKey(event, box)} onBlur={box.close} />
			<ul class="query-options" id={`${id}-list`} role="listbox" aria-label={words.box.options} hidden={options.length === 0}>
				{options.map((option, index) => <li key={option} id={`${id}-${index}`} role="option" class="mono"
					aria-selected={index === box.active} onMouseDown={event => event.preventDefault()}
					onClick={() => box.take(option)}><Untrusted text={option.trimEnd()} /></li>)}
			</ul>
			<button type="submit" class="primary">{words.box.submit}</button>
		</div>
		<p class="visually-hidden" role="status">{options.length > 0 && words.box.count(options.length)}</p>
		<p class="form-error" role="alert" id={`${id}-error`}>
			{box.error !== undefined && <><code><Untrusted text={box.error.term} limit={80} /></code>: {words.box.error(box.error.code)}</>}
		</p>
		<Syntax />
	</form>;
}
