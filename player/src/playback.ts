// Playing one stream in a video element, and going on playing it: hls.js, its errors, a broadcaster who goes away and
// comes back. Whoever watches never has to reload the page.

import type { ErrorData } from 'hls.js';
import { type Attached, type LiveStream, passOf, streamName } from './attach.ts';
import type { Userdata } from './captions.ts';
import { Failures } from './failures.ts';
import { Feed } from './feed.ts';
import { Inquiry, type Reason } from './inquiry.ts';
import { Knock } from './knock.ts';
import { Latecomer } from './latecomer.ts';
import { Lookout } from './lookout.ts';
import { Mending } from './mending.ts';
import type { SwarmOptions } from './options.ts';
import type { Pass } from './pass.ts';
import type { Scene } from './peek.ts';
import { Playhead } from './playhead.ts';
import type { Quality } from './quality.ts';
import { Remains } from './remains.ts';
import type { Stats } from './stats.ts';
import { type Span, Timeline } from './timeline.ts';
import { Will } from './will.ts';

// connecting: nothing seen yet, or lost and trying; buffering: the picture stands, and nobody has told yet why; unplayable: this browser cannot play it; unreadable: what is there is no playlist; uninvited: it is for viewers with a token,
// and there is none; refused: the token is not, or no longer, good for it.
export type PlaybackState = Reason | 'playing' | 'buffering' | 'unplayable' | 'unreadable' | 'uninvited' | 'refused';

const LEFT_SECONDS = 2; // that little in the buffers, at the end of the media, is what is left

export class Playback {
  onuserdata: ((samples: readonly Userdata[]) => void) | null = null; // sees what comes beside pictures, such as captions
  readonly #video: HTMLVideoElement;
  readonly #src: string;
  readonly #changed: (state: PlaybackState) => void;
  readonly #over = new AbortController();
  readonly #pass: Pass;
  readonly #feed: Feed;
  readonly #knock: Knock;
  readonly #failures: Failures;
  #started = false;
  #faulty = false; // the server answered last that it cannot
  #state: PlaybackState = 'connecting';
  readonly #inquiry: Inquiry; // into a stream that ended, or broke: nothing more comes of what was loaded
  readonly #timeline: Timeline;
  readonly #remains: Remains;
  readonly #mending: Mending;
  readonly #playhead: Playhead;
  readonly #latecomer: Latecomer;
  readonly #will: Will;
  readonly #lookout: Lookout;
  #sound = true; // there is some in the media that came last, as far as is known

