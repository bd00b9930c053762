// Whatever was saved of a store opens like the store: databases, archives, exports; and several things are one session.

import { execFileSync } from 'node:child_process';
import { copyFile, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { column, openExperiment, overflows } from './acts.mjs';
import { assert, axe, dropPaths, idle, pageTest, pickPaths, ROOT, scratch, shot } from './harness.mjs';

const DATABASE = 'tests/fixtures/sqlite-3.17.2/mlflow.db';
const TREE = 'tests/fixtures/mlruns-2.22.0';
const SAMPLE = 'tests/fixtures/sample/sample.zip';

const loaded = (page) => page.locator('html').getAttribute('data-runs-loaded');
const experiments = async (page) => {
  const rows = page.locator('[role=row][data-experiment]');
  return rows.evaluateAll((rows) => rows.map((row) => row.querySelector('a')?.innerText ?? '').sort());
};

pageTest('a database opens: runs, curves, models; its artifacts come with their folder', async ({ page }) => {
  await idle(page);
  await pickPaths(page, 'files', [DATABASE]);
  await page.locator('[data-experiment]').first().waitFor();
  await idle(page);
  assert.equal(await loaded(page), '12');
  await shot(page, 'database');
  await openExperiment(page, 'demo/main exp');
  assert.ok((await page.locator('[data-chart]').count()) > 0);
  const run = page.locator('[role=row][data-run]').filter({ has: page.locator('a') }).first();
  await run.locator('a').click();
  await page.locator('.run-page').waitFor();
  await idle(page);
  await page.goto(page.url().replace(/&?run=[^&]*/, '&run=ffdbaa519b9a4599820e12102eb1480f'));
  await page.locator('[data-artifact-uri]').waitFor();
  await axe(page);
  await shot(page, 'database-run');
  await dropPaths(page, ['tests/fixtures/sqlite-3.17.2/mlruns'], { x: 1000 });
  await page.getByText('cfg.json').waitFor();
  await idle(page);
  assert.equal(await loaded(page), '12', 'the folder has no runs of its own');
  assert.match(page.url(), /run=[^&]*ffdbaa519b9a4599820e12102eb1480f/, 'the view stays');
});

pageTest('a log that lies beside a database is read with it, dropped together or added', async ({ page }) => {
  await idle(page);
  await pickPaths(page, 'files', ['tests/fixtures/sqlite-wal/mlflow.db']);
  await page.locator('[data-experiment]').first().waitFor();
  await idle(page);
  await page.keyboard.press('n');
  await page.locator('[data-notice=database-wal-missing]').waitFor();
  await page.keyboard.press('Escape');
  await dropPaths(page, ['tests/fixtures/sqlite-wal/mlflow.db-wal'], { x: 1000 });
  await page.getByText('mlflow.db + mlflow.db-wal').first().waitFor();
  await idle(page);
  assert.equal(await page.locator('.btn.warning').count(), 0, 'nothing is missing any more');
  assert.equal(await loaded(page), '12');
});

pageTest('every archive of a store says what the store says', async ({ page }) => {
  const dir = await scratch();
  const all = ['store.tar', 'store.tar.gz', 'renamed'].map((name) => join(dir, name));
  const tar = (flags, to) => execFileSync('tar', [flags, to, '-C', join(ROOT, 'tests/fixtures'), 'mlruns-2.22.0']);
  tar('-cf', all[0]);
  tar('-czf', all[1]);
  await copyFile(all[1], all[2]);
  await idle(page);
  await pickPaths(page, 'folder', [TREE]);
  await page.locator('[data-experiment]').first().waitFor();
  await idle(page);
  const [names, runs] = [await experiments(page), await loaded(page)];
  for (const path of all) {
    await pickPaths(page, 'files', [path]);
    await page.locator('.crumbs').getByText(path.split('/').pop(), { exact: true }).waitFor();
    await page.locator('[data-experiment]').first().waitFor();
    await idle(page);
    assert.deepEqual([await experiments(page), await loaded(page)], [names, runs], path);
  }
});

pageTest('what is exported opens again, every point of it', async ({ page }) => {
  const dir = await scratch();
  await idle(page);
  await pickPaths(page, 'files', [SAMPLE]);
  await page.getByText('postcode-digits-mlp').waitFor();
  await idle(page);
  const [names, runs] = [await experiments(page), await loaded(page)];
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()]);
  await page.getByText('Saved 40 runs with 21,222 points').first().waitFor();
  const path = join(dir, download.suggestedFilename());
  assert.match(path, /sample\.runglass\.json$/);
  await download.saveAs(path);
  assert.equal(JSON.parse(await readFile(path, 'utf8')).runglass, 1);
  await pickPaths(page, 'files', [path]);
  await page.locator('.crumbs').getByText('sample.runglass.json').waitFor();
  await page.locator('[data-experiment]').first().waitFor();
  await idle(page);
  assert.deepEqual([await experiments(page), await loaded(page)], [names, runs]);
  await openExperiment(page, 'postcode-digits');
  const chart = page.locator('[data-chart="metrics.boost/val_log_loss"]');
  await chart.waitFor();
  await idle(page);
  assert.ok(Number(await chart.getAttribute('data-points-total')) >= 800, 'ten curves of 80 points');
});

