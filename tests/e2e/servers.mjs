// Real tracking servers for tests, through `tests/servers/serve.py`. It knows how to start and end them, not what they answer.
//
//   const server = await startServer({ version: '2.22', nginx: true, cors: '*' });
//   ... server.url ...

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { ROOT } from './site.mjs';

/** Those there are; `fasttrackml` is 0.6, `3.17-files` keeps a folder in the place of a database. */
export const VERSIONS = ['3.17', '2.22', '1.30', 'fasttrackml', '3.17-files'];

const PYTHON = process.env.RUNGLASS_PYTHON ?? 'python3';
const running = new Set();
after(() => Promise.all([...running].map((server) => server.stop())));

/** `staticPrefix: '/x'` is `--static-prefix /x`; `true` is a flag alone. */
function flags(options) {
  return Object.entries(options).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === true) return [flag];
    return value === undefined || value === false ? [] : [flag, String(value)];
  });
}

/**
 * One server with the data of `tests/servers/seed.py`, ready. All others share that data, so a test that writes asks for
 * `scratch: true`. Options are those of serve.py: `version`, `scratch`, `port`, `auth`, `staticPrefix`, `cors`, `allowedHosts`,
 * `workspaces`, `nginx`, `base`, `demand`.
 *
 * Gives `url` to connect to, `origin` of the server itself, `database`, `python`, and with `auth` `user` and `password`;
 * `stop()` ends it in order and `kill()` at once. What still runs ends with the test file.
 */
export async function startServer({ version = '3.17', ...options } = {}) {
  const data = join(ROOT, 'target/servers', version);
  const script = join(ROOT, 'tests/servers/serve.py');
  const child = spawn(PYTHON, [script, '--version', version, '--data', data, ...flags(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  // It may end before it was told to.
  child.stdin.on('error', () => {});
  const first = once(createInterface(child.stdout), 'line');
  const line = await Promise.race([first, ended.then(() => null)]);
  if (!line) throw new Error(`MLflow ${version} did not start; see above`);
  const server = {
    ...JSON.parse(line[0]),
    async stop() {
      running.delete(server);
      child.stdin.end();
      await ended;
    },
    async kill() {
      running.delete(server);
      child.kill('SIGKILL');
      await ended;
      // The watcher takes the server along; a moment later nothing answers.
      while (await fetch(`${server.origin}/health`).then(() => true, () => false)) await new Promise((done) => setTimeout(done, 20));
    },
  };
  running.add(server);
  return server;
}

/** A client that logs `loss` to the experiment with this id, one step every `pauseS` seconds; `stop()` leaves its run unfinished. */
export async function startTraining(server, experiment, { steps = 1000, pauseS = 0.5 } = {}) {
  const script = join(ROOT, 'tests/servers/live.py');
  const child = spawn(server.python, [script, server.origin, experiment, steps, pauseS], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  child.stdin.on('error', () => {});
  const training = {
    ended,
    async stop() {
      running.delete(training);
      child.stdin.end();
      await ended;
    },
  };
  running.add(training);
  const line = await Promise.race([once(createInterface(child.stdout), 'line'), ended.then(() => null)]);
  if (!line) throw new Error('the client did not start; see above');
  return { ...training, runId: line[0] };
}
