// preact/hooks, as far as a module without a component can be tested: an effect
// happens at once, and `undo()` does what the component's end would do.

const ends = [];

export function useEffect(effect) {
	ends.push(effect() ?? (() => {}));
}

export function useState(value) {
	return [value, () => {}];
}

/** For tests: the component of the latest effect is gone. */
globalThis.endLatestEffect = () => ends.pop()?.();