  // Nothing of the media is loaded before start; until then it says what there is to be seen.
  constructor(video: HTMLVideoElement, src: string, options: SwarmOptions, changed: (state: PlaybackState) => void) {
    this.#video = video;
    this.#src = new URL(src, document.baseURI).href;
    this.#changed = changed;
    this.#pass = passOf(options, () => this.#src);
    this.#pass.onbarred = () => this.#bar();
    this.#knock = new Knock(this.#pass, () => this.admitted());
    const { signal } = this.#over;
    this.#feed = new Feed(video, this.#src, options, this.#pass, {
      error: (data) => this.#failures.met(data, this.#timeline.atEnd),
      answered: () => this.#failures.answered(),
      listed: () => {
        if (this.#timeline.complete) this.#more(false);
        this.#latecomer.listed();
      },
      sound: (some) => (this.#sound = some),
      fails: () => void this.#failures.find(),
      userdata: (samples) => this.onuserdata?.(samples),
    });
    this.#timeline = new Timeline(video, this.#src, () => this.#feed.hls);
    this.#remains = new Remains(() => this.#feed.hls);
    this.#playhead = new Playhead(video, this.#feed, this.#timeline, this.#remains);
    this.#failures = new Failures(this.#src, this.#timeline.recording, this.#pass, signal, {
      barred: () => this.#bar(),
      unreadable: () => this.#astray('unreadable'),
      gone: () => this.#astray('unknown'),
      media: (data) => this.#mend(data),
      other: () => this.#fail(),
    });
    this.#mending = new Mending(video, () => this.#feed.hls, () => this.rewound);
    this.#inquiry = new Inquiry(this.#src, signal, {
      told: (stream) => this.#told(stream),
      because: (reason) => this.#say(reason),
      fails: (answers) => this.#fault(answers),
      slow: () => this.#state === 'playing' && this.#say('connecting'),
      load: () => this.#feed.goesOn || this.#load(),
      loads: () => this.#started,
      keeps: () => this.#feed.hls !== null && video.currentTime > 0,
    }, this.#pass);
    this.#latecomer = new Latecomer(this.#src, streamName(this.#src), this.#timeline, this.#remains, { unseen: () => this.#unseen, missed: () => this.#missed() });
    this.#will = new Will(video, () => this.#remains.kept, signal);
    video.addEventListener('play', () => this.#playhead.review(0), { signal });
    video.addEventListener('playing', () => this.#plays(), { signal });
    video.addEventListener('ended', () => this.#become('ended'), { signal });
    video.addEventListener('seeking', () => this.#seeks(), { signal });
    video.addEventListener('emptied', () => this.#playhead.following.lose(), { signal });
    this.#lookout = new Lookout(video, this.#feed, this.#timeline, this.#playhead, this.#inquiry, this.#will, signal, {
      wanted: () => this.#started && this.#will.plays && this.#state !== 'ended',
      live: () => this.#state === 'playing' || this.#state === 'connecting',
      more: (more) => this.#more(more),
      plays: () => this.#plays(),
      ends: () => this.#ends(),
      load: () => this.#load(),
    });
    queueMicrotask(() => {
      if (!this.#started) void this.#inquiry.ask();
    });
  }

  // start loads the stream, from its live edge; false if it had started before.
  start(): boolean {
    if (this.#started || this.#over.signal.aborted) return false;
    this.#started = true;
    this.#timeline.end = null;
    this.#inquiry.stop();
    this.#become('connecting');
    if (!this.#feed.begin()) queueMicrotask(() => this.#become('unplayable'));
    else void this.#latecomer.ask(this.#pass, this.#over.signal);
    return true;
  }

  get swarm(): Attached | null {
    return this.#feed.swarm;
  }

  // stats are undefined while nothing is played.
  get stats(): Stats | undefined {
    return this.#feed.stats;
  }

  get state(): PlaybackState {
    return this.#state;
  }

  // faulty: the server is reached, and cannot give what it has, as far as is known.
  get faulty(): boolean {
    return this.#faulty;
  }

  // lost: nothing is to be seen yet, and the server does not answer, or takes long to.
  get lost(): boolean {
    return this.#state === 'connecting' && (this.#failures.unanswered || this.#inquiry.lost);
  }

  // Seconds behind the newest media, 0 while that is not known.
  get latency(): number {
    return this.#timeline.latency;
  }

  // vod: it is a recording, from its beginning to its end. There is no live edge, and nothing more comes.
  get vod(): boolean {
    return this.#timeline.vod;
  }

  // following: the viewer wants to be at the live edge, and has not paused or gone back.
  get following(): boolean {
    return this.#playhead.following.wanted;
  }

  set following(wanted: boolean) {
    this.#playhead.following.wanted = wanted;
  }

  // rewound: the viewer has gone back from the live edge, and stays there.
  get rewound(): boolean {
    return this.#playhead.following.back;
  }

  // atEnd: there is next to nothing left to play, and no more is to come.
  get atEnd(): boolean {
    return this.#timeline.atEnd && this.#timeline.edge - this.#video.currentTime <= LEFT_SECONDS;
  }

  // sound: there is some to be heard. While nothing has come, and where the browser plays by itself, that is not known.
  get sound(): boolean {
    return this.#sound;
  }

  // span is what may be seeked in; null if that is not worth it.
  get span(): Span | null {
    return this.#timeline.span;
  }

  // qualities that can be chosen, the best first; none where the browser plays by itself.
  get qualities(): Quality[] {
    return this.#feed.choice.all;
  }

  // quality is the index of the one that was chosen, or AUTO.
  get quality(): number {
    return this.#feed.choice.index;
  }

  set quality(index: number) {
    this.#feed.choice.index = index;
  }

  // sceneAt is the segment in which a moment is; null where hls.js knows of none.
  sceneAt(time: number): Scene | null {
    return this.#timeline.sceneAt(time);
  }

  // fetch asks the server for what hls.js does not.
  fetch(url: string, init: RequestInit): Promise<Response> {
    return this.#pass.fetch(url, init);
  }

  get atLive(): boolean {
    return this.#playhead.atLive;
  }

  // goLive takes the playhead to the live edge.
  goLive(): void {
    this.#playhead.goLive();
  }

  // seek takes the playhead to a place of the span, or to the live edge if that is near.
  seek(to: number): void {
    const { kept } = this.#remains;
    this.#playhead.seek(to);
    if (kept && !this.#remains.kept) this.#will.play();
  }

  close(): void {
    this.#over.abort();
    this.#inquiry.stop();
    this.#knock.end();
    this.#feed.close();
  }

  #become(state: PlaybackState): void {
    if (this.#state === state || this.#over.signal.aborted) return;
    this.#state = state;
    if (state === 'ended' && !this.vod) this.#later();
    this.#changed(state);
  }

  // ends: all was played, whether the element says so or not.
  #ends(): void {
    if (this.vod) this.#video.pause();
    this.#become('ended');
  }

  // unseen: nothing of the stream was shown yet.
  get #unseen(): boolean {
    return this.#feed.hls !== null && this.#state !== 'playing' && this.#video.currentTime === 0;
  }

  // missed: the stream was over when the viewer came.
  #missed(): void {
    this.#more(false);
    this.#video.pause();
    this.#become('ended');
  }

  // plays: something does. What is left in the buffers at the end of the media is not worth a word.
  #plays(): void {
    this.#failures.excuse();
    this.#faulty = false;
    if (this.vod || !this.atEnd || this.#state === 'playing' || this.#state === 'connecting') this.#become('playing');
  }

  // more tells whether more media is to come than is listed.
  #more(more: boolean): void {
    this.#timeline.more(more);
    this.#feed.expect(more);
  }

  // say why nothing is to be seen. While something is, as what was loaded before plays on, that would be no news; nor is it, for a while,
  // that more is to come, where the server says so.
  #say(state: Reason): void {
    if (state === 'connecting' && (this.#state === 'unreadable' || (this.#state === 'unknown' && this.#timeline.recording))) return; // until it plays
    const { standing } = this.#lookout;
    const stands = state === 'connecting' && !this.#inquiry.lost ? standing.long : standing.asked;
    if (!this.#shut && (this.#state !== 'playing' || stands)) this.#become(state);
  }

  // mend a media error, or begin the stream anew.
  #mend(data: ErrorData): void {
    if (!this.#mending.mend(data)) this.#later();
    this.#will.play();
  }

  // seeks: somebody takes the playhead elsewhere.
  #seeks(): void {
    if (!this.vod) this.#playhead.following.seek();
    else if (this.#state === 'ended' && this.#lookout.far(this.#video.currentTime)) this.#become('playing');
  }

  // bar says that this viewer is not let in, and tries again later. It leaves the swarm, to which it is of no use: what it is to fetch for
  // others it does not get.
  #bar(): void {
    if (this.#over.signal.aborted) return;
    this.#inquiry.stop();
    this.#become(this.#pass.sent === '' ? 'uninvited' : 'refused');
    this.#feed.drop();
    this.#knock.begin();
  }

  // admitted tells that there is another token.
  admitted(): void {
    if (!this.#shut || this.#over.signal.aborted) return;
    this.#knock.end();
    if (this.#feed.again()) this.#will.play();
    else this.#load();
  }

  // astray: the address is none that can be played. It is tried again, gently.
  #astray(state: 'unreadable' | 'unknown'): void {
    if (state === 'unreadable' && this.#state !== state) console.warn(`shoal: there is no playlist at ${this.#src.split('?')[0]}; src is to be one, like /live/NAME/index.m3u8`);
    this.#become(state);
    this.#inquiry.later();
  }

  // fail: it is another error now than that this viewer is not let in.
  #fail(): void {
    if (this.#shut) this.#become('connecting');
    this.#later();
  }

  // shut: this viewer is not let in, as far as is known.
  get #shut(): boolean {
    return this.#state === 'uninvited' || this.#state === 'refused';
  }

  #load(): void {
    this.#knock.end();
    this.#inquiry.stop();
    this.#timeline.end = null; // until it is told again
    this.#latecomer.anew();
    this.#mending.forget();
    const from = this.vod ? this.#video.currentTime : -1;
    this.#playhead.following.begin(); // it begins at the live edge, as at first
    this.#feed.load(from);
    this.#will.play();
  }

  // later says at once why nothing is to be seen, and loads the stream once it is there.
  #later(): void {
    this.#inquiry.later();
    if (this.#started && this.#state !== 'ended') void this.#inquiry.explain();
  }

  #told({ state, lastMsn, renditions }: LiveStream): void {
    this.#faulty = false;
    this.#more(state === 'live');
    if (state !== 'live' || !renditions?.length) this.#failures.excuse(); // there is no playlist yet
    if (state === 'live') this.#lookout.standing.told(lastMsn);
  }

  // fault: the server does not tell, be it that it answers that it cannot. Where the picture stands, that is why.
  #fault(answers: boolean): void {
    this.#faulty = answers;
    this.#feed.lose();
    if (this.#state === 'connecting') this.#changed(this.#state);
  }
}
