// How a tracking server is asked while somebody filters, leaves and signs in anew, and what the command line keeps of one that breaks
// off. The scripted server alone.

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { MANY, RENEWED, RUNS, startFaults } from './faults.mjs';
import { assert, axe, idle, pageTest, ROOT, scratch, shot } from './harness.mjs';
import { matches, matching, opened, REFUSED } from './tracking.mjs';

/** How often each page of an unfiltered list was asked for, by its token. */
function timesAsked(faults) {
  const times = {};
  const lists = faults.requests.filter(({ path, body }) => path.endsWith('/runs/search') && !body.filter);
  for (const { body } of lists) times[body.page_token ?? 'first'] = (times[body.page_token ?? 'first'] ?? 0) + 1;
  return times;
}

const until = async (page, holds) => {
  while (!holds()) await page.waitForTimeout(20);
};

async function filter(page, text) {
  await page.fill('[data-query]', text);
  await page.keyboard.press('Enter');
}

pageTest('a page that is under way comes whatever is filtered meanwhile, and no page twice; a filter that is gone is dropped', { expected: REFUSED }, async ({ page }) => {
  const faults = await startFaults();
  await opened(page, faults, 'slow-pages');
  const asked = (holds) => faults.requests.find((ask) => ask.path.endsWith('/runs/search') && holds(ask.body));
  await until(page, () => asked(({ page_token }) => page_token));
  await filter(page, "params.lr = '0.2'");
  await until(page, () => asked(({ filter }) => filter?.includes("'0.2'")));
  await filter(page, "params.lr = '0.1'");
  await matches(page, 1);
  await until(page, () => asked(({ filter }) => filter?.includes("'0.2'")).dropped);
  await filter(page, '');
  await matches(page, RUNS);
  await idle(page);
  const times = timesAsked(faults);
  assert.deepEqual(new Set(Object.values(times)), new Set([1]), JSON.stringify(times));
  assert.ok(Object.keys(times).length > 1);
});

pageTest('whoever leaves a page of runs drops what is under way for it', { expected: REFUSED }, async ({ page }) => {
  const faults = await startFaults();
  await opened(page, faults, 'slow-pages');
  const second = () => faults.requests.find(({ path, body }) => path.endsWith('/runs/search') && body.page_token);
  await until(page, second);
  await page.locator('.crumbs a').first().click();
  await until(page, () => second().dropped !== undefined);
  assert.equal(second().dropped, true);
});

pageTest('a server of several workers is asked for several pages at one time, for none twice, and for none once that is stopped', { expected: REFUSED }, async ({ page }) => {
  const faults = await startFaults();
  await opened(page, faults, 'several-workers');
  const lists = () => faults.requests.filter(({ path }) => path.endsWith('/runs/search'));
  const under = (ms) => lists().filter(({ atMs, endMs }) => atMs < ms && !(endMs <= ms)).length;
  await until(page, () => under(performance.now()) > 1);
  await page.getByRole('button', { name: 'Stop, keep these' }).click();
  await until(page, () => under(performance.now()) === 0);
  const [stopped, loaded] = [lists().length, await matching(page)];
  assert.ok(lists().filter(({ dropped }) => dropped).length > 1, 'those that were sent ahead are dropped as well');
  await page.waitForTimeout(500);
  assert.equal(lists().length, stopped);
  assert.ok(loaded > 0 && loaded < MANY, `${loaded} runs`);
  await page.getByRole('button', { name: 'Go on' }).click();
  await matches(page, MANY);
  await idle(page);
  const tokens = lists().filter(({ dropped }) => !dropped).map(({ body }) => body.page_token);
  assert.equal(new Set(tokens).size, tokens.length, 'a page came twice');
  assert.ok(Math.max(...lists().map(({ endMs }) => under(endMs - 1))) >= 3);
});

/** Gives a token to the form that stands open. */
async function signIn(page, token) {
  await page.getByRole('radio', { name: 'Token' }).click();
  await page.fill('[data-secret]', token);
  await page.click('[data-signs-in] [data-connect]');
}

