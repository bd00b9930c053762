// A small tracking server whose answers go wrong on purpose, as a real one can not be made to: each fault under a path of its
// own, so that `${url}/busy` is the address of a server that is busy. It knows nothing of who asks.
//
//   const faults = await startFaults();
//   ... connect to faults.at('endless'), then look at faults.requests ...

import { createServer } from 'node:http';
import { after } from 'node:test';

const VERSION = '3.17.2';
const T0_MS = 1_700_000_000_000;
/** How many runs there are. */
export const RUNS = 250;
/** How many there are where pages take their time. */
export const MANY = 6_000;

const run = (number, name = `run-${number}`) => ({
  info: {
    run_id: `r${String(number).padStart(31, '0')}`,
    run_name: name,
    experiment_id: '1',
    status: 'FINISHED',
    start_time: T0_MS - number * 1000,
    end_time: T0_MS - number * 1000 + 500,
    artifact_uri: `mlflow-artifacts:/1/${number}/artifacts`,
    lifecycle_stage: 'active',
  },
  data: {
    metrics: [{ key: 'loss', value: 1 / (1 + number), timestamp: T0_MS, step: 9 }],
    params: [{ key: 'lr', value: String(number / 10) }],
    tags: [{ key: 'mlflow.runName', value: name }],
  },
  inputs: {},
});
const experiment = { experiment_id: '1', name: 'faults', artifact_location: 'mlflow-artifacts:/1', lifecycle_stage: 'active', creation_time: T0_MS };
const points = Array.from({ length: 10 }, (_, step) => ({ key: 'loss', value: 1 / (1 + step), timestamp: T0_MS + step, step }));

