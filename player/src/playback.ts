// Playing one stream in a video element, and going on playing it: hls.js, its errors, a broadcaster who goes away and
// comes back. Whoever watches never has to reload the page.

import Hls, { type ErrorData, type HlsConfig } from 'hls.js';
import { attachSwarm, describeLive, LIVE, streamName, type Swarm, type SwarmOptions } from './attach.ts';
import { Standing } from './standing.ts';

// connecting: nothing seen yet, or lost and trying; unknown: no such stream was ever on; away: the broadcaster is; ended: the stream is over;
// unplayable: this browser cannot play it.
export type PlaybackState = 'connecting' | 'playing' | 'unknown' | 'away' | 'ended' | 'unplayable';

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

const POLL_MILLIS = 2500;
const SLOW_MILLIS = 1500; // a server that takes longer to say what it knows of the stream is slow, or lost
const AT_END_SECONDS = 1; // tracks end at different times: an element may never say that it has ended
const BEHIND_SECONDS = 3; // further behind its target than this, playing faster takes too long: a viewer who follows
const BEHIND_MILLIS = 4000; // live is taken there, if it stays so for this long

export class Playback {
  readonly #video: HTMLVideoElement;
  readonly #src: string;
  readonly #name: string;
  readonly #changed: (state: PlaybackState) => void;
  readonly #over = new AbortController();
  readonly #options: SwarmOptions;
  #started = false;
  #hls: Hls | null = null;
  #swarm: Swarm | null = null;
  #state: PlaybackState = 'connecting';
  #poll: ReturnType<typeof setTimeout> | undefined; // of a stream that ended, or broke: nothing more comes of what was loaded
  #polls = 0; // of which only the newest counts
  #beat: ReturnType<typeof setInterval> | undefined;
  #recoveries: number[] = []; // when media errors were recovered from
  readonly #standing = new Standing();
  #end: number | null = null; // of the media, seconds, where nothing more is to come of it, as far as is known
  #nearAt = 0; // when it last was near the live edge
  #wanted = false; // it was told to play, and not to pause since; an element that is given other media is paused without a word

  // following: the viewer wants to be at the live edge, and has not paused or gone back.
  following = true;

