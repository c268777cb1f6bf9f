// <shoal-player src="/live/NAME/index.m3u8" [key] [tracker] [token] [autoplay] [muted] [p2p="ask|on|relay-only|ask-relay-only|off"] [max-upload-kbps] [wasm] [ended] [lang]>
//
// A page that knows that the broadcast is over sets ended: a picture that comes to stand then says so at once, and not that its broadcaster is away.
//
// The tracker attribute may name several URLs with commas. The token is read for each connection to a tracker, and for each request to
// the edge: a page sets a new one before the old one ends.
//
// Plays a live stream, with the swarm where that is possible, or a recording. Without autoplay no media is loaded until play
// is pressed. Its property `stats` is a plain object with all numbers;
// `onappend`, if it is set, sees each chunk's URL and bytes as they are given to hls.js.

import { Captions } from './captions.ts';
import { overheard } from './consent.ts';
import { Controls } from './controls.ts';
import { Flow } from './flow.ts';
import { Lull } from './lull.ts';
import { Peek } from './peek.ts';
import type { Wait } from './pending.ts';
import { Playback, type PlaybackState } from './playback.ts';
import { AUTO } from './quality.ts';
import { fillScreen, floatAbove } from './screens.ts';
import { Sharing } from './sharing.ts';
import { Starting } from './starting.ts';
import { NO_STATS, type Stats } from './stats.ts';
import { Tidings } from './tidings.ts';
import { words } from './words.ts';

const NOWHERE_MILLIS = 1000; // a page may name its src after it has made the element

export class ShoalPlayer extends HTMLElement {
  static readonly observedAttributes = ['src', 'p2p', 'max-upload-kbps', 'token', 'lang'];

  onappend: ((url: string, bytes: Uint8Array<ArrayBuffer>) => void) | null = null;

  readonly #controls: Controls;
  readonly #video: HTMLVideoElement;
  readonly #captions: Captions;
  readonly #peek: Peek;
  readonly #tidings = new Tidings(this);
  readonly #flow = new Flow();
  readonly #lull: Lull;
  readonly #starting: Starting;
  readonly #sharing = new Sharing({ wish: () => this.getAttribute('p2p'), limit: () => this.getAttribute('max-upload-kbps'), swarm: () => this.#playback?.swarm ?? null, vod: () => this.#playback?.vod ?? false });
  #playback: Playback | null = null;
  #over = new AbortController();
  #timer: ReturnType<typeof setInterval> | undefined;
  #nowhere: ReturnType<typeof setTimeout> | undefined; // there is no src
  #unnamed = false; // nor did one come in time
  #panel = false;

