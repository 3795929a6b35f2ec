// Make the dashboard's files: node www/build.js [TO]
//
// TypeScript and CSS become a few files under TO/assets whose names hold their
// hash, so that they may be kept for ever, each with its gzip beside it; and
// TO/index.html names them. What is in www/ and what npm has put into
// www/node_modules is all that it reads. It fails when a page would be heavier
// than it may be.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import * as esbuild from 'esbuild';

const www = dirname(fileURLToPath(import.meta.url));
const to = resolve(process.argv[2] ?? join(www, '../build/www'));

// Of gzipped bytes: what is fetched before a page can be used.
const SCRIPT_LIMIT = 60 * 1024;
const STYLE_LIMIT = 15 * 1024;

/** The theme, then what every page shares, then each component and page. */
function styleSheets() {
	const of = folder => readdirSync(join(www, folder))
		.filter(name => extname(name) === '.css').sort()
		.map(name => `./${join(folder, name)}`);
	return ['./theme.css', './base.css', './app.css', ...of('components'), ...of('pages')];
}

const style = {
	name: 'style',
	setup(build) {
		build.onResolve({ filter: /^style$/ }, () => ({ path: 'style', namespace: 'style' }));
		build.onLoad({ filter: /.*/, namespace: 'style' }, () => ({
			contents: styleSheets().map(path => `@import "${path}";`).join('\n'),
			loader: 'css', resolveDir: www,
		}));
	},
};

async function bundle() {
	const shared = {
		bundle: true, minify: true, metafile: true, write: false, outdir: to, absWorkingDir: www,
		target: ['es2023'], legalComments: 'none', logLevel: 'warning',
		assetNames: 'assets/[name]-[hash]', entryNames: 'assets/[name]-[hash]',
		chunkNames: 'assets/[name]-[hash]',
	};
	const results = await Promise.all([
		esbuild.build({
			...shared, entryPoints: ['main.tsx'], format: 'esm', splitting: true,
			jsx: 'automatic', jsxImportSource: 'preact', define: { 'process.env.NODE_ENV': '"production"' },
		}),
		// It runs before the first paint, and is no module for that reason.
		esbuild.build({ ...shared, entryPoints: ['early.ts'], format: 'iife' }),
		esbuild.build({ ...shared, entryPoints: [{ in: 'style', out: 'style' }], plugins: [style] }),
		esbuild.build({ ...shared, entryPoints: ['icon.svg'], loader: { '.svg': 'copy' } }),
	]);
	return {
		files: new Map(results.flatMap(result => result.outputFiles)
			.map(file => [relative(to, file.path), Buffer.from(file.contents)])),
		outputs: Object.assign({}, ...results.map(result =>
			Object.fromEntries(Object.entries(result.metafile.outputs)
				.map(([path, output]) => [relative(to, resolve(www, path)), output])))),
	};
}

/** A file and all that it imports before it runs. */
function closure(outputs, path, found = new Set()) {
	if (found.has(path))
		return found;
	found.add(path);
	for (const { path: imported, kind } of outputs[path].imports)
		if (kind === 'import-statement')
			closure(outputs, relative(to, resolve(www, imported)), found);
	return found;
}

const { files, outputs } = await bundle();
const path = stem => [...files.keys()].find(name => basename(name).startsWith(`${stem}-`));
const size = names => [...names].reduce((sum, name) => sum + gzipSync(files.get(name), { level: 9 }).length, 0);

const main = closure(outputs, path('main'));
const failures = [];
for (const [name, output] of Object.entries(outputs)) {
	if (!/^pages\/.*\.tsx$/.test(output.entryPoint ?? ''))
		continue;
	const bytes = size(new Set([path('early'), ...main, ...closure(outputs, name)]));
	console.log(`${output.entryPoint}: ${(bytes / 1024).toFixed(1)} KiB of script`);
	if (bytes > SCRIPT_LIMIT)
		failures.push(`${output.entryPoint} needs ${bytes} bytes of script, more than ${SCRIPT_LIMIT}`);
}
const styleBytes = size([path('style')]);
console.log(`style: ${(styleBytes / 1024).toFixed(1)} KiB`);
if (styleBytes > STYLE_LIMIT)
	failures.push(`the style needs ${styleBytes} bytes, more than ${STYLE_LIMIT}`);
if (failures.length > 0) {
	console.error(failures.map(failure => `www/build.js: ${failure}`).join('\n'));
	process.exit(1);
}

const page = readFileSync(join(www, 'index.html'), 'utf8')
	.replaceAll(/@(\w+)@/g, (_, stem) => `/${path(stem)}`)
	.replace('<!-- preload -->', [...main].filter(name => name !== path('main'))
		.map(name => `<link rel="modulepreload" href="/${name}">`).join('\n'));
rmSync(to, { recursive: true, force: true });
mkdirSync(join(to, 'assets'), { recursive: true });
for (const [name, bytes] of files) {
	writeFileSync(join(to, name), bytes);
	writeFileSync(join(to, `${name}.gz`), gzipSync(bytes, { level: 9 }));
}
writeFileSync(join(to, 'index.html'), page);
