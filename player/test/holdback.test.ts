import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type Hls from 'hls.js';
import { HoldBack } from '../src/holdback.ts';
import { Pace } from '../src/pace.ts';

const TEXT = '#EXTM3U\n#EXT-X-SERVER-CONTROL:HOLD-BACK=6,PART-HOLD-BACK=1.002,CAN-BLOCK-RELOAD=YES\n';

interface World {
  hls: { targetLatency: number | null; latency: number; config: { maxLiveSyncPlaybackRate: number; lowLatencyMode: boolean }; media: { playbackRate: number } | null; userConfig: Record<string, number> };
  further: number;
  buffered: number;
  swarming: boolean;
  holdBack: HoldBack;
}

function world(userConfig = {}): World {
  const w: World = {
    hls: { targetLatency: null, latency: 1.5, config: { maxLiveSyncPlaybackRate: 1.1, lowLatencyMode: true }, media: { playbackRate: 1 }, userConfig },
    further: 0,
    buffered: 1,
    swarming: false,
    holdBack: undefined as unknown as HoldBack,
  };
  const hls = Object.assign(w.hls, { on() {}, off() {} }) as unknown as Hls;
  w.holdBack = new HoldBack(hls, new Pace(hls), { further: () => w.further, buffered: () => w.buffered, swarming: () => w.swarming });
  return w;
}

// clock returns what lets seconds go by, with a playlist twice in each.
function clock(t: TestContext, w: World): (seconds: number) => void {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  return (seconds) => {
    for (let i = 0; i < 2 * seconds; i++) {
      now += 500;
      w.holdBack.look(TEXT);
    }
  };
}

const target = (w: World): string | undefined => w.hls.targetLatency?.toFixed(3);

test('the target is one and a half times what the server asks for', () => {
  const w = world();
  w.holdBack.look('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/index.m3u8\n');
  assert.equal(target(w), undefined);
  w.holdBack.look(TEXT);
  assert.equal(target(w), '1.503');
  assert.equal(w.hls.media?.playbackRate, 1);
});

test('what the page has set itself stays', () => {
  const w = world({ liveSyncDuration: 4 });
  w.further = 900;
  w.holdBack.look(TEXT);
  assert.equal(target(w), undefined);
});

test('further behind: slowly, until it is there; and back as hls.js does it', () => {
  const w = world();
  w.holdBack.look(TEXT);
  w.further = 430;
  w.holdBack.look(TEXT);
  assert.equal(target(w), '1.903');
  assert.deepEqual([w.hls.media?.playbackRate, w.hls.config.maxLiveSyncPlaybackRate], [0.95, 1]);
  w.further = 410; // no change worth the name
  w.hls.latency = 1.7;
  w.holdBack.look(TEXT);
  assert.equal(target(w), '1.903');
  assert.equal(w.hls.media?.playbackRate, 0.95);
  w.hls.latency = 1.85;
  w.holdBack.look(TEXT);
  assert.deepEqual([w.hls.media?.playbackRate, w.hls.config.maxLiveSyncPlaybackRate], [1, 1.1]);
  w.further = 0;
  w.holdBack.look(TEXT);
  assert.equal(target(w), '1.503');
  assert.deepEqual([w.hls.media?.playbackRate, w.hls.config.maxLiveSyncPlaybackRate], [1, 1.1]);
});

test('the end gives hls.js its way, and a viewer who plays faster is left alone', () => {
  const w = world();
  w.holdBack.look(TEXT);
  w.further = 500;
  w.holdBack.look(TEXT);
  w.holdBack.close();
  assert.deepEqual([w.hls.media?.playbackRate, w.hls.config.maxLiveSyncPlaybackRate], [1, 1.1]);
  w.further = 900;
  if (w.hls.media) w.hls.media.playbackRate = 1.25;
  w.holdBack.look(TEXT);
  w.hls.latency = 9;
  w.holdBack.look(TEXT);
  assert.equal(w.hls.media?.playbackRate, 1.25);
});

test('a cushion grows where the buffer runs low with peers, and goes when it is not needed', (t) => {
  const w = world();
  const pass = clock(t, w);
  w.buffered = 0.3;
  pass(10);
  assert.equal(target(w), '1.503', 'alone it is not the swarm that is late');
  w.swarming = true;
  pass(2);
  assert.equal(target(w), '1.603');
  pass(20);
  assert.equal(target(w), '1.903', 'there is a most');
  w.buffered = 0.7;
  pass(60);
  assert.equal(target(w), '1.903', 'what is used stays');
  w.buffered = 0.9;
  pass(29);
  assert.equal(target(w), '1.903');
  pass(5);
  assert.equal(target(w), '1.803');
  w.swarming = false;
  pass(100);
  assert.equal(target(w), '1.503');
});

test('who is alone gives the cushion back, however low the buffer is', (t) => {
  const w = world();
  const pass = clock(t, w);
  w.buffered = 0.3;
  w.swarming = true;
  pass(20);
  assert.equal(target(w), '1.903');
  w.swarming = false;
  pass(29);
  assert.equal(target(w), '1.903', 'peers may be back soon');
  pass(110);
  assert.equal(target(w), '1.503');
});
