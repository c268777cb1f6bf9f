// What lies over the picture: the bar with its buttons, the words that say what is going on, and the panel of numbers.
// It shows what it is told and tells what is pressed.

import { behind, clock } from './clock.ts';
import css from './controls.css';
import type { PlaybackState, Span } from './playback.ts';
import type { Stats } from './stats.ts';

export interface Pressed {
  play(): void; // or pause
  live(): void;
  seek(to: number): void; // of the media timeline, seconds
  mute(): void;
  volume(level: number): void;
  fullscreen(): void;
  stats(): void;
}

export interface Shown {
  state: PlaybackState;
  paused: boolean;
  muted: boolean;
  volume: number;
  atLive: boolean;
  latency: number; // seconds; 0: there is none to tell
  vod: boolean; // a recording
  span: Span | null; // what may be seeked in; null: nothing is
  time: number; // of the playhead
  waiting: boolean; // the picture stands though it should move
  lost: boolean; // and the server is not reached
  soundOnly: boolean; // there is no picture in the stream
  blocked: boolean; // the browser wants a tap before it plays
  silenced: boolean; // muted by the browser's will, not by the viewer's
  stats: Stats | null; // null: the panel is closed
}

const ICONS = {
  play: '<path class="fill" d="M8 5.2v13.6a.8.8 0 0 0 1.2.7l11-6.8a.8.8 0 0 0 0-1.4l-11-6.8A.8.8 0 0 0 8 5.2z"/>',
  pause: '<rect class="fill" x="6" y="5" width="4.2" height="14" rx="1.2"/><rect class="fill" x="13.8" y="5" width="4.2" height="14" rx="1.2"/>',
  loud: '<path d="M11 5 6.5 8.8H3.5v6.4h3L11 19z"/><path d="M15 9.2a4 4 0 0 1 0 5.6M17.8 6.4a8 8 0 0 1 0 11.2"/>',
  mute: '<path d="M11 5 6.5 8.8H3.5v6.4h3L11 19z"/><path d="m15.5 9.5 5 5m0-5-5 5"/>',
  full: '<path d="M4 9V5.5A1.5 1.5 0 0 1 5.5 4H9m6 0h3.5A1.5 1.5 0 0 1 20 5.5V9m0 6v3.5a1.5 1.5 0 0 1-1.5 1.5H15m-6 0H5.5A1.5 1.5 0 0 1 4 18.5V15"/>',
  stats: '<path d="M5 19v-6m5 6V5m5 14v-9m5 9V8"/>',
} as const;

function icon(name: keyof typeof ICONS): string {
  return `<svg viewBox="0 0 24 24" aria-hidden="true">${ICONS[name]}</svg>`;
}

const PAGE = `
<div class="frame" tabindex="0" role="region" aria-label="Live video">
  <video playsinline></video>
  <div class="word" role="status" aria-live="polite"><div class="spin"></div><b></b><small></small></div>
  <button class="big" aria-label="Play">${icon('play')}</button>
  <button class="sound">${icon('mute')}<span>Tap for sound</span></button>
  <aside class="panel" aria-label="Statistics" hidden><h2></h2><p></p><div class="meter"><i></i></div><dl></dl></aside>
  <div class="bar">
    <input class="seek" type="range" step="any" aria-label="Seek" hidden>
    <button class="play"></button>
    <button class="live"><i></i><b></b><span></span></button>
    <span class="time" hidden></span>
    <div class="space"></div>
    <div class="volume"><input type="range" min="0" max="1" step="0.02" aria-label="Volume"><button class="mute"></button></div>
    <button class="stats" aria-label="Statistics (S)" title="Statistics (S)">${icon('stats')}</button>
    <button class="full" aria-label="Full screen (F)" title="Full screen (F)">${icon('full')}</button>
  </div>
</div>`;

const WORDS: Record<PlaybackState, [string, string]> = {
  connecting: ['Connecting', ''],
  playing: ['', ''],
  unknown: ['Nothing is on under this name yet', 'Stay here: when it begins, it plays by itself.'],
  away: ['The broadcaster is away', 'Stay here: the picture comes back by itself.'],
  ended: ['The stream has ended', 'If it begins again, it plays here.'],
  uninvited: ['This stream is for invited viewers', 'Open it by the link that you were given.'],
  refused: ['Your link does not open this stream', 'It is for another one, or has ended. Get a new one where you got it.'],
  unreadable: ['There is no stream at this address', 'The player’s “src” is to be a playlist, like /live/NAME/index.m3u8.'],
  unplayable: ['This browser cannot play the stream', 'It has no Media Source Extensions. A newer one will do.'],
};

const NO_RECORDING: [string, string] = ['There is no such recording', 'It was removed, or is not finished yet.'];
const LOST: [string, string] = ['Reconnecting', 'The connection to the server is slow, or lost.'];
const SOUND_ONLY: [string, string] = ['Sound only', 'This stream has no picture.'];

