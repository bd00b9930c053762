// The page's later parts: what shows data is fetched ahead, what reads it is loaded by the worker alone. Where a part does
// not come the page says so, and Retry gets it.

import { openSample } from './acts.mjs';
import { assert, idle, pageTest, shot } from './harness.mjs';

const wasm = (site) => site.requests.filter((asked) => asked.endsWith('.wasm')).map((asked) => asked.split('/').pop());
const FAILED = [/./];

for (const path of ['/', '/deep/er/']) {
  pageTest(`the sample opens under ${path}, with what shows it fetched ahead`, { path }, async ({ page, site }) => {
    await idle(page);
    await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => name.endsWith('split_look.wasm')));
    await openSample(page);
    const asked = wasm(site);
    assert.ok(asked.includes('split_reader.wasm'), asked.join());
    assert.equal(asked.filter((name) => name === 'split_look.wasm').length, 1, 'fetched once');
    assert.deepEqual(site.requests.filter((asked) => !asked.startsWith(path)), []);
  });
}

/** Lets requests for a part fail until `mend` is called. */
async function breakPart(context, name) {
  let broken = true;
  let failed = 0;
  await context.route(`**/${name}`, (route) => {
    if (!broken) return route.continue();
    failed += 1;
    return route.abort();
  });
  return { mend: () => { broken = false; }, failed: () => failed };
}

pageTest('where the part that shows data does not come, the page says so and Retry gets it', { open: false, expected: FAILED }, async ({ page, context, site }) => {
  const part = await breakPart(context, 'split_look.wasm');
  await page.goto(site.url);
  await idle(page);
  assert.match(await page.locator('h1').innerText(), /which version/, 'the open page needs nothing of it');
  await page.locator('[data-open=sample]').click();
  await page.locator('[data-fault=PartMissing]').waitFor();
  assert.ok(part.failed() >= 2, 'fetched ahead, and once more when it was needed');
  await page.locator('html[data-runglass=error][data-runs-loaded="40"]').waitFor();
  await shot(page, 'part-missing');
  part.mend();
  await page.getByRole('button', { name: 'Retry' }).click();
  await page.locator('[data-experiment]').first().waitFor();
  await idle(page);
  assert.equal(await page.locator('html').getAttribute('data-runs-loaded'), '40', 'what was read meanwhile is there');
});

pageTest('where the part that reads does not come, Restart opens the same things', { open: false, expected: FAILED }, async ({ page, context, site }) => {
  const part = await breakPart(context, 'split_reader.wasm');
  await page.goto(site.url);
  await idle(page);
  await page.locator('[data-open=sample]').click();
  await page.locator('[data-fault=ReaderDied]').waitFor();
  assert.match(await page.locator('main').innerText(), /could not be fetched/);
  part.mend();
  await page.getByRole('button', { name: 'Restart' }).click();
  await page.locator('[data-experiment]').first().waitFor();
  await idle(page);
});

pageTest('a calm shape stands where a part is still on its way', { open: false }, async ({ page, context, site }) => {
  let letGo;
  const held = new Promise((done) => { letGo = done; });
  await context.route('**/split_look.wasm', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${site.url}#src=sample`);
  await page.locator('.part-waits').waitFor();
  assert.equal(await page.locator('html').getAttribute('data-runglass'), 'busy');
  await shot(page, 'part-waits');
  letGo();
  await page.locator('[data-experiment]').first().waitFor();
  await idle(page);
});
