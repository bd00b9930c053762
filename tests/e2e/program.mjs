// `runglass serve` for tests: the program, started on a free port, and ended with the test file. It knows nothing of pages.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { ROOT } from './site.mjs';

/** The program with the page inside; without one, the plain program with the page beside. */
const PROGRAM = process.env.RUNGLASS ? [process.env.RUNGLASS] : [join(ROOT, 'target/debug/runglass'), '--page', join(ROOT, 'dist')];

const running = new Set();
after(() => running.forEach((child) => child.kill()));

async function started(...options) {
  const [program, ...page] = PROGRAM;
  const child = spawn(program, ['serve', '--no-open', '--port', '0', ...page, ...options], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('http://')) return { url: line, child };
  }
  throw new Error('the program ended before it printed an address');
}

/** Serves a path; answers the address that it prints. */
export const serving = (path, ...options) => started(path, ...options);

/** Reaches one tracking server for the page; answers the address of the page. */
export const proxying = (url) => started('--proxy', url);
