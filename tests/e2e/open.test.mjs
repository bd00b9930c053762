// Opening: by picker, by drop, the sample; what is damaged; what is nothing; what comes back after a reload.

import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { openSample } from './acts.mjs';
import { assert, axe, dropPaths, idle, pageTest, pickPaths, ROOT, scratch, shot } from './harness.mjs';

const SAMPLE = 'tests/fixtures/sample/sample.zip';
const TREE = 'tests/fixtures/mlruns-2.22.0';

const runs = async (page) => {
  const html = page.locator('html');
  return [await html.getAttribute('data-runs-loaded'), await html.getAttribute('data-runs-total')];
};

/** A zip with one entry: just enough of the format for a test to state it. */
function zip(name, content, { stated = content.length } = {}) {
  const packed = deflateRawSync(content);
  const field = (size, value) => { const bytes = Buffer.alloc(size); bytes.writeUIntLE(value, 0, size); return bytes; };
  const about = [field(2, 20), field(2, 0), field(2, 8), field(4, 0), field(4, 0), field(4, packed.length), field(4, stated), field(2, name.length)];
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), ...about, field(2, 0), Buffer.from(name), packed]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02'), field(2, 20), ...about, field(2, 0), field(2, 0), field(2, 0), field(2, 0), field(4, 0), field(4, 0), Buffer.from(name)]);
  const end = Buffer.concat([Buffer.from('PK\x05\x06'), field(2, 0), field(2, 0), field(2, 1), field(2, 1), field(4, central.length), field(4, local.length), field(2, 0)]);
  return Buffer.concat([local, central, end]);
}

pageTest('the sample is one click away and is read whole', async ({ page }) => {
  await idle(page);
  await openSample(page);
  assert.deepEqual(await runs(page), ['40', '40']);
  assert.match(await page.title(), /Experiments/);
  assert.equal(await page.locator('[data-experiment]').count(), 3, 'two with runs and the empty Default');
  const measures = await page.evaluate(() => performance.getEntriesByType('measure').map((entry) => entry.name));
  assert.ok(measures.includes('runglass:first-rows') && measures.includes('runglass:all-rows'), measures.join());
});

pageTest('a zip and a folder by picker, a folder and a zip by drop', async ({ page }) => {
  await idle(page);
  await pickPaths(page, 'files', [SAMPLE]);
  await page.getByText('postcode-digits-mlp').waitFor();
  await idle(page);
  assert.deepEqual(await runs(page), ['40', '40']);
  await pickPaths(page, 'folder', [TREE]);
  await page.getByRole('link', { name: 'demo/main exp', exact: true }).waitFor();
  await idle(page);
  const total = (await runs(page))[1];
  await dropPaths(page, [SAMPLE]);
  await page.getByText('postcode-digits-mlp').waitFor();
  await idle(page);
  assert.deepEqual(await runs(page), ['40', '40'], 'a second drop replaces what is open');
  await dropPaths(page, [TREE]);
  await page.getByRole('link', { name: 'demo/main exp', exact: true }).waitFor();
  await idle(page);
  assert.equal((await runs(page))[1], total, 'the same folder by picker and by drop');
});

pageTest('files dragged over the window are expected, text is not', async ({ page }) => {
  await idle(page);
  await dropPaths(page, [SAMPLE], { drop: false });
  await page.getByText('Let go to open it').waitFor();
  await shot(page, 'drag');
});

pageTest('a cut zip gives what it holds and says so', async ({ page }) => {
  const dir = await scratch();
  const whole = await readFile(join(ROOT, SAMPLE));
  const path = join(dir, 'cut.zip');
  await writeFile(path, whole.subarray(0, Math.floor(whole.length * 0.7)));
  await idle(page);
  await pickPaths(page, 'files', [path]);
  await page.locator('[data-experiment]').first().waitFor();
  await idle(page);
  assert.ok(Number((await runs(page))[0]) > 5);
  await page.getByRole('button', { name: /notice/ }).click();
  await page.locator('[data-notice=archive-truncated]').waitFor();
  await shot(page, 'notices');
});

pageTest('a bomb is refused by its budget', async ({ page }) => {
  const dir = await scratch();
  const path = join(dir, 'bomb.zip');
  await writeFile(path, zip('mlruns/0/meta.yaml', Buffer.alloc(300 << 20)));
  await idle(page);
  await pickPaths(page, 'files', [path]);
  const html = page.locator('html:is([data-runglass=error], [data-runglass=idle])');
  await page.locator('[data-fault], [data-experiment]').first().waitFor();
  await html.waitFor();
});

