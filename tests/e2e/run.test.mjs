// The run page: what went in, came out, was kept; artifacts of every kind; parent and children.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openExperiment, openRuns } from './acts.mjs';
import { assert, idle, pageTest, pickPaths, scratch, shot } from './harness.mjs';

const WIDE = { viewport: { width: 1600, height: 1000 } };

pageTest('everything of a run', WIDE, async ({ page }) => {
  await openRuns(page);
  await page.getByRole('link', { name: 'gbm-newdata-s3', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'gbm-newdata-s3' }).waitFor();
  await idle(page);
  const text = await page.locator('main').innerText();
  for (const part of ['finished', 'by bora', 'ca5994f3', 'HistGradientBoostingClassifier', 'digits-v2-relabelled', '20ffce23', 'test/acc', '0.972', 'Release candidate']) {
    assert.ok(text.includes(part), part);
  }
  await page.locator('[data-chart="metrics.boost/val_log_loss"]').waitFor();
  // Markdown is built as elements
  assert.equal(await page.locator('.note ol li').count(), 2);
  await page.getByRole('button', { name: /Next run/ }).click();
  await page.getByRole('heading', { level: 1, name: 'gbm-newdata-s2' }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: 'gbm-newdata-s3' }).waitFor();
});

pageTest('artifacts: picture, table, JSON, text, and a file that is saved', WIDE, async ({ page }) => {
  await openRuns(page);
  await page.getByRole('link', { name: 'gbm-newdata-s3', exact: true }).click();
  await page.getByText('confusion_matrix.png').first().click();
  const picture = page.locator('[data-artifact="confusion_matrix.png"] img');
  await picture.waitFor();
  await page.waitForFunction(() => document.querySelector('[data-artifact] img')?.naturalWidth > 0);
  await idle(page);
  await page.waitForTimeout(400);
  assert.match(page.url(), /file=confusion_matrix\.png/);
  await shot(page, 'artifact');
  await page.getByText('per_class.csv').first().click();
  await page.locator('[data-artifact="per_class.csv"] table tbody tr').first().waitFor();
  assert.equal(await page.locator('[data-artifact="per_class.csv"] tbody tr').count(), 10);
  await page.getByText('config.json').first().click();
  await page.locator('[data-artifact="config.json"] pre').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save' }).click()]);
  assert.equal(download.suggestedFilename(), 'config.json');
});

/** A zip whose directory states a wrong checksum for every entry that is named so. */
async function withWrongChecksums(path, name) {
  const bytes = await readFile(path);
  for (let at = bytes.indexOf('PK\x01\x02'); at >= 0; at = bytes.indexOf('PK\x01\x02', at + 4)) {
    const end = at + 46 + bytes.readUInt16LE(at + 28);
    if (bytes.toString('utf8', at + 46, end).endsWith(name)) bytes[at + 16] ^= 1;
  }
  return bytes;
}

pageTest('an artifact that its archive holds damaged says so, where it is shown and among the notices', WIDE, async ({ page }) => {
  const path = join(await scratch(), 'runs.zip');
  await writeFile(path, await withWrongChecksums('tests/fixtures/sample/sample.zip', 'per_class.csv'));
  await idle(page);
  await pickPaths(page, 'files', [path]);
  await openExperiment(page, 'postcode-digits');
  await page.getByRole('link', { name: 'gbm-newdata-s3', exact: true }).click();
  await page.getByText('config.json').first().click();
  await page.locator('[data-artifact="config.json"] pre').waitFor();
  assert.equal(await page.locator('.artifact .msg').count(), 0);
  await page.getByText('per_class.csv').first().click();
  await page.locator('[data-artifact="per_class.csv"] tbody tr').first().waitFor();
  assert.match(await page.locator('.artifact .msg').innerText(), /checksum.*Copy the archive again/s);
  await idle(page);
  await shot(page, 'artifact-damaged');
  await page.keyboard.press('n');
  await page.locator('[data-notice="archive-damaged"] .path').getByText('artifacts/per_class.csv').waitFor();
});

pageTest('a failed run, its text, and nested runs', WIDE, async ({ page }) => {
  await openRuns(page, 'postcode-digits-mlp');
  await page.getByRole('link', { name: 'width 48, lr 0.4', exact: true }).click();
  await page.getByRole('link', { name: /sweep width/ }).click();
  await page.getByRole('heading', { level: 1, name: /sweep width/ }).waitFor();
  assert.equal(await page.locator('.run-kept .lines a').count(), 6);
});

pageTest('a run that is not here says so', { hash: 'src=sample&page=run&run=nothing' }, async ({ page }) => {
  await page.getByText('This run is not here').waitFor();
});
