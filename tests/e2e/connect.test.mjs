// Tracking servers in the page: real ones of several versions, from another origin, behind nginx, through `runglass serve`; then what
// goes wrong. One server at a time.

import { openExperiment } from './acts.mjs';
import { RUNS, startFaults } from './faults.mjs';
import { assert, axe, idle, pageTest, pickPaths, serve, shot } from './harness.mjs';
import { proxying } from './program.mjs';
import { startServer, startTraining } from './servers.mjs';
import { asked, connect, experiments, fault, goTo, matches, matching, opened, REFUSED, rows } from './tracking.mjs';

/** The whole trip: experiments, runs, a filter, charts, a run, an artifact. */
async function trip(page, server) {
  await experiments(page).first().waitFor();
  assert.deepEqual((await experiments(page).evaluateAll((rows) => rows.map((row) => row.innerText.split('\n')[0]))).filter((name) => name !== 'Default').sort(), ['main', 'second/ünï']);
  const requests = asked(page, server);
  await openExperiment(page, 'main');
  await rows(page).first().waitFor();
  await idle(page);
  const all = await matching(page);
  assert.ok(all > 15, `${all} runs`);
  assert.ok((await page.locator('[data-chart]').count()) > 1);
  await page.locator('[data-chart="metrics.loss"][data-revision]').first().waitFor();
  assert.ok(Number(await page.locator('[data-chart="metrics.loss"]').getAttribute('data-points-total')) > 100);
  await page.fill('[data-query]', "attributes.status = 'FAILED'");
  await page.keyboard.press('Enter');
  await page.waitForFunction((all) => Number(document.querySelector('[data-runs-matching]')?.dataset.runsMatching) < all, all);
  assert.ok((await matching(page)) > 0);
  await page.fill('[data-query]', '');
  await page.keyboard.press('Enter');
  await matches(page, all);
  await rows(page).filter({ hasText: 'run-00' }).first().locator('a').first().click();
  await page.locator('.run-page').waitFor();
  await idle(page);
  assert.match(await page.locator('.run-kept').innerText(), /notes\.txt|\.txt/);
  assert.deepEqual([...new Set(requests.map(({ method }) => method))].filter((method) => !['GET', 'POST', 'OPTIONS'].includes(method)), []);
  assert.deepEqual(requests.filter(({ method, path }) => method === 'POST' && !/\/(runs|experiments|logged-models|traces)\/search$/.test(path)), []);
}

pageTest('3.17 from another origin: the whole trip, and what it says of itself', async ({ page }) => {
  const server = await startServer();
  await connect(page, server.url);
  await trip(page, server);
  assert.match(await page.locator('[data-server-version]').innerText(), /MLflow 3\.17\.2/);
  await page.locator('.run-kept').getByText('.txt').first().click();
  await page.locator('.artifact, .code.file').first().waitFor();
  await shot(page, 'server-run');
  await server.stop();
});

for (const version of ['2.22', '1.30', 'fasttrackml']) {
  pageTest(`${version} behind nginx with headers, under a base path`, { expected: REFUSED }, async ({ page }) => {
    const server = await startServer({ version, base: '/deep/mlflow', cors: '*', nginx: true });
    await connect(page, server.url);
    await trip(page, server);
    await server.stop();
  });

  pageTest(`${version} on the page's own origin, through \`runglass serve --proxy\``, { open: false, expected: REFUSED }, async ({ page }) => {
    const server = await startServer({ version });
    const proxy = await proxying(server.url);
    await page.goto(proxy.url);
    await trip(page, { url: new URL('mlflow', proxy.url).href });
    await server.stop();
  });
}