  constructor() {
    super();
    this.#controls = new Controls(this.attachShadow({ mode: 'open' }), {
      play: () => this.#starting.toggle(),
      live: () => this.#goLive(),
      seek: (to) => this.#seek(to),
      peek: (at) => this.#peek.look(at),
      mute: () => this.#mute(),
      volume: (level) => {
        this.#starting.silenced = false;
        this.#video.volume = level;
        this.#video.muted = level === 0;
      },
      fullscreen: () => fillScreen(this, this.#video),
      picture: () => floatAbove(this.#video),
      captions: () => {
        this.#captions.next();
        this.#show();
      },
      share: (answer) => {
        this.#sharing.answer(answer);
        this.#show();
      },
      agree: (terms) => {
        this.#sharing.agree(terms);
        this.#show();
      },
      quality: (index) => {
        if (this.#playback) this.#playback.quality = index;
        this.#show();
      },
      stats: () => {
        this.#panel = !this.#panel;
        this.#show();
      },
    });
    this.#video = this.#controls.video;
    this.#lull = new Lull(this.#video, () => this.#show());
    this.#starting = new Starting(this.#video, () => this.#playback);
    this.#captions = new Captions(this.#video);
    this.#peek = new Peek({
      sceneAt: (time) => this.#playback?.sceneAt(time) ?? null,
      fetch: (url, init) => this.#playback?.fetch(url, init) ?? Promise.reject(new Error('peek: nothing is played')),
      may: () => this.#spare,
      draw: (picture) => this.#controls.draw(picture),
    });
  }

  get stats(): Stats {
    return this.#playback?.stats ?? { ...NO_STATS };
  }

  get video(): HTMLVideoElement {
    return this.#video;
  }

  // state: what is going on, in one of the words of PlaybackState.
  get state(): string {
    return this.#state;
  }

  // wait: what the swarm waits for, where that takes long.
  get wait(): Wait {
    return this.#sharing.wait;
  }

  get #state(): PlaybackState {
    const state = this.#playback?.state ?? (this.#unnamed ? 'unreadable' : 'connecting');
    const ended = this.hasAttribute('ended') && this.#playback?.vod !== true;
    if (ended && (state === 'away' || (this.#lull.stands && (state === 'playing' || state === 'connecting')))) return 'ended';
    return state === 'playing' && this.#lull.on && this.#playback?.atEnd !== true ? 'buffering' : state;
  }

  connectedCallback(): void {
    this.#over = new AbortController();
    const { signal } = this.#over;
    for (const name of ['play', 'pause', 'playing', 'waiting', 'volumechange', 'seeked', 'ended']) {
      this.#video.addEventListener(name, () => this.#show(), { signal });
    }
    this.#video.addEventListener('playing', () => (this.#starting.blocked = false), { signal });
    this.#video.addEventListener('pause', () => this.#starting.paused(), { signal });
    this.#video.addEventListener('play', () => {
      if (this.#playback?.start()) void this.#starting.play(); // the page called play() of the video itself
    }, { signal });
    document.addEventListener('keydown', (event) => {
      if (event.target === document.body && document.querySelector('shoal-player') === this) this.#controls.key(event);
    }, { signal });
    const children = new MutationObserver(() => this.#captions.adopt(this));
    children.observe(this, { childList: true });
    signal.addEventListener('abort', () => children.disconnect());
    this.#captions.adopt(this);
    this.#sharing.heed();
    signal.addEventListener('abort', overheard((answer) => {
      this.#sharing.hear(answer);
      this.#show();
    }));
    this.#speak();
    this.#timer = setInterval(() => this.#show(), 500);
    this.#open();
  }

  disconnectedCallback(): void {
    this.close();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (!this.isConnected || this.#timer === undefined || before === after) return;
    if (name === 'token') this.#playback?.admitted();
    else if (name === 'lang') this.#speak();
    else if (name === 'p2p' || name === 'max-upload-kbps') this.#sharing.heed();
    else this.#open();
  }

  // close stops playing and leaves the swarm.
  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#nowhere);
    this.#timer = undefined;
    this.#over.abort();
    this.#playback?.close();
    this.#playback = null;
    this.#peek.close();
    this.#lull.close();
    this.#controls.close();
  }

  #open(): void {
    this.#playback?.close();
    this.#playback = null;
    this.#peek.close();
    this.#captions.clear();
    this.#lull.close();
    this.#starting.paused();
    const src = this.getAttribute('src');
    clearTimeout(this.#nowhere);
    this.#unnamed = false;
    if (!src) {
      this.#nowhere = setTimeout(() => this.#miss(), NOWHERE_MILLIS);
      return;
    }
    this.#video.muted = this.hasAttribute('muted');
    const player = this;
    this.#playback = new Playback(
      this.#video,
      src,
      {
        key: this.getAttribute('key') ?? '',
        tracker: this.getAttribute('tracker') ?? '',
        wasm: this.getAttribute('wasm') ?? undefined,
        token: () => this.getAttribute('token') ?? '',
        get p2p() {
          return player.#sharing.mode;
        },
        get maxUploadKbps() {
          return player.#sharing.most;
        },
        get appended() {
          return player.onappend ?? undefined;
        },
      },
      () => this.#show(),
    );
    this.#playback.onuserdata = (samples) => this.#captions.take(samples);
    if (this.hasAttribute('autoplay')) void this.#starting.automatic().then(() => this.#show());
    else this.#starting.blocked = true;
    this.#show();
  }

  // miss says that there is no src.
  #miss(): void {
    this.#unnamed = true;
    console.warn('shoal: <shoal-player> has no src; it is to be a playlist, like /live/NAME/index.m3u8');
    this.#show();
  }

  #goLive(): void {
    this.#playback?.goLive();
    void this.#starting.play();
  }

  #seek(to: number): void {
    this.#playback?.seek(to);
    this.#show();
  }

  #mute(): void {
    this.#starting.silenced = false;
    this.#video.muted = !this.#video.muted;
    if (!this.#video.muted && this.#video.volume === 0) this.#video.volume = 0.5;
    if (this.#video.paused) void this.#starting.play();
    this.#show();
  }

  // spare tells whether the network may be asked for what is not needed to play.
  get #spare(): boolean {
    const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
    return connection?.saveData !== true && this.#state === 'playing' && this.#video.readyState >= 3;
  }

  // speak takes the language that the page, or this part of it, is in; else the viewer's.
  #speak(): void {
    this.#controls.speak(words(this.closest('[lang]')?.getAttribute('lang'), ...navigator.languages));
  }

  #show(): void {
    const playback = this.#playback;
    const { paused, muted, volume, readyState, currentTime, videoWidth } = this.#video;
    this.#lull.look();
    const state = this.#state;
    const [now, stats] = [performance.now(), this.stats];
    this.#tidings.stand(state);
    this.#tidings.note(now, stats);
    this.#flow.note(now, stats);
    const sharing = this.#sharing.look(now, stats, state === 'playing' || state === 'buffering');
    const waiting = !paused && readyState < 3;
    this.#controls.show({
      state,
      paused,
      muted,
      volume,
      atLive: state === 'playing' && (playback?.atLive ?? true),
      latency: state === 'playing' ? playback?.latency ?? 0 : 0, // while nothing comes it says nothing
      vod: playback?.vod ?? false,
      span: playback?.span ?? null,
      time: currentTime,
      waiting,
      trouble: state !== 'connecting' ? null : playback?.faulty ? 'faulty' : waiting && this.#lull.seen ? 'lost' : playback?.lost ? 'unreached' : null,
      soundOnly: state === 'playing' && readyState >= 2 && videoWidth === 0,
      blocked: this.#starting.blocked,
      silenced: this.#starting.silenced && (playback?.sound ?? false),
      sharing,
      relayless: playback?.swarm?.relayless ?? false,
      taking: stats.p2p === 'on' || stats.p2p === 'joining',
      wait: this.#sharing.wait,
      qualities: playback?.qualities ?? [],
      quality: playback?.quality ?? AUTO,
      captions: { some: this.#captions.all.length > 0, shown: this.#captions.shown?.label ?? null },
      stats: this.#panel ? stats : null,
      moments: this.#flow.moments,
    });
  }
}

if (!customElements.get('shoal-player')) customElements.define('shoal-player', ShoalPlayer);

declare global {
  interface HTMLElementTagNameMap {
    'shoal-player': ShoalPlayer;
  }
}