pageTest('what is no tracking data says what was looked for', async ({ page }) => {
  const dir = await scratch();
  await writeFile(join(dir, 'notes.txt'), 'hello');
  await idle(page);
  await pickPaths(page, 'folder', [dir]);
  await page.locator('[data-fault=NotRecognised]').waitFor();
  assert.equal(await page.locator('html').getAttribute('data-runglass'), 'error');
  assert.match(await page.locator('main').innerText(), /meta\.yaml/);
  await shot(page, 'nothing-recognised');
  // and it can be mended at once
  await pickPaths(page, 'files', [SAMPLE]);
  await page.getByText('postcode-digits-mlp').waitFor();
  await idle(page);
});

pageTest('a database alone is named, with what can be done', async ({ page }) => {
  const dir = await scratch();
  const path = join(dir, 'mlflow.db');
  await writeFile(path, Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(200)]));
  await idle(page);
  await pickPaths(page, 'files', [path]);
  await page.locator('[data-fault]').waitFor();
  assert.match(await page.locator('main').innerText(), /database/i);
});

pageTest('a reload asks for the dropped thing by name and brings the view back', async ({ page }) => {
  await idle(page);
  await pickPaths(page, 'files', [SAMPLE]);
  await page.getByRole('link', { name: 'postcode-digits', exact: true }).click();
  await page.locator('[role=row][data-run]').first().waitFor();
  await page.getByRole('radio', { name: 'Table' }).click();
  await page.locator('[role=columnheader][data-column="params.algorithm"], [role=columnheader][data-column^="params."]').first().click();
  await idle(page);
  await page.waitForTimeout(400);
  const address = page.url();
  await page.reload();
  await page.getByRole('heading', { name: /sample\.zip/ }).waitFor();
  await shot(page, 'waiting');
  await pickPaths(page, 'files', [SAMPLE]);
  await page.locator('[role=row][data-run]').first().waitFor();
  await idle(page);
  assert.equal(page.url(), address);
  assert.equal(await page.locator('[data-layout=table]').count(), 1);
});

pageTest('a link to the sample opens it by itself, on its page', { hash: 'src=sample&page=runs&layout=table' }, async ({ page }) => {
  await page.locator('[role=row][data-run]').first().waitFor();
  await idle(page);
  assert.equal(await page.locator('[role=treegrid]').getAttribute('data-runs-matching'), '37', 'all active runs');
});

pageTest('a file that changed after it was picked says so', { expected: [/./] }, async ({ page }) => {
  const dir = await scratch();
  execFileSync('cp', ['-r', join(ROOT, TREE), join(dir, 'mlruns')]);
  await idle(page);
  await pickPaths(page, 'folder', [join(dir, 'mlruns')]);
  const experiment = page.getByRole('link', { name: 'demo/main exp', exact: true });
  await experiment.waitFor();
  await idle(page);
  await experiment.click();
  await page.locator('[role=row][data-run]').first().waitFor();
  await idle(page);
  // a metric that no chart has read yet: it lies out of sight
  const script = 'for file in "$@"; do echo "1700000099000 1.0 99" >> "$file"; done';
  execFileSync('find', [join(dir, 'mlruns'), '-path', '*metrics*', '-type', 'f', '-exec', 'sh', '-c', script, '_', '{}', '+']);
  await page.getByRole('link', { name: /baseline/ }).first().click();
  await page.locator('[data-chart="metrics.train/loss"]').scrollIntoViewIfNeeded();
  await page.getByText(/changed on disk/).first().waitFor();
});

pageTest('a second source of one experiment replaces a larger one, on the page of runs', async ({ page }) => {
  const dir = await scratch();
  const store = async (name, count) => {
    for (let run = 0; run < count; run += 1) {
      const folder = join(dir, name, '0', `${name}${run}`);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'meta.yaml'), `run_id: ${name}${run}\nexperiment_id: '0'\nstatus: 3\nstart_time: ${1700000000000 + run}\n`);
    }
    await writeFile(join(dir, name, '0', 'meta.yaml'), `experiment_id: '0'\nname: of ${name}\nlifecycle_stage: active\nartifact_location: x\n`);
    return join(dir, name);
  };
  await idle(page);
  for (const [name, count] of [['large', 40], ['small', 3]]) {
    await pickPaths(page, 'folder', [await store(name, count)]);
    await page.locator(`[role=row][data-run="${name}${count - 1}"]`).waitFor(); // the newest, on top
    await idle(page);
    assert.equal(await page.locator('[role=treegrid]').getAttribute('data-runs-matching'), String(count));
  }
});