pageTest('tables of search_runs say what they do not carry', async ({ page }) => {
  await idle(page);
  await pickPaths(page, 'files', ['tests/fixtures/exports/search-runs/table.json']);
  await page.locator('[data-run], [data-experiment]').first().waitFor();
  await idle(page);
  assert.notEqual(await loaded(page), '0');
  await page.keyboard.press('n');
  await page.locator('[data-notice=format-partial]').waitFor();
  await axe(page);
});

pageTest('what is added joins the tables, with its name in a column; what comes twice is shown once', async ({ page }) => {
  await idle(page);
  await pickPaths(page, 'files', [SAMPLE]);
  await page.getByText('postcode-digits-mlp').waitFor();
  await idle(page);
  const before = await experiments(page);
  await page.getByRole('button', { name: 'Add to what is open' }).click();
  await shot(page, 'add-menu');
  await axe(page);
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('menuitem', { name: 'Files' }).click()]);
  await chooser.setFiles(join(ROOT, DATABASE));
  await page.getByText('mlflow.db + sample.zip').first().waitFor();
  await page.getByRole('link', { name: 'demo/main exp', exact: true }).waitFor();
  await idle(page);
  assert.equal(await loaded(page), String(40 + 12));
  const after = await experiments(page);
  assert.ok(before.every((name) => after.includes(name)) && after.length > before.length);
  await page.locator('[role=columnheader][data-column=origin]').waitFor();
  await shot(page, 'added');
  await axe(page);
  await page.getByRole('button', { name: 'Runs of all shown' }).click();
  await page.locator('[role=row][data-run]').first().waitFor();
  await idle(page);
  const from = await column(page, 'origin');
  assert.ok(from.every((name) => name === 'sample.zip' || name === 'mlflow.db') && new Set(from).size === 2, from.join());
  // the same runs once more, from a copy under another name
  const copy = join(await scratch(), 'copy.zip');
  await copyFile(join(ROOT, SAMPLE), copy);
  await dropPaths(page, [copy], { x: 1000 });
  await page.getByText('copy.zip + mlflow.db + sample.zip').first().waitFor();
  await idle(page);
  assert.equal(await loaded(page), String(40 + 12), 'no run stands twice');
  await page.keyboard.press('n');
  await page.locator('[data-notice=run-twice]').first().waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('e');
  // the copy's experiments are listed, and say where their runs are
  const twin = page.locator('[role=row][data-experiment]').filter({ hasText: 'copy.zip' }).filter({ hasText: 'postcode-digits-mlp' });
  await twin.locator('a').click();
  await page.getByRole('heading', { name: 'Shown elsewhere' }).waitFor();
  await page.getByText('in sample.zip as well, which was opened first').waitFor();
  await axe(page);
  await shot(page, 'shown-elsewhere');
  await page.getByRole('link', { name: 'Show them in postcode-digits-mlp' }).click();
  await page.locator('[role=row][data-run]').first().waitFor();
  await idle(page);
  await page.keyboard.press('e');
  await page.getByRole('link', { name: /models$/ }).click();
  await page.locator('[role=columnheader][data-column=origin]').waitFor();
  await idle(page);
});

