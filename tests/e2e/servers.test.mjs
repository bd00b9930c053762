// That the tracking servers of the tests are what tests take them for: the real ones and the one with faults. No page here.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULTS, RUNS, startFaults } from './faults.mjs';
import { startServer, startTraining, VERSIONS } from './servers.mjs';

const TIME = { timeout: 300_000 };

/** The answer to a POST, or a GET without `body`, under `url`. */
async function ask(url, path, body, headers = {}) {
  const init = body && { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(`${url}/api/2.0/mlflow/${path}`, { ...init, headers: { 'content-type': 'application/json', ...headers } });
  return { status: response.status, headers: response.headers, json: await response.json().catch(() => null) };
}

/** All that its runs say, by name and without ids; and the experiments' ids by name. */
async function contents(url) {
  const { json } = await ask(url, 'experiments/search', { max_results: 100, view_type: 'ALL' });
  const experiments = Object.fromEntries(json.experiments.map((one) => [one.name, one.experiment_id]));
  const found = await ask(url, 'runs/search', { experiment_ids: Object.values(experiments), max_results: 1000, run_view_type: 'ALL' });
  // FastTrackML tells a name in one place alone.
  const ours = (key) => !['mlflow.parentRunId', 'mlflow.runName'].includes(key);
  const pairs = (list = []) => list.filter(({ key }) => ours(key)).map(({ key, value }) => [key, value]).sort();
  // Databases hold an infinity as the largest number; those that JSON has no word for come as text.
  const number = (value) => (Math.abs(value) === Number.MAX_VALUE ? String(Math.sign(value) * Infinity) : value);
  const runs = found.json.runs.map(({ info, data }) => [
    info.run_name ?? data.tags.find(({ key }) => key === 'mlflow.runName').value,
    [info.status, info.start_time, info.end_time ?? 0, info.lifecycle_stage, pairs(data.params), pairs(data.tags)],
    (data.metrics ?? []).map(({ key, value, step = 0 }) => [key, number(value), step]).sort(),
  ]);
  return { experiments, runs: runs.sort(([one], [two]) => (one < two ? -1 : 1)) };
}

let first;
for (const version of VERSIONS) {
  test(`${version} serves the data of all`, TIME, async () => {
    const server = await startServer({ version });
    const found = await contents(server.url);
    first ??= found;
    assert.deepEqual(found.runs, first.runs);
    assert.equal(found.runs.length, 31);
    assert.ok('second/ünï' in found.experiments && 'gone' in found.experiments);
    const one = await ask(server.url, 'runs/search', { experiment_ids: [found.experiments['second/ünï']], max_results: 5 });
    const { run_id } = one.json.runs[0].info;
    const history = await ask(server.url, `metrics/get-history?run_id=${run_id}&metric_key=loss`);
    assert.equal(history.json.metrics.length, 12_000);
    await server.stop();
    await assert.rejects(fetch(`${server.origin}/health`));
  });
}

test('nginx sends headers for pages of another origin, under a path, and asks for a header', TIME, async () => {
  const origin = 'http://page.example';
  const server = await startServer({ version: '1.30', cors: origin, base: '/deep/mlflow', demand: 'Authorization: Bearer let-me-in' });
  assert.match(server.url, /\/deep\/mlflow$/);
  const preflight = await fetch(`${server.url}/api/2.0/mlflow/runs/search`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), origin);
  assert.equal(preflight.headers.get('access-control-allow-headers'), 'authorization,content-type');
  const search = (headers) => ask(server.url, 'experiments/search', { max_results: 10 }, headers);
  const refused = await search();
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('access-control-allow-origin'), origin);
  const allowed = await search({ authorization: 'Bearer let-me-in' });
  assert.equal(allowed.json.experiments.length, 3);
  assert.equal(allowed.headers.get('access-control-allow-origin'), origin);
});

test('3.17 sends the headers itself, under a static prefix, and asks who it is', TIME, async () => {
  const origin = 'http://page.example';
  const server = await startServer({ cors: origin, staticPrefix: '/track', auth: true });
  const search = (headers) => ask(server.url, 'experiments/search', { max_results: 10 }, { origin, ...headers });
  assert.equal((await search()).status, 401);
  const basic = (password) => ({ authorization: `Basic ${Buffer.from(`${server.user}:${password}`).toString('base64')}` });
  assert.equal((await search(basic('wrong'))).status, 401);
  const allowed = await search(basic(server.password));
  assert.equal(allowed.json.experiments.length, 3);
  assert.equal(allowed.headers.get('access-control-allow-origin'), origin);
});

