// What docs/embedding.md prints, in pages of another origin: the element, the frame, and the swarm for an hls.js that the page has, alone and within
// Video.js, each under the content policy told there. Only the hosts and a nonce are put in.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { port, up } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

const docs = await readFile(new URL('../../docs/embedding.md', import.meta.url), 'utf8');

// What a page of somebody's own has beside it.
const files = {
  '/hls.mjs': ['text/javascript', await read('../../player/node_modules/hls.js/dist/hls.mjs')],
  '/video.core.min.js': ['text/javascript', await read('../node_modules/video.js/dist/alt/video.core.min.js')],
  '/captions/demo.en.vtt': ['text/vtt', 'WEBVTT\n\n00:00.000 --> 99:00:00.000\nFish\n'],
  '/video-js.min.css': ['text/css', await read('../node_modules/video.js/dist/video-js.min.css')],
};

function read(path) {
  return readFile(new URL(path, import.meta.url), 'utf8');
}

/** The printed examples that have something in them. */
function printed(what) {
  const found = [...docs.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, text]) => text).filter((text) => text.includes(what));
  assert.equal(found.length, 1, `docs/embedding.md prints ${found.length} examples with ${what}`);
  return found[0].trim();
}

test('the printed examples work in pages of another origin', { timeout: 300_000 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const at = port();
  const own = `http://127.0.0.1:${at}`;
  const here = (text) => text.replaceAll('https://edge.example', shoal.base).replaceAll('wss://edge.example', shoal.base.replace('http', 'ws'))
    .replaceAll('https://your.example', own).replaceAll('mystream', 'demo');
  const policy = (begins) => here(printed(`Content-Security-Policy: default-src 'none'; ${begins}`)).replace(/^Content-Security-Policy: /, '').replace('RANDOM', 'b2NlYW4');
  const nonced = (page) => page.replace('<script type="module">', '<script type="module" nonce="b2NlYW4">');
  const element = here(printed('<shoal-player src='));
  const track = printed('<track').replaceAll('mystream', 'demo');
  const pages = {
    '/element': [element.replace('</shoal-player>', `${track}</shoal-player>`), policy("script-src https")],
    '/native': [element, policy("script-src https")],
    '/frame': [here(printed('<iframe')), policy('style-src-attr')],
    '/hls': [nonced(here(printed('consent, maxUploadKbps'))), policy("script-src 'nonce")],
    '/videojs': [nonced(here(printed('registerSourceHandler'))), policy('style-src https')],
  };
  const server = createServer(({ url }, answer) => {
    const [type, text] = files[url] ?? [];
    if (type) return answer.writeHead(200, { 'Content-Type': type }).end(text);
    const [body, policy] = pages[url] ?? [];
    if (!body) return answer.writeHead(url === '/favicon.ico' ? 204 : 404).end();
    return answer.writeHead(200, { 'Content-Type': 'text/html', ...(policy && { 'Content-Security-Policy': policy }) }).end(`<!doctype html><html lang="pt"><title>own</title>${body}`);
  }).listen(at, '127.0.0.1');
  atEnd(t, () => server.close());
  const browser = await launch(t);
  // A page's icon is no part of what is tried, and its policy has none.
  const open = (path, options) => browser.open(own + path, { ...options, expected: [/favicon/] });

  const player = await open('/element', {
    before: (page) => page.addInitScript(() => {
      window.told = {};
      for (const name of ['state', 'peer', 'fallback', 'stats']) {
        document.addEventListener(`shoal:${name}`, ({ detail }) => (window.told[name] ??= []).push(name === 'stats' ? Object.keys(detail).length : detail));
      }
    }),
  });
  await player.moving(40);
  await until('the track of the page to be read', () => player.page.evaluate(() => {
    const [track] = document.querySelector('shoal-player').video.textTracks;
    return track?.cues?.[0]?.text === 'Fish';
  }), { seconds: 20 });
  await player.page.locator('shoal-player .ask .yes').click({ timeout: 60_000 });
  await until('the swarm', async () => (await player.p2p()) === 'on', { seconds: 40 });

  const frame = await open('/frame', { viewport: { width: 640, height: 480 } });
  const inner = await until('the frame', () => frame.page.frames().find((f) => f.url().includes('/embed/demo')));
  const inside = () => inner.evaluate(() => {
    const player = document.querySelector('shoal-player');
    const { width, height } = player.getBoundingClientRect();
    return { time: player.video.currentTime, muted: player.video.muted, peers: player.stats?.peers, size: [width, height], window: [innerWidth, innerHeight], over: document.scrollingElement.scrollHeight - innerHeight };
  });
  await until('the frame to play', async () => (await inside()).time > 1, { seconds: 40 });
  await until('the frame and the element to be linked', async () => (await inside()).peers === 1, { seconds: 40 });
  const shown = await inside();
  assert.deepEqual([shown.muted, shown.size, shown.over], [true, shown.window, 0], JSON.stringify(shown));
  if (process.env.SHOTS) await frame.page.screenshot({ path: `${process.env.SHOTS}/frame.png` });

  const attached = await open('/hls');
  const logged = [];
  attached.page.on('console', (message) => logged.push(message.text()));
  await until('hls.js to play', () => attached.page.evaluate(() => document.querySelector('video').currentTime > 1), { seconds: 40 });
  assert.ok(!logged.some((text) => Number(text) > 0), 'it shares before a yes');
  await attached.page.getByRole('button', { name: 'Yes' }).click({ timeout: 60_000 });
  await until('it to tell of its offload', () => logged.some((text) => Number(text) > 0), { seconds: 60 });
  t.diagnostic(`the hls.js page told of an offload of ${logged.at(-1)}`);

  const videojs = await open('/videojs', {
    before: (page) => page.addInitScript(() => {
      window.offloads = [];
      const look = setInterval(() => {
        const tech = window.videojs?.getPlayers().player?.tech(true);
        if (!tech) return;
        clearInterval(look);
        tech.on('shoal:stats', ({ detail }) => window.offloads.push(detail.offload));
      }, 10);
    }),
  });
  const inVideojs = () => videojs.page.evaluate(() => {
    const player = window.videojs.getPlayers().player;
    return { time: player.currentTime(), paused: player.paused(), live: player.duration() === Infinity && player.hasClass('vjs-live'), offload: window.offloads.at(-1), error: player.error() };
  });
  await until('Video.js to play', async () => (await inVideojs()).time > 1, { seconds: 40 });
  await until('its offload', async () => (await inVideojs()).offload > 0, { seconds: 60 });
  if (process.env.SHOTS) await videojs.page.screenshot({ path: `${process.env.SHOTS}/videojs.png` });
  const playing = await inVideojs();
  t.diagnostic(`the Video.js page: ${JSON.stringify(playing)}`);
  assert.deepEqual([playing.live, playing.paused, playing.error], [true, false, null]);
  await videojs.page.evaluate(() => window.videojs.getPlayers().player.dispose());
  const linked = () => player.page.evaluate(() => document.querySelector('shoal-player').stats.peers);
  await until('it to have left the swarm', async () => (await linked()) === 2, { seconds: 10 });

  const told = await player.page.evaluate(() => window.told);
  assert.ok(told.stats.length > 1 && told.stats.every((keys) => keys > 20));
  assert.deepEqual([told.state[0].state, told.state.at(-1).state], ['connecting', 'playing']);
  assert.ok(told.peer.some(({ peers }) => peers > 0));
  assert.equal(told.fallback, undefined);
  await player.page.evaluate(() => document.querySelector('shoal-player').setAttribute('p2p', 'off'));
  const { detail } = await until('the fallback to be told', () => player.page.evaluate(() => window.told.fallback && { detail: window.told.fallback[0] }));
  assert.equal(detail.p2p, 'off');
  const label = await player.page.evaluate(() => document.querySelector('shoal-player').shadowRoot.querySelector('.full').title);
  assert.equal(label, 'Tela cheia (F)', 'the language of the page');

  // A browser without MSE plays by itself, from the edge. It begins where there are many segments.
  await until('segments', async () => (await shoal.stream('demo'))?.lastMsn >= 12, { seconds: 60 });
  const native = await browser.open(`${own}/native`, {
    viewport: { width: 390, height: 844 }, isMobile: true, expected: [/favicon/, /tainted/], // pictures of another origin are not to be looked at
    before: (page) => page.addInitScript(() => {
      delete window.MediaSource;
      delete window.ManagedMediaSource;
    }),
  });
  await until('it to play by itself', () => native.page.evaluate(() => {
    const { video, stats } = document.querySelector('shoal-player');
    return video.currentTime > 1 && stats.refusal === 'this browser plays HLS by itself';
  }), { seconds: 40 });
});
