// A static site and a browser: what both the tests and the benchmark need. It knows nothing of either.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The page as built. */
export const DIST = join(ROOT, 'dist');

const MIME = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
};

/** A certificate that nobody vouches for, and its key; `openssl` makes them. */
async function certificate() {
  const dir = await mkdtemp(join(tmpdir(), 'runglass-certificate-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(dir, name));
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', ...name, '-keyout', key, '-out', cert], { stdio: 'pipe' });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    await rm(dir, { recursive: true });
  }
}

/**
 * Serves a directory as a plain static host does, under `path` (with slashes at both ends); `secure` by https, with a certificate
 * that only `--ignore-certificate-errors` accepts. `requests` holds the paths asked for so far. A second site is another origin.
 */
export async function serve({ path = '/', dir = DIST, secure = false } = {}) {
  const requests = [];
  const listen = secure ? createSecureServer.bind(null, await certificate()) : createServer;
  const server = listen(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://site');
    requests.push(pathname);
    // Browsers resolve `..` themselves; what is left of it stays below `dir` here.
    const below = pathname.startsWith(path) ? normalize('/' + decodeURIComponent(pathname.slice(path.length))) : null;
    try {
      const file = below === '/' ? '/index.html' : below;
      const body = await readFile(join(dir, file));
      response.writeHead(200, { 'content-type': MIME[extname(file)] ?? 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(404).end('not found');
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  return {
    url: `http${secure ? 's' : ''}://127.0.0.1:${port}${path}`,
    requests,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Chromium, without a window, with flags of the caller's own. */
export function launch(flags = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...flags,
    ],
  });
}
