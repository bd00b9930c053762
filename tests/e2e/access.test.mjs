// axe-core finds nothing on any page, light and dark; nothing overflows at 390 px; pictures of every page are kept.

import { overflows } from './acts.mjs';
import { assert, axe, idle, pageTest, shot } from './harness.mjs';

const EXPERIMENT = '506274226481547440';
const CURVES = '824979736420630239';
const RUN = 'ad0faadaf47046528f81f60c96e16894';

const PAGES = {
  open: '',
  experiments: 'src=sample&page=experiments&state=all',
  runs: `src=sample&page=runs&exp=${EXPERIMENT}&sort=-metrics.test/acc`,
  charts: `src=sample&page=runs&exp=${CURVES}&layout=charts&smooth=0.6`,
  table: `src=sample&page=runs&exp=${CURVES}&layout=table&state=all`,
  mistake: `src=sample&page=runs&exp=${EXPERIMENT}&filter=tags.stage%20%3D%3D%20'x'`,
  none: `src=sample&page=runs&exp=${EXPERIMENT}&filter=tags.stage%20%3D%20'x'`,
  run: `src=sample&page=run&exp=${EXPERIMENT}&run=${RUN}&file=per_class.csv`,
  waiting: 'src=mlruns&page=runs',
};

for (const theme of ['light', 'dark']) {
  for (const [name, hash] of Object.entries(PAGES)) {
    pageTest(`${name}, ${theme}`, { hash, theme, viewport: { width: 1440, height: 900 } }, async ({ page }) => {
      await idle(page);
      await page.waitForTimeout(200);
      await shot(page, `${name}-${theme}`);
      await axe(page);
    });
  }
  pageTest(`drawers and the chip's menu, ${theme}`, { hash: PAGES.runs, theme, viewport: { width: 1440, height: 900 } }, async ({ page }) => {
    await idle(page);
    for (const name of ['Keys and help', '0 bytes sent']) {
      await page.getByRole('button', { name }).click();
      await shot(page, `${name.replaceAll(' ', '-')}-${theme}`);
      await axe(page);
      await page.keyboard.press('Escape');
    }
    await page.getByRole('button', { name: 'Filter' }).click();
    await shot(page, `menu-${theme}`);
    await axe(page);
  });
}

for (const [name, hash] of Object.entries(PAGES)) {
  pageTest(`${name} at 390 px`, { hash, viewport: { width: 390, height: 844 } }, async ({ page }) => {
    await idle(page);
    await shot(page, `${name}-390`);
    assert.equal(await overflows(page), false);
    await axe(page);
  });
}
