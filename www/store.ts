// A value that several components look at: the least that does it.

import { useEffect, useState } from 'preact/hooks';

export class Store<T> {
	#value: T;
	#watchers = new Set<(value: T) => void>();

	constructor(value: T) {
		this.#value = value;
	}

	get(): T {
		return this.#value;
	}

	set(value: T): void {
		if (Object.is(value, this.#value))
			return;
		this.#value = value;
		for (const watcher of [...this.#watchers])
			watcher(value);
	}

	/** Hear of every change, until the function that comes back is called. */
	watch(watcher: (value: T) => void): () => void {
		this.#watchers.add(watcher);
		return () => this.#watchers.delete(watcher);
	}
}

/** The value as it is now; the component is drawn again when it changes. */
export function useStore<T>(store: Store<T>): T {
	const [value, setValue] = useState(store.get());

	useEffect(() => {
		setValue(() => store.get()); // it may have changed since
		return store.watch(changed => setValue(() => changed));
	}, [store]);
	return value;
}
