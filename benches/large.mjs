// One run, the figures of what is large: a generated MLflow database of 100,000 runs (20 params, 7 tags, 10 metrics each, 1.1 GB) and
// a zip of 500,000 small files (14,286 runs), natively and by the page in Chromium. Beside the database: Python's sqlite3, the
// floor; SQLite compiled to wasm in the same browser; and MLflow's server with its own page on a copy. Beside the zip: `unzip -tq`.
// `cargo xtask bench --large` builds what is measured and starts this; the first time it makes the data. Prints a table, then the same
// as one line of JSON.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT, serve } from '../tests/e2e/site.mjs';
import { bytesOf, DATA, generate, inBrowser, merge, openInPage, program, python, report, TIMES, TOOL } from './measure.mjs';
import { start } from './server.mjs';

const RUNS = 100_000;
const POINTS = 1;
/** Points a metric of each hundredth run. */
const LONG = 100;
const DATABASE = join(DATA, `database-${RUNS}-${POINTS}-${LONG}.db`);
const ZIP = { path: join(DATA, 'runs-14286.zip'), runs: 14_286, open: 'files' };
/** Files of a run in the zip. */
const FILES = 35;
/** A run whose histories nobody has read before: it is one of the long ones, far from the newest. */
const RUN = `bench-${RUNS / 2 - 1}`;

const results = [];
const row = (input, how, figures, more) => results.push({ input, how, ...figures, ...more });

async function database(site) {
  generate(DATABASE, (part) => python('database.py', 'make', part, RUNS, POINTS, LONG));
  const of = (ms) => ({ runs_per_s: (RUNS * 1e3) / ms, of_floor: ms / floor.ms });
  const floor = Object.fromEntries([['ms', 'read'], ['first_rows_ms', 'first'], ['history_ms', 'history']].map(([name, what]) => [name, Number(python('database.py', what, DATABASE))]));
  row('database', 'Python sqlite3, the floor', floor, of(floor.ms));

  const env = { ...process.env, RUNGLASS_BENCH_RUNS: RUNS, RUNGLASS_BENCH_POINTS: POINTS, RUNGLASS_BENCH_LONG: LONG };
  const printed = execFileSync(process.env.CARGO ?? 'cargo', ['bench', '--locked', '--no-default-features', '--bench', 'database'], { cwd: ROOT, env, encoding: 'utf8' });
  const native = JSON.parse(printed.trim().split('\n').pop());
  row('database', 'our reader, native', { ms: native.read.ms, first_rows_ms: native.first.ms, history_ms: native.history.ms, peak_mb: native.peak_mb }, of(native.read.ms));

  const run = python('database.py', 'id', DATABASE, RUN).trim();
  const page = await openInPage(site, { path: DATABASE, runs: RUNS, open: 'files' }, (page) => historyInPage(page, run));
  row('database', 'page', page, of(page.ms));

  const wasm = await sqliteInPage();
  row('database', 'SQLite in wasm', wasm, of(wasm.ms));
  await mlflow();
}

/** From the link of a run to the first of its curves, painted. */
function historyInPage(page, run) {
  return page.evaluate(async ({ run, name }) => {
    const start = performance.now();
    const keys = new URLSearchParams(location.hash.slice(1));
    location.hash = `src=${encodeURIComponent(keys.get('src') ?? '')}&page=run&run=${run}`;
    const isOfRun = () => document.querySelector('h1')?.textContent.trim() === name;
    const isDrawn = () => isOfRun() && [...document.querySelectorAll('[data-chart]')].some((chart) => Number(chart.dataset.pointsDrawn) > 0);
    while (!isDrawn()) await new Promise(requestAnimationFrame);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return { history_ms: performance.now() - start };
  }, { run, name: RUN });
}

async function sqliteInPage() {
  const site = await serve({ dir: ROOT });
  const figures = {};
  for (let n = 0; n < TIMES; n++) {
    merge(figures, await inBrowser(async (page, watch) => {
      await page.goto(`${site.url}benches/sqlite.html`);
      const end = await watch();
      await page.setInputFiles('input', DATABASE, { timeout: 0 });
      const { figures } = await page.evaluate(() => new Promise((done, failed) => {
        const worker = new Worker(new URL('sqlite.worker.mjs', location.href), { type: 'module' });
        worker.onmessage = ({ data }) => done(data);
        worker.onerror = ({ message }) => failed(new Error(message));
        worker.postMessage(document.querySelector('input').files[0]);
      }));
      return { ...figures, ...(await end()) };
    }));
  }
  site.close();
  return figures;
}

/** MLflow's server on a copy that MLflow itself made the tables of, and its page from the navigation to its first hundred runs. */
async function mlflow() {
  const copy = generate(join(DATA, `mlflow-${RUNS}-${POINTS}-${LONG}`, 'mlflow.db'), (part) => {
    python('servers.py', 'empty', part);
    python('database.py', 'copy', DATABASE, part);
  });
  const server = await start(copy);
  const figures = {};
  for (let n = 0; n < TIMES; n++) {
    merge(figures, await inBrowser(async (page, watch) => {
      const end = await watch();
      const start = performance.now();
      const asked = page.waitForResponse((answer) => answer.url().includes('/runs/search') && answer.ok(), { timeout: 300_000 });
      await page.goto(`${server.url}/#/experiments/1/runs`, { timeout: 300_000 });
      const { runs } = await (await asked).json();
      // of the newest first
      await page.getByText(runs.at(-1).info.run_name, { exact: true }).first().waitFor({ state: 'attached', timeout: 300_000 });
      return { first_rows_ms: performance.now() - start, ...(await end()) };
    }));
  }
  row('database', 'mlflow server and its page, first 100 runs', figures);
  await server.stop();
}

async function zip(site) {
  generate(ZIP.path, (part) => python('data.py', part, ZIP.runs));
  const floor = program('unzip', '-tq', ZIP.path);
  const of = ({ ms }) => ({ mb_per_s: bytesOf(ZIP.path) / 1e3 / ms, entries_per_s: (ZIP.runs * FILES * 1e3) / ms, runs_per_s: (ZIP.runs * 1e3) / ms, of_floor: ms / floor.ms });
  row('zip', 'unzip -tq, the floor', floor, of(floor));
  const tool = program(TOOL, 'inspect', '--summary', ZIP.path);
  row('zip', 'command line', tool, of(tool));
  const page = await openInPage(site, ZIP);
  row('zip', 'page', page, of(page));
}

const site = await serve();
await database(site);
await zip(site);
site.close();
report(results);