pageTest('back to the sample opens the sample, not what is open', async ({ page }) => {
  await idle(page);
  await openSample(page);
  await pickPaths(page, 'folder', [TREE]);
  await page.getByRole('link', { name: 'demo/main exp', exact: true }).waitFor();
  await idle(page);
  await page.goBack();
  await page.getByText('postcode-digits-mlp').waitFor();
  await idle(page);
  assert.deepEqual(await runs(page), ['40', '40']);
});

pageTest('a link to an experiment that is not here lists those that are', { hash: 'src=sample&page=runs&exp=999' }, async ({ page }) => {
  await page.getByText('postcode-digits-mlp').waitFor();
  await idle(page);
});

pageTest('reading can be cancelled: what was read stays and can be used', async ({ page }) => {
  const path = join(await scratch(), 'many.zip');
  execFileSync('python3', [join(ROOT, 'benches/data.py'), path, '3000']);
  await idle(page);
  await pickPaths(page, 'files', [path]);
  await page.locator('[role=row][data-run]').first().waitFor();
  await page.getByRole('button', { name: 'Cancel, keep these' }).click();
  await page.getByText('Reading was cancelled.').waitFor();
  await idle(page);
  const [loaded, total] = (await runs(page)).map(Number);
  assert.ok(loaded < total && total === 3000, `${loaded} of ${total}`);
  await page.waitForTimeout(300);
  assert.equal(Number((await runs(page))[0]), loaded, 'nothing comes after it');
  await axe(page);
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing hangs over at 390 px');
  await shot(page, 'cancelled-narrow');
});

/** Puts a folder into the browser's own file system and lets its picker choose it there: a headless browser shows none, and its handles are real. */
async function pickerGives(page, folder, name) {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const files = await Promise.all(paths.map(async (path) => [path.slice(join(ROOT, folder).length + 1).split('/'), await readFile(path, 'base64')]));
  await page.evaluate(async ({ files, name }) => {
    const root = await navigator.storage.getDirectory();
    const chosen = await root.getDirectoryHandle(name, { create: true });
    for (const [parts, content] of files) {
      let dir = chosen;
      for (const part of parts.slice(0, -1)) dir = await dir.getDirectoryHandle(part, { create: true });
      const writable = await (await dir.getFileHandle(parts.at(-1), { create: true })).createWritable();
      await writable.write(Uint8Array.from(atob(content), (char) => char.charCodeAt(0)));
      await writable.close();
    }
    window.showDirectoryPicker = async () => chosen;
  }, { files, name });
}

pageTest('a folder that was picked is one click away after a reload, and what became of it is told', async ({ page }) => {
  await idle(page);
  await pickerGives(page, TREE, 'mlruns-of-mine');
  await page.getByRole('button', { name: /folder/i }).first().click();
  await page.getByRole('link', { name: 'demo/main exp', exact: true }).waitFor();
  await idle(page);
  const total = (await runs(page))[1];
  await page.reload();
  const again = page.getByRole('button', { name: 'Open mlruns-of-mine' });
  await again.waitFor();
  await idle(page);
  await shot(page, 'waiting-kept');
  await again.click();
  await page.getByRole('link', { name: 'demo/main exp', exact: true }).waitFor();
  await idle(page);
  assert.deepEqual(await runs(page), [total, total]);
  // the folder is gone at the next visit
  await page.reload();
  await again.waitFor();
  await page.evaluate(async () => (await navigator.storage.getDirectory()).removeEntry('mlruns-of-mine', { recursive: true }));
  await again.click();
  await page.locator('[data-fault], .msg.failed').first().waitFor();
  await shot(page, 'waiting-gone');
});

pageTest('each opening is measured anew', async ({ page }) => {
  await idle(page);
  for (const times of [1, 2]) {
    await pickPaths(page, 'files', [SAMPLE]);
    await page.getByText('postcode-digits-mlp').waitFor();
    await idle(page);
    const count = (name) => page.evaluate((name) => performance.getEntriesByName(`runglass:${name}`).length, name);
    assert.deepEqual([await count('first-rows'), await count('all-rows')], [times, times]);
  }
});

for (const theme of ['light', 'dark']) {
  pageTest(`what can not be opened is told without a fault of its own, ${theme}`, { theme, viewport: { width: 390, height: 844 } }, async ({ page }) => {
    const path = join(await scratch(), 'notes.txt');
    await writeFile(path, 'no tracking data');
    await idle(page);
    await pickPaths(page, 'files', [path]);
    await page.locator('[data-fault=NotRecognised]').waitFor();
    await axe(page);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing hangs over at 390 px');
    await shot(page, `failed-narrow-${theme}`);
  });
}
