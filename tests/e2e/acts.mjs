// What a user does in several tests: open the sample, go to an experiment, read the table. It knows the promised hooks only.

import { idle } from './harness.mjs';

/** Opens the sample from the open page and waits until all is read. */
export async function openSample(page) {
  await page.locator('[data-open=sample]').click();
  await page.locator('[data-experiment]').first().waitFor();
  await idle(page);
}

/** Goes from the list of experiments to the runs of one. */
export async function openExperiment(page, name) {
  await page.getByRole('link', { name, exact: true }).click();
  await page.locator('[role=row][data-run]').first().waitFor();
  await idle(page);
}

/** Opens the sample's experiment of many runs with one value each. */
export async function openRuns(page, name = 'postcode-digits') {
  await openSample(page);
  await openExperiment(page, name);
}

/** How many runs match, as the table promises. */
export async function matching(page) {
  return Number(await page.locator('[role=treegrid]').getAttribute('data-runs-matching'));
}

/** Types a filter and waits until it is applied. */
export async function filter(page, text) {
  const field = page.locator('[data-query]');
  await field.fill(text);
  await field.press('Enter');
  await idle(page);
}

/** Texts of the cells of one column in the rows in sight, from the top. */
export async function column(page, key) {
  const head = page.locator(`[role=columnheader][data-column="${key}"]`);
  await head.scrollIntoViewIfNeeded();
  await idle(page);
  const index = await head.getAttribute('aria-colindex');
  const rows = page.locator('[role=row][data-run]');
  const cells = await rows.evaluateAll((rows, index) => rows.map((row) => [
    Number(row.getAttribute('aria-rowindex')),
    row.querySelector(`[aria-colindex="${index}"]`)?.innerText.trim(),
  ]), index);
  return cells.sort((a, b) => a[0] - b[0]).map(([, text]) => text);
}

/** Whether the page is wider than its window. */
export async function overflows(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > innerWidth || document.body.scrollWidth > innerWidth);
}
