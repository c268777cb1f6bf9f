// What hls.js is told to load, with hls.js as far as it is told.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import Hls from 'hls.js';
import { Adaptation, renditionOf } from '../src/adaptation.ts';
import { playing } from './stream.ts';

interface World {
  hls: { nextAutoLevel: number; autoLevelEnabled: boolean; maxAutoLevel: number; minAutoLevel: number };
  edge: number; // Mbit/s
  least: number;
  buffered: number;
  traffic: { bytesFromPeers: number; bytesFromEdge: number; rescues: number };
  watched: number[]; // renditions
  adaptation: Adaptation;
  play(seconds: number, what?: { peers?: number; edge?: number; rescues?: number; type?: string; bitrateTest?: boolean }): void;
  heard(): number;
}

function world(t: TestContext, level: number): World {
  let now = 1;
  t.mock.method(performance, 'now', () => now);
  const heard = new Map<string, (name: string, data: object) => void>();
  const levels = [[360, 1e6, 'v9'], [720, 3e6, 'v0']].map(([height, bitrate, name]) => ({
    height, frameRate: 30, maxBitrate: bitrate, averageBitrate: bitrate, uri: `http://edge/live/demo/${name}/index.m3u8`,
  }));
  const hls = {
    levels, nextAutoLevel: -1, autoLevelEnabled: true, maxAutoLevel: 1, minAutoLevel: 0,
    on: (name: string, react: () => void) => heard.set(name, react),
    off: (name: string, react: () => void) => heard.get(name) === react && heard.delete(name),
  };
  const w: World = {
    hls, edge: 0, least: 9, buffered: 1, traffic: { bytesFromPeers: 0, bytesFromEdge: 0, rescues: 0 }, watched: [],
    adaptation: new Adaptation(hls as unknown as Hls, {
      edge: () => w.edge * 1e6, least: () => Math.min(w.edge, w.least) * 1e6, buffered: () => w.buffered, traffic: () => w.traffic,
      watching: (rendition) => w.watched.filter((n) => n === rendition).length,
    }),
    play: (seconds, { peers = 0, edge = 0, rescues = 0, type = 'main', bitrateTest = false } = {}) => {
      for (const end = now + 1000 * seconds; now < end; now += 333) {
        w.traffic = { bytesFromPeers: w.traffic.bytesFromPeers + peers, bytesFromEdge: w.traffic.bytesFromEdge + edge, rescues: w.traffic.rescues + rescues };
        heard.get('hlsFragLoaded')?.('hlsFragLoaded', { frag: { type, level, sn: 7, bitrateTest } });
      }
    },
    heard: () => heard.size,
  };
  return w;
}

test('hls.js is told nothing while nothing is known, or somebody has chosen', (t) => {
  const w = world(t, 0);
  w.play(5);
  w.edge = 9;
  w.hls.autoLevelEnabled = false;
  w.play(5);
  w.hls.autoLevelEnabled = true;
  w.play(5, { type: 'audio' });
  w.play(5, { bitrateTest: true });
  assert.equal(w.hls.nextAutoLevel, -1);
  w.play(5);
  assert.equal(w.hls.nextAutoLevel, 1);
  w.adaptation.close();
  assert.equal(w.heard(), 0);
});

test('hls.js is told to stay on what peers bring in time, and no longer', (t) => {
  const w = world(t, 1);
  w.edge = 1.5;
  w.play(6, { peers: 90, edge: 30 });
  w.play(20, { peers: 90, edge: 30 });
  assert.equal(w.hls.nextAutoLevel, 1);
  w.play(1, { peers: 90, edge: 30, rescues: 1 });
  assert.equal(w.hls.nextAutoLevel, 0, 'what was late had to be fetched');
  w.play(10, { peers: 90, edge: 30 });
  assert.equal(w.hls.nextAutoLevel, 1);
  w.play(6, { peers: 30, edge: 90 });
  assert.equal(w.hls.nextAutoLevel, 0, 'the edge brings most of it');
});

