// The npm package, as somebody gets and uses it: packed, installed, its types checked by a strict compiler, bundled, and run in a browser.

import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { Process } from '../harness/process.mjs';
import { folder, port, up } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

const player = fileURLToPath(new URL('../../player', import.meta.url));
const tool = (name) => join(player, 'node_modules', '.bin', name);
const docs = await readFile(new URL('../../docs/embedding.md', import.meta.url), 'utf8');
const [, printed] = /^```ts\n([\s\S]*?)^```$/m.exec(docs);

const cache = folder('npm');
const TYPES = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };

// What uses the printed program. What the compiler must refuse stands where it is never run: if it was let pass, that would be an error too.
const main = `
import { watch } from './watch.js';
import type { P2P, PlayerEvents, ShoalPlayer } from 'shoal-player';

const video: HTMLVideoElement = document.querySelector('video')!;
const swarm = watch(video, 'https://edge.example/live/mystream/index.m3u8', (stats) => Object.assign(window, { told: stats }));
swarm.addEventListener('shoal:fallback', ({ detail }) => {
  const p2p: P2P = detail.p2p;
  console.log(p2p, detail.refusal);
});
const element: ShoalPlayer | null = document.querySelector('shoal-player');
element?.addEventListener('shoal:state', ({ detail }: CustomEvent<PlayerEvents['shoal:state']>) => console.log(detail.state));

export function refused(): void {
  // @ts-expect-error: an event carries no such thing
  swarm.addEventListener('shoal:peer', ({ detail }) => console.log(detail.nonsense));
  // @ts-expect-error: there is no such mode
  swarm.share('maybe');
  // @ts-expect-error: nor such a number
  console.log(element?.stats.nonsense);
}
`;

// run runs a program in a folder to its end, and returns what it said.
async function run(t, name, command, args, cwd) {
  const child = new Process(name, 'env', ['-C', cwd, command, ...args], { env: { npm_config_update_notifier: 'false', npm_config_ignore_scripts: 'false', npm_config_cache: cache } });
  atEnd(t, () => child.end('SIGKILL'));
  const { code } = await child.ended;
  assert.equal(code, 0, `${name}: ${child.output}`);
  return child.output;
}

test('the package installs, compiles, is bundled and plays', { timeout: 240_000 }, async (t) => {
  const own = folder('package');
  await run(t, 'pack', 'npm', ['pack', '--silent', '--pack-destination', own], player);
  const [tarball] = (await readdir(own)).filter((name) => name.endsWith('.tgz'));
  assert.match(tarball, /^shoal-player-\d+\.\d+\.\d+\.tgz$/);
  const held = (await run(t, 'list', 'tar', ['-tzf', tarball], own)).trim().split('\n').map((name) => name.replace('package/', '')).sort();
  t.diagnostic(`${tarball}: ${held.join(' ')}`);
  assert.deepEqual(held.filter((name) => !name.startsWith('types/')), [
    'LICENSE', 'NOTICE', 'README.md', 'dist/shoal-attach.js', 'dist/shoal-cea608.js', 'dist/shoal-fallback.js', 'dist/shoal-player.js', 'dist/shoal.wasm', 'package.json',
  ]);
  assert.ok(!held.includes('types/session.d.ts'), 'types of what no door leads to');

  await writeFile(join(own, 'package.json'), '{ "private": true, "type": "module" }');
  await run(t, 'install', 'npm', ['install', '--offline', '--ignore-scripts', '--install-links', '--no-audit', '--no-fund', `./${tarball}`, `file:${join(player, 'node_modules/hls.js')}`], own);
  assert.deepEqual((await readdir(join(own, 'node_modules'))).filter((name) => !name.startsWith('.')).sort(), ['hls.js', 'shoal-player'], 'it brings other packages');
  assert.match(await readFile(join(own, 'node_modules/shoal-player/NOTICE'), 'utf8'), /@noble\/ed25519[\s\S]*MIT License[\s\S]*DASH Industry Forum/);

  const shoal = await up(t);
  await shoal.live('demo');
  const here = (text) => text.replaceAll('https://edge.example', shoal.base).replaceAll('mystream', 'demo');
  await writeFile(join(own, 'watch.ts'), here(printed));
  await writeFile(join(own, 'main.ts'), here(main));
  for (const [module, moduleResolution] of [['esnext', 'bundler'], ['nodenext', 'nodenext']]) {
    await writeFile(join(own, 'tsconfig.json'), JSON.stringify({
      compilerOptions: { strict: true, target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], module, moduleResolution, noEmit: true, types: [], skipLibCheck: false },
      files: ['main.ts'],
    }));
    await run(t, `tsc-${module}`, tool('tsc'), ['--project', own], own);
  }

  const out = join(own, 'out');
  await mkdir(out);
  await run(t, 'esbuild', tool('esbuild'), ['main.ts', '--bundle', '--splitting', '--format=esm', '--outdir=out', '--minify'], own);
  await copyFile(join(own, 'node_modules/shoal-player/dist/shoal.wasm'), join(out, 'shoal.wasm'));
  await writeFile(join(out, 'index.html'), '<!doctype html><title>own</title><link rel="icon" href="data:,"><video muted autoplay playsinline></video><script type="module" src="main.js"></script>');

  const at = port();
  const asked = [];
  const server = createServer(async ({ url }, answer) => {
    asked.push(url);
    const name = url === '/' ? 'index.html' : url.slice(1);
    const bytes = await readFile(join(out, name)).catch(() => null);
    answer.writeHead(bytes ? 200 : 404, { 'Content-Type': TYPES[extname(name)] ?? 'text/plain' }).end(bytes);
  }).listen(at, '127.0.0.1');
  atEnd(t, () => server.close());

  const browser = await launch(t);
  const other = await browser.open(`${shoal.base}/watch/demo`);
  await other.moving(40);
  const { page } = await browser.open(`http://127.0.0.1:${at}/`, { before: (page) => page.addInitScript(() => (window.before = new Set(Object.getOwnPropertyNames(window)))) });
  const playing = () => page.evaluate(() => [document.querySelector('video'), document.querySelector('shoal-player')?.video].every((video) => video?.currentTime > 1));
  await until('both players of the page to play', playing, { seconds: 40 });
  const told = () => page.evaluate(() => window.told);
  await until('media from the other page', async () => (await told())?.bytesFromPeers > 0, { seconds: 40 }).catch(async (error) => {
    throw new Error(`${error.message}: ${JSON.stringify(await told())}; asked for ${asked.join(' ')}`);
  });
  assert.ok(asked.includes('/shoal.wasm'), 'the scheduler comes from elsewhere');
  const globals = await page.evaluate(() => Object.getOwnPropertyNames(window).filter((name) => !window.before.has(name)));
  assert.deepEqual(globals.filter((name) => !['before', 'told', 'shoalTest'].includes(name)), [], 'it has put something into the global scope');
});
