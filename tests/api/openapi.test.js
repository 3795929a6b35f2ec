import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answers, api, assertShape } from './harness/contract.js';

test('every example of the document has the shape that stands beside it', () => {
	let compared = 0;
	for (const { path, status, type, content } of answers()) {
		const examples = content.example !== undefined
			? [content.example]
			: Object.values(content.examples ?? {}).map(({ value }) => value);
		for (const example of examples) {
			assertShape(content.schema, example, `the example of ${status} ${path}`);
			compared++;
		}
		if (type.endsWith('json') && type !== 'application/x-ndjson')
			assert.ok(examples.length > 0, `${status} ${path} has no example`);
	}
	assert.ok(compared > 20);
});

test('every operation has a name of its own', () => {
	const names = Object.values(api.paths).map(item => item.get.operationId);
	assert.equal(new Set(names).size, names.length);
});
