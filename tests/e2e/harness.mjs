// What the tests in a browser stand on: a page that fails its test at the first error, and the few acts that need the
// browser's own protocol. It knows the page's promised hooks, not its insides.
//
//   import { assert, idle, pageTest } from './harness.mjs';
//   pageTest('opens a zip', async ({ page, site }) => { ... });

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { launch, ROOT, serve } from './site.mjs';

export { assert, ROOT, serve };

const SHOTS = join(ROOT, 'target/shots');

/** One test, all in: under load a page is slow, and Playwright's own limits are too short for a large folder. */
const LIMIT_MS = 120_000;

let launched;
/** The one Chromium of a test file; it ends with the file. */
function browser() {
  launched ??= launch();
  return launched;
}
after(async () => (await launched)?.close());

/**
 * A test with a page of its own. Errors of the page (a panic, a line on the console, a refused request) fail it at once.
 *
 * Options: `path` of the site; `hash`, what follows `#` in the first address; `theme`, "light" or "dark", of the system;
 * `viewport`; `open: false` leaves the page blank; `expected`, patterns of errors that are part of the test; `init`, a
 * function to run in the page before its own scripts; `secure` serves the site by https; `flags` of a Chromium of its own.
 */
export function pageTest(name, options, body) {
  if (typeof options === 'function') [options, body] = [{}, options];
  test(name, { timeout: LIMIT_MS }, async () => {
    const { path, hash = '', theme = 'light', viewport = { width: 1280, height: 800 }, open = true } = options;
    const expected = options.expected ?? [];
    const site = await serve({ path, secure: options.secure });
    const own = options.flags && (await launch(options.flags));
    const context = await (own ?? (await browser())).newContext({ colorScheme: theme, viewport, acceptDownloads: true });
    context.setDefaultTimeout(0);
    try {
      const page = await context.newPage();
      if (options.init) await page.addInitScript(options.init);
      const broken = new Promise((_, reject) => {
        const complain = (what, text) => {
          if (!expected.some((pattern) => pattern.test(text))) reject(new Error(`${what}: ${text}`));
        };
        page.on('pageerror', (error) => complain('error in the page', error.stack ?? String(error)));
        page.on('crash', () => complain('the page crashed', ''));
        page.on('console', (message) => {
          if (message.type() === 'error') complain('error on the console', message.text());
        });
      });
      const run = async () => {
        if (open) await page.goto(`${site.url}${hash && `#${hash}`}`);
        await body({ page, context, site });
      };
      await Promise.race([run(), broken]);
    } finally {
      await context.close();
      await own?.close();
      site.close();
    }
  });
}

/** Waits until nothing is in flight and the last frame is painted; fails at once where the page shows an error instead. */
export async function idle(page) {
  const html = page.locator('html:is([data-runglass=idle], [data-runglass=error])');
  await html.waitFor();
  assert.equal(await html.getAttribute('data-runglass'), 'idle', await page.locator('body').innerText());
}

/** Picks files with the page's own control: "files" or "folder" (then one path, of a directory). */
export async function pickPaths(page, kind, paths) {
  await page.locator(`input[type=file][data-open=${kind}]`).setInputFiles(paths.map((path) => resolve(ROOT, path)));
}

/** Drags files and folders of this machine over the page and drops them, as a file manager does. */
export async function dropPaths(page, paths, { x = 200, y = 200, drop = true } = {}) {
  const files = paths.map((path) => resolve(ROOT, path));
  for (const path of files) assert.ok(existsSync(path), `${path} does not exist`);
  const protocol = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of drop ? ['dragEnter', 'dragOver', 'drop'] : ['dragEnter', 'dragOver']) {
    await protocol.send('Input.dispatchDragEvent', { type, x, y, data });
  }
  await protocol.detach();
}

/** Asserts that axe-core finds nothing in the page as it stands. */
export async function axe(page) {
  const source = await readFile(join(ROOT, 'node_modules/axe-core/axe.min.js'), 'utf8');
  // Evaluated by the protocol, so that the page's own policy has no say in it.
  await page.evaluate(source);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`));
  });
  assert.deepEqual(found, []);
}

/** Keeps a picture as `target/shots/NAME.png`. */
export async function shot(page, name) {
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

/** A directory that ends with the test file. */
export async function scratch() {
  const dir = await mkdtemp(join(tmpdir(), 'runglass-'));
  after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}
