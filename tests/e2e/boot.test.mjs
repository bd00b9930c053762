// The page as built: it starts anywhere, holds nothing inline, and its worker is bound by its policy.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, axe, dropPaths, pageTest, ROOT, scratch, serve, shot } from './harness.mjs';

for (const path of ['/', '/deep/er/']) {
  pageTest(`starts under ${path}`, { path }, async ({ page, site }) => {
    await page.locator('h1').first().waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    const foreign = site.requests.filter((asked) => !asked.startsWith(path));
    assert.deepEqual(foreign, []);
    const wasm = site.requests.filter((asked) => asked.endsWith('/app_bg.wasm'));
    assert.equal(wasm.length, 1, `the wasm is fetched once: ${wasm}`);
    await axe(page);
  });
}

pageTest('holds nothing inline', async ({ page }) => {
  await page.locator('h1').first().waitFor();
  const inline = await page.evaluate(() => {
    const all = [...document.querySelectorAll('*')];
    const handlers = all.flatMap((e) => [...e.attributes].filter((a) => a.name.startsWith('on')).map((a) => `${e.tagName} ${a.name}`));
    return [...handlers, ...all.filter((e) => e.matches('style, script:not([src])')).map((e) => e.tagName)];
  });
  assert.deepEqual(inline, []);
  const html = await readFile(join(ROOT, 'dist/index.html'), 'utf8');
  assert.doesNotMatch(html, /<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=/i);
});

// What runs where a worker is made. `tighten` adds the policy of a page that shows local data.
async function workerFetches({ page, site, tighten }) {
  const other = await serve();
  try {
    const app = await page.evaluate(() => document.querySelector('link[rel=modulepreload]').href);
    return await page.evaluate(
      async ({ app, other, own, tighten }) => {
        if (tighten) {
          const policy = document.createElement('meta');
          policy.httpEquiv = 'Content-Security-Policy';
          policy.content = "connect-src 'self'";
          document.head.append(policy);
        }
        const source = `
          const { default: init, worker } = await import(${JSON.stringify(app)});
          const reach = (url) => fetch(url, { mode: 'no-cors' }).then(() => true, () => false);
          await init();
          await worker();
          postMessage({ own: await reach(${JSON.stringify(own)}), other: await reach(${JSON.stringify(other)}) });`;
        const bootstrap = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
        const made = new Worker(bootstrap, { type: 'module' });
        return new Promise((done, fail) => {
          made.onmessage = ({ data }) => done(data);
          made.onerror = (error) => fail(new Error(`worker: ${error.message}`));
        });
      },
      { app, other: other.url, own: site.url, tighten },
    );
  } finally {
    other.close();
  }
}

pageTest('a worker starts from a blob, and may connect while nothing local is open', async ({ page, site }) => {
  await page.locator('h1').first().waitFor();
  assert.deepEqual(await workerFetches({ page, site, tighten: false }), { own: true, other: true });
});

const REFUSED = [/Content Security Policy/, /violates the document/];
pageTest('the policy of local data binds the worker', { expected: REFUSED }, async ({ page, site }) => {
  await page.locator('h1').first().waitFor();
  assert.deepEqual(await workerFetches({ page, site, tighten: true }), { own: true, other: false });
});

pageTest('says why, where it can not start', { init: () => delete globalThis.WebAssembly }, async ({ page }) => {
  await page.locator('html[data-runglass=error]').waitFor();
  assert.match(await page.locator('[role=alert]').innerText(), /needs WebAssembly/);
  await axe(page);
  await shot(page, 'boot-unsupported');
});

pageTest('says why, where a file is missing', { open: false, expected: [/./] }, async ({ page, site }) => {
  await page.route('**/app_bg.wasm', (route) => route.fulfill({ status: 404, body: 'gone' }));
  await page.goto(site.url);
  await page.locator('html[data-runglass=error]').waitFor();
  assert.match(await page.locator('[role=alert]').innerText(), /did not start/);
  await axe(page);
  await shot(page, 'boot-failed');
});

const stored = () => localStorage.setItem('runglass.theme', 'dark');
pageTest('the stored theme holds from the first paint', { init: stored }, async ({ page }) => {
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
});

pageTest('a drop brings files and folders as a file manager does', async ({ page }) => {
  const dir = await scratch();
  await mkdir(join(dir, 'mlruns/0'), { recursive: true });
  await writeFile(join(dir, 'mlruns/0/meta.yaml'), 'name: Default\n');
  await writeFile(join(dir, 'a.zip'), 'PK');
  const dropped = page.evaluate(
    () =>
      new Promise((done) => {
        addEventListener('dragover', (event) => event.preventDefault(), { capture: true });
        const take = (event) => {
          event.preventDefault();
          event.stopPropagation();
          const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry());
          done(entries.map((entry) => `${entry.name} ${entry.isDirectory ? 'folder' : 'file'}`).sort());
        };
        addEventListener('drop', take, { capture: true });
      }),
  );
  await page.evaluate(() => 0);
  await dropPaths(page, [join(dir, 'mlruns'), join(dir, 'a.zip')]);
  assert.deepEqual(await dropped, ['a.zip file', 'mlruns folder']);
});

pageTest('the licences of what is built in are a click away', async ({ page, site }) => {
  await page.goto(`${site.url}licences.html`);
  assert.match(await page.locator('main').innerText(), /leptos/);
});
