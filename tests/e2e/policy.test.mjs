// Nothing leaves: with local data open, page and worker can not reach another origin. Before, the base policy lets them.

import { openSample } from './acts.mjs';
import { assert, idle, pageTest, serve } from './harness.mjs';


pageTest('another origin is out of reach, for the page and for its reader', { expected: [/Content Security Policy|Refused to connect|violates/] }, async ({ page, site }) => {
  const other = await serve();
  try {
    await idle(page);
    // "no-cors" asks for no permission: only a policy stands in its way
    const reach = (address) => page.evaluate((address) => fetch(address, { mode: 'no-cors' }).then(() => 'sent', () => 'refused'), address);
    assert.equal(await reach(`${other.url}index.html`), 'sent', 'the base policy allows servers');
    await openSample(page);
    assert.equal(await reach(`${other.url}index.html`), 'refused');
    assert.equal(await reach(site.url), 'sent', 'its own files still load');
    const [reader] = page.workers();
    assert.ok(reader, 'reading happens in a worker');
    const fromReader = await reader.evaluate((address) => fetch(address, { mode: 'no-cors' }).then(() => 'sent', () => 'refused'), `${other.url}index.html`);
    assert.equal(fromReader, 'refused');
    // a policy can not be taken back
    await page.evaluate(() => document.querySelectorAll('meta[http-equiv]').forEach((meta) => meta.remove()));
    assert.equal(await reach(`${other.url}index.html`), 'refused');
    await page.getByRole('button', { name: '0 bytes sent' }).click();
    await page.getByText('How to check it').waitFor();
  } finally {
    other.close();
  }
});

