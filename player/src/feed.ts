// What feeds the video element: hls.js with the swarm, or where scripts can feed it no media the browser by itself. It is opened, loads the stream anew
// where it is told to, and is let go and opened again where a viewer is barred meanwhile. Why and when is the playback's part.

import Hls, { type ErrorData, type HlsConfig } from 'hls.js';
import { attach, type Attached } from './attach.ts';
import { BackBuffer } from './backbuffer.ts';
import type { Userdata } from './captions.ts';
import { Choice } from './choice.ts';
import { settled } from './consent.ts';
import { LIVE } from './lowlatency.ts';
import { Native } from './native.ts';
import type { SwarmOptions } from './options.ts';
import type { Pass } from './pass.ts';
import { Reserve } from './reserve.ts';
import type { Stats } from './stats.ts';

const PATIENT: Partial<HlsConfig> = {
  playlistLoadPolicy: {
    default: {
      maxTimeToFirstByteMs: 10000,
      maxLoadTimeMs: 20000,
      timeoutRetry: { maxNumRetry: 3, retryDelayMs: 0, maxRetryDelayMs: 0 },
      errorRetry: { maxNumRetry: 6, retryDelayMs: 500, maxRetryDelayMs: 2000 },
    },
  },
};

export interface FeedEvents {
  error(data: ErrorData): void; // of hls.js
  answered(): void; // to hls.js, with a playlist
  listed(): void; // media, by a playlist that hls.js has read
  sound(some: boolean): void; // in the media that came
  fails(): void; // what the browser loads by itself, and it does not say why
  userdata(samples: readonly Userdata[]): void; // beside pictures
}

export class Feed {
  readonly choice = new Choice(); // of a quality, by the viewer
  readonly #video: HTMLVideoElement;
  readonly #src: string;
  readonly #options: SwarmOptions;
  readonly #pass: Pass;
  readonly #events: FeedEvents;
  readonly #over = new AbortController();
  #hls: Hls | null = null;
  #swarm: Attached | null = null;
  #native: Native | null = null; // in the place of both, where the browser plays by itself
  #begun = false;

  constructor(video: HTMLVideoElement, src: string, options: SwarmOptions, pass: Pass, events: FeedEvents) {
    this.#video = video;
    this.#src = src;
    this.#options = options;
    this.#pass = pass;
    this.#events = events;
  }

  get hls(): Hls | null {
    return this.#hls;
  }

  get swarm(): Attached | null {
    return this.#swarm;
  }

  get native(): Native | null {
    return this.#native;
  }

  // stats are undefined while nothing is played.
  get stats(): Stats | undefined {
    return this.#swarm?.stats ?? this.#native?.stats;
  }

  // goesOn tells whether hls.js does so by itself: it has met no end, and no error that it cannot mend.
  get goesOn(): boolean {
    return this.#hls !== null && this.#hls.loadingEnabled && this.#hls.latestLevelDetails?.live === true;
  }

  // begin loads the stream; false: this browser cannot play it.
  begin(): boolean {
    this.#begun = true;
    if (Hls.isSupported()) {
      this.#open();
      return true;
    }
    if (!this.#video.canPlayType('application/vnd.apple.mpegurl')) return false;
    this.#video.addEventListener('error', () => this.#events.fails(), { signal: this.#over.signal });
    this.#native = new Native(this.#video);
    this.#give();
    return true;
  }

  // load the stream anew, from a place of its media timeline; -1: where it begins by itself.
  load(from: number): void {
    if (!this.#hls) {
      this.#give();
      return;
    }
    this.#hls.config.startPosition = from;
    this.#hls.loadSource(this.#src); // a failure comes back as a fatal error
  }

  // drop lets go of hls.js, and leaves the swarm. What was loaded before stays in the element.
  drop(): void {
    this.choice.serve(null);
    this.#swarm?.close();
    this.#hls?.destroy();
    this.#swarm = this.#hls = null;
  }

  // again opens what was dropped; false: there is nothing to open, and the stream is to be loaded.
  again(): boolean {
    if (!Hls.isSupported()) return false;
    this.#open();
    return true;
  }

  // expect tells whether more media is to come.
  expect(more: boolean): void {
    this.#swarm?.expect(more);
    this.#native?.expect(more);
  }

  // lose tells that the server does not give what it has.
  lose(): void {
    this.#swarm?.lose();
    this.#native?.lose();
  }

  close(): void {
    this.#over.abort();
    const hadHls = this.#hls !== null;
    this.drop();
    this.#native?.close();
    if (this.#begun && !hadHls) this.#video.removeAttribute('src');
  }

  #open(): void {
    const hls = (this.#hls = new Hls({ ...LIVE, ...PATIENT }));
    this.#swarm = attach(hls, this.#options, settled(this.#options.p2p ?? 'ask', null), this.#pass);
    hls.on(Hls.Events.ERROR, (_event, data) => this.#events.error(data));
    this.choice.serve(hls);
    new BackBuffer().serve(hls);
    new Reserve().serve(hls);
    hls.on(Hls.Events.MANIFEST_LOADED, () => this.#events.answered());
    hls.on(Hls.Events.LEVEL_LOADED, () => this.#events.listed());
    hls.on(Hls.Events.BUFFER_CODECS, (_event, tracks) => this.#events.sound('audio' in tracks || 'audiovideo' in tracks));
    hls.on(Hls.Events.FRAG_PARSING_USERDATA, (_event, { samples }) => this.#events.userdata(samples));
    hls.loadSource(this.#src);
    hls.attachMedia(this.#video);
  }

  // give has the browser load the stream by itself: the token goes along in the URL, and by a cookie from there on.
  #give(): void {
    this.#pass.dress(this.#src, (url) => {
      if (!this.#over.signal.aborted) this.#video.src = url;
    });
  }
}
