import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answers, assertShape, operations } from './harness/contract.js';

test('every example of the document has the shape that stands beside it', () => {
	let compared = 0;
	for (const { path, method, status, type, content } of answers()) {
		const examples = content.example !== undefined
			? [content.example]
			: Object.values(content.examples ?? {}).map(({ value }) => value);
		for (const example of examples) {
			assertShape(content.schema, example, `the example of ${status} ${method} ${path}`);
			compared++;
		}
		if (type.endsWith('json') && type !== 'application/x-ndjson')
			assert.ok(examples.length > 0, `${status} ${method} ${path} has no example`);
	}
	assert.ok(compared > 20);
});

test('every operation has a name of its own', () => {
	const names = [...operations()].map(({ operation }) => operation.operationId);
	assert.equal(new Set(names).size, names.length);
});

test('what changes something has a body with an example, and says who may', () => {
	let compared = 0;
	for (const { path, method, operation } of operations()) {
		if (method !== 'POST')
			continue;
		const [content, ...others] = Object.entries(operation.requestBody.content);
		assert.equal(content[0], 'application/json', path);
		// What OpenTelemetry's exporters send by default is written down nowhere here.
		assert.deepEqual(others.filter(([type]) => type !== 'application/x-protobuf'), [], path);
		assertShape(content[1].schema, content[1].example, `the body of POST ${path}`);
		assert.ok(operation.security !== undefined, `POST ${path} says nothing of who may`);
		for (const status of ['400', '401', '403', '413', '415', '503'])
			assert.ok(status in operation.responses, `POST ${path} has no ${status}`);
		compared++;
	}
	assert.ok(compared >= 7);
});
