// Counts what goes between a browser and a server: passes every byte on and reads no more of it than the first line of each request.
// It knows neither page.

import { connect, createServer } from 'node:net';

/** A stand-in for `url` on this machine: `url` to open; `total(isCounted)` of the requests whose path is counted, with the bytes of their answers. */
export async function counting(url) {
  const { hostname, port } = new URL(url);
  let seen = [];
  const server = createServer((browser) => {
    const upstream = connect(Number(port), hostname);
    // A connection of HTTP/1.1 has one request under way at a time.
    let current = null;
    browser.on('data', (bytes) => {
      const line = /^[A-Z]+ (\S+) HTTP\/1\.1\r\n/.exec(bytes.subarray(0, 20_000).toString('latin1'));
      if (line) seen.push((current = { path: line[1], bytes: 0 }));
    });
    upstream.on('data', (bytes) => {
      if (current) current.bytes += bytes.length;
    });
    browser.pipe(upstream);
    upstream.pipe(browser);
    for (const [one, other] of [[browser, upstream], [upstream, browser]]) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: url.replace(`:${port}`, `:${server.address().port}`),
    reset() {
      seen = [];
    },
    total(isCounted = () => true) {
      const counted = seen.filter(({ path }) => isCounted(path));
      return { requests: counted.length, bytes: counted.reduce((sum, { bytes }) => sum + bytes, 0) };
    },
    close: () => server.close(),
  };
}