pageTest('a clause goes to the server, an order as well; a link brings the view back once the user says so', { expected: REFUSED }, async ({ page }) => {
  const server = await startServer();
  await connect(page, server.url);
  await openExperiment(page, 'main');
  await rows(page).first().waitFor();
  await idle(page);
  const address = `${page.url().replace(/&filter=[^&]*/, '')}&filter=${encodeURIComponent("params.lr = '0.1'")}&sort=-metrics.loss`;
  const requests = asked(page, server);
  await page.goto('about:blank');
  await page.goto(address);
  await page.locator('[data-ask-first]').waitFor();
  assert.match(await page.locator('[data-ask-first]').innerText(), /127\.0\.0\.1/);
  assert.deepEqual(requests, []);
  await axe(page);
  await shot(page, 'server-asks-first');
  await page.click('[data-connect]');
  await rows(page).first().waitFor();
  await idle(page);
  const searches = requests.filter(({ path }) => path.endsWith('runs/search')).map(({ body }) => body).filter(Boolean);
  assert.ok(searches.some(({ filter }) => /params\.[`"]?lr[`"]? = '0\.1'/.test(filter ?? '')), JSON.stringify(searches));
  assert.ok(searches.some(({ order_by }) => /metrics\.[`"]?loss[`"]? DESC/.test((order_by ?? []).join())), JSON.stringify(searches));
  const values = await page.locator('[role=row][data-run]').count();
  assert.equal(values, await matching(page));
  await server.stop();
});

pageTest('a server that lets no other origin read says what to copy', { expected: REFUSED }, async ({ page }) => {
  const server = await startServer({ version: '2.22' });
  await connect(page, server.url);
  await page.locator('[data-fault]').waitFor();
  assert.equal(await fault(page), 'CrossOrigin');
  assert.match((await page.locator('[data-remedy]').allInnerTexts()).join('\n'), /runglass serve --proxy/);
  await axe(page);
  await shot(page, 'server-cors');
  await server.stop();
});

pageTest('a password: wrong, then right; it stands in no address, no storage and no line of the console', { expected: REFUSED }, async ({ page }) => {
  const server = await startServer({ auth: true });
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  const urls = [];
  page.context().on('request', (request) => urls.push(request.url()));
  await connect(page, server.url);
  await page.locator('[data-fault=Unauthorised]').waitFor();
  await axe(page);
  await shot(page, 'server-password');
  const answer = async (password) => {
    await page.fill('[data-secret-name]', server.user);
    await page.fill('[data-secret]', password);
    await page.click('[data-connect]');
  };
  await answer('not-the-password');
  await page.locator('[data-fault=Unauthorised]').waitFor();
  assert.ok(!(await page.locator('body').innerText()).includes('not-the-password'));
  await answer(server.password);
  await experiments(page).first().waitFor();
  await openExperiment(page, 'main');
  await rows(page).first().waitFor();
  await idle(page);
  const kept = () => page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href, document.documentElement.outerHTML]));
  const basic = Buffer.from(`${server.user}:${server.password}`).toString('base64');
  for (const secret of [server.password, basic]) {
    assert.ok(!(await kept()).includes(secret), 'in the page');
    assert.ok(![...said, ...urls].some((text) => text.includes(secret)), 'in an address or on the console');
  }
  // kept for the tab only if asked, and under the server's own origin
  await page.goto('about:blank');
  await page.goBack();
  await page.locator('[data-ask-first]').waitFor();
  await page.click('[data-who]');
  await page.getByRole('radio', { name: 'Password' }).click();
  await page.check('[data-keep]');
  await answer(server.password);
  await rows(page).first().waitFor();
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), [`runglass.secret ${new URL(server.url).origin}`]);
  assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('secret')).length), 0);
  await page.reload();
  await page.locator('[data-ask-first]').waitFor();
  await page.click('[data-connect]');
  await rows(page).first().waitFor();
  await server.stop();
});

