// When a page's own question is put, and what comes of its answer.

import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import Hls, { type HlsConfig, type LoaderCallbacks, type LoaderConfiguration, type PlaylistLoaderConstructor, type PlaylistLoaderContext } from 'hls.js';
import type { SwarmOptions } from '../src/options.ts';
import { attachSwarm, type Swarm } from '../src/swarm.ts';

interface World {
  swarm: Swarm;
  kept: Map<string, string>; // by the browser
  stats: number; // how often they were told
  frame(): void; // the first is shown
  list(): void; // hls.js has loaded a playlist
  elsewhere(answer: string | null): void; // is said in another page of the origin
  pass(seconds: number): Promise<void>;
}

// Listing is a loader that has at once what it is to load.
class Listing {
  readonly stats = { loading: { start: 0, first: 0, end: 0 } };

  load(context: PlaylistLoaderContext, _: LoaderConfiguration, { onSuccess }: LoaderCallbacks<PlaylistLoaderContext>): void {
    onSuccess({ url: context.url, data: '#EXTM3U\n', code: 200 }, this.stats as never, context, null);
  }

  abort(): void {}

  destroy(): void {}
}

function attached(t: TestContext, options: SwarmOptions, answer?: string, told: object = { state: 'live', publicKey: 'k', lastMsn: 1, p2p: null }): World {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const kept = new Map(answer === undefined ? [] : [['shoal-share', answer]]);
  Object.defineProperty(globalThis, 'localStorage', {
    configurable: true, value: { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) },
  });
  let frame = (): void => undefined;
  const video = Object.assign(new EventTarget(), {
    paused: false, currentTime: 0, buffered: { length: 0 }, requestVideoFrameCallback: (react: () => void) => (frame = react),
  });
  const others = new EventTarget(); // pages of the same origin
  Object.assign(globalThis, {
    addEventListener: others.addEventListener.bind(others), removeEventListener: others.removeEventListener.bind(others), dispatchEvent: others.dispatchEvent.bind(others), document: { baseURI: 'http://page.example/' }, RTCPeerConnection: class { createDataChannel(): void {} }, WebSocket: class {},
  });
  t.mock.method(globalThis, 'fetch', async () => new Response(JSON.stringify(told)));
  const hls = new Hls();
  Object.defineProperty(hls, 'url', { get: () => 'http://edge.example/live/show/index.m3u8' });
  Object.defineProperty(hls, 'media', { get: () => video });
  const swarm = attachSwarm(hls, options);
  t.after(() => {
    swarm.close();
    mock.timers.reset();
    for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent', 'localStorage', 'document', 'RTCPeerConnection', 'WebSocket']) Reflect.deleteProperty(globalThis, name);
  });
  const world: World = {
    swarm, kept, stats: 0,
    frame: () => frame(),
    list: () => {
      const Loader = hls.config.pLoader as PlaylistLoaderConstructor;
      const context = { url: hls.url } as PlaylistLoaderContext;
      new Loader({ ...hls.config, loader: Listing } as unknown as HlsConfig).load(context, {} as LoaderConfiguration, { onSuccess: () => undefined, onError: () => undefined, onTimeout: () => undefined });
    },
    elsewhere: (answer) => {
      if (answer === null) kept.delete('shoal-share');
      else kept.set('shoal-share', answer);
      others.dispatchEvent(Object.assign(new Event('storage'), { key: 'shoal-share', storageArea: localStorage }));
    },
    pass: async (seconds) => {
      for (let i = 0; i < 2 * seconds; i++) {
        now += 500;
        mock.timers.tick(500);
        for (let turns = 0; turns < 10; turns++) await new Promise((settle) => setImmediate(settle));
      }
    },
  };
  swarm.addEventListener('shoal:stats', ({ detail }) => {
    assert.equal(detail.p2p, 'off');
    world.stats++;
  });
  return world;
}

for (const [says, kept] of [[true, 'yes'], [false, 'no']] as const) {
  test(`the question comes once, after the first picture, and a ${kept} is remembered`, async (t) => {
    let asked = 0;
    const w = attached(t, { consent: async () => (asked++, says) });
    await w.pass(5);
    assert.deepEqual([asked, w.stats], [0, 5], 'before there is a picture');
    w.frame();
    await w.pass(5);
    assert.deepEqual([asked, w.kept.get('shoal-share')], [1, kept]);
  });
}

test('a question that fails is no answer', async (t) => {
  const warned = t.mock.method(console, 'warn', () => undefined);
  const w = attached(t, {
    consent: () => {
      throw new Error('no words');
    },
  });
  await w.pass(1);
  w.frame();
  await w.pass(5);
  assert.deepEqual([w.kept.size, warned.mock.callCount()], [0, 1]);
});

test('an answer is remembered whose page has gone on meanwhile', async (t) => {
  let answer = (_: boolean): void => undefined;
  const w = attached(t, { consent: () => new Promise<boolean>((settle) => (answer = settle)) });
  await w.pass(1);
  w.frame();
  await w.pass(1);
  w.swarm.close();
  answer(true);
  await w.pass(1);
  assert.equal(w.kept.get('shoal-share'), 'yes');
});

for (const [what, p2p, answer] of [['said yes', 'ask', 'yes'], ['said no', 'ask', 'no'], ['need not be asked', 'on', undefined], ['do not share', 'off', undefined]] as const) {
  test(`viewers who ${what} are not asked`, async (t) => {
    let asked = 0;
    const w = attached(t, { p2p, consent: () => (asked++, true) }, answer);
    await w.pass(1);
    w.frame();
    await w.pass(5);
    assert.equal(asked, 0);
  });
}

test('where the operator has turned the swarm off the question is not put, and the numbers say why', async (t) => {
  let asked = 0;
  const w = attached(t, { consent: () => (asked++, true) }, undefined, { state: 'live', publicKey: 'k', lastMsn: 1, p2p: false });
  await w.pass(1);
  w.frame();
  await w.pass(5);
  assert.deepEqual([asked, w.kept.size, w.swarm.stats.refusal], [0, 0, 'turned off by the operator']);
});

test('what is answered in another page is not asked here', async (t) => {
  let asked = 0;
  const w = attached(t, { consent: () => (asked++, true) });
  await w.pass(1);
  w.elsewhere('no');
  w.frame();
  await w.pass(5);
  assert.equal(asked, 0);
  w.elsewhere(null);
  await w.pass(5);
  assert.equal(asked, 1, 'it was taken back');
});

test('what the page decides holds, whatever is said in another page then', async (t) => {
  const w = attached(t, {});
  w.swarm.share('on');
  w.list();
  assert.equal(w.swarm.stats.p2p, 'joining');
  w.elsewhere('no');
  assert.equal(w.swarm.stats.p2p, 'joining');
  w.swarm.share('off');
  w.elsewhere('yes');
  w.list();
  assert.equal(w.swarm.stats.p2p, 'off');
});

test('before it has decided, a no in another page holds here', async (t) => {
  const w = attached(t, { p2p: 'on' });
  w.list();
  assert.equal(w.swarm.stats.p2p, 'joining');
  w.elsewhere('no');
  assert.equal(w.swarm.stats.p2p, 'off');
});