test('hls.js is told to go down while there is something in the buffer still', (t) => {
  const w = world(t, 1);
  Object.assign(w, { edge: 9, least: 1.5 });
  w.play(6, { peers: 90, edge: 30 });
  assert.equal(w.hls.nextAutoLevel, 1, 'one transfer was slow');
  w.buffered = 0.3;
  w.play(1, { peers: 90, edge: 30 });
  assert.equal(w.hls.nextAutoLevel, 0, 'and the buffer is low');
});

test('hls.js is told of what the cell holds, within what the page allows', (t) => {
  const w = world(t, 0);
  w.edge = 3.5;
  w.play(5);
  assert.equal(w.hls.nextAutoLevel, 0);
  w.watched = [9, 0];
  w.play(5);
  assert.equal(w.hls.nextAutoLevel, 1);
  w.hls.maxAutoLevel = 0;
  w.play(5);
  assert.equal(w.hls.nextAutoLevel, 0);
});

test('hls.js goes down at once on a link that has fallen, and what it loads is given up', async (t) => {
  const { hls, open } = playing(t);
  const none = { edge: () => 0, least: () => 0, buffered: () => 1, watching: () => 0, traffic: () => ({ bytesFromPeers: 0, bytesFromEdge: 0, rescues: 0 }) };
  const adaptation = new Adaptation(hls, none);
  await open();
  const log: unknown[] = [];
  hls.on(Hls.Events.FRAG_LOAD_EMERGENCY_ABORTED, (_, { frag, part, stats }) => log.push([frag.level, part?.index, stats]));
  const frag = { type: 'main', sn: 7, level: 2, abortRequests: () => log.push('aborted'), stats: 'of the segment' };
  const fall = (level: number, mbps: number): boolean => {
    const loading = { frag: { ...frag, level }, part: { index: 3, stats: 'of the part' } } as never;
    const below = adaptation.below(loading);
    if (below) adaptation.fall(loading, mbps * 1e6);
    return below;
  };
  assert.equal(fall(2, 1.3), true);
  assert.deepEqual([log, hls.nextLoadLevel], [['aborted', [2, 3, 'of the part']], 1]);
  assert.deepEqual([fall(0, 0.1), log.length], [false, 2], 'there is nothing below');
  hls.loadLevel = 2;
  assert.deepEqual([fall(2, 0.1), log.length], [false, 2], 'somebody has chosen');
});

test('hls.js itself loads what it is told to, whatever it would choose', async (t) => {
  const { hls, open } = playing(t);
  let edge = 0;
  new Adaptation(hls, { edge: () => edge, least: () => edge, buffered: () => 1, watching: () => 0, traffic: () => ({ bytesFromPeers: 0, bytesFromEdge: 0, rescues: 0 }) });
  await open();
  const load = (level: number): number => {
    const stats = { loading: { start: 0, first: 5, end: 10 }, loaded: 9000, total: 9000 };
    hls.trigger(Hls.Events.FRAG_LOADED, { frag: { type: 'main', sn: 7, level, bitrateTest: false, stats }, part: null } as never);
    return hls.nextLoadLevel;
  };
  load(0);
  const own = load(0);
  for (const [mbps, from, to] of [[5, own, 2], [5, 2, 2], [1.3, 2, 1], [1.3, 1, 1], [0.2, 1, 0]] as const) {
    edge = mbps * 1e6;
    assert.equal(load(from), to, `from ${from} with ${mbps} Mbit/s`);
  }
});

test('which rendition a playlist is of is read off its URL', () => {
  for (const [url, rendition] of [
    ['http://edge/live/demo/v0/index.m3u8', 0], ['/live/demo/v12/index.m3u8?token=/v3/a', 12], ['/live/demo/index.m3u8', NaN], ['/live/v1/demo/v2/index.m3u8', 2],
  ] as const) assert.deepEqual(renditionOf(url), rendition, url);
});
