import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type Hls from 'hls.js';
import { Awaited } from '../src/awaited.ts';
import type { Carried } from '../src/carried.ts';
import { Strain } from '../src/strain.ts';

interface World {
  buffered: number;
  mbps: number; // that arrive
  just: number; // the same, of the last half second
  waiting: number;
  linked: boolean;
  calm: boolean;
  hangs: boolean; // the edge
  came: number; // times that it was told that something comes
  hears: boolean; // at once: else after 100 ms nothing was heard
  own: number; // bytes that hls.js itself has loaded of the part
  asked: string[];
  doubted: unknown[];
  narrow: unknown[];
  strain: Strain;
  carried: () => Map<number, Carried>;
  awaited: Awaited;
  heard: Map<string, (name: string, data: object) => void>;
  pass(millis: number): Promise<void>;
  load(type?: string): void;
  part(index: number): { url: string; index: number; fragment: { sn: number }; stats: { readonly loaded: number; loading: { first: number; end: number } } };
  loaded(index: number): void;
  listed: number; // parts of the segment
}

// world has a player that waits for a part of a rendition of 1 Mbit/s, on a link that has become too narrow.
function world(t: TestContext): World {
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const heard: World['heard'] = new Map();
  const late: (() => void)[] = []; // answers of the edge
  const hls = {
    levels: [{ maxBitrate: 1.2e6, averageBitrate: 1e6, details: { get partList() { return Array.from({ length: w.listed }, (_, i) => w.part(i)); } } }],
    on: (name: string, react: () => void) => heard.set(name, react),
    off: (name: string, react: () => void) => heard.get(name) === react && heard.delete(name),
  };
  const awaited = new Awaited(hls as unknown as Hls);
  const w: World = {
    awaited, carried: () => new Map(), own: 0, listed: 4, buffered: 0.8, mbps: 0.6, just: 0.6, waiting: 100, linked: true, calm: true, hangs: false, came: 0, hears: false, asked: [], doubted: [], narrow: [], heard,
    strain: new Strain(hls as unknown as Hls, awaited, {
      buffered: () => w.buffered, target: () => 1.5, arriving: (millis) => (millis < 1000 ? w.just : w.mbps) * 1e6, waiting: () => w.waiting, linked: () => w.linked, carried: async () => w.carried(), calm: () => w.calm, hangs: () => w.hangs, comes: () => void w.came++,
      hears: async (url) => {
        w.asked.push(url);
        const { hears } = w;
        if (!hears) await new Promise<void>((resolve) => late.push(resolve));
        return hears;
      },
      doubts: ({ part }) => w.doubted.push(part?.url),
      narrow: ({ part }, bits) => w.narrow.push([part?.url, bits]),
    }),
    pass: async (millis) => {
      for (const end = now + millis; now < end; ) {
        now += 100;
        for (const answer of late.splice(0)) answer();
        await new Promise((resolve) => setImmediate(resolve));
        t.mock.timers.tick(100);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    part: (index) => ({ url: `s7.${index}.m4s`, index, fragment: { sn: 7 }, stats: { get loaded() { return w.own; }, loading: { first: now, end: 0 } } }),
    loaded: (index) => heard.get('hlsFragLoaded')?.('hlsFragLoaded', { frag: { type: 'main', sn: 7, level: 0 }, part: w.part(index) }),
    load: (type = 'main') => heard.get('hlsFragLoading')?.('hlsFragLoading', { frag: { type, sn: 7, level: 0, url: 's7.m4s' }, part: w.part(3) }),
  };
  t.after(() => {
    w.strain.close();
    awaited.close();
  });
  return w;
}

test('a link that has become too narrow is told once, with what it carries', async (t) => {
  const w = world(t);
  w.load();
  await w.pass(100);
  assert.deepEqual([w.narrow, w.strain.pressed], [[], false], 'nothing is late yet');
  await w.pass(100);
  assert.deepEqual([w.narrow, w.strain.pressed], [[], false], 'the edge is asked');
  await w.pass(100);
  assert.deepEqual([w.narrow, w.asked.length, w.strain.pressed], [[], 2, true], 'it may be, and it is asked once more at once');
  assert.deepEqual(w.doubted, ['s7.3.m4s'], 'and said');
  await w.pass(2700);
  assert.deepEqual([w.narrow, w.asked, w.strain.pressed], [[['s7.3.m4s', 600_000]], ['s7.3.m4s', 's7.3.m4s'], true]);
  w.load();
  await w.pass(3000);
  assert.equal(w.narrow.length, 2, 'it is so still');
  w.strain.close();
  w.awaited.close();
  assert.equal(w.heard.size, 0);
});

for (const [what, change] of [
  ['there is enough in the buffer', { buffered: 1.2 }],
  ['as much comes as is played', { mbps: 0.95, just: 0.95 }],
  ['the machine is late', { calm: false }],
  ['there is no peer', { linked: false }],
] as [string, Partial<World>][]) {
  test(`no link is too narrow, and the edge is not asked, where ${what}`, async (t) => {
    const w = world(t);
    Object.assign(w, change);
    w.load();
    await w.pass(5000);
    assert.deepEqual([w.narrow, w.asked], [[], []]);
  });
}

test('by a link that is full much comes of peers, though the edge gives no sign of life', async (t) => {
  const w = world(t);
  w.hangs = true;
  w.mbps = w.just = 0.3;
  w.load();
  await w.pass(500);
  assert.equal(w.narrow.length, 1);
});

test('an edge that gives no sign of life says nothing of the link, until something of it comes', async (t) => {
  const w = world(t);
  w.hangs = true;
  w.mbps = w.just = 0.2;
  w.load();
  await w.pass(3000);
  assert.deepEqual(w.narrow, []);
  w.hangs = false;
  await w.pass(300);
  assert.equal(w.narrow.length, 1);
});

test('what hls.js loads by itself is a sign of life of the edge while it comes, however slowly', async (t) => {
  const w = world(t);
  w.load();
  await w.pass(500);
  assert.equal(w.came, 0);
  for (w.own = 100; w.own < 500; w.own += 100) await w.pass(200);
  assert.equal(w.came, 4);
});

test('of what is waited for long, what came in the last half second counts: before that there was a key frame', async (t) => {
  const w = world(t);
  w.mbps = 1.2;
  w.load();
  await w.pass(300);
  assert.equal(w.asked.length, 0);
  await w.pass(400);
  assert.deepEqual([w.asked.length, w.narrow.length], [2, 1]);
});

test('nor where what peers send waits no longer than at full uplinks', async (t) => {
  const w = world(t);
  w.waiting = 99;
  w.load();
  await w.pass(5000);
  assert.deepEqual([w.narrow.length, w.asked.length > 5], [0, true]);
});

test('nor while there is enough in the buffer to ask only', async (t) => {
  const w = world(t);
  w.buffered = 1;
  w.load();
  await w.pass(2000);
  assert.deepEqual([w.narrow.length, w.asked.length > 5], [0, true]);
  w.buffered = 0.9;
  await w.pass(200);
  assert.equal(w.narrow.length, 1);
});

test('where peers say nothing whole, but much comes of them, that waits', async (t) => {
  const w = world(t);
  w.waiting = 0;
  let [bytes, whole] = [0, 0];
  w.carried = () => new Map([[1, { bytes: (bytes += 6000), whole: (whole += 5000) }]]);
  w.load();
  await w.pass(2000);
  assert.equal(w.narrow.length, 0, 'it is whole');
  w.carried = () => new Map([[1, { bytes: (bytes += 60_000), whole }]]);
  await w.pass(1500);
  assert.equal(w.narrow.length, 1);
});

test('that the edge was not heard still counts when the next part is waited for, for a second', async (t) => {
  const w = world(t);
  w.load();
  await w.pass(300);
  w.loaded(3); // the last that is listed
  await w.pass(300);
  w.load();
  await w.pass(200);
  assert.deepEqual([w.narrow.length, w.asked.length], [1, 3]);
});

test('nor where the edge answers at once, which is asked less and less often', async (t) => {
  const w = world(t);
  w.hears = true;
  w.load();
  await w.pass(1300);
  assert.deepEqual([w.narrow.length, w.asked.length], [0, 4]);
});

test('nor where nothing is waited for: it has come, or is no media', async (t) => {
  const w = world(t);
  w.load('audio');
  await w.pass(2000);
  w.load();
  w.loaded(3);
  await w.pass(2000);
  assert.deepEqual(w.asked, []);
  w.load();
  w.heard.get('hlsError')?.('hlsError', {});
  await w.pass(100);
  assert.deepEqual(w.asked, []);
});

test('the parts that hls.js goes on with are late too', async (t) => {
  const w = world(t);
  Object.assign(w, { listed: 6, hears: true });
  w.load();
  w.loaded(3);
  await w.pass(100);
  assert.deepEqual(w.asked, []);
  await w.pass(150);
  assert.deepEqual(w.asked, ['s7.4.m4s']);
  w.loaded(5);
  await w.pass(2000);
  assert.deepEqual(w.asked, ['s7.4.m4s'], 'there is none after it yet');
});

test('what hls.js itself loads comes by the link too', async (t) => {
  const w = world(t);
  w.own = 60_000; // within a second
  w.load();
  await w.pass(1000);
  assert.deepEqual(w.narrow, []);
});
