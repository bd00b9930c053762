// A real MLflow 3.17 (no job runner) on a database that lies there. It knows no page and no measure.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../tests/e2e/site.mjs';

/** The Python of the tests' servers. */
export const PYTHON = process.env.RUNGLASS_PYTHON ?? 'python3';

/** The server, ready, with its `url` and `stop`; it ends with this process, whose pipe it listens to. */
export async function start(database, workers = 1) {
  const script = join(ROOT, 'tests/servers/serve.py');
  const child = spawn(PYTHON, [script, '--version', '3.17', '--data', dirname(database), '--as-it-is', '--workers', String(workers)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const line = await Promise.race([once(createInterface(child.stdout), 'line'), ended.then(() => null)]);
  if (!line) throw new Error('MLflow did not start; see above');
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  return { url: JSON.parse(line[0]).url, stop };
}
