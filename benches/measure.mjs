// How the benchmarks measure: programs, the page in Chromium, and the table that comes of it. It knows no input.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { launch, ROOT } from '../tests/e2e/site.mjs';

export const DATA = join(ROOT, 'target/bench-data');
/** The command line as `cargo xtask bench` built it. */
export const TOOL = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'release/runglass');
/** Each time is the least of so many runs: what else the machine does can only add to it. The longest task and the peak are the worst. */
export const TIMES = 3;

/** Bytes of all files below. */
export function bytesOf(path) {
  const stat = statSync(path);
  return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0) : stat.size;
}

/** Makes what is not there yet, under another name first: what was broken off is not taken for the whole. */
export function generate(path, make) {
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const part = join(dirname(path), `part-${path.split('/').pop()}`);
  make(part);
  renameSync(part, path);
  return path;
}

export const python = (script, ...args) => execFileSync(process.env.RUNGLASS_PYTHON ?? 'python3', [join(ROOT, 'benches', script), ...args.map(String)], { encoding: 'utf8' });

/** A program from its start to its end: its time, what the processor worked for it, and the most memory that it held. */
export function program(command, ...args) {
  const least = { ms: Infinity, cpu_ms: Infinity, peak_mb: 0 };
  for (let n = 0; n < TIMES; n++) {
    const [ms, cpu_ms, peak_mb] = JSON.parse(python('child.py', command, ...args));
    merge(least, { ms, cpu_ms, peak_mb });
  }
  return least;
}

/** Keeps the least of times, and the most of what is a peak. */
export function merge(kept, found) {
  for (const [name, value] of Object.entries(found)) {
    const worst = name.startsWith('longest') || name.startsWith('peak');
    kept[name] = worst ? Math.max(kept[name] ?? 0, value) : Math.min(kept[name] ?? Infinity, value);
  }
  return kept;
}

/**
 * One page in a browser of its own, so that its process and its memory are those of this page alone. `act` gets the page and `watch`,
 * which starts what is counted from then on and gives a function that ends it.
 */
export async function inBrowser(act) {
  const chromium = await launch();
  try {
    const page = await chromium.newPage();
    page.on('pageerror', (error) => {
      throw error;
    });
    await page.addInitScript(() => {
      globalThis.longTasks = [];
      new PerformanceObserver((list) => longTasks.push(...list.getEntries())).observe({ type: 'longtask', buffered: true });
    });
    const devtools = await chromium.newBrowserCDPSession();
    const processes = async () => (await devtools.send('SystemInfo.getProcessInfo')).processInfo;
    // what all processes of the browser worked: reading a file is the work of two
    const peakOfPage = async () => Math.max(0, ...(await processes()).filter(({ type }) => type === 'renderer').map(({ id }) => peakMb(id)));
    const cpuMs = async () => (await processes()).reduce((sum, { cpuTime }) => sum + cpuTime * 1e3, 0);
    const watch = async () => {
      const [start, cpuBefore, before_mb] = [await page.evaluate(() => performance.now()), await cpuMs(), await peakOfPage()];
      return async () => ({
        cpu_ms: (await cpuMs()) - cpuBefore,
        longest_task_ms: await page.evaluate((start) => Math.max(0, ...longTasks.filter((task) => task.startTime >= start).map((task) => task.duration)), start),
        before_mb,
        peak_mb: await peakOfPage(),
      });
    };
    return await act(page, watch);
  } finally {
    await chromium.close();
  }
}

/**
 * The most memory that a process was resident with, as Linux tells. A renderer is a page with all its workers; about 120 MB of it are
 * the browser's own program, shared with its other processes: hence `before_mb` beside it.
 */
export function peakMb(id) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Our page, from the pick to the first and the last row; then `after`, with the page, may measure more. */
export async function openInPage(site, { path, runs, open }, after = async () => ({})) {
  const figures = {};
  for (let n = 0; n < TIMES; n++) {
    merge(figures, await inBrowser(async (page, watch) => {
      await page.goto(site.url);
      const control = page.locator(`input[type=file][data-open=${open}]`);
      await control.waitFor({ state: 'attached' });
      const end = await watch();
      await control.setInputFiles(path, { timeout: 0 });
      await page.waitForSelector(`html[data-runglass=idle][data-runs-loaded="${runs}"]`, { state: 'attached', timeout: 600_000 });
      const measure = (name) => page.evaluate((name) => performance.getEntriesByName(`runglass:${name}`)[0]?.duration ?? NaN, name);
      const found = { first_rows_ms: await measure('first-rows'), ms: await measure('all-rows'), ...(await end()) };
      return { ...found, ...(await after(page)) };
    }));
  }
  return figures;
}

/** The table, and the same as one line of JSON. */
export function report(results, more) {
  const rounded = results.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, typeof value === 'number' ? Math.round(value * 10) / 10 : value])));
  console.table(rounded);
  console.log(JSON.stringify({ results: rounded, ...more }));
}
