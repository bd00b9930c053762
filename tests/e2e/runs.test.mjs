// The runs page: filter by text and by chips, sort, nested runs, choosing, layout, keyboard, the link, back and forward.

import { column, filter, matching, openExperiment, openRuns, openSample } from './acts.mjs';
import { assert, idle, pageTest, shot } from './harness.mjs';

const SPLIT = { viewport: { width: 1600, height: 1000 } };

pageTest('params and metrics stand in the table from the start', SPLIT, async ({ page }) => {
  await openRuns(page);
  assert.equal(await matching(page), 21);
  const grid = page.locator('[role=treegrid]');
  assert.equal(await grid.getAttribute('aria-rowcount'), '23', 'two rows of heads');
  for (const key of ['run_name', 'status', 'start_time', 'duration', 'user_id', 'source']) {
    await page.locator(`[role=columnheader][data-column="${key}"]`).waitFor();
  }
  await page.locator('[role=columnheader][data-column^="params."]').first().waitFor();
  await page.locator('[role=columnheader][data-column^="metrics."]').first().waitFor();
});

pageTest('a filter by tag as text, a mistake with its caret, the last good query in force', SPLIT, async ({ page }) => {
  await openRuns(page);
  await filter(page, "tags.stage = 'release'");
  assert.equal(await matching(page), 5);
  await filter(page, "tags.stage == 'release'");
  assert.equal(await matching(page), 5, 'the last good query stays in force');
  const field = page.locator('[data-query]');
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  await page.getByText('is not a comparator').waitFor();
  await shot(page, 'mistake');
  await filter(page, "metrics.`test/acc` > 0.96 AND params.model LIKE 'Hist%'");
  assert.ok(await matching(page) > 0);
  const listed = await column(page, 'metrics.test/acc');
  assert.ok(listed.every((text) => Number(text) > 0.96), listed.join());
  await filter(page, "tags.stage = 'nowhere' AND metrics.`test/acc` > 0.5");
  assert.equal(await matching(page), 0);
  await page.getByRole('button', { name: 'Take it out' }).click();
  await idle(page);
  assert.ok(await matching(page) > 0);
});

