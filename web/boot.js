// Starts the page: asks whether this browser can run it, loads the wasm and calls its entry `page(base)`.
// It must not know anything of the app; a fault after `page()` has returned is the app's own to show.
//
// `base` is the absolute URL of the directory that this file lies in; all of the build lies beside it. A worker loads the
// same code again, from a `blob:` bootstrap, so that the page's policy binds it:
//   const { default: init, worker } = await import('<base>app.js'); await init(); const handle = await worker();
// The import must be that expression: the policy counts an import statement as a worker from an address, and refuses it.
// `worker()` fetches the reader's part first; what is posted before it has answered is the bootstrap's to keep.

const base = new URL('.', import.meta.url).href;

// The smallest module with a SIMD instruction: () -> v128, i32.const 0, i8x16.splat, i8x16.popcnt.
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** What this browser lacks, as a sentence, or null. */
function lacking() {
  if (typeof WebAssembly !== 'object' || !WebAssembly.validate(SIMD)) {
    return 'Runglass needs WebAssembly with SIMD: Chrome 91, Firefox 89, Safari 16.4 or newer. Some managed browsers switch WebAssembly off.';
  }
  return null;
}

/** Shows why the page did not start, in place of everything. */
function fail(title, advice, details) {
  document.documentElement.dataset.runglass = 'error';
  const main = document.createElement('main');
  const box = document.createElement('div');
  box.className = 'boot';
  box.setAttribute('role', 'alert');
  main.append(box);
  const add = (tag, text) => {
    const element = document.createElement(tag);
    element.textContent = text;
    box.append(element);
    return element;
  };
  add('h1', title);
  add('p', advice);
  if (details) {
    const report = `${title}\n${details}\n${navigator.userAgent}`;
    add('pre', report).tabIndex = 0;
    const copy = add('button', 'Copy the report');
    copy.type = 'button';
    copy.className = 'btn';
    copy.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(report);
        copy.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(main.querySelector('pre'));
        copy.textContent = 'Selected: copy it by hand';
      }
    });
  }
  document.body.replaceChildren(main);
}

const lack = lacking();
if (lack) {
  fail('This browser can not run Runglass', lack);
} else {
  try {
    const { default: init, page } = await import('./app.js');
    await init();
    page(base);
  } catch (error) {
    console.error(error);
    fail('Runglass did not start', 'Reload the page. If it stays so, the site may lack a file of this build.', String(error?.stack ?? error));
  }
}
