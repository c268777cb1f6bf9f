import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Started, Starting } from '../src/starting.ts';

const REFUSED = new DOMException('', 'NotAllowedError');

// world has a video of which the browser lets be played what `lets` says, and something that is played in it.
function world(lets: (video: { muted: boolean }) => boolean, what: Partial<Started> = {}): { starting: Starting; video: { muted: boolean; paused: boolean; currentTime: number }; log: string[]; clock: { now: number }; played: Started } {
  const log: string[] = [];
  const clock = { now: 0 };
  const video = {
    muted: false, paused: true, currentTime: 0,
    play: async () => {
      log.push(video.muted ? 'play muted' : 'play');
      if (!lets(video)) throw REFUSED;
      video.paused = false;
    },
    pause: () => {
      log.push('pause');
      video.paused = true;
    },
  };
  const played: Started = {
    vod: false, state: 'playing', rewound: false, atLive: true, following: true,
    start: () => true, seek: (to) => void log.push(`seek ${to}`), goLive: () => void log.push('live'), ...what,
  };
  return { starting: new Starting(video, () => played, () => clock.now), video, log, clock, played };
}

test('with sound if the browser lets it, else without, else not until it is tapped', async () => {
  for (const [lets, muted, log, blocked, silenced] of [
    [() => true, false, ['play'], false, false],
    [() => true, true, ['play muted'], false, true],
    [(video: { muted: boolean }) => video.muted, false, ['play', 'play muted'], false, true],
    [() => false, false, ['play', 'play muted'], true, false],
    [() => false, true, ['play muted'], true, false],
  ] as const) {
    const w = world(lets);
    w.video.muted = muted;
    await w.starting.automatic();
    assert.deepEqual([w.log, w.starting.blocked, w.starting.silenced], [log, blocked, silenced]);
  }
});

test('that it cannot play for another reason is no refusal', async () => {
  const w = world(() => true);
  w.video.paused = true;
  Object.assign(w.video, { play: async () => { throw new DOMException('', 'AbortError'); } });
  await w.starting.automatic();
  assert.deepEqual([w.starting.blocked, w.starting.silenced], [false, false]);
});

test('who plays after a long pause is taken to the live edge, unless he has gone back from there', () => {
  for (const [pause, what, time, log] of [
    [9_000, {}, 30, ['play']],
    [11_000, {}, 30, ['play', 'live']],
    [11_000, { rewound: true }, 30, ['play']],
    [1_000, { atLive: false }, 30, ['play']],
    [1_000, { atLive: false }, 0, ['play', 'live']], // nothing was played yet
    [1_000, { vod: true, state: 'ended' }, 30, ['seek 0', 'play']],
  ] as const) {
    const w = world(() => true, what);
    w.video.currentTime = time;
    w.starting.blocked = true;
    w.starting.paused();
    w.clock.now += pause;
    w.starting.toggle();
    assert.deepEqual([w.log, w.starting.blocked], [log, false], JSON.stringify([pause, what, time]));
  }
});

test('who pauses does not follow the live edge', () => {
  const w = world(() => true);
  w.video.paused = false;
  w.starting.toggle();
  assert.deepEqual([w.log, w.played.following], [['pause'], false]);
});
