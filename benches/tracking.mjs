// One run, the figures of a tracking server: a real MLflow 3.17 (no job runner) with a generated database of 10,000 runs
// (30 params, 20 metrics each), our page from another origin, and beside it the server's own page in the same browser. All with a server
// of one worker, and the complete table with one of four as well, which is what MLflow starts unless told otherwise. Each time is
// from the navigation to the painted result, in a browser of its own with nothing cached, or from an act in a page that is open.
// `cargo xtask bench --servers` builds the page and starts this; the first time it makes the data (150 MB). Prints a table, then the
// same as one line of JSON. $RUNGLASS_BENCH_RUNS takes fewer runs, $RUNGLASS_BENCH_TIMES
// measures each less often, and an argument is a pattern of what is measured alone. A filter and an order show their first rows at
// once; `complete_ms` is when nothing is missing. The server's own page shows 100 rows and 100 more a click: its complete table is its
// first rows and all of those clicks, each as soon as it can be made; $RUNGLASS_BENCH_CLICKS makes fewer and takes the mean of them for the
// rest, which is kind to it, since clicks grow slower. Beside the complete table stands its floor: the server's own time for all runs,
// asked page after page, or as many pages at one time as the server has workers and the machine cores, by a program that does nothing with them.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { launch, serve } from '../tests/e2e/site.mjs';
import { DATA, generate, merge, python, report, TIMES as TIMES_OF_ALL } from './measure.mjs';
import { counting } from './counting.mjs';
import { start } from './server.mjs';

const RUNS = Number(process.env.RUNGLASS_BENCH_RUNS ?? 10_000);
const TIMES = Number(process.env.RUNGLASS_BENCH_TIMES ?? TIMES_OF_ALL);
/** Runs that the server's own page loads at a click. */
const CLICK = 100;
/** Clicks that are made. */
const CLICKS = Number(process.env.RUNGLASS_BENCH_CLICKS ?? Infinity);
/** Processes of the servers that are measured. */
const WORKERS = [1, 4];
const TABLE = 'complete table';
const VIEWPORT = { width: 1440, height: 900 };
const LIMIT_MS = 300_000;
/** Runs of a page of the floor: larger ones are no faster. */
const FLOOR_RUNS = 1_000;
/** An idle server answers a small question in less. */
const IDLE_MS = 60;

const database = generate(join(DATA, `tracking-${RUNS}`, 'mlflow.db'), (part) => python('servers.py', 'make', part, RUNS));
const facts = JSON.parse(python('servers.py', 'facts', database));