  // Nothing of the media is loaded before start; until then it says what there is to be seen.
  constructor(video: HTMLVideoElement, src: string, options: SwarmOptions, changed: (state: PlaybackState) => void) {
    this.#video = video;
    this.#src = new URL(src, document.baseURI).href;
    this.#name = streamName(this.#src);
    this.#options = options;
    this.#changed = changed;
    const { signal } = this.#over;
    this.#wanted = !video.paused;
    video.addEventListener('play', () => (this.#wanted = true), { signal });
    video.addEventListener('pause', () => (this.#wanted &&= video.ended), { signal });
    video.addEventListener('playing', () => this.#plays(), { signal });
    video.addEventListener('ended', () => this.#become('ended'), { signal });
    this.#beat = setInterval(() => this.#look(), 500);
    queueMicrotask(() => {
      if (!this.#started) void this.#ask();
    });
  }

  // start loads the stream, from its live edge; false if it had started before.
  start(): boolean {
    if (this.#started || this.#over.signal.aborted) return false;
    this.#started = true;
    this.#end = null;
    this.#askNoMore();
    this.#become('connecting');
    const video = this.#video;
    if (Hls.isSupported()) {
      const hls = (this.#hls = new Hls({ ...LIVE, ...PATIENT }));
      this.#swarm = attachSwarm(hls, this.#options);
      hls.on(Hls.Events.ERROR, (_event, data) => this.#error(data));
      hls.loadSource(this.#src);
      hls.attachMedia(video);
    } else if (video.canPlayType('application/vnd.apple.mpegurl')) {
      video.addEventListener('error', () => this.#later(), { signal: this.#over.signal });
      video.src = this.#src;
    } else {
      queueMicrotask(() => this.#become('unplayable'));
    }
    return true;
  }

  get swarm(): Swarm | null {
    return this.#swarm;
  }

  get state(): PlaybackState {
    return this.#state;
  }

  // Seconds behind the newest media, 0 while that is not known.
  get latency(): number {
    return this.#video.readyState > 1 ? this.#hls?.latency ?? 0 : 0;
  }

  get atLive(): boolean {
    const target = this.#hls?.targetLatency;
    return !target || this.latency < target + 2.5;
  }

  // goLive takes the playhead to the live edge.
  goLive(): void {
    this.following = true;
    this.#jump();
  }

  close(): void {
    this.#over.abort();
    this.#askNoMore();
    clearInterval(this.#beat);
    this.#swarm?.close();
    this.#hls?.destroy();
    if (this.#started && !this.#hls) this.#video.removeAttribute('src');
  }

  #become(state: PlaybackState): void {
    if (this.#state === state || this.#over.signal.aborted) return;
    this.#state = state;
    if (state === 'ended') this.#later();
    this.#changed(state);
  }

  // plays: something does. What is left in the buffers at the end of the media is not worth a word.
  #plays(): void {
    if (!this.#atEnd || this.#state === 'playing' || this.#state === 'connecting') this.#become('playing');
  }

  // more tells whether more media is to come than is listed.
  #more(more: boolean): void {
    this.#end = more ? null : this.#end ?? this.#edge;
    this.#swarm?.expect(more);
  }

  // atEnd tells whether nothing more is to come than is listed. Of what the browser plays by itself that is not known.
  get #atEnd(): boolean {
    return this.#hls !== null && this.#end !== null && this.#edge <= this.#end;
  }

  // edge is the end of the newest media that is listed, seconds.
  get #edge(): number {
    return this.#hls?.latestLevelDetails?.edge ?? 0;
  }

  // say why nothing is to be seen. While something is, as what was loaded before plays on, that would be no news.
  #say(state: PlaybackState): void {
    if (this.#state !== 'playing' || this.#standing.long) this.#become(state);
  }

  #error(data: ErrorData): void {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !this.#atEnd) this.#recover(data);
    else this.#later();
  }

  // recover from a media error; a third within ten seconds begins the stream anew.
  #recover({ details, frag }: ErrorData): void {
    const now = performance.now();
    this.#recoveries = [...this.#recoveries.filter((at) => now - at < 10000), now];
    if (this.#recoveries.length >= 3) this.#later();
    else if (details === Hls.ErrorDetails.BUFFER_APPEND_ERROR && frag) this.#rebuild(frag.cc);
    else this.#hls?.recoverMediaError();
    this.#play();
  }

  // rebuild plays on from where media begins that did not fit into the buffers: the broadcaster is back with other tracks.
  // What is before it would not fit into the buffers that it needs. If that is long ago, live is where to play on.
  #rebuild(cc: number): void {
    const hls = this.#hls;
    const details = hls?.latestLevelDetails;
    const first = [...(details?.fragments ?? []), details?.fragmentHint].find((frag) => frag?.cc === cc);
    const from = Math.max(first?.start ?? -1, hls?.liveSyncPosition ?? -1);
    hls?.detachMedia();
    hls?.attachMedia(this.#video);
    hls?.startLoad(from);
  }

  #jump(): void {
    const position = this.#hls?.liveSyncPosition;
    if (position !== null && position !== undefined) this.#video.currentTime = position;
  }

  // play on, if that is what the viewer wants.
  #play(): void {
    if (!this.#wanted) return;
    this.#video.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#wanted = false; // until it is tapped
    });
  }

  #load(): void {
    this.#askNoMore();
    this.#end = null; // until it is told again
    this.#recoveries = [];
    if (this.#hls) this.#hls.loadSource(this.#src); // a failure comes back here as a fatal error
    else this.#video.src = this.#src;
    this.#play();
  }

  // later says at once why nothing is to be seen, and asks again and again, gently, whether the stream is there, and then
  // loads it. That something plays ends no asking: it may be the last of what was loaded.
  #later(): void {
    this.#askAgain();
    if (this.#started && this.#state !== 'ended' && !this.#over.signal.aborted) void this.#explain();
  }

  #askAgain(): void {
    this.#askNoMore();
    if (this.#over.signal.aborted) return;
    this.#poll = setTimeout(() => void this.#ask(), POLL_MILLIS * (0.6 + 0.8 * Math.random()));
  }

  // askNoMore ends the asking, and takes no answer to what was asked.
  #askNoMore(): void {
    clearTimeout(this.#poll);
    this.#polls++;
  }

  async #ask(): Promise<void> {
    const poll = ++this.#polls;
    const live = await this.#explain();
    if (this.#over.signal.aborted || poll !== this.#polls) return;
    if (live === false || !this.#started) this.#askAgain();
    else if (!this.#goesOn) this.#load();
  }

  // goesOn tells whether hls.js does so by itself: it has met no end, and no error that it cannot mend.
  get #goesOn(): boolean {
    return this.#hls !== null && this.#hls.loadingEnabled && this.#hls.latestLevelDetails?.live === true;
  }

  // explain finds out whether the stream is live, null if nobody tells, and says why nothing is to be seen.
  async #explain(): Promise<boolean | null> {
    if (this.#name === '') {
      this.#say('connecting');
      return null;
    }
    const slow = setTimeout(() => this.#state === 'playing' && this.#say('connecting'), SLOW_MILLIS);
    try {
      const stream = await describeLive(this.#src, this.#name, this.#over.signal);
      if (stream) this.#more(stream.state === 'live');
      if (stream?.state === 'live') {
        this.#standing.told(stream.lastMsn);
        this.#say('connecting');
        return true;
      }
      if (!stream && !this.#started && (await this.#served())) {
        this.#say('connecting');
        return null;
      }
      this.#say(!stream ? 'unknown' : stream.state === 'ended' ? 'ended' : 'away');
      return false;
    } catch {
      this.#say('connecting');
      return null;
    } finally {
      clearTimeout(slow);
    }
  }

  // served tells whether the playlist is there: not every server of media tells of its streams.
  async #served(): Promise<boolean> {
    return (await fetch(this.#src, { signal: this.#over.signal })).ok;
  }

  // look, twice a second: does the picture stand still, is the viewer still near the live edge?
  #look(): void {
    const { currentTime: time, paused, readyState } = this.#video;
    const now = performance.now();
    const wanted = this.#started && this.#wanted && this.#state !== 'ended';
    const live = this.#state === 'playing' || this.#state === 'connecting';
    const edge = this.#edge;
    const complete = this.#hls?.latestLevelDetails?.live === false;
    if (this.#hls && (complete || !this.#atEnd)) this.#more(!complete);
    switch (this.#standing.look(now, { time, paused, wanted, live, edge })) {
      case 'ask':
        if (complete && edge - time < AT_END_SECONDS) this.#become('ended');
        else void this.#explain();
        return;
      case 'play':
        this.#play();
        return;
      case 'live':
        this.#jump();
        if (this.#hls?.loadingEnabled === false) this.#hls.startLoad();
        this.#play();
        return;
      case 'anew':
        this.#load();
        return;
    }
    if (this.#standing.long) return;
    if (!paused && time > 0 && readyState >= 3) this.#plays();
    const target = this.#hls?.targetLatency;
    const behind = this.#end === null ? this.latency : this.#end - time;
    if (paused || !this.following || !target || behind < target + BEHIND_SECONDS) this.#nearAt = now;
    if (now - this.#nearAt > BEHIND_MILLIS) {
      this.#nearAt = now;
      this.goLive();
    }
  }
}
