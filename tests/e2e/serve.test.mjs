// `runglass serve PATH`: what it serves opens by itself in its page, from the page's own origin alone.

import { execFileSync } from 'node:child_process';
import { cp, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openExperiment, openSample } from './acts.mjs';
import { assert, axe, dropPaths, idle, pageTest, pickPaths, ROOT, scratch, shot } from './harness.mjs';
import { serving } from './program.mjs';

const TREE = 'tests/fixtures/mlruns-2.22.0';
const DATABASE = 'tests/fixtures/sqlite-3.17.2/mlflow.db';
const WITH_LOG = 'tests/fixtures/sqlite-wal/mlflow.db';

const loaded = (page) => page.locator('html').getAttribute('data-runs-loaded');

/** What all tables of experiments and runs say, from the list of experiments. */
async function told(page) {
  const experiments = page.locator('[role=row][data-experiment]');
  await experiments.first().waitFor();
  await idle(page);
  const names = await experiments.evaluateAll((rows) => rows.map((row) => row.innerText.split('\n')[0]).sort());
  return { names, loaded: await loaded(page) };
}

/** Every address that the page and its reader ask, with how many bytes came. */
function watched(page) {
  const asked = [];
  page.context().on('response', (response) => {
    const size = Number(response.headers()['content-length'] ?? 0);
    if (!response.url().startsWith('blob:')) asked.push({ url: response.url(), status: response.status(), size: response.request().method() === 'HEAD' ? 0 : size });
  });
  return asked;
}

pageTest('a folder opens by itself, says what it says when it is picked, and comes back after a reload', { open: false }, async ({ page, site }) => {
  const { url } = await serving(TREE);
  await page.goto(site.url);
  await idle(page);
  await pickPaths(page, 'folder', [TREE]);
  const picked = await told(page);
  const asked = watched(page);
  await page.goto(url);
  assert.deepEqual(await told(page), picked);
  assert.ok(Number(picked.loaded) > 5);
  assert.match(page.url(), /#src=mlruns-2\.22\.0/);
  await openExperiment(page, 'demo/main exp');
  await page.getByRole('radio', { name: 'Table' }).click();
  await page.locator('[role=columnheader][data-column^="params."]').first().click();
  await idle(page);
  await page.waitForTimeout(400);
  const address = page.url();
  const rows = () => page.locator('[role=row][data-run]').evaluateAll((rows) => rows.map((row) => row.dataset.run));
  const before = await rows();
  await page.reload();
  await page.locator('[role=row][data-run]').first().waitFor();
  await idle(page);
  assert.equal(page.url(), address);
  assert.deepEqual(await rows(), before);
  assert.equal(await page.locator('[data-layout=table]').count(), 1);
  assert.deepEqual(asked.filter((one) => !one.url.startsWith(url)), [], 'its own origin alone');
  assert.ok(asked.some((one) => one.url.endsWith('/served/read')));
  await page.getByRole('button', { name: '0 bytes sent' }).click();
  await page.getByText('every address is this page').waitFor();
  await axe(page);
});

pageTest('curves and artifacts of a served run', { open: false }, async ({ page }) => {
  const { url } = await serving(TREE);
  await page.goto(url);
  await told(page);
  await openExperiment(page, 'demo/main exp');
  await page.getByRole('link', { name: /baseline/ }).first().click();
  await page.locator('[data-chart="metrics.train/loss"][data-points-total]').first().waitFor();
  await page.getByText('cfg.json').first().waitFor();
  await idle(page);
  await shot(page, 'served-run');
});

/** A database of 40 MB, nearly all of it one curve; answers its path and the curve's run. */
async function largeDatabase() {
  const path = join(await scratch(), 'mlflow.db');
  await cp(join(ROOT, DATABASE), path);
  const script = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
(run,) = database.execute("SELECT run_uuid FROM runs WHERE name LIKE 'baseline%'").fetchone()
points = [("long/curve", step / 7, 1700000000000 + step, run, step, False) for step in range(150_000)]
database.executemany("INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)", points)
database.execute("INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES ('long/curve', 1, 1700000149999, 149999, 0, ?)", (run,))
database.commit()
print(run)`;
  return { path, run: execFileSync('python3', ['-c', script, path]).toString().trim() };
}

pageTest('a large database is read by ranges, never whole', { open: false }, async ({ page }) => {
  const { path, run } = await largeDatabase();
  const { size } = await stat(path);
  assert.ok(size > 10 << 20, `${size} bytes`);
  const { url } = await serving(path);
  const asked = watched(page);
  await page.goto(url);
  const { loaded } = await told(page);
  assert.equal(loaded, '12');
  const ranges = asked.filter((one) => one.url.includes('/served/file'));
  assert.ok(ranges.length > 1 && ranges.every((one) => one.status === 206 || one.size === 0));
  const bytes = ranges.reduce((sum, one) => sum + one.size, 0);
  assert.ok(bytes < size / 4, `${bytes} of ${size} bytes`);
  await page.goto(`${url}#src=mlflow.db&page=run&run=${run}`);
  // with the first curve the others find their places
  await page.locator('[data-chart="metrics.acc"][data-points-total="5"]').waitFor();
  await idle(page);
  await page.locator('[data-chart="metrics.long/curve"]').scrollIntoViewIfNeeded();
  await page.locator('[data-chart="metrics.long/curve"][data-points-total="150000"]').waitFor();
});

