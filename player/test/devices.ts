// A world for tests of the studio: a screen, cameras and microphones that a browser may give, of which no picture is seen.

import type { TestContext } from 'node:test';
import { ask, capture, type Capture, type Source, type Wish } from '../src/studio/capture.ts';
import type { Device } from '../src/studio/held.ts';

export class Track extends EventTarget {
  readyState = 'live';
  readonly kind: string;
  readonly deviceId: string;

  constructor(kind: string, deviceId = '') {
    super();
    this.kind = kind;
    this.deviceId = deviceId;
  }

  getSettings = (): object => ({ deviceId: this.deviceId });

  stop(): void {
    this.readyState = 'ended';
  }

  // pull ends it as a device that is pulled out does.
  pull(): void {
    this.stop();
    this.dispatchEvent(new Event('ended'));
  }
}

export class Stream {
  readonly #tracks: Set<Track>;

  constructor(tracks: Track[]) {
    this.#tracks = new Set(tracks);
  }

  getTracks = (): Track[] => [...this.#tracks];
  getVideoTracks = (): Track[] => this.getTracks().filter(({ kind }) => kind === 'video');
  getAudioTracks = (): Track[] => this.getTracks().filter(({ kind }) => kind === 'audio');
  addTrack = (track: Track): unknown => this.#tracks.add(track);
  removeTrack = (track: Track): unknown => this.#tracks.delete(track);
}

export interface World {
  asked: string[]; // what the viewer was asked for, by device
  heard: Set<string>; // devices whose sound goes into the mix
  drawn: (string | null)[]; // devices of which a picture was read last; null: the screen
  answer(device: string, give: boolean): void; // a device that was asked for with hold
  hold: Set<string>; // devices that are given, or refused, later
  lacking: Map<Device, string>; // what is refused, and by which error
  states: Record<string, string> | null; // of permissions; null: the browser does not tell
  single: boolean; // one camera is open at a time
  open(source?: Source, screenSounds?: boolean): Promise<Capture>;
  exchange(of: Capture, device: Device, id: string): Promise<void>;
}

export const wish = (device: Partial<Wish> = {}): Wish => ({ source: 'both', width: 64, height: 36, camera: '', microphone: '', corner: 'top-left', file: undefined, ...device });

export function world(t: TestContext): World {
  const [asked, heard, drawn, hold] = [[] as string[], new Set<string>(), [] as (string | null)[], new Set<string>()];
  const waiting = new Map<string, (give: boolean) => void>();
  const lacking = new Map<Device, string>();
  const open = new Set<Track>();
  let screenSounds = false;
  const refused = (name = 'NotFoundError'): Error => new DOMException('no', name);
  const w: World = {
    asked, heard, drawn, hold, lacking, states: {}, single: false,
    answer: (device, give) => waiting.get(device)?.(give),
    open(source = 'both', sounds = false) {
      screenSounds = sounds;
      return capture(wish({ source }));
    },
    exchange: async (of, device, id) => of.exchange(device, (before = id) => ask(device, wish({ [device]: before }))),
  };
  const mediaDevices = {
    async getDisplayMedia() {
      asked.push('screen');
      return new Stream([new Track('video', 'screen'), ...(screenSounds ? [new Track('audio', 'screen')] : [])]);
    },
    async getUserMedia(wished: { video?: { deviceId?: { exact: string } }; audio?: { deviceId?: { exact: string } } }) {
      const tracks: Track[] = [];
      for (const [device, kind] of [['camera', 'video'], ['microphone', 'audio']] as const) {
        if (!wished[kind]) continue;
        const id = wished[kind].deviceId?.exact ?? `${device}1`;
        asked.push(id);
        if (hold.has(id) && !(await new Promise<boolean>((resolve) => waiting.set(id, resolve)))) throw refused();
        if (lacking.has(device)) throw refused(lacking.get(device));
        const busy = [...open].some((track) => track.kind === 'video' && track.readyState === 'live');
        if (w.single && device === 'camera' && busy) throw refused('NotReadableError');
        tracks.push(new Track(kind, id));
      }
      for (const track of tracks) open.add(track);
      return new Stream(tracks);
    },
  };
  const permissions = {
    async query({ name }: { name: string }) {
      if (!w.states) throw new TypeError(name);
      return { state: w.states[name] ?? 'granted' };
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
  set('navigator', { mediaDevices, permissions });
  set('MediaStream', Stream);
  set('AudioContext', Audio);
  set('OffscreenCanvas', class { getContext = (): null => null });
  set('MediaStreamTrackProcessor', Processor);
  set('MediaStreamTrackGenerator', Generator);
  return w;
}
