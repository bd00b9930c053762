// Acts on a page that shows a tracking server, and what there is to see then.

/** Errors on the console that a browser writes itself for an answer that is no success. */
export const REFUSED = [/Failed to load resource/, /has been blocked by CORS policy/];

export const goTo = (page, name) => page.getByRole('link', { name, exact: true }).click();

export async function connect(page, url) {
  await page.fill('[data-server]', url);
  await page.click('[data-connect]');
}

export const experiments = (page) => page.locator('[role=row][data-experiment]');
export const rows = (page) => page.locator('[role=row][data-run]');
export const matching = async (page) => Number(await page.locator('[data-runs-matching]').getAttribute('data-runs-matching'));
export const fault = (page) => page.locator('[data-fault]').getAttribute('data-fault');

/** Waits until so many runs match. */
export const matches = (page, runs) => page.locator(`[data-runs-matching="${runs}"]`).waitFor();

/** The requests that go to a server from now on: method, path and body. */
export function asked(page, server) {
  const all = [];
  page.context().on('request', (request) => {
    if (request.url().startsWith(server.url)) all.push({ method: request.method(), path: request.url().slice(server.url.length), body: request.postDataJSON() });
  });
  return all;
}

/** Connects to a server with a fault and opens its runs. */
export async function opened(page, faults, name) {
  await connect(page, faults.at(name));
  await experiments(page).first().waitFor();
  await goTo(page, 'faults');
}