pageTest('a database comes with the log beside it', { open: false }, async ({ page }) => {
  const { url } = await serving(WITH_LOG);
  await page.goto(url);
  assert.equal((await told(page)).loaded, '12');
  assert.equal(await page.locator('.btn.warning').count(), 0, 'nothing is missing');
  assert.match(page.url(), /#src=mlflow\.db(&|$)/);
});

pageTest('a zip opens, other things can be opened after it, and the way back leads to it', { open: false }, async ({ page }) => {
  const { url } = await serving('tests/fixtures/sample/sample.zip');
  await page.goto(url);
  assert.equal((await told(page)).loaded, '40');
  await dropPaths(page, [TREE], { x: 200 });
  await page.getByRole('link', { name: 'demo/main exp', exact: true }).waitFor();
  await idle(page);
  await page.goBack();
  await page.getByText('postcode-digits-mlp').waitFor();
  assert.equal((await told(page)).loaded, '40');
  await page.goto(`${url}#src=sample`);
  await page.getByText('postcode-digits-mlp').waitFor();
  await idle(page);
});

pageTest('another page of this machine reaches nothing of it', { expected: [/CORS|ERR_FAILED|ERR_BLOCKED|403|Failed to load/] }, async ({ page }) => {
  const { url } = await serving(TREE);
  await idle(page);
  const reach = (address, options) => page.evaluate(
    ([address, options]) => fetch(address, options).then((response) => `${response.type} ${response.status}`, () => 'refused'),
    [address, options],
  );
  const list = { method: 'POST', body: '{"dirs":[""],"with_sizes":false}' };
  for (const options of [{}, { mode: 'no-cors' }, list, { ...list, mode: 'no-cors' }, { ...list, headers: { 'content-type': 'application/json' } }]) {
    for (const address of ['served/file?path=mlruns/0/meta.yaml', 'served/list', '']) {
      assert.equal(await reach(`${url}${address}`, options), 'refused', `${address} ${JSON.stringify(options)}`);
    }
  }
});

pageTest('a file that changed is told and read anew; a server that ended is told', { open: false, expected: [/412|Failed to load|ERR_CONNECTION/] }, async ({ page }) => {
  const { path, run } = await largeDatabase();
  const { url, child } = await serving(path);
  const openRun = () => page.goto(`${url}#src=mlflow.db&page=run&run=${run}`);
  await page.goto(url);
  await told(page);
  execFileSync('python3', ['-c', "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute(\"UPDATE runs SET name = 'renamed'\"); d.commit()", path]);
  await openRun();
  await page.getByText(/changed on disk/).first().waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'renamed' }).waitFor();
  await idle(page);
  await page.goto(`${url}#src=mlflow.db`);
  await page.reload();
  await told(page);
  child.kill();
  await openRun();
  await page.getByText(/does not answer any more/).first().waitFor();
});
