import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Feed } from '../src/feed.ts';
import type { Inquiry } from '../src/inquiry.ts';
import { Lookout } from '../src/lookout.ts';
import type { Playhead } from '../src/playhead.ts';
import type { Timeline } from '../src/timeline.ts';
import type { Will } from '../src/will.ts';

interface World {
  video: { currentTime: number; paused: boolean; readyState: number };
  loads: number;
  wanted: boolean;
  asked: ((reached: boolean) => void)[]; // whether the server is reached
  over: AbortController;
  pass(seconds: number): Promise<void>;
}

// world has a picture that has played, and stands for as long as it takes until the stream is to be loaded anew, from a server that was lost.
async function world(t: TestContext): Promise<World> {
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const w: World = {
    video: { currentTime: 1, paused: false, readyState: 4 }, loads: 0, wanted: true, asked: [], over: new AbortController(),
    async pass(seconds) {
      for (const end = now + seconds * 1000; now < end; ) {
        now += 500;
        t.mock.timers.tick(500);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
  const timeline = { complete: false, atEnd: false, vod: false, behind: 2, get edge() { return now / 1000; } };
  const inquiry = { lost: true, reached: () => new Promise<boolean>((resolve) => w.asked.push(resolve)), explain: async () => undefined };
  new Lookout(
    w.video as HTMLVideoElement, { hls: null } as unknown as Feed, timeline as unknown as Timeline,
    { following: { see: () => undefined, fallen: () => false }, stir: () => false, goLive: () => undefined } as unknown as Playhead,
    inquiry as unknown as Inquiry, { play: () => undefined } as unknown as Will, w.over.signal,
    { wanted: () => w.wanted, live: () => true, more: () => undefined, plays: () => undefined, ends: () => undefined, load: () => w.loads++ },
  );
  for (let i = 0; i < 4; i++) {
    w.video.currentTime++;
    await w.pass(0.5);
  }
  await w.pass(120);
  return w;
}

test('while it is found out whether a lost server is reached, the stream is not loaded, and once then', async (t) => {
  const w = await world(t);
  assert.deepEqual([w.asked.length, w.loads], [1, 0]);
  w.asked[0]?.(true);
  await w.pass(0.5);
  assert.equal(w.loads, 1);
});

for (const [what, change] of [
  ['it plays by then', (w) => (w.video.currentTime += 0.5)],
  ['it is not to move any more', (w) => (w.wanted = false)],
  ['the player is gone', (w) => w.over.abort()],
  ['it is not reached', () => undefined],
] as [string, (w: World) => unknown][]) {
  test(`nor where ${what}`, async (t) => {
    const w = await world(t);
    change(w);
    await w.pass(0.5);
    w.asked[0]?.(what !== 'it is not reached');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(w.loads, 0);
  });
}
