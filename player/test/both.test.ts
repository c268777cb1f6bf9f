// Screen and camera together: other devices are taken while it is broadcast, and the screen is not asked for again.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Device } from '../src/studio/both.ts';
import { ask, capture, type Capture, type Wish } from '../src/studio/capture.ts';

class Track extends EventTarget {
  readyState = 'live';
  readonly kind: string;
  readonly deviceId: string;

  constructor(kind: string, deviceId = '') {
    super();
    this.kind = kind;
    this.deviceId = deviceId;
  }

  stop(): void {
    this.readyState = 'ended';
  }
}

class Stream {
  readonly #tracks: Set<Track>;

  constructor(tracks: Track[]) {
    this.#tracks = new Set(tracks);
  }

  getTracks = (): Track[] => [...this.#tracks];
  getVideoTracks = (): Track[] => this.getTracks().filter(({ kind }) => kind === 'video');
  getAudioTracks = (): Track[] => this.getTracks().filter(({ kind }) => kind === 'audio');
  addTrack = (track: Track): unknown => this.#tracks.add(track);
}

interface World {
  asked: string[]; // what the viewer was asked for, by device
  heard: Set<string>; // devices whose sound goes into the mix
  drawn: (string | null)[]; // devices of which a picture was read last; null: the screen
  answer(device: string, give: boolean): void; // a device that was asked for with hold
  hold: Set<string>; // devices that are given, or refused, later
  open(lacking?: Device[], screenSounds?: boolean): Promise<Capture>;
  exchange(of: Capture, device: Device, id: string): Promise<void>;
}

const wish = (device: Partial<Wish> = {}): Wish => ({ source: 'both', width: 64, height: 36, camera: '', microphone: '', corner: 'top-left', file: undefined, ...device });

function world(t: TestContext): World {
  const [asked, heard, drawn, hold] = [[] as string[], new Set<string>(), [] as (string | null)[], new Set<string>()];
  const waiting = new Map<string, (give: boolean) => void>();
  let lacking: Device[] = [];
  let screenSounds = false;
  const refused = (): Error => new DOMException('no', 'NotFoundError');
  const mediaDevices = {
    async getDisplayMedia() {
      asked.push('screen');
      return new Stream([new Track('video', 'screen'), ...(screenSounds ? [new Track('audio', 'screen')] : [])]);
    },
    async getUserMedia({ video, audio }: { video?: { deviceId?: { exact: string } }; audio?: { deviceId?: { exact: string } } }) {
      const device = video ? 'camera' : 'microphone';
      const id = (video ?? audio)?.deviceId?.exact ?? `${device}1`;
      asked.push(id);
      if (hold.has(id) && !(await new Promise<boolean>((resolve) => waiting.set(id, resolve)))) throw refused();
      if (lacking.includes(device)) throw refused();
      return new Stream([new Track(video ? 'video' : 'audio', id)]);
    },
  };
  class Audio {
    createMediaStreamDestination = (): object => ({ stream: new Stream([new Track('audio', 'mix')]) });
    createMediaStreamSource = (stream: Stream): object => {
      const id = stream.getAudioTracks()[0]?.deviceId ?? '';
      return { connect: () => heard.add(id), disconnect: () => heard.delete(id) };
    };
    resume = async (): Promise<void> => undefined;
    close = async (): Promise<void> => undefined;
  }
  // A reader of a track's frames is told of none: what counts is whose it is.
  class Processor {
    readable: object;
    constructor({ track }: { track: Track }) {
      if (track.deviceId !== 'screen') drawn.push(track.deviceId);
      this.readable = { getReader: () => ({ read: () => new Promise(() => undefined), cancel: async () => void drawn.splice(drawn.indexOf(track.deviceId), 1) }) };
    }
  }
  class Generator extends Track {
    writable = { getWriter: () => ({ desiredSize: 1, write: async () => undefined, close: async () => undefined }) };
    constructor() {
      super('video', 'made');
    }
  }
  const before = Object.getOwnPropertyDescriptors(globalThis);
  const set = (name: string, value: unknown): void => {
    Object.defineProperty(globalThis, name, { configurable: true, value });
    t.after(() => {
      const was = before[name as keyof typeof before];
      if (was) Object.defineProperty(globalThis, name, was);
      else Reflect.deleteProperty(globalThis, name);
    });
  };
  set('navigator', { mediaDevices });
  set('MediaStream', Stream);
  set('AudioContext', Audio);
  set('OffscreenCanvas', class { getContext = (): null => null });
  set('MediaStreamTrackProcessor', Processor);
  set('MediaStreamTrackGenerator', Generator);
  return {
    asked, heard, drawn, hold,
    answer: (device, give) => waiting.get(device)?.(give),
    open(without = [], sounds = false) {
      [lacking, screenSounds] = [without, sounds];
      return capture(wish()).finally(() => (lacking = []));
    },
    exchange: async (of, device, id) => of.exchange?.(device, () => ask(device, wish({ [device]: id }))),
  };
}

const ids = (of: Capture): string[] => of.devices.map((track) => (track as unknown as Track).deviceId);

test('another camera is drawn, and another microphone heard, in the picture and the sound that are there', async (t) => {
  const w = world(t);
  const both = await w.open([], true);
  const tracks = both.stream.getTracks();
  const [camera, microphone] = both.devices;
  assert.deepEqual([w.asked, w.drawn, [...w.heard], tracks.length], [['screen', 'camera1', 'microphone1'], ['camera1'], ['screen', 'microphone1'], 2]);
  await w.exchange(both, 'camera', 'camera2');
  assert.deepEqual([w.asked.slice(3), w.drawn, ids(both), camera?.readyState, microphone?.readyState], [['camera2'], ['camera2'], ['camera2', 'microphone1'], 'ended', 'live']);
  await w.exchange(both, 'microphone', 'microphone2');
  assert.deepEqual([w.asked.slice(4), [...w.heard], ids(both), microphone?.readyState], [['microphone2'], ['screen', 'microphone2'], ['camera2', 'microphone2'], 'ended']);
  assert.deepEqual(both.stream.getTracks(), tracks, 'what is broadcast are the same tracks');
  assert.equal(both.sources[0]?.readyState, 'live', 'the screen is still shown');
  const all = [...both.devices, ...both.sources];
  both.close();
  assert.deepEqual(all.map(({ readyState }) => readyState), ['ended', 'ended', 'ended']);
});

test('a device that is refused leaves the one before', async (t) => {
  const w = world(t);
  const both = await w.open();
  w.hold.add('camera2');
  const asking = w.exchange(both, 'camera', 'camera2');
  w.answer('camera2', false);
  await assert.rejects(asking, { name: 'NotFoundError' });
  assert.deepEqual([w.drawn, ids(both), both.devices[0]?.readyState], [['camera1'], ['camera1', 'microphone1'], 'live']);
});

test('of two devices that are chosen one after the other the second counts, whichever comes first', async (t) => {
  const w = world(t);
  const both = await w.open();
  w.hold.add('camera2');
  const first = w.exchange(both, 'camera', 'camera2');
  await w.exchange(both, 'microphone', 'microphone2'); // which is another matter
  await w.exchange(both, 'camera', 'camera3');
  w.answer('camera2', true);
  await first;
  assert.deepEqual([w.drawn, ids(both), [...w.heard]], [['camera3'], ['camera3', 'microphone2'], ['microphone2']]);
});

test('a device that comes when all is over is let go', async (t) => {
  const w = world(t);
  const both = await w.open();
  w.hold.add('microphone2');
  let came: MediaStream | undefined;
  const asking = both.exchange?.('microphone', async () => (came = await ask('microphone', wish({ microphone: 'microphone2' }))));
  both.close();
  w.answer('microphone2', true);
  await asking;
  assert.deepEqual([came?.getTracks()[0]?.readyState, w.heard.has('microphone2')], ['ended', false]);
});

test('where there was neither camera nor sound, those that are chosen later come into the picture', async (t) => {
  const w = world(t);
  const both = await w.open(['camera', 'microphone']);
  assert.deepEqual([both.lacks, both.stream.getTracks().length, ids(both)], ['camera', 1, []]);
  await w.exchange(both, 'camera', 'camera1');
  await w.exchange(both, 'microphone', 'microphone1');
  assert.deepEqual([both.lacks, both.stream.getTracks().length, w.drawn, [...w.heard]], [null, 2, ['camera1'], ['microphone1']]);
});
