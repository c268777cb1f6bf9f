// Measures one call of the scheduler in a browser: the calls that e2e/steps recorded, through the player's bridge.
//
//	./run --with node bench/scheduler.mjs
//
// It prints one JSON object: the median of nanoseconds a call over the lives of chunks, the first of which do not count,
// because the browser is still compiling.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { run, scratch } from '../harness/process.mjs';
import { Chromium } from './chromium.mjs';
import { median } from './figures.mjs';

const WARM = 300; // lives
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

async function script() {
  const { build } = createRequire(here('../../player/build.mjs'))('esbuild'); // the player's
  const { outputFiles } = await build({ entryPoints: [here('replay.ts')], bundle: true, format: 'esm', target: 'es2022', write: false });
  return outputFiles[0].contents;
}

async function steps() {
  const { code, output } = await run('steps', join(scratch, 'steps'), []);
  if (code !== 0) throw new Error(`no calls were recorded: ${output.slice(-2000)}`);
  return output;
}

const files = {
  '/': ['text/html', '<!doctype html><script type="module" src="replay.js"></script>'],
  '/replay.js': ['text/javascript', await script()],
  '/steps.json': ['application/json', await steps()],
  '/shoal.wasm': ['application/wasm', readFileSync(here('../../player/dist/shoal.wasm'))],
};
// A page on its own like this is given a finer clock.
const alone = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
const server = createServer((request, response) => {
  const [type, body] = files[request.url] ?? [];
  response.writeHead(type ? 200 : 404, { 'Content-Type': type ?? 'text/plain', ...alone }).end(body);
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

const browser = new Chromium();
try {
  const page = await browser.page();
  await page.go(`http://127.0.0.1:${server.address().port}/`);
  const { nanos, calls } = await page.evaluate(async () => {
    if (document.readyState !== 'complete') await new Promise((resolve) => addEventListener('load', resolve));
    return window.replay();
  });
  console.log(JSON.stringify({ wasmNanos: Math.round(median(nanos.slice(WARM))), calls, lives: nanos.length - WARM }));
} catch (error) {
  console.error(`bench scheduler: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser.close();
  server.close();
}