pageTest('chips and text are one query', SPLIT, async ({ page }) => {
  await openRuns(page);
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByRole('option', { name: /^stage/ }).click();
  await page.getByRole('option', { name: /^release/ }).click();
  await idle(page);
  assert.match(await page.locator('[data-query]').inputValue(), /tags\.stage = ["']release["']/);
  const one = await matching(page);
  await page.getByRole('option', { name: /^candidate/ }).click();
  await idle(page);
  assert.match(await page.locator('[data-query]').inputValue(), /tags\.stage IN \(/);
  assert.ok(await matching(page) > one);
  await shot(page, 'chip');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: /^Take out stage/ }).click();
  await idle(page);
  assert.equal(await page.locator('[data-query]').inputValue(), '');
  assert.equal(await matching(page), 21);
});

pageTest('sorting by a metric and by a param of numbers, missing values last both ways', SPLIT, async ({ page }) => {
  await openRuns(page);
  const head = page.locator('[role=columnheader][data-column="metrics.test/acc"]');
  await head.scrollIntoViewIfNeeded();
  await head.click();
  await idle(page);
  assert.equal(await head.getAttribute('aria-sort'), 'descending');
  const values = (await column(page, 'metrics.test/acc')).map(Number);
  const numbers = values.filter((value) => !Number.isNaN(value));
  assert.deepEqual(numbers, [...numbers].sort((a, b) => b - a));
  assert.ok(Number.isNaN(values.at(-1)), 'the run without it comes last');
  await head.click();
  await idle(page);
  assert.equal(await head.getAttribute('aria-sort'), 'ascending');
  assert.ok(Number.isNaN((await column(page, 'metrics.test/acc')).map(Number).at(-1)));
  await page.locator('[role=treegrid]').evaluate((grid) => { grid.scrollLeft = 0; });
  await idle(page);
  const param = page.locator('[role=columnheader][data-column="params.max_iter"]');
  await param.click();
  await idle(page);
  const iterations = (await column(page, 'params.max_iter')).map(Number);
  assert.deepEqual(iterations, [...iterations].sort((a, b) => a - b), '80 before 300: as numbers');
});

pageTest('nested runs fold under their parent', SPLIT, async ({ page }) => {
  await openRuns(page, 'postcode-digits-mlp');
  const parent = page.locator('[role=row][data-run]', { hasText: 'sweep width' });
  assert.equal(await parent.getAttribute('aria-expanded'), 'true');
  const count = () => page.locator('[role=row][aria-level="2"]').count();
  assert.equal(await count(), 6);
  await parent.locator('[data-toggle]').click();
  await idle(page);
  assert.equal(await count(), 0);
  assert.equal(await matching(page), 16, 'closed runs still match');
});

pageTest('the keyboard reaches everything, and the focus survives scrolling and sorting', SPLIT, async ({ page }) => {
  await openRuns(page);
  const first = page.locator('[role=row][data-run] [data-cell]').first();
  await first.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('x');
  await idle(page);
  await page.keyboard.press('Shift+ArrowDown');
  await idle(page);
  await page.getByText('2 chosen').waitFor();
  await page.keyboard.press('Control+End');
  await idle(page);
  const focused = () => page.evaluate(() => document.activeElement?.closest('[role=row]')?.getAttribute('aria-rowindex'));
  assert.equal(await focused(), '23');
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1 }).waitFor();
  assert.match(page.url(), /page=run/);
  await page.goBack();
  await page.locator('[role=row][data-run]').first().waitFor();
  await page.keyboard.press('?');
  await page.getByText('Keys and help').last().waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('t');
  assert.equal(await page.locator('[data-layout=table]').count(), 1);
});

pageTest('the link carries the view; back and forward work', SPLIT, async ({ page, context, site }) => {
  await openSample(page);
  await openExperiment(page, 'postcode-digits');
  await filter(page, "tags.stage = 'release'");
  await page.getByRole('radio', { name: 'Table' }).click();
  await idle(page);
  await page.waitForTimeout(400);
  const other = await context.newPage();
  await other.goto(page.url());
  await other.locator('[role=row][data-run]').first().waitFor();
  await idle(other);
  assert.equal(await matching(other), 5);
  assert.equal(await other.locator('[data-layout=table]').count(), 1);
  await page.goBack();
  await page.locator('[data-experiment]').first().waitFor();
  await page.goForward();
  await page.locator('[role=row][data-run]').first().waitFor();
  assert.equal(await page.locator('[data-query]').inputValue(), "tags.stage = 'release'");
  assert.ok(page.url().startsWith(site.url));
});

pageTest('a column is resized, and the width stands in the link', SPLIT, async ({ page }) => {
  await openRuns(page);
  const head = page.locator('[role=columnheader][data-column="user_id"]');
  const before = (await head.boundingBox()).width;
  await head.focus();
  for (let time = 0; time < 5; time += 1) await page.keyboard.press('Alt+ArrowRight');
  await page.waitForTimeout(400);
  assert.ok((await head.boundingBox()).width > before);
  assert.match(page.url(), /cols=user_id:\d+/);
});

pageTest('runs of several experiments together, and deleted ones', SPLIT, async ({ page }) => {
  await openSample(page);
  for (const name of ['postcode-digits', 'postcode-digits-mlp']) await page.getByLabel(`Choose ${name}`, { exact: true }).click();
  await page.getByRole('button', { name: 'Show their runs together' }).click();
  await page.locator('[role=row][data-run]').first().waitFor();
  await idle(page);
  assert.equal(await matching(page), 37);
  await page.locator('[role=columnheader][data-column=experiment]').waitFor();
  await page.getByRole('radio', { name: 'Deleted' }).click();
  await idle(page);
  assert.equal(await matching(page), 1);
});
