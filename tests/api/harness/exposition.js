// The answer of /metrics, read back.

import assert from 'node:assert/strict';

const SAMPLE = /^([a-z_][a-z0-9_]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|[+-]Inf|NaN)$/;

/** Every sample, in order: { name, labels, value }. */
export function samples(text) {
	return text.split('\n').slice(0, -1).filter(line => !line.startsWith('#')).map(line => {
		const parts = SAMPLE.exec(line);
		assert.ok(parts, `no sample: ${line}`);
		const labels = Object.fromEntries(
			[...(parts[2] ?? '').matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, value]) =>
				[label, value.replaceAll(/\\(.)/g, (_, c) => c === 'n' ? '\n' : c)]));
		return { name: parts[1], labels, value: Number(parts[3].replace('Inf', 'Infinity')) };
	});
}

/** The value of the one sample of that name and those labels. */
export function sample(text, name, labels = {}) {
	const found = samples(text).filter(one => one.name === name &&
		Object.entries(labels).every(([label, value]) => one.labels[label] === value));
	assert.equal(found.length, 1, `${name} ${JSON.stringify(labels)}: ${found.length} of them`);
	return found[0].value;
}
