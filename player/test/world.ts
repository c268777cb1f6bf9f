// A world for tests of playback: a video element, a server that tells of the stream, and an hls.js that lists what a test says.

import assert from 'node:assert/strict';
import { mock, type TestContext } from 'node:test';
import Hls from 'hls.js';
import { Playback } from '../src/playback.ts';

// A video element, as far as it is played in.
export class Video extends EventTarget {
  paused = false;
  ended = false;
  readyState = 4;
  currentTime = 10;
  loads = 0;
  playbackRate = 1;

  set src(_url: string) {
    this.loads++;
  }

  canPlayType(): string {
    return 'maybe';
  }

  async play(): Promise<void> {
    this.paused = false;
    this.tell('play');
  }

  removeAttribute(): void {}

  pause(): void {
    this.paused = true;
    this.tell('pause');
  }

  // go is what a viewer does who takes the playhead elsewhere.
  go(to: number): void {
    this.currentTime = to;
    this.tell('seeking', 'seeked');
  }

  // end is what an element does that has played all there is.
  end(): void {
    this.ended = this.paused = true;
    this.tell('pause', 'ended');
  }

  tell(...names: string[]): void {
    for (const name of names) this.dispatchEvent(new Event(name));
  }
}

export interface World {
  playback: Playback;
  video: Video;
  stream: { state: string; asked: number; slow: Promise<void> | null; moving: boolean; left: boolean; renditions: object[] };
  pass(seconds: number): Promise<void>;
}

// watching returns a world in which the stream plays.
export async function watching(t: TestContext, loads = 1): Promise<World> {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const stream = { state: 'live', asked: 0, slow: null as Promise<void> | null, moving: true, left: false, renditions: [{}] };
  Object.assign(globalThis, {
    document: Object.assign(new EventTarget(), { baseURI: 'http://edge/' }),
    fetch: async () => {
      stream.asked++;
      await stream.slow;
      return Response.json({ state: stream.state, publicKey: '', lastMsn: 7, renditions: stream.renditions });
    },
  });
  const video = new Video();
  const playback = new Playback(video as unknown as HTMLVideoElement, '/live/demo/index.m3u8', {}, () => undefined);
  t.after(() => {
    playback.close();
    mock.timers.reset();
  });
  const pass = async (seconds: number): Promise<void> => {
    for (let i = 0; i < 10 * seconds; i++) {
      now += 100;
      if (stream.moving) video.currentTime += 0.1;
      video.readyState = stream.moving ? 4 : stream.left ? 3 : 2; // left: a frame that does not play
      mock.timers.tick(100);
      for (let turns = 0; turns < 10; turns++) await Promise.resolve();
    }
  };
  playback.start();
  video.tell('playing');
  await pass(3);
  assert.deepEqual([playback.state, video.loads], ['playing', loads]);
  return { playback, video, stream, pass };
}

export interface Listed {
  type?: string;
  fragmentStart?: number;
  live: boolean; // false: the playlist has an end
  edge: number;
  latency: number; // which grows with the time since the newest media was listed
}

// listed lets hls.js be there, with a playlist that lists as much as the test says.
export function listed(t: TestContext, of: Listed | null): void {
  const stub = (name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(Hls.prototype, name);
    Object.defineProperty(Hls.prototype, name, { configurable: true, ...(typeof value === 'function' ? { get: value as () => unknown } : { value }) });
    t.after(() => Object.defineProperty(Hls.prototype, name, before as PropertyDescriptor));
  };
  t.mock.method(Hls, 'isSupported', () => true);
  t.mock.method(Hls.prototype, 'loadSource', () => undefined);
  t.mock.method(Hls.prototype, 'attachMedia', () => undefined);
  t.mock.method(Hls.prototype, 'stopLoad', () => undefined);
  t.mock.method(Hls.prototype, 'startLoad', () => undefined);
  stub('latestLevelDetails', () => of);
  stub('loadingEnabled', () => true);
  stub('targetLatency', () => 1.5);
  stub('latency', () => of?.latency ?? 0);
  stub('liveSyncPosition', () => (of ? of.edge - 0.4 : null));
}

// far returns a world with a window of minutes, of which the viewer is near the live edge. Time passes with what is listed.
export async function far(t: TestContext): Promise<World & { media: Listed; hls(): Hls; on(seconds: number): Promise<void> }> {
  const media: Listed = { live: true, edge: 315, fragmentStart: 15, latency: 1 };
  listed(t, media);
  let hls: Hls | null = null;
  t.mock.method(Hls.prototype, 'attachMedia', function (this: Hls) {
    hls = this;
  });
  const world = await watching(t, 0);
  world.video.currentTime = 314;
  const on = async (seconds: number): Promise<void> => {
    for (let i = 0; i < 2 * seconds; i++) {
      media.edge += 0.5;
      media.latency = media.edge - world.video.currentTime;
      await world.pass(0.5);
    }
  };
  await on(2);
  return { ...world, media, hls: () => hls as unknown as Hls, on };
}