const LEAST_LATENCY = 0.05; // seconds: less is written as nothing
const QUIET_MILLIS = 2800;
const STEP_SECONDS = 10; // that an arrow key goes

export class Controls {
  readonly video: HTMLVideoElement;
  readonly #root: ShadowRoot;
  readonly #frame: HTMLElement;
  readonly #pressed: Pressed;
  #quiet: ReturnType<typeof setTimeout> | undefined;
  #shown: Shown | null = null;
  #target: number | null = null; // where the seek bar is held
  #drawn: Record<string, string> = {}; // what stands in an element, to write only what changes

  constructor(root: ShadowRoot, pressed: Pressed) {
    this.#root = root;
    this.#pressed = pressed;
    style(root);
    const page = document.createElement('template');
    page.innerHTML = PAGE;
    root.append(page.content);
    this.video = this.#get<HTMLVideoElement>('video');
    this.#frame = this.#get('.frame');

    const press = (selector: string, react: () => void): void => this.#get(selector).addEventListener('click', (event) => {
      event.stopPropagation();
      react();
    });
    press('.play', pressed.play);
    press('.big', pressed.play);
    press('.live', pressed.live);
    press('.mute', pressed.mute);
    press('.sound', pressed.mute);
    press('.stats', pressed.stats);
    press('.full', pressed.fullscreen);
    const slider = this.#get<HTMLInputElement>('.volume input');
    slider.addEventListener('input', () => pressed.volume(Number(slider.value)));
    const seek = this.#get<HTMLInputElement>('.seek');
    seek.addEventListener('input', () => {
      this.#target = Number(seek.value);
      this.#seekBar();
    });
    seek.addEventListener('change', () => {
      this.#target = null;
      pressed.seek(Number(seek.value));
    });
    for (const name of ['pointerup', 'blur']) seek.addEventListener(name, () => (this.#target = null)); // where it was taken hold of is no change

    this.#frame.addEventListener('pointermove', () => this.#stir());
    this.#frame.addEventListener('focusin', () => this.#stir());
    this.#frame.addEventListener('pointerleave', () => this.#rest());
    this.video.addEventListener('click', () => this.#stir());
    this.video.addEventListener('dblclick', pressed.fullscreen);
    this.#frame.addEventListener('keydown', (event) => this.key(event));
  }

  // key acts on a key that was pressed here, or on the page while nothing else has the focus.
  key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { play, mute, fullscreen, stats, live } = this.#pressed;
    const inButton = event.composedPath()[0] instanceof HTMLButtonElement;
    const inVolume = event.composedPath()[0] === this.#get('.volume input');
    const step = this.#shown?.span && !inVolume ? { ArrowLeft: -STEP_SECONDS, ArrowRight: STEP_SECONDS }[event.key] : undefined;
    const react = { k: play, m: mute, f: fullscreen, s: stats, l: live }[event.key.toLowerCase()];
    if (step) this.#pressed.seek(this.video.currentTime + step);
    else if (react) react();
    else if (event.key === ' ' && !inButton) play();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  show(shown: Shown): void {
    const { state, paused, muted, atLive, latency, stats } = shown;
    this.#shown = shown;
    const veiled = state !== 'connecting' && state !== 'playing' && !(shown.vod && state === 'ended');
    const idle = (shown.blocked || paused) && !veiled;
    this.#hide('.big', !idle);
    this.#hide('.sound', !(shown.silenced && muted && !veiled));
    this.#hide('.word', !veiled && (idle || (state !== 'connecting' && !shown.waiting && !shown.soundOnly)));
    this.#get('.word').classList.toggle('veil', veiled);
    this.#get('.word').classList.toggle('dim', shown.lost);
    this.#hide('.spin', veiled || (shown.soundOnly && !shown.waiting));
    const [word, more] = shown.soundOnly ? SOUND_ONLY : shown.lost ? LOST : shown.vod && state === 'unknown' ? NO_RECORDING : WORDS[veiled || state === 'connecting' ? state : 'playing'];
    this.#write('.word b', word);
    this.#write('.word small', more);
    this.#hide('.word b', word === '');
    this.#hide('.word small', more === '' || shown.blocked); // what waits for a tap does not begin by itself
    this.#hide('.bar', veiled);

    this.#button('.play', paused ? 'play' : 'pause', paused ? 'Play (K)' : 'Pause (K)');
    this.#button('.mute', muted ? 'mute' : 'loud', muted ? 'Unmute (M)' : 'Mute (M)');
    this.#get('.volume').style.setProperty('--level', `${muted ? 0 : shown.volume * 100}%`);
    const slider = this.#get<HTMLInputElement>('.volume input');
    slider.value = String(muted ? 0 : shown.volume);
    this.#seekBar();
    const live = this.#get('.live');
    live.hidden = shown.vod;
    this.#frame.setAttribute('aria-label', shown.vod ? 'Recording' : 'Live video');
    live.classList.toggle('on', atLive);
    live.title = atLive ? 'You are live' : 'Go to live (L)';
    live.setAttribute('aria-label', atLive ? 'Live' : 'Go to live');
    this.#write('.live b', 'LIVE');
    if (this.#target === null) this.#write('.live span', latency >= LEAST_LATENCY ? behind(latency) : '');
    this.#get('.stats').setAttribute('aria-pressed', String(stats !== null));
    this.#hide('.panel', stats === null);
    if (stats) this.#panel(stats, shown.vod);
    if (paused || state !== 'playing') this.#stir();
  }

  close(): void {
    clearTimeout(this.#quiet);
  }

  // seekBar shows where the playhead is, or while the bar is held where it would go. Who is live is at its end.
  #seekBar(): void {
    const bar = this.#get<HTMLInputElement>('.seek');
    const { span = null, time: playhead = 0, atLive = false } = this.#shown ?? {};
    bar.hidden = !span;
    this.#hide('.time', !span || span.live);
    if (!span) {
      this.#target = null;
      return;
    }
    const { from, to, live } = span;
    const time = Math.min(to, Math.max(from, this.#target ?? (live && atLive ? to : playhead)));
    if (!live) this.#write('.time', `${clock(time - from)} / ${clock(to - from)}`);
    else if (this.#target !== null) this.#write('.live span', behind(to - time));
    bar.min = String(from);
    bar.max = String(to);
    if (this.#target === null) bar.value = String(time);
    bar.style.setProperty('--level', `${(100 * (time - from)) / (to - from)}%`);
    bar.setAttribute('aria-valuetext', live ? (time < to ? `${clock(to - time)} behind live` : 'live') : `${clock(time - from)} of ${clock(to - from)}`);
  }

  #panel(s: Stats, vod: boolean): void {
    const percent = Math.round(s.offload * 100);
    this.#write('.panel h2', `${percent} %`);
    this.#write('.panel p', 'of the media came from other viewers');
    this.#get('.meter i').style.width = `${percent}%`;
    const swarm = { off: s.refusal ? `off: ${s.refusal}` : 'off', joining: 'joining', on: `${s.peers} ${s.peers === 1 ? 'peer' : 'peers'}`, resting: 'resting: this machine is busy', away: 'away: far behind live', refused: 'refused' }[s.p2p];
    const rows: [string, string][] = [
      ['Swarm', swarm],
      ['From peers', size(s.bytesFromPeers)],
      ['From the edge', size(s.bytesFromEdge)],
      ['Given to peers', size(s.bytesToPeers)],
      ...(vod ? [] : [['Behind live', `${s.latencySeconds.toFixed(1)} s`] as [string, string]]),
      ['Buffered', `${s.bufferSeconds.toFixed(1)} s`],
      ['Started in', s.startupMillis ? `${(s.startupMillis / 1000).toFixed(2)} s` : '–'],
      ['Stalls', s.stalls === 0 ? 'none' : `${s.stalls}, ${s.stalledSeconds.toFixed(1)} s`],
      ['Dropped frames', String(s.droppedFrames)],
      ['Bad pieces refused', String(s.badPieces)],
    ];
    const list = this.#get('dl');
    if (list.children.length !== rows.length * 2) {
      list.replaceChildren(...rows.flatMap(() => [document.createElement('dt'), document.createElement('dd')]));
    }
    rows.flat().forEach((text, i) => {
      const cell = list.children[i];
      if (cell && cell.textContent !== text) cell.textContent = text;
    });
  }

  #stir(): void {
    this.#frame.classList.remove('quiet');
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#rest(), QUIET_MILLIS);
  }

  #rest(): void {
    if (!this.video.paused && !this.#root.querySelector('.bar:focus-within :focus-visible')) this.#frame.classList.add('quiet');
  }

  #button(selector: string, name: keyof typeof ICONS, label: string): void {
    if (this.#drawn[selector] === label) return;
    this.#drawn[selector] = label;
    const button = this.#get(selector);
    button.innerHTML = icon(name);
    button.title = label;
    button.setAttribute('aria-label', label);
  }

  #write(selector: string, text: string): void {
    if (this.#drawn[selector] === text) return;
    this.#drawn[selector] = text;
    this.#get(selector).textContent = text;
  }

  #hide(selector: string, hidden: boolean): void {
    this.#get(selector).hidden = hidden;
  }

  #get<E extends HTMLElement>(selector: string): E {
    const found = this.#root.querySelector<E>(selector);
    if (!found) throw new Error(`controls: no ${selector}`);
    return found;
  }
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

// style adds the style sheet in the way that a page's content policy does not forbid, where the browser knows it.
function style(root: ShadowRoot): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
  } catch {
    const element = document.createElement('style');
    element.textContent = css;
    root.append(element);
  }
}