test('3.17 has workspaces', TIME, async () => {
  const server = await startServer({ workspaces: true });
  const listed = await (await fetch(`${server.url}/api/3.0/mlflow/workspaces`)).json();
  assert.deepEqual(listed.workspaces.map(({ name }) => name).sort(), ['default', 'team-b']);
  const names = async (workspace) => {
    const { json } = await ask(server.url, 'experiments/search', { max_results: 10 }, { 'x-mlflow-workspace': workspace });
    return json.experiments.map(({ name }) => name);
  };
  assert.ok((await names('default')).includes('main'));
  assert.deepEqual(await names('team-b'), ['of team b']);
});

test('a client logs steps, and a server that is killed comes back where it was', TIME, async () => {
  const server = await startServer({ version: '2.22', scratch: true });
  const { experiments } = await contents(server.url);
  const training = await startTraining(server, experiments.main, { steps: 500, pauseS: 0.05 });
  const steps = async () => (await ask(server.url, `metrics/get-history?run_id=${training.runId}&metric_key=loss`)).json.metrics?.length ?? 0;
  while ((await steps()) < 3) await new Promise((done) => setTimeout(done, 50));
  await training.stop();
  assert.equal((await ask(server.url, `runs/get?run_id=${training.runId}`)).json.run.info.status, 'RUNNING');
  await server.kill();
  await assert.rejects(fetch(`${server.url}/health`));
  const again = await startServer({ version: '2.22', port: new URL(server.url).port });
  assert.equal(again.url, server.url);
});

test('each fault goes wrong as it says, and nothing else does', TIME, async () => {
  const faults = await startFaults();
  const search = (fault, body = {}) => ask(faults.at(fault), 'runs/search', { experiment_ids: ['1'], max_results: 10, ...body });
  const statuses = async (fault, count) => {
    const all = [];
    while (all.length < count) all.push((await search(fault)).status);
    return all;
  };
  let page_token;
  let seen = 0;
  do {
    const { json } = await search('sound', { page_token, max_results: 100 });
    seen += json.runs.length;
    page_token = json.next_page_token;
  } while (page_token);
  assert.equal(seen, RUNS);
  assert.deepEqual(await statuses('busy', 3), [429, 429, 200]);
  assert.equal((await search('busy-for-an-hour')).headers.get('retry-after'), '3600');
  assert.deepEqual(await statuses('failing', 3), [500, 500, 200]);
  assert.deepEqual(await statuses('gateway', 3), [502, 502, 200]);
  assert.equal((await search('max-results-ignored')).json.runs.length, 5000);
  const pages = [await search('endless'), await search('endless', { page_token: '0-0' })];
  assert.deepEqual(pages[0].json.runs, pages[1].json.runs);
  const tokens = async (fault, body) => (await search(fault, body)).json.next_page_token;
  assert.notEqual(await tokens('endless'), await tokens('endless'));
  assert.equal(await tokens('repeated-token'), await tokens('repeated-token', { page_token: '10' }));
  assert.deepEqual([(await search('clauses-refused')).status, (await search('clauses-refused', { filter: 'metrics.a > 1' })).status], [200, 400]);
  assert.match(await (await fetch(`${faults.at('login')}/version`)).text(), /password/);
  assert.match((await fetch(`${faults.at('redirect')}/version`)).url, /\/redirect\/login$/);
  await assert.rejects(fetch(`${faults.at('redirect-loop')}/version`));
  assert.equal((await fetch(`${faults.at('sound')}/version`)).headers.get('access-control-allow-origin'), '*');
  assert.equal((await fetch(`${faults.at('no-cors')}/version`)).headers.get('access-control-allow-origin'), null);
  assert.equal((await fetch(`${faults.at('minimal')}/version`)).status, 404);
  await assert.rejects(search('dies-after-page-1', { page_token: '10' }));
  await assert.rejects(fetch(`${faults.at('cut')}/api/2.0/mlflow/runs/search`, { method: 'POST', body: '{}' }).then((response) => response.text()));
  assert.equal((await search('no-json')).json, null);
  assert.equal((await search('empty')).json, null);
  assert.ok((await search('huge')).json.runs[0].info.run_name.length > 10_000_000);
  assert.equal((await search('wrong-types')).json.runs[4], null);
  assert.equal((await ask(faults.at('bare-nan'), 'metrics/get-history-bulk?run_id=a&metric_key=loss')).json, null);
  const started = performance.now();
  await search('slow');
  assert.ok(performance.now() - started > 2900);
  await assert.rejects(fetch(`${faults.at('hanging')}/api/2.0/mlflow/runs/search`, { method: 'POST', signal: AbortSignal.timeout(200) }));
  assert.equal(faults.mostInFlight(), 1);
  const asked = new Set(faults.requests.map(({ fault }) => fault));
  assert.deepEqual([...asked].filter((fault) => !FAULTS[fault]), []);
  faults.close();
});