pageTest('workspaces are listed and chosen', { expected: REFUSED }, async ({ page }) => {
  const server = await startServer({ workspaces: true });
  await connect(page, server.url);
  await experiments(page).first().waitFor();
  await page.getByRole('button', { name: /MLflow 3\.17/ }).click();
  await page.getByRole('menuitemradio', { name: 'team-b' }).click();
  await experiments(page).filter({ hasText: 'of team b' }).waitFor();
  assert.equal(await experiments(page).count(), 1);
  await server.stop();
});

pageTest('what runs is followed: new points, a new run, the end; the hidden tab asks nothing', { expected: REFUSED }, async ({ page }) => {
  const server = await startServer({ scratch: true });
  await page.addInitScript(() => localStorage.setItem('runglass.live-ms', '1000'));
  await page.reload();
  await connect(page, server.url);
  await openExperiment(page, 'second/ünï');
  await rows(page).first().waitFor();
  await idle(page);
  const before = await matching(page);
  const id = decodeURIComponent(/exp=([^&]*)/.exec(page.url())[1]);
  const training = await startTraining(server, id, { steps: 60, pauseS: 0.1 });
  await matches(page, before + 1);
  const chart = page.locator('[data-chart="metrics.loss"]');
  const points = async () => Number(await chart.getAttribute('data-points-total'));
  await rows(page).filter({ hasText: 'live' }).waitFor();
  const some = await points();
  await page.waitForFunction((some) => Number(document.querySelector('[data-chart="metrics.loss"]')?.dataset.pointsTotal) > some, some);
  await training.ended;
  await rows(page).filter({ hasText: 'live' }).filter({ hasText: 'finished' }).waitFor();
  await server.stop();
});

pageTest('a long curve comes sampled and says so; all its points are one click away', { expected: REFUSED }, async ({ page }) => {
  const server = await startServer();
  await connect(page, server.url);
  await openExperiment(page, 'second/ünï');
  const sampled = page.locator('[data-sampled]');
  await sampled.waitFor();
  assert.match(await sampled.innerText(), /of up to 12,000 points/);
  await idle(page);
  const chart = page.locator('[data-chart="metrics.loss"]');
  assert.ok(Number(await chart.getAttribute('data-points-total')) < 3_000);
  await sampled.getByRole('button').click();
  await page.locator('[data-chart="metrics.loss"][data-points-total="12000"]').waitFor();
  assert.equal(await sampled.count(), 0);
  await server.stop();
});

pageTest('a server that is killed leaves what is loaded; once it is back, Retry goes on', { expected: REFUSED }, async ({ page }) => {
  const server = await startServer({ version: '3.17', scratch: true });
  await connect(page, server.url);
  await openExperiment(page, 'main');
  await rows(page).first().waitFor();
  await idle(page);
  const all = await matching(page);
  await server.kill();
  await page.fill('[data-query]', "params.lr = '0.1'");
  await page.keyboard.press('Enter');
  await page.fill('[data-query]', '');
  await page.keyboard.press('Enter');
  await matches(page, all);
  // another experiment has to be asked for
  await page.locator('.crumbs a').first().click();
  await goTo(page, 'second/ünï');
  await page.locator('[data-asked=failed]').waitFor();
  const again = await startServer({ version: '3.17', port: new URL(server.url).port });
  await page.getByRole('button', { name: 'Retry' }).first().click();
  await rows(page).first().waitFor();
  await idle(page);
  await again.stop();
});

pageTest('after files were opened the page has to be loaded anew to connect, and says so', { expected: REFUSED }, async ({ page }) => {
  const server = await startServer();
  await pickPaths(page, 'folder', ['tests/fixtures/mlruns-2.22.0']);
  await experiments(page).first().waitFor();
  await idle(page);
  await page.goto(`${page.url().split('#')[0]}#`);
  await connect(page, server.url);
  await page.getByRole('button', { name: 'Reload and connect' }).click();
  await page.locator('[data-ask-first]').waitFor();
  await page.click('[data-connect]');
  await experiments(page).first().waitFor();
  // files that are added stay readable, and the page says what that means
  await idle(page);
  await page.getByRole('button', { name: 'Asks a server' }).click();
  assert.match(await page.locator('aside, [role=dialog], .drawer').last().innerText(), /This tab is connected/);
  await server.stop();
});

