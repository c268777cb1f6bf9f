// What docs/embedding.md prints, in pages of another origin: the element under the content policy told there, the frame, and the swarm for an
// hls.js that the page has. Only the hosts are put in.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { port, up } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

const docs = await readFile(new URL('../../docs/embedding.md', import.meta.url), 'utf8');
const hlsjs = await readFile(new URL('../../player/node_modules/hls.js/dist/hls.mjs', import.meta.url), 'utf8');

/** The printed examples that have something in them. */
function printed(what) {
  const found = [...docs.matchAll(/^```(?:html)?\n([\s\S]*?)^```$/gm)].map(([, text]) => text).filter((text) => text.includes(what));
  assert.equal(found.length, 1, `docs/embedding.md prints ${found.length} examples with ${what}`);
  return found[0].trim();
}

test('the printed examples work in pages of another origin', { timeout: 120_000 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const at = port();
  const own = `http://127.0.0.1:${at}`;
  const here = (text) => text.replaceAll('https://edge.example', shoal.base).replaceAll('wss://edge.example', shoal.base.replace('http', 'ws'))
    .replaceAll('https://your.example', own).replaceAll('mystream', 'demo');
  const pages = {
    '/element': [here(printed('<shoal-player src=')), here(printed('Content-Security-Policy')).replace(/^Content-Security-Policy: /, '')],
    '/frame': [here(printed('<iframe'))],
    '/hls': [`<video muted autoplay></video>${here(printed('attachSwarm(hls'))}`],
  };
  const server = createServer(({ url }, answer) => {
    if (url === '/hls.mjs') return answer.writeHead(200, { 'Content-Type': 'text/javascript' }).end(hlsjs);
    const [body, policy] = pages[url] ?? [];
    if (!body) return answer.writeHead(url === '/favicon.ico' ? 204 : 404).end();
    return answer.writeHead(200, { 'Content-Type': 'text/html', ...(policy && { 'Content-Security-Policy': policy }) }).end(`<!doctype html><html lang="pt"><title>own</title>${body}`);
  }).listen(at, '127.0.0.1');
  atEnd(t, () => server.close());
  const browser = await launch(t);
  // A page's icon is no part of what is tried, and its policy has none.
  const open = (path, options) => browser.open(own + path, { ...options, expected: [/favicon/] });

  const element = await open('/element', {
    before: (page) => page.addInitScript(() => {
      window.told = {};
      for (const name of ['state', 'peer', 'fallback', 'stats']) {
        document.addEventListener(`shoal:${name}`, ({ detail }) => (window.told[name] ??= []).push(name === 'stats' ? Object.keys(detail).length : detail));
      }
    }),
  });
  await element.moving();
  await until('the swarm', async () => (await element.p2p()) === 'on', { seconds: 20 });

  const frame = await open('/frame', { viewport: { width: 640, height: 480 } });
  const inner = await until('the frame', () => frame.page.frames().find((f) => f.url().includes('/embed/demo')));
  const inside = () => inner.evaluate(() => {
    const player = document.querySelector('shoal-player');
    const { width, height } = player.getBoundingClientRect();
    return { time: player.video.currentTime, muted: player.video.muted, peers: player.stats?.peers, size: [width, height], window: [innerWidth, innerHeight], over: document.scrollingElement.scrollHeight - innerHeight };
  });
  await until('the frame to play', async () => (await inside()).time > 1, { seconds: 15 });
  await until('the frame and the element to be linked', async () => (await inside()).peers === 1, { seconds: 20 });
  const shown = await inside();
  assert.deepEqual([shown.muted, shown.size, shown.over], [true, shown.window, 0], JSON.stringify(shown));
  if (process.env.SHOTS) await frame.page.screenshot({ path: `${process.env.SHOTS}/frame.png` });

  const attached = await open('/hls');
  const logged = [];
  attached.page.on('console', (message) => logged.push(message.text()));
  await until('hls.js to play', () => attached.page.evaluate(() => document.querySelector('video').currentTime > 1), { seconds: 15 });
  await until('it to tell of its offload', () => logged.some((text) => Number(text) > 0), { seconds: 30 });
  t.diagnostic(`the hls.js page told of an offload of ${logged.at(-1)}`);

  const told = await element.page.evaluate(() => window.told);
  assert.ok(told.stats.length > 1 && told.stats.every((keys) => keys > 20));
  assert.deepEqual([told.state[0].state, told.state.at(-1).state], ['connecting', 'playing']);
  assert.ok(told.peer.some(({ peers }) => peers > 0));
  assert.equal(told.fallback, undefined);
  await element.page.evaluate(() => document.querySelector('shoal-player').setAttribute('p2p', 'off'));
  const { detail } = await until('the fallback to be told', () => element.page.evaluate(() => window.told.fallback && { detail: window.told.fallback[0] }));
  assert.equal(detail.p2p, 'off');
  const label = await element.page.evaluate(() => document.querySelector('shoal-player').shadowRoot.querySelector('.full').title);
  assert.equal(label, 'Tela cheia (F)', 'the language of the page');
});