pageTest('a registry without experiments leads to what it holds', async ({ page }) => {
  const dir = await scratch();
  const models = (name) => join(ROOT, 'tests/fixtures/mlruns-3.17.2/mlruns/models', name);
  await cp(models('greet'), join(dir, 'prompts/models/greet'), { recursive: true });
  await cp(models('my model'), join(dir, 'registry/models/my model'), { recursive: true });
  await idle(page);
  await pickPaths(page, 'folder', [join(dir, 'prompts')]);
  await page.getByText('It holds 1 prompt').waitFor();
  await idle(page);
  await axe(page);
  await shot(page, 'prompts-alone');
  await pickPaths(page, 'folder', [join(dir, 'registry')]);
  await page.locator('.empty').getByRole('link', { name: 'Show 1 model' }).click();
  await page.locator('[role=row][data-model]').first().waitFor();
  await idle(page);
});

pageTest('what is broken or nothing of ours does not spoil what is open', async ({ page }) => {
  const dir = await scratch();
  const [broken, notes] = [join(dir, 'bad.zip'), join(dir, 'notes.txt')];
  await writeFile(broken, 'PK\x03\x04 and no more');
  await writeFile(notes, 'no tracking data');
  await idle(page);
  await pickPaths(page, 'files', [SAMPLE, broken]);
  await page.getByText('postcode-digits-mlp').waitFor();
  await idle(page);
  assert.equal(await loaded(page), '40', 'one broken file costs itself alone');
  await dropPaths(page, [notes], { x: 1000 });
  await page.getByText('It could not be opened: see the notices').first().waitFor();
  await idle(page);
  assert.equal(await loaded(page), '40');
  // the link, which is written a little later, does not name what is not open
  await page.waitForFunction(() => !location.hash.includes('notes'));
  await page.keyboard.press('n');
  await page.locator('[data-notice=not-opened]').first().waitFor();
  const told = await page.locator('[data-notice=not-opened]').allInnerTexts();
  assert.match(told.join(), /bad\.zip/);
  assert.match(told.join(), /notes\.txt/);
});

pageTest('over the right half of the window, a drop adds; over the left, it replaces', async ({ page }) => {
  await idle(page);
  await pickPaths(page, 'files', [SAMPLE]);
  await page.getByText('postcode-digits-mlp').waitFor();
  await idle(page);
  await dropPaths(page, [DATABASE], { x: 1000, drop: false });
  await page.locator('.drop-sheet.on').getByText('Add', { exact: true }).waitFor();
  await shot(page, 'drop-add');
  await page.keyboard.press('Escape');
  await dropPaths(page, [DATABASE], { x: 200 });
  await page.getByRole('link', { name: 'demo/main exp', exact: true }).waitFor();
  await idle(page);
  assert.equal(await loaded(page), '12');
});

for (const theme of ['light', 'dark']) {
  pageTest(`registered models and traces have pages, ${theme}`, { theme }, async ({ page }) => {
    await idle(page);
    await pickPaths(page, 'files', [DATABASE]);
    await page.getByRole('link', { name: '1 model', exact: true }).click();
    await page.locator('[role=row][data-model]').first().waitFor();
    await idle(page);
    assert.equal(await page.locator('[role=row][data-model]').count(), 2, 'a line a version');
    await page.getByText('@champion').waitFor();
    await axe(page);
    await shot(page, `models-${theme}`);
    await page.locator('[data-search]').fill('no such model');
    await page.getByText('Nothing matches every word.').waitFor();
    await page.locator('[data-search]').fill('');
    await page.locator('[role=row][data-model] [role=rowheader]').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('.run-page').waitFor();
    await page.locator('[data-logged-model]').first().waitFor();
    await page.goBack();
    await page.keyboard.press('e');
    await page.getByRole('link', { name: '1 trace', exact: true }).click();
    await page.locator('[role=row][data-trace]').waitFor();
    await idle(page);
    await axe(page);
    await shot(page, `traces-${theme}`);
    await page.setViewportSize({ width: 390, height: 844 });
    assert.ok(!(await overflows(page)), 'nothing hangs over at 390 px');
  });
}
