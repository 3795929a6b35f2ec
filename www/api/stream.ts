// Entries as they become durable, by the browser's own EventSource. It comes back
// by itself with the last id it has seen, unless the server refused it: then it
// is opened again here. It cannot say that a sign-in has ended; that is asked.

import type { Gap, Row } from '../feed';
import { loadSession } from './session';
import type { Entry } from './types';

export interface StreamListener {
	onOpen: () => void;
	onRow: (row: Row) => void;
	/** The connection is gone; it is tried again. */
	onDrop: () => void;
}

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 15_000;

export class Stream {
	readonly #filters: string;
	readonly #listener: StreamListener;
	#last: number;
	#source: EventSource | undefined;
	#timer: number | undefined;
	#failures = 0;

	/** `after`: the last seq that is known; `filters`: the query for the rest. */
	constructor(filters: string, after: number, listener: StreamListener) {
		this.#filters = filters;
		this.#last = after;
		this.#listener = listener;
	}

	/** It may be opened again, and goes on where it was closed. */
	close(): void {
		clearTimeout(this.#timer);
		this.#source?.close();
		this.#source = undefined;
	}

	/** Open it now, whatever it waits for. */
	open(): void {
		const query = new URLSearchParams(this.#filters);

		this.close();
		query.set('after', String(this.#last));
		const source = this.#source = new EventSource(`/api/activity/stream?${query}`);
		source.onopen = () => {
			this.#failures = 0;
			this.#listener.onOpen();
		};
		source.onerror = () => this.#dropped(source);
		source.addEventListener('entry', event => this.#came(event, (entry: Entry, seq) => ({ seq, entry })));
		source.addEventListener('gap', event => this.#came(event, (gap: Gap, seq) => ({ seq, gap })));
	}

	#came<T>(event: MessageEvent<string>, rowOf: (data: T, seq: number) => Row): void {
		this.#last = Number(event.lastEventId);
		this.#listener.onRow(rowOf(JSON.parse(event.data) as T, this.#last));
	}

	#dropped(source: EventSource): void {
		this.#listener.onDrop();
		loadSession({ background: true }).catch(() => {
			// Nobody answers at all: the stream is tried on.
		});
		if (source.readyState === EventSource.CLOSED)
			this.#timer = setTimeout(() => this.open(),
				Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++));
	}
}