for (const name of ['busy', 'failing', 'gateway', 'max-results-ignored', 'clauses-refused', 'orders-refused', 'minimal']) {
  pageTest(`${name}: all runs come all the same`, { expected: REFUSED }, async ({ page }) => {
    const faults = await startFaults();
    await opened(page, faults, name);
    await rows(page).first().waitFor();
    await page.waitForFunction((runs) => Number(document.querySelector('[data-runs-matching]')?.dataset.runsMatching) >= runs, RUNS);
    await page.fill('[data-query]', "params.lr = '0.1'");
    await page.keyboard.press('Enter');
    await matches(page, 1);
    await idle(page);
  });
}

for (const name of ['endless', 'endless-empty', 'repeated-token']) {
  pageTest(`${name}: it ends, and says so`, { expected: REFUSED }, async ({ page }) => {
    const faults = await startFaults();
    await opened(page, faults, name);
    await page.locator('[data-asked=failed], .bar .warning').first().waitFor();
    const before = faults.requests.length;
    await page.waitForTimeout(1_000);
    assert.ok(faults.requests.length - before < 10, 'it goes on asking');
  });
}

for (const name of ['always-failing', 'fails-on-page-2', 'dies-after-page-1', 'cut', 'no-json', 'empty']) {
  pageTest(`${name}: what came stays, with Retry`, { expected: REFUSED }, async ({ page }) => {
    const faults = await startFaults();
    await opened(page, faults, name);
    await page.locator('[data-asked=failed]').waitFor();
    const some = ['fails-on-page-2', 'dies-after-page-1'].includes(name);
    assert.equal((await rows(page).count()) > 0, some);
    await page.getByRole('button', { name: 'Retry' }).first().waitFor();
    assert.equal(await page.locator('html').getAttribute('data-runglass'), 'idle');
  });
}

for (const [name, kind] of [['unauthorised', 'Unauthorised'], ['forbidden', 'Forbidden'], ['login', 'LoginPage'], ['not-mlflow', 'NotMlflow'], ['no-such-path', 'NotMlflow'], ['no-cors', 'CrossOrigin'], ['redirect', 'LoginPage'], ['redirect-loop', 'LoginPage']]) {
  pageTest(`${name}: the page says what it is`, { expected: REFUSED }, async ({ page }) => {
    const faults = await startFaults();
    await connect(page, faults.at(name));
    await page.locator('[data-fault]').waitFor();
    if (kind) assert.equal(await fault(page), kind);
    await page.locator('[data-connect]').waitFor();
  });
}

pageTest('wrong types and hostile names are taken for what they are', { expected: REFUSED }, async ({ page }) => {
  const faults = await startFaults();
  await opened(page, faults, 'wrong-types');
  await rows(page).first().waitFor();
  await page.locator('.bar .warning').waitFor();
  await idle(page);
});

pageTest('a page that takes long is stopped by the user, and goes on', { expected: REFUSED }, async ({ page }) => {
  const faults = await startFaults();
  await opened(page, faults, 'hanging');
  await page.getByRole('button', { name: 'Stop, keep these' }).click();
  await page.locator('[data-asked=stopped]').waitFor();
  await idle(page);
  const empty = page.locator('.empty').filter({ hasText: 'No run was loaded' });
  await empty.getByRole('button', { name: 'Go on' }).click();
  await page.locator('[data-asked=asking]').waitFor();
  assert.equal(await empty.count(), 0);
});

pageTest('curves that never come keep no rows of another experiment waiting', { expected: REFUSED }, async ({ page }) => {
  const faults = await startFaults();
  await opened(page, faults, 'histories-hang');
  await rows(page).first().waitFor();
  while (!faults.requests.some(({ path }) => path.includes('/metrics/'))) await page.waitForTimeout(50);
  await page.locator('.crumbs a').first().click();
  await goTo(page, 'other');
  await page.locator('[data-runs-matching="1"]').waitFor({ timeout: 20_000 });
});

