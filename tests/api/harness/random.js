// Chance that comes out the same each time: mulberry32.

export function random(seed) {
	let state = seed >>> 0;
	const next = () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let value = Math.imul(state ^ (state >>> 15), state | 1);
		value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
		return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
	};
	return {
		below: limit => Math.floor(next() * limit),
		pick: list => list[Math.floor(next() * list.length)],
		chance: probability => next() < probability,
	};
}
