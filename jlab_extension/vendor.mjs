/* Writes the search of a portfolio's index page, src/hornbook/publish/assets/minisearch.js, of the package that package-lock.json names.
   It stands in the repository, so that the Python side is built without node: `npm ci && npm run vendor` makes it again. */
import { readFileSync, writeFileSync } from 'node:fs';
import { minify } from 'terser';

const home = new URL('node_modules/minisearch/', import.meta.url);
const read = (name) => readFileSync(new URL(name, home), 'utf-8');
const { version } = JSON.parse(read('package.json'));
const { code } = await minify(read('dist/umd/index.js'), { ecma: 2020, compress: { passes: 2 }, format: { comments: false } });
const notice = `/*! MiniSearch ${version}\n\n${read('LICENSE.txt').trim()}\n*/\n`;
writeFileSync(new URL('../src/hornbook/publish/assets/minisearch.js', import.meta.url), `${notice}${code}\n`);