pageTest('a sign-in that expires keeps what is loaded; the new one goes on where it stopped, and stands nowhere', { expected: REFUSED }, async ({ page }) => {
  const faults = await startFaults();
  await opened(page, faults, 'expires-on-page-2');
  await page.locator('[data-fault=Unauthorised]').waitFor();
  const loaded = await matching(page);
  assert.ok(loaded > 0 && loaded < RUNS, `${loaded} runs`);
  await page.click('[data-strip] [data-sign-in]');
  await axe(page);
  await shot(page, 'server-signs-in');
  await signIn(page, 'token-of-nobody');
  // refused once more, with all that was here
  await until(page, () => faults.requests.some(({ headers }) => headers.authorization === 'Bearer token-of-nobody'));
  await page.locator('[data-fault=Unauthorised]').waitFor();
  assert.equal(await matching(page), loaded);
  await page.click('[data-strip] [data-sign-in]');
  await signIn(page, RENEWED);
  await matches(page, RUNS);
  await idle(page);
  assert.equal(timesAsked(faults).first, 1);
  assert.equal(faults.requests.filter(({ path }) => path.endsWith('/experiments/search')).length, 1);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href, document.documentElement.outerHTML]));
  assert.ok(!kept.includes(RENEWED) && !kept.includes('token-of-nobody'));
});

pageTest('a sign-in that expires before the first run is asked for where the runs would stand', { expected: REFUSED }, async ({ page }) => {
  const faults = await startFaults();
  await opened(page, faults, 'expires-at-once');
  const empty = page.locator('.empty').filter({ hasText: 'No run was loaded' });
  await empty.waitFor();
  assert.doesNotMatch(await empty.innerText(), /stopped answering|Retry/);
  await empty.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('[data-signs-in]').waitFor();
  await axe(page);
  await signIn(page, RENEWED);
  await matches(page, RUNS);
  await idle(page);
});

pageTest('a sign-in that expires before the curves is asked for above the table, and the curves come', { expected: REFUSED }, async ({ page }) => {
  const faults = await startFaults();
  await opened(page, faults, 'expires-on-histories');
  await matches(page, RUNS);
  await page.locator('[data-strip][data-fault=Unauthorised]').waitFor();
  await page.click('[data-strip] [data-sign-in]');
  await signIn(page, RENEWED);
  await page.waitForFunction(() => [...document.querySelectorAll('[data-chart]')].some((chart) => Number(chart.dataset.pointsDrawn) > 0));
  await idle(page);
  assert.equal(await page.locator('[data-strip]').count(), 0);
  assert.equal(await matching(page), RUNS);
});

/** Runs the program; gives its exit status and what it said. */
function run(...words) {
  const program = process.env.RUNGLASS ?? join(ROOT, 'target/debug/runglass');
  return new Promise((done) => execFile(program, words, (error, out, said) => done({ status: error?.code ?? 0, out, said })));
}

test('an export of a server that breaks off holds what came, and says loudly that it is not whole', { timeout: 60_000 }, async () => {
  const faults = await startFaults();
  const file = join(await scratch(), 'part.json');
  const { status, said } = await run('export', faults.at('cut'), '-o', file);
  assert.equal(status, 0, said);
  assert.match(said, /1 experiments, 0 runs[^]*NOT WHOLE[^]*Not all runs came: http:\/\/127\.0\.0\.1:\d+\/cut /);
  const { experiments, notices } = JSON.parse(await readFile(file, 'utf8'));
  assert.deepEqual(experiments.map(({ name }) => name), ['faults']);
  assert.ok(notices.some(({ reason }) => reason === 'server-silent'), JSON.stringify(notices));
  // a whole one that was there stays
  const whole = join(await scratch(), 'whole.json');
  await writeFile(whole, 'all of it');
  const forced = await run('export', faults.at('cut'), '-o', whole, '--force');
  assert.equal(forced.status, 1);
  assert.match(forced.said, /NOT WHOLE[^]*whole\.json was left as it was; what came is in .*whole\.json\.partial/);
  assert.equal(await readFile(whole, 'utf8'), 'all of it');
  assert.ok(JSON.parse(await readFile(`${whole}.partial`, 'utf8')).notices.length > 0);
  const nothing = join(await scratch(), 'nothing.json');
  const refused = await run('export', faults.at('unauthorised'), '-o', nothing);
  assert.equal(refused.status, 1);
  await assert.rejects(readFile(nothing));
  faults.close();
});
