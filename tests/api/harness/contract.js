// docs/openapi.yaml, as a judge: does an answer have the shape that stands
// there?

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const root = new URL('../../../', import.meta.url);
const require = createRequire(new URL('build/node/', root));
const { default: Ajv } = require('ajv/dist/2020.js');
const yaml = require('yaml');

// As one JSON schema: what the answers refer to becomes its definitions.
export const api = yaml.parse(
	readFileSync(new URL('docs/openapi.yaml', root), 'utf8')
		.replaceAll('#/components/schemas/', 'kruxos#/$defs/'));

const ajv = new Ajv({
	allErrors: true, strict: true, strictTypes: false, strictRequired: false,
});
ajv.addSchema({ $id: 'kruxos', $defs: api.components.schemas });

const compiled = new Map();

/** Assert that `value` is what `schema` (of the document) describes. */
export function assertShape(schema, value, what) {
	if (!compiled.has(schema))
		compiled.set(schema, ajv.compile(schema));
	const validate = compiled.get(schema);
	if (!validate(value))
		assert.fail(`${what} is not as docs/openapi.yaml says:\n` +
			validate.errors.map(error =>
				`  ${error.instancePath || '/'} ${error.message} ` +
				JSON.stringify(error.params)).join('\n') +
			`\n  in ${JSON.stringify(value)?.slice(0, 2000)}`);
}

/** The schema of a name under components/schemas. */
export function schemaOf(name) {
	const schema = api.components.schemas[name];
	assert.ok(schema, `docs/openapi.yaml has no schema ${name}`);
	return schema;
}

function resolve(object) {
	if (object?.$ref === undefined)
		return object;
	return object.$ref.replace(/^#\//, '').split('/')
		.reduce((place, key) => place[key], api);
}

/** Every operation in the document: { path, method, operation }. */
export function* operations() {
	for (const [path, item] of Object.entries(api.paths))
		for (const method of ['get', 'post'])
			if (item[method] !== undefined)
				yield { path, method: method.toUpperCase(), operation: item[method] };
}

/** Every answer in the document: { path, method, operation, status, type, content }. */
export function* answers() {
	for (const asked of operations())
		for (const [status, response] of Object.entries(asked.operation.responses))
			for (const [type, content] of
				Object.entries(resolve(response).content ?? {}))
				yield { ...asked, status, type, content };
}

function operationOf(path, method) {
	for (const [template, item] of Object.entries(api.paths)) {
		const pattern = template.replaceAll(/[.]/g, '\\.')
			.replace('{seq}', '[0-9]+').replace('{id}', '.+');
		if (item[method.toLowerCase()] !== undefined && new RegExp(`^${pattern}$`).test(path))
			return item[method.toLowerCase()];
	}
	assert.fail(`docs/openapi.yaml has no ${method} ${path}`);
}

/**
 * Assert that `reply` ({ status, headers, body } as the harness's http()
 * returns it) to a GET, or another `method`, of `url` is an answer of the
 * document, and return its body: parsed if it is JSON.
 */
export function assertAnswer(url, reply, method = 'GET') {
	const path = url.split('?')[0];
	const operation = operationOf(path, method);
	const what = `${reply.status} of ${method} ${url}`;
	const response = resolve(operation.responses[reply.status]);
	assert.ok(response, `${what} is not foreseen: ${reply.body}`);
	const type = reply.headers['content-type']?.split(';')[0];
	const content = response.content[type];
	assert.ok(content, `${what} has the type ${type}`);
	for (const [name, header] of Object.entries(resolve(response.headers) ?? {}))
		if (header.schema !== undefined) {
			const text = reply.headers[name.toLowerCase()];
			if (header.required === false && text === undefined)
				continue;
			assertShape(header.schema,
				header.schema.type === 'integer' ? Number(text) : text,
				`the header ${name} of ${what}`);
		}
	if (!type.endsWith('json') || type === 'application/x-ndjson')
		return reply.body;
	const value = JSON.parse(reply.body);
	assertShape(content.schema, value, what);
	return value;
}