async function search(url, body) {
  const answer = await fetch(`${url}/api/2.0/mlflow/runs/search`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer;
}

/** Until the server is through with what was asked by a page that is gone: it goes on with it. */
async function settled(url) {
  for (let quick = 0; quick < 3; ) {
    const start = performance.now();
    await (await search(url, { experiment_ids: [String(facts.experiment)], max_results: 1 })).arrayBuffer();
    quick = performance.now() - start < IDLE_MS ? quick + 1 : 0;
  }
}

/** All runs, so many pages at one time. */
async function floor(url, atOnce) {
  const start = performance.now();
  let next = 0;
  const some = async () => {
    while (next < facts.runs) {
      const token = next ? Buffer.from(`{"offset": ${next}}`).toString('base64') : undefined;
      next += FLOOR_RUNS;
      const answer = await search(url, { experiment_ids: [String(facts.experiment)], max_results: FLOOR_RUNS, page_token: token });
      if (!(await answer.json()).runs?.length) throw new Error('MLflow names its pages otherwise than this takes it to');
    }
  };
  await Promise.all(Array.from({ length: atOnce }, some));
  return { ms: performance.now() - start };
}

/** What both pages get before their own scripts: waiting for something to be painted, and when the last act was. */
function tools() {
  globalThis.bench = { actAt: 0 };
  const frame = () => new Promise(requestAnimationFrame);
  /** Milliseconds since the navigation at which it was there and painted. */
  bench.until = async (isThere, ...args) => {
    for (const start = performance.now(); !isThere(...args); await frame()) {
      if (performance.now() - start > 120_000) throw new Error(`in two minutes there was nothing like ${isThere} ${JSON.stringify(args)}`);
    }
    await frame();
    await new Promise((done) => setTimeout(done));
    return performance.now();
  };
  /** The same, while whatever comes first is pressed. */
  bench.press = async (find) => {
    while (!find()) await frame();
    bench.pressedAt = performance.now();
    find().click();
  };
  const act = (event) => {
    if (event.isTrusted) bench.actAt = event.timeStamp;
  };
  addEventListener('keydown', (event) => event.key === 'Enter' && act(event), true);
  addEventListener('click', act, true);
  bench.isInSight = (element) => {
    const { top, bottom, height } = element.getBoundingClientRect();
    return height > 0 && top < innerHeight && bottom > 0;
  };
  bench.isSame = (texts, wanted) => wanted.every((text, at) => texts[at] === text);
}

/** Our page: from a link, which asks first and is told yes as soon as it asks. */
function ours(site, server) {
  const key = (keys) => Object.entries(keys).map(([name, value]) => `&${name}=${encodeURIComponent(value)}`).join('');
  return {
    name: 'Runglass',
    init: () => {
      globalThis.bench.press(() => document.querySelector('[data-ask-first]') && document.querySelector('[data-connect]'));
      bench.names = () => {
        const rows = [...document.querySelectorAll('[role=row][data-run]')];
        rows.sort((one, two) => one.getAttribute('aria-rowindex') - two.getAttribute('aria-rowindex'));
        return rows.map((row) => row.querySelector('a')?.textContent.trim());
      };
      bench.matching = () => Number(document.querySelector('[data-runs-matching]')?.dataset.runsMatching);
      bench.isWhole = (runs) => document.documentElement.dataset.runglass === 'idle' && bench.matching() === runs;
      /** Charts in sight, if each shows so many points. */
      bench.charts = (runs, points) => {
        const charts = [...document.querySelectorAll('[data-chart]')].filter(bench.isInSight);
        const isDrawn = ({ dataset }) => Number(dataset.revision) > 0 && Number(dataset.pointsTotal) === runs * points;
        return charts.length > 0 && charts.every(isDrawn) ? charts.length : 0;
      };
    },
    table: () => `${site}#src=${encodeURIComponent(server)}&page=runs&exp=${facts.experiment}`,
    filtered() {
      return this.table() + key({ filter: facts.filter.text });
    },
    sorted() {
      return this.table() + key({ sort: `-metrics.${facts.sort.metric}` });
    },
    charts(runs) {
      return `${this.table()}&eye=${facts.newest.slice(0, runs).join()}`;
    },
    async filter(page) {
      await page.fill('[data-query]', facts.filter.text);
      await page.press('[data-query]', 'Enter');
    },
    async sort(page) {
      const head = page.locator(`[role=columnheader][data-column="metrics.${facts.sort.metric}"]`);
      await head.scrollIntoViewIfNeeded();
      await head.click();
    },
  };
}

/** The page that the server brings. */
function official(server) {
  return {
    name: "the server's own page",
    init: () => {
      bench.names = () => {
        const names = [];
        for (const link of document.querySelectorAll('.ag-row a[href*="/runs/"]')) names[link.closest('.ag-row').getAttribute('row-index')] = link.textContent.trim();
        return names;
      };
      /** Charts in sight, if each has the two lines that it draws of each run: as it is, and smoothed. */
      bench.charts = (runs) => {
        const charts = [...document.querySelectorAll('[data-testid=experiment-view-compare-runs-card]')].filter(bench.isInSight);
        return charts.length > 0 && charts.every((chart) => chart.querySelectorAll('.scatterlayer .js-line').length === 2 * runs) ? charts.length : 0;
      };
      bench.more = () => [...document.querySelectorAll('.ag-row button')].find((button) => button.textContent.trim() === 'Load more');
    },
    table: (keys = '') => `${server}/#/experiments/${facts.experiment}/runs${keys && `?${keys}`}`,
    filtered() {
      return this.table(`searchFilter=${encodeURIComponent(facts.filter.text)}`);
    },
    sorted() {
      return this.table(`orderByKey=${encodeURIComponent(`metrics.\`${facts.sort.metric}\``)}&orderByAsc=false`);
    },
    charts() {
      return this.table('compareRunsMode=CHART');
    },
    async filter(page) {
      await page.fill('[data-testid=search-box]', facts.filter.text);
      await page.press('[data-testid=search-box]', 'Enter');
    },
    /** Its column of a metric has to be chosen first; its address says the same. */
    async sort(page) {
      await page.evaluate((address) => {
        bench.actAt = performance.now();
        location.href = address;
      }, this.sorted());
    },
  };
}

/** `act` with a page in a browser of its own. */
async function inBrowser(app, act, state) {
  const chromium = await launch();
  try {
    const context = await chromium.newContext({ viewport: VIEWPORT, storageState: state });
    context.setDefaultTimeout(LIMIT_MS);
    const page = await context.newPage();
    await page.addInitScript(tools);
    await page.addInitScript(app.init);
    return await act(page, context);
  } finally {
    await chromium.close();
  }
}

const open = (page, address) => page.goto(address, { waitUntil: 'commit' });
const isFirst = (wanted) => bench.isSame(bench.names(), wanted);
const isTable = (wanted, runs) => bench.isSame(bench.names(), wanted) && bench.isWhole(runs);
/** Waits in the page, so that no time goes by between it and us. */
const until = (page, isThere, ...args) => page.evaluate(`bench.until(${isThere}, ${args.map((arg) => JSON.stringify(arg)).join()})`);
const since = async (page, isThere, ...args) => (await until(page, isThere, ...args)) - (await page.evaluate(() => bench.actAt));
const charts = (runs, points) => bench.charts(runs, points);

/** What is measured, of either page; each gives figures in milliseconds, and what else there is to say. */
function measures(app) {
  const isOurs = app.name === 'Runglass';
  const points = facts.points;
  const from = (address, isThere, args, after = async () => ({})) => (page) => open(page, address).then(() => until(page, isThere, ...args)).then(async (ms) => ({ ms, ...(await after(page)) }));
  const whole = (runs) => (isOurs ? async (page) => ({ complete_ms: await until(page, (runs) => bench.isWhole(runs), runs) }) : async () => ({}));
  const drawn = (runs) => from(app.charts(runs), charts, [runs, points], async (page) => ({ charts: await page.evaluate(`bench.charts(${runs}, ${points})`) }));
  const opened = (act, wanted, runs) => async (page) => {
    await open(page, app.table());
    await until(page, isFirst, facts.first);
    if (isOurs) await until(page, (runs) => bench.isWhole(runs), facts.runs);
    // what comes late of a page is not the act's
    await page.waitForTimeout(1000);
    app.begun?.();
    await act.call(app, page);
    return { ms: await since(page, isFirst, wanted), ...(isOurs ? { complete_ms: await since(page, isTable, wanted, runs) } : {}) };
  };
  const { filter, sort, runs } = facts;
  return {
    'first rows': from(app.table(), isFirst, [facts.first], isOurs ? async (page) => ({ asked_ms: await page.evaluate(() => bench.pressedAt) }) : undefined),
    'filtered view': from(app.filtered(), isFirst, [filter.first], whole(filter.matching)),
    'sorted by a metric': from(app.sorted(), isFirst, [sort.first], whole(runs)),
    'charts of 10 runs': drawn(10),
    'charts of 100 runs': drawn(100),
    'filter, page open': opened(app.filter, filter.first, filter.matching),
    'sort, page open': opened(app.sort, sort.first, runs),
    [TABLE]: isOurs ? from(app.table(), isTable, [facts.first, runs]) : clicks(app),
  };
}

/** The table as far as clicks bring it, and what all of them would take at that pace. */
function clicks(app) {
  return async (page) => {
    await open(page, app.table());
    const first = await until(page, isFirst, facts.first);
    let loaded = CLICK;
    let spent = 0;
    for (let n = 0; n < CLICKS && loaded < facts.runs; n++) {
      spent += await page.evaluate(async (loaded) => {
        const rows = document.querySelector('.ag-body-viewport');
        while (!bench.more()) {
          rows.scrollTop = rows.scrollHeight;
          await new Promise(requestAnimationFrame);
        }
        const start = performance.now();
        bench.more().click();
        return (await bench.until((loaded) => document.querySelector(`.ag-row[row-index="${loaded}"] a[href*="/runs/"]`), loaded)) - start;
      }, loaded);
      loaded += CLICK;
    }
    const click_ms = spent / (loaded / CLICK - 1);
    return { ms: first + click_ms * (facts.runs / CLICK - 1), click_ms, clicks: loaded / CLICK - 1 };
  };
}

/** The state of a browser in which the server's own page shows all of its 100 runs in charts: a choice that it keeps. */
function allShown(app) {
  return inBrowser(app, async (page, context) => {
    await open(page, app.charts());
    await page.locator('[data-testid=experiment-view-runs-visibility-column-header]').click();
    await page.getByRole('menuitemradio', { name: 'Show all runs' }).click();
    await until(page, charts, 100);
    return context.storageState();
  });
}

const only = process.argv[2] && new RegExp(process.argv[2]);
const results = [];
const site = await serve();
for (const workers of WORKERS) await measureAll(workers);
site.close();
report(results, { runs: facts.runs });

/** What is asked for, of a server of so many workers. */
async function measureAll(workers) {
  const server = await start(database, workers);
  const [counted, countedSite] = [await counting(server.url), await counting(site.url)];
  const [pages, countedPages] = [(url, at) => [ours(at, url), official(url)]].flatMap((of) => [of(server.url, site.url), of(counted.url, countedSite.url)]);
  const add = (row) => {
    results.push({ workers, ...row });
    console.error(JSON.stringify(results.at(-1)));
  };
  // a server's first answer is slow, whoever asks
  for (const app of pages) await inBrowser(app, measures(app)['first rows']);
  for (const what of Object.keys(measures(pages[0]))) {
    if (!(only?.test(what) ?? true) || (workers > 1 && what !== TABLE)) continue;
    for (const [at, app] of pages.entries()) add({ what, ...(await figuresOf(what, app, countedPages[at])) });
    if (what !== TABLE) continue;
    const figures = {};
    for (let n = 0; n < TIMES; n++) {
      await settled(server.url);
      merge(figures, await floor(server.url, Math.min(workers, availableParallelism())));
    }
    add({ what, page: 'the server alone, the floor', ...figures });
  }
  for (const one of [counted, countedSite]) one.close();
  await server.stop();

  /** The least of several times, and once more through what counts, which may be slower. */
  async function figuresOf(what, app, also) {
    const isOfficial = app.name !== 'Runglass';
    const isLong = isOfficial && what === TABLE;
    const isAll = isOfficial && what === 'charts of 100 runs';
    const figures = {};
    for (let n = 0; n < (isLong ? 1 : TIMES); n++) {
      const kept = isAll ? await state(app) : undefined;
      await settled(server.url);
      merge(figures, await inBrowser(app, measures(app)[what], kept));
    }
    const page = figures.clicks < facts.runs / CLICK - 1 ? `${app.name}, from ${figures.clicks} clicks` : app.name;
    if (isLong) return { page, ...figures };
    const kept = isAll ? await state(also) : undefined;
    const begun = () => [counted, countedSite].forEach((count) => count.reset());
    begun();
    also.begun = begun;
    await settled(server.url);
    await inBrowser(also, measures(also)[what], kept);
    const [api, rest] = [counted.total((path) => path.includes('api/')), counted.total((path) => !path.includes('api/'))];
    return { page, ...figures, requests: api.requests, kb: api.bytes / 1e3, page_kb: (rest.bytes + countedSite.total().bytes) / 1e3 };
  }
}

function state(app) {
  state.of ??= new Map();
  if (!state.of.has(app)) state.of.set(app, allShown(app));
  return state.of.get(app);
}
