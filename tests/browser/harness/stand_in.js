// In place of what nginx and session.fcgi will do on the dashboard's port: the
// pages, with their headers; a sign-in that is always there; the API, read from
// api.sock; changes, made through the door in the name of who runs the tests.

import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { extname, join } from 'node:path';

import { root } from '../../api/harness/stack.js';

const pages = join(root, 'build/www');
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const headers = {
	'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
		"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'",
	'X-Content-Type-Options': 'nosniff',
};

function session() {
	const at = ms => new Date(Date.now() + ms).toISOString();
	return {
		id: '1', name: 'ada', role: 'operator', via: 'session', scope: 'operate', csrf: 'x',
		expires_at: at(43_200_000), idle_expires_at: at(1_800_000),
		sessions: [{
			id: '1', created_at: at(0), last_used_at: at(0), expires_at: at(43_200_000),
			address: '127.0.0.1', user_agent: 'a browser', current: true,
		}],
	};
}

/** Which command of the door a POST is. */
const changes = [
	[/^\/api\/alerts\/(\d+)\/acknowledge$/, 'alerts.acknowledge'],
	[/^\/api\/silences$/, 'silences.add'],
	[/^\/api\/silences\/(\d+)\/end$/, 'silences.remove'],
	[/^\/api\/proxy\/writes\/([^/]+)\/cancel$/, 'proxy.cancel'],
	[/^\/api\/proxy\/writes\/([^/]+)\/retry$/, 'proxy.retry'],
	[/^\/api\/proxy\/writes\/([^/]+)\/discard$/, 'proxy.discard'],
];

const statuses = { not_found: 404, not_allowed: 403, conflict: 409, audit_unavailable: 503 };

function answer(reply, status, body) {
	reply.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' });
	reply.end(JSON.stringify(status < 400 ? body : { type: 'about:blank', title: String(status), status, ...body }));
}

async function change(stack, url, body, reply) {
	const [pattern, verb] = changes.find(([pattern]) => pattern.test(url.pathname)) ?? [];
	if (pattern === undefined)
		return answer(reply, 404, { detail: 'nothing stands here' });
	const [, id] = pattern.exec(url.pathname);
	const door = await stack.door();
	await door.write(JSON.stringify({
		do: verb, id: '1', args: { ...JSON.parse(body), ...(id === undefined ? {} : { id: decodeURIComponent(id) }) },
	}) + '\n');
	const { ok, error, detail, field } = await door.answer();
	door.close();
	if (error === undefined)
		answer(reply, 200, ok);
	else
		answer(reply, statuses[error] ?? 400, { detail, parameter: field });
}

function relay(stack, request, reply) {
	const { origin: _origin, ...rest } = request.headers; // another one than api.sock's
	const up = http.request({
		...stack.api, path: request.url, headers: { ...rest, host: 'localhost' },
	}, response => {
		reply.writeHead(response.statusCode, response.headers);
		response.pipe(reply);
	});
	up.on('error', () => answer(reply, 502, { detail: 'nobody answers' }));
	reply.on('close', () => up.destroy());
	up.end();
}

function page(url, reply) {
	const file = url.pathname.startsWith('/assets/') ? join(pages, url.pathname) : join(pages, 'index.html');
	if (!existsSync(file))
		return answer(reply, 404, {});
	reply.writeHead(200, { 'Content-Type': types[extname(file)], ...headers });
	reply.end(readFileSync(file));
}

/** Listen on a port of the loopback: { origin, close() }. */
export async function standIn(stack) {
	const server = http.createServer(async (request, reply) => {
		const url = new URL(request.url, 'http://localhost');
		let body = '';

		for await (const piece of request)
			body += piece;
		if (!url.pathname.startsWith('/api/'))
			page(url, reply);
		else if (url.pathname === '/api/session')
			answer(reply, 200, session());
		else if (request.method === 'POST')
			await change(stack, url, body, reply).catch(error => answer(reply, 503, { detail: error.message }));
		else
			relay(stack, request, reply);
	});
	await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
	return {
		origin: `http://127.0.0.1:${server.address().port}`,
		close: () => new Promise(resolve => {
			server.close(resolve);
			server.closeAllConnections();
		}),
	};
}