const json = (body, status = 200, headers = {}) => ({ status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
const html = (body, status = 200) => ({ status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: `<!doctype html><html><body>${body}</body></html>` });
const text = (body, status = 200) => ({ status, headers: { 'content-type': 'text/html; charset=utf-8' }, body });
const failure = (status, code, message = 'made for a test', headers) => json({ error_code: code, message }, status, headers);
/** The token that some of them want in the end. */
export const RENEWED = 'token-of-the-afternoon';
const EXPIRED = failure(401, 'UNAUTHENTICATED', 'expired', { 'www-authenticate': 'Bearer' });
const LOGIN = html('<h1>Sign in</h1><form><input name="user"><input name="password" type="password"></form>');

/** What a sound server answers to `ask`: `{ path, query, body }`. */
function sound(ask) {
  switch (ask.path.replace(/^\/(ajax-)?api\/\d\.0\/mlflow/, '')) {
    case '/health':
      return text('OK');
    case '/version':
      return text(VERSION);
    case '/server-info':
      return json({ store_type: 'SqlStore', workspaces_enabled: false });
    case '/experiments/search':
      return json({ experiments: [experiment] });
    case '/experiments/get':
      return json({ experiment });
    case '/runs/search':
      return json(page(ask, RUNS, String, (token) => Number.parseInt(token, 10)));
    case '/runs/get': {
      const number = Number((ask.query.get('run_id') ?? '').replace(/^r0*/, ''));
      return json({ run: run(number) });
    }
    case '/metrics/get-history':
      return json({ metrics: points });
    case '/metrics/get-history-bulk':
    case '/metrics/get-history-bulk-interval': {
      const ids = [...ask.query.getAll('run_id'), ...ask.query.getAll('run_ids')];
      return json({ metrics: ids.flatMap((run_id) => points.map((point) => ({ ...point, run_id }))) });
    }
    case '/artifacts/list':
      return json({ root_uri: 'mlflow-artifacts:/1', files: [{ path: 'notes.txt', is_dir: false, file_size: 5 }] });
    case '/get-artifact':
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'notes' };
    default:
      return html('<h1>Not Found</h1>', 404);
  }
}

/** The page of so many runs that is asked for; `token` names the place of the next one, and `place` reads that. */
function page(ask, all, token, place) {
  const from = ask.body.page_token ? place(ask.body.page_token) : 0;
  const to = Math.min(all, from + Number(ask.body.max_results ?? 1000));
  const runs = Array.from({ length: Math.max(0, to - from) }, (_, at) => run(from + at));
  return to < all ? { runs, next_page_token: token(to) } : { runs };
}
/** MLflow's own tokens. */
const offset = (place) => Buffer.from(`{"offset": ${place}}`).toString('base64');
const placeOf = (token) => JSON.parse(Buffer.from(token, 'base64').toString()).offset;

const isRuns = (ask) => ask.path.endsWith('/runs/search');
const isRenewed = (ask) => ask.headers.authorization === `Bearer ${RENEWED}`;
const isData = (ask) => ask.path.includes('/mlflow/');
const runsWith = (ask, change) => (isRuns(ask) ? json(change(JSON.parse(sound(ask).body), ask)) : sound(ask));

/** By name: what is answered to the `count`th request (from 0) for the same path. A `cut` or a `wait` is not an answer yet. */
export const FAULTS = {
  sound,
  // Too much, for a while and for ever.
  busy: (ask, count) => (isData(ask) && count < 2 ? failure(429, 'REQUEST_LIMIT_EXCEEDED', 'slow down', { 'retry-after': '1' }) : sound(ask)),
  'always-busy': (ask) => (isData(ask) ? failure(429, 'REQUEST_LIMIT_EXCEEDED', 'slow down', { 'retry-after': '1' }) : sound(ask)),
  'busy-for-an-hour': (ask) => (isData(ask) ? failure(429, 'REQUEST_LIMIT_EXCEEDED', 'slow down', { 'retry-after': '3600' }) : sound(ask)),
  failing: (ask, count) => (isRuns(ask) && count < 2 ? failure(500, 'INTERNAL_ERROR') : sound(ask)),
  'always-failing': (ask) => (isRuns(ask) ? failure(500, 'INTERNAL_ERROR') : sound(ask)),
  gateway: (ask, count) => (isRuns(ask) && count < 2 ? html('<h1>502 Bad Gateway</h1>', 502) : sound(ask)),
  'fails-on-page-2': (ask) => (isRuns(ask) && ask.body.page_token ? failure(500, 'INTERNAL_ERROR') : sound(ask)),
  // Pages.
  // The same runs for ever, under tokens that are all new.
  endless: (ask, count) => runsWith(ask, (answer) => ({ ...answer, next_page_token: `0-${count}` })),
  'endless-empty': (ask, count) => runsWith(ask, () => ({ next_page_token: String(count) })),
  'repeated-token': (ask) => runsWith(ask, (answer) => ({ ...answer, next_page_token: '10' })),
  'max-results-ignored': (ask) => runsWith(ask, () => ({ runs: Array.from({ length: 5000 }, (_, number) => run(number)) })),
  'clauses-refused': (ask) => {
    if (!isRuns(ask) || !ask.body.filter) return sound(ask);
    return failure(400, 'INVALID_PARAMETER_VALUE', `Invalid clause(s) in filter string: '${ask.body.filter}'`);
  },
  'orders-refused': (ask) => (isRuns(ask) && ask.body.order_by?.length ? failure(400, 'INVALID_PARAMETER_VALUE', 'Invalid order_by clause') : sound(ask)),
  // Who asks.
  unauthorised: () => ({ status: 401, headers: { 'www-authenticate': 'Basic realm="mlflow"', 'content-type': 'text/html' }, body: 'You are not authenticated.' }),
  forbidden: () => failure(403, 'PERMISSION_DENIED'),
  // Whoever asked gets so far and no further, until the token is the new one.
  'expires-on-page-2': (ask) => (isRuns(ask) && ask.body.page_token && !isRenewed(ask) ? EXPIRED : sound(ask)),
  'expires-at-once': (ask) => (isRuns(ask) && !isRenewed(ask) ? EXPIRED : sound(ask)),
  'expires-on-histories': (ask) => (/get-history/.test(ask.path) && !isRenewed(ask) ? EXPIRED : sound(ask)),
  login: () => LOGIN,
  redirect: (ask) => (ask.path === '/login' ? LOGIN : { status: 302, headers: { location: `${ask.base}/login` }, body: '' }),
  'redirect-loop': (ask) => ({ status: 307, headers: { location: `${ask.base}${ask.path}` }, body: '' }),
  'no-cors': sound,
  // What it is.
  'not-mlflow': (ask) => (ask.path === '/health' ? text('OK') : json({ name: 'something else' })),
  'no-such-path': () => html('<h1>Not Found</h1>', 404),
  minimal: (ask) => (/\/(experiments\/search|runs\/search|runs\/get|metrics\/get-history)$/.test(ask.path) && ask.path.startsWith('/api/') ? sound(ask) : html('', 404)),
  // How it comes.
  slow: (ask) => ({ ...sound(ask), wait: 3000 }),
  // The first page at once, the others late; a filter for 0.1 finds one run, any other never ends.
  'slow-pages': (ask) => {
    if (!isRuns(ask)) return sound(ask);
    if (ask.body.filter) return ask.body.filter.includes("'0.1'") ? json({ runs: [run(1)] }) : { wait: Infinity };
    return ask.body.page_token ? { ...sound(ask), wait: 2000 } : sound(ask);
  },
  // As many at one time as are asked for, each in a time that grows with its runs.
  'several-workers': (ask) => {
    if (!isRuns(ask)) return sound(ask);
    const answer = page(ask, MANY, offset, placeOf);
    return { ...json(answer), wait: answer.runs.length / 2 };
  },
  hanging: (ask) => (isRuns(ask) ? { wait: Infinity } : sound(ask)),
  // Its curves never come; a second experiment has one run.
  'histories-hang': (ask) => {
    if (ask.path.includes('/metrics/')) return { wait: Infinity };
    if (ask.path.endsWith('/experiments/search')) return json({ experiments: [experiment, { ...experiment, experiment_id: '2', name: 'other' }] });
    if (!isRuns(ask) || !ask.body.experiment_ids?.includes('2')) return sound(ask);
    const one = run(RUNS);
    return json({ runs: [{ ...one, info: { ...one.info, experiment_id: '2' } }] });
  },
  // A list of artifacts that comes once it was asked for again.
  'artifacts-forbidden': (ask, count) => (ask.path.endsWith('/artifacts/list') && count === 0 ? failure(403, 'PERMISSION_DENIED') : sound(ask)),
  cut: (ask) => (isRuns(ask) ? { ...sound(ask), cut: true } : sound(ask)),
  'dies-after-page-1': (ask) => (isRuns(ask) && ask.body.page_token ? { refuse: true } : sound(ask)),
  // What it says.
  empty: (ask) => (isRuns(ask) ? { status: 200, headers: {}, body: '' } : sound(ask)),
  'no-json': (ask) => (isRuns(ask) ? { ...sound(ask), body: '{"runs": [{"info"' } : sound(ask)),
  'wrong-types': (ask) =>
    runsWith(ask, ({ runs: [one, two, three, four, ...rest] }) => ({
      runs: [
        { ...one, info: { ...one.info, start_time: { seconds: 1 }, status: 17 } },
        { ...two, data: { metrics: 'none', params: [null, 3, { key: 7, value: ['x'] }], tags: { a: 1 } } },
        { ...three, data: { metrics: [{ key: 'loss', value: '0.25', step: '9007199254740993', timestamp: String(T0_MS) }] } },
        { info: null },
        null,
        'a run',
        { ...four, info: { ...four.info, experiment_id: 1, run_id: 42 } },
        ...rest,
      ],
      next_page_token: 5,
    })),
  huge: (ask) => runsWith(ask, ({ runs: [one, ...rest] }) => ({ runs: [{ ...one, info: { ...one.info, run_name: 'n'.repeat(20_000_000) } }, ...rest.slice(0, 5)] })),
  deep: (ask) => (isRuns(ask) ? { ...sound(ask), body: `{"runs": ${'['.repeat(200_000)}` } : sound(ask)),
  'odd-names': (ask) => runsWith(ask, ({ runs: [, ...rest] }) => ({ runs: [run(0, 'abc\u202edef\u2066 \u0007\u0000<b>bold</b>'), ...rest.slice(0, 5)] })),
  'bare-nan': (ask) => (ask.path.includes('/metrics/') ? { ...sound(ask), body: sound(ask).body.replaceAll('0.5', 'NaN').replaceAll('0.25', '-Infinity') } : sound(ask)),
};

const started = new Set();
after(() => started.forEach((close) => close()));

/**
 * Starts it on a free port. `at(fault)` is the address of a server with that fault; `requests` all that was asked so far, as
 * `{ fault, method, path, query, body, headers, atMs, endMs, dropped }`, the last two once it was answered or whoever asked went away; `mostInFlight()` how many were open at one time.
 */
export async function startFaults() {
  const requests = [];
  const counts = new Map();
  const waiting = new Set();
  let open = 0;
  let most = 0;
  const answerTo = async (request, response) => {
    most = Math.max(most, ++open);
    response.on('close', () => --open);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { pathname, searchParams } = new URL(request.url, 'http://faults');
    const [, fault, ...rest] = pathname.split('/');
    const cors = fault === 'no-cors' ? {} : { 'access-control-allow-origin': '*' };
    if (request.method === 'OPTIONS' && fault !== 'no-cors') {
      const allowed = { 'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '', 'access-control-allow-methods': 'GET, POST, HEAD' };
      response.writeHead(204, { ...cors, ...allowed, 'access-control-max-age': '600' }).end();
      return;
    }
    let body = {};
    try {
      body = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    } catch {
      // As MLflow does: what is no JSON is an empty request.
    }
    const ask = { fault, method: request.method, path: `/${rest.join('/')}`, base: `/${fault}`, query: searchParams, body, headers: request.headers, atMs: performance.now() };
    requests.push(ask);
    response.on('close', () => Object.assign(ask, { endMs: performance.now(), dropped: !response.writableFinished }));
    const count = counts.get(pathname) ?? 0;
    counts.set(pathname, count + 1);
    const answer = FAULTS[fault]?.(ask, count) ?? html('<h1>No such fault</h1>', 404);
    if (answer.refuse) return void request.socket.destroy();
    if (answer.wait === Infinity) return;
    if (answer.wait) {
      await new Promise((done) => {
        const timer = setTimeout(done, answer.wait);
        waiting.add(timer);
      });
    }
    const length = { 'content-length': Buffer.byteLength(answer.body) };
    response.writeHead(answer.status, { ...cors, ...length, ...answer.headers });
    if (!answer.cut) return void response.end(answer.body);
    response.write(answer.body.slice(0, answer.body.length / 2), () => request.socket.destroy());
  };
  // Who asks may go away in the middle of asking.
  const server = createServer((request, response) => answerTo(request, response).catch(() => request.socket.destroy()));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${server.address().port}`;
  const close = () => {
    waiting.forEach(clearTimeout);
    server.closeAllConnections();
    server.close();
  };
  // Whoever forgets it would keep the test file from ending.
  started.add(close);
  return {
    url,
    requests,
    at: (fault) => {
      if (!FAULTS[fault]) throw new Error(`there is no fault ${fault}`);
      return `${url}/${fault}`;
    },
    mostInFlight: () => most,
    close,
  };
}
