// One run, all figures of reading: a generated zip of 2,000 runs x 35 files and a folder of 200 runs, by the command line and
// by the page in Chromium, beside `unzip -tq` of the same zip, the floor; and the bytes of the page. `cargo xtask bench`
// builds what is measured and starts this. Prints a table, then the same as one line of JSON.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DIST, launch, ROOT, serve } from '../tests/e2e/site.mjs';

const DATA = join(ROOT, 'target/bench-data');
const INPUTS = [
  { name: 'zip', path: join(DATA, 'runs-2000.zip'), runs: 2000, open: 'files' },
  { name: 'folder', path: join(DATA, 'runs-200'), runs: 200, open: 'folder' },
];
/** Each time is the least of so many runs: what else the machine does can only add to it. The longest task is the worst. */
const TIMES = 3;

/** Bytes of all files below. */
function bytesOf(path) {
  const stat = statSync(path);
  return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0) : stat.size;
}

function leastMs(act) {
  let least = Infinity;
  for (let n = 0; n < TIMES; n++) {
    const start = performance.now();
    act();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** What the page takes from the pick to the first and the last row, and its longest task in that time. */
async function inBrowser(chromium, site, input) {
  const figures = { first_rows_ms: Infinity, all_rows_ms: Infinity, longest_task_ms: 0 };
  for (let n = 0; n < TIMES; n++) {
    const context = await chromium.newContext();
    const page = await context.newPage();
    page.on('pageerror', (error) => {
      throw error;
    });
    await page.addInitScript(() => {
      globalThis.longTasks = [];
      new PerformanceObserver((list) => longTasks.push(...list.getEntries())).observe({ type: 'longtask', buffered: true });
    });
    await page.goto(site.url);
    const control = page.locator(`input[type=file][data-open=${input.open}]`);
    await control.waitFor({ state: 'attached' });
    const start = await page.evaluate(() => performance.now());
    await control.setInputFiles(input.path, { timeout: 0 });
    const loaded = `html[data-runglass=idle][data-runs-loaded="${input.runs}"]`;
    await page.waitForSelector(loaded, { state: 'attached', timeout: 300_000 });
    const found = await page.evaluate((start) => {
      const measure = (name) => performance.getEntriesByName(`runglass:${name}`)[0]?.duration ?? NaN;
      const tasks = longTasks.filter((task) => task.startTime >= start).map((task) => task.duration);
      return { first: measure('first-rows'), all: measure('all-rows'), longest: Math.max(0, ...tasks) };
    }, start);
    figures.first_rows_ms = Math.min(figures.first_rows_ms, found.first);
    figures.all_rows_ms = Math.min(figures.all_rows_ms, found.all);
    figures.longest_task_ms = Math.max(figures.longest_task_ms, found.longest);
    await context.close();
  }
  return figures;
}

function generate() {
  mkdirSync(DATA, { recursive: true });
  for (const { path, runs } of INPUTS.filter(({ path }) => !existsSync(path))) {
    // Made under another name first: what was broken off is not taken for the whole.
    const part = path.endsWith('.zip') ? path.replace('.zip', '.part.zip') : `${path}.part`;
    execFileSync('python3', [join(ROOT, 'benches/data.py'), part, String(runs)]);
    renameSync(part, path);
  }
}

generate();
const results = [];
const chromium = await launch();
const site = await serve();
for (const input of INPUTS) {
  const { name, path, runs } = input;
  const bytes = bytesOf(path);
  const row = (how, ms, more = {}) => results.push({ input: name, how, ms, mb_per_s: bytes / 1e3 / ms, runs_per_s: (runs * 1e3) / ms, ...more });
  if (name === 'zip') row('unzip -tq, the floor', leastMs(() => execFileSync('unzip', ['-tq', path])));
  const tool = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'release/runglass');
  row('command line', leastMs(() => execFileSync(tool, ['inspect', '--summary', path])));
  const { all_rows_ms, ...more } = await inBrowser(chromium, site, input);
  row('page', all_rows_ms, more);
}
await chromium.close();
site.close();

const dir = readdirSync(DIST).find((name) => name.startsWith('b-'));
const files = [join(DIST, 'index.html'), ...readdirSync(join(DIST, dir)).filter((name) => name !== 'sample.zip').map((name) => join(DIST, dir, name))];
const contents = files.filter((path) => statSync(path).isFile()).map((path) => readFileSync(path));
const page = {
  raw: contents.reduce((sum, content) => sum + content.length, 0),
  gzip: contents.reduce((sum, content) => sum + gzipSync(content, { level: 9 }).length, 0),
};

const rounded = results.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, typeof value === 'number' ? Math.round(value * 10) / 10 : value])));
console.table(rounded);
console.log(`page: ${page.raw} bytes, ${page.gzip} compressed by gzip -9`);
console.log(JSON.stringify({ results: rounded, page }));
