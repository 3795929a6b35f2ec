// What this browser remembers of its user's choices. A browser that keeps
// nothing (a private window, a full disk) forgets, and that is all.

const PREFIX = 'kruxos.';

export function recall(key: string): string | null {
	try {
		return localStorage.getItem(PREFIX + key);
	} catch {
		return null;
	}
}

export function remember(key: string, value: string): void {
	try {
		localStorage.setItem(PREFIX + key, value);
	} catch {
		// It holds until the page is left.
	}
}
