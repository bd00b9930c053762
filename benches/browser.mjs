// One run, all figures of reading: a generated zip of 2,000 runs x 35 files and a folder of 200 runs, by the command line and
// by the page in Chromium, beside `unzip -tq` of the same zip, the floor; and the bytes of the page. `cargo xtask bench`
// builds what is measured and starts this. Prints a table, then the same as one line of JSON.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DIST, serve } from '../tests/e2e/site.mjs';
import { bytesOf, DATA, generate, openInPage, program, python, report, TOOL } from './measure.mjs';

const INPUTS = [
  { name: 'zip', path: join(DATA, 'runs-2000.zip'), runs: 2000, open: 'files' },
  { name: 'folder', path: join(DATA, 'runs-200'), runs: 200, open: 'folder' },
];

const results = [];
const site = await serve();
for (const input of INPUTS) {
  const { name, path, runs } = input;
  generate(path, (part) => python('data.py', part, runs));
  const bytes = bytesOf(path);
  const row = (how, { ms, ...more }) => results.push({ input: name, how, ms, mb_per_s: bytes / 1e3 / ms, runs_per_s: (runs * 1e3) / ms, ...more });
  if (name === 'zip') row('unzip -tq, the floor', program('unzip', '-tq', path));
  row('command line', program(TOOL, 'inspect', '--summary', path));
  row('page', await openInPage(site, input));
}
site.close();

const dir = readdirSync(DIST).find((name) => name.startsWith('b-'));
const files = [join(DIST, 'index.html'), ...readdirSync(join(DIST, dir)).filter((name) => name !== 'sample.zip').map((name) => join(DIST, dir, name))];
const contents = files.filter((path) => statSync(path).isFile()).map((path) => readFileSync(path));
const page = {
  raw: contents.reduce((sum, content) => sum + content.length, 0),
  gzip: contents.reduce((sum, content) => sum + gzipSync(content, { level: 9 }).length, 0),
};
report(results, { page });
