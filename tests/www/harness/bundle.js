// The dashboard's modules that draw nothing, out of TypeScript, for node.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { build, root } from '../../api/harness/stack.js';

const esbuild = createRequire(join(root, 'www/'))('esbuild');

/**
 * Import `www/<path>`. `hooks`: a module that stands for preact/hooks, by its
 * path from here.
 */
export async function load(path, { hooks } = {}) {
	const outfile = join(build, 'www-tests', path.replace(/\.tsx?$/, '.mjs'));
	await esbuild.build({
		entryPoints: [join(root, 'www', path)], outfile, bundle: true, format: 'esm', platform: 'node',
		logLevel: 'error', alias: hooks === undefined ? {} : { 'preact/hooks': join(import.meta.dirname, hooks) },
	});
	return import(pathToFileURL(outfile));
}