/** Under this name Chromium finds this machine, and takes it for another. */
const ELSEWHERE = 'tracking.example';
const MAPPED = `--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`;

pageTest('the host check of 3.17 is told from the page\'s origin, and the line to copy mends it', { expected: REFUSED, flags: [MAPPED] }, async ({ page }) => {
  const refusing = await startServer({ allowedHosts: 'localhost:*,127.0.0.1:*' });
  const { port } = new URL(refusing.url);
  await connect(page, `http://${ELSEWHERE}:${port}`);
  await page.locator('[data-fault=HostRefused]').waitFor();
  await axe(page);
  await shot(page, 'server-host-check');
  const [line, ...others] = await page.locator('[data-remedy]').allInnerTexts();
  assert.deepEqual(others, []);
  const [, allowedHosts] = /^mlflow server --allowed-hosts "(.*)"$/.exec(line.trim());
  await refusing.stop();
  const mended = await startServer({ allowedHosts, port });
  await page.click('[data-connect]');
  await experiments(page).first().waitFor();
  await openExperiment(page, 'main');
  await rows(page).first().waitFor();
  // others still reach it by the names of this machine
  assert.equal((await fetch(`http://127.0.0.1:${port}/api/2.0/mlflow/experiments/search?max_results=1`)).status, 200);
  await idle(page);
  await mended.stop();
});

pageTest('a page by https may not ask a server by http: it says so, with the line that reaches it all the same', { expected: [...REFUSED, /Mixed Content/], secure: true, flags: [MAPPED, '--ignore-certificate-errors'] }, async ({ page }) => {
  const server = await startServer({ allowedHosts: `${ELSEWHERE}:*,127.0.0.1:*`, cors: '*' });
  const address = `http://${ELSEWHERE}:${new URL(server.url).port}`;
  const requests = asked(page, { url: address });
  await connect(page, address);
  await page.locator('[data-fault=MixedContent]').waitFor();
  assert.match(await page.locator('[data-fault]').innerText(), new RegExp(`by https.*${address}`));
  assert.deepEqual((await page.locator('[data-remedy]').allInnerTexts()).map((line) => line.trim()), [`runglass serve --proxy ${address}`]);
  await axe(page);
  await shot(page, 'server-mixed-content');
  // a browser lets it ask this machine
  await connect(page, server.url);
  await experiments(page).first().waitFor();
  assert.ok(requests.length <= 1, JSON.stringify(requests));
  await server.stop();
});

pageTest('a list of artifacts that was refused is asked for again', { expected: REFUSED }, async ({ page }) => {
  const faults = await startFaults();
  await opened(page, faults, 'artifacts-forbidden');
  await page.getByRole('link', { name: 'run-0', exact: true }).click();
  await page.locator('.file-tree [data-failed]').waitFor();
  await axe(page);
  await page.locator('.file-tree').getByRole('button', { name: 'Retry' }).click();
  await page.locator('[role=tree] [data-path="notes.txt"]').waitFor();
});

pageTest('nothing is there: the page says so at once', { expected: REFUSED }, async ({ page, site }) => {
  const gone = await serve();
  gone.close();
  await connect(page, gone.url);
  await page.locator('[data-fault=Unreachable]').waitFor();
  for (const wrong of ['', 'http://user:secret@host', 'ftp://host', 'http://a b']) {
    await page.fill('[data-server]', wrong);
    await page.click('[data-connect]');
    await page.locator('.connect [role=alert]').waitFor();
    assert.ok(!(await page.locator('.connect [role=alert]').innerText()).includes('secret'));
  }
  assert.ok(!site.requests.some((path) => path.includes('secret')));
});
