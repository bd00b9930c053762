// Charts: one a metric, only those in sight, every point, axes, zoom, the crosshair, one value a run.

import { filter, openRuns } from './acts.mjs';
import { assert, idle, pageTest, shot } from './harness.mjs';

const WIDE = { viewport: { width: 1600, height: 1000 } };

const facts = async (page, metric) => {
  const chart = page.locator(`[data-chart="metrics.${metric}"]`);
  const read = async (name) => Number(await chart.getAttribute(`data-${name}`));
  return { runs: await read('runs'), total: await read('points-total'), drawn: await read('points-drawn'), revision: await read('revision') };
};

pageTest('curves of the first ten runs; zoom by drag, reset by double click', WIDE, async ({ page }) => {
  await openRuns(page, 'postcode-digits-mlp');
  const chart = page.locator('[data-chart="metrics.train/loss"]');
  await chart.scrollIntoViewIfNeeded();
  await page.waitForFunction(() => Number(document.querySelector('[data-chart="metrics.train/loss"]')?.dataset.pointsTotal) > 1_000);
  await idle(page);
  const whole = await facts(page, 'train/loss');
  assert.ok(whole.runs >= 8 && whole.total > 1_000, JSON.stringify(whole));
  assert.ok(whole.drawn <= whole.total && whole.revision >= 1);
  const plot = await chart.locator('.chart-plot').boundingBox();
  const at = (share) => [plot.x + plot.width * share, plot.y + plot.height / 2];
  await page.mouse.move(...at(0.3));
  await page.mouse.down();
  await page.mouse.move(...at(0.36), { steps: 4 });
  await page.mouse.up();
  await idle(page);
  const part = await facts(page, 'train/loss');
  assert.ok(part.total > 0 && part.total < whole.total, JSON.stringify(part));
  assert.equal(part.drawn, part.total, 'zoomed in, all points are there');
  assert.ok(part.revision > whole.revision);
  await shot(page, 'zoomed');
  await page.mouse.dblclick(...at(0.4));
  await idle(page);
  assert.equal((await facts(page, 'train/loss')).total, whole.total);
});

pageTest('only charts in sight are read', WIDE, async ({ page }) => {
  await openRuns(page, 'postcode-digits-mlp');
  const last = page.locator('[data-chart="metrics.val/loss"]');
  assert.equal(Number(await last.getAttribute('data-revision')), 0, 'out of sight nothing is painted');
  await last.scrollIntoViewIfNeeded();
  await page.waitForFunction(() => Number(document.querySelector('[data-chart="metrics.val/loss"]')?.dataset.revision) > 0);
  assert.ok((await facts(page, 'val/loss')).total > 0);
});

pageTest('axes, logarithm and smoothing stand in the link', WIDE, async ({ page }) => {
  await openRuns(page, 'postcode-digits-mlp');
  await page.getByRole('radio', { name: 'Relative' }).click();
  await page.getByRole('button', { name: 'log y' }).click();
  await page.getByLabel('Smoothing').fill('0.6');
  await idle(page);
  await page.waitForTimeout(400);
  assert.match(page.url(), /x=relative&y=log&smooth=0\.6/);
});

pageTest('an eye takes a run out of the charts and into the link', WIDE, async ({ page }) => {
  await openRuns(page);
  await idle(page);
  const before = await facts(page, 'boost/val_log_loss');
  await page.getByRole('button', { name: 'gbm-newdata-s4 in charts' }).click();
  await idle(page);
  assert.equal((await facts(page, 'boost/val_log_loss')).runs, before.runs - 1);
  await page.waitForTimeout(400);
  assert.match(page.url(), /eye=/);
});

pageTest('an eye under a filter leaves the others on', WIDE, async ({ page }) => {
  await openRuns(page);
  await filter(page, "run_name LIKE 'gbm-newdata-s%'");
  await page.getByRole('button', { name: 'gbm-newdata-s4 in charts' }).click();
  await idle(page);
  await filter(page, "run_name LIKE 'gbm-%'");
  assert.equal(await page.locator('button.eye[aria-pressed=true]').count(), 4);
});

pageTest('a metric with one value a run is drawn over runs, switchable', WIDE, async ({ page }) => {
  await openRuns(page);
  const chart = page.locator('[data-chart="metrics.test/acc"]');
  await chart.waitFor();
  await idle(page);
  assert.equal((await facts(page, 'test/acc')).runs, 10);
  const bars = chart.getByRole('button', { name: 'Bars' });
  assert.equal(await bars.getAttribute('aria-pressed'), 'false', 'values that differ little are dots');
  await bars.click();
  await idle(page);
  assert.equal(await bars.getAttribute('aria-pressed'), 'true');
});

pageTest('the crosshair reads values, by pointer and by keyboard', WIDE, async ({ page }) => {
  await openRuns(page);
  const chart = page.locator('[data-chart="metrics.boost/val_log_loss"]');
  await idle(page);
  const plot = await chart.locator('.chart-plot').boundingBox();
  await page.mouse.move(plot.x + plot.width / 2, plot.y + plot.height / 2);
  await chart.locator('.chart-tip').waitFor();
  await shot(page, 'crosshair');
  await page.mouse.move(10, 10);
  await chart.locator('[tabindex="0"]').first().focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction((name) => document.querySelector(`[data-chart="${name}"] .chart-said`)?.textContent.length > 10, 'metrics.boost/val_log_loss');
});
