// How playback starts, and whether the browser lets it: with sound, else without, else not until it is tapped.

const LONG_PAUSE_MILLIS = 10000; // after so long, play means live

// What this file knows of what is played.
export interface Started {
  readonly vod: boolean;
  readonly state: string;
  readonly rewound: boolean;
  readonly atLive: boolean;
  following: boolean;
  start(): boolean; // loads it, if that was not done before
  seek(to: number): void;
  goLive(): void;
}

export class Starting {
  blocked = false; // the browser wants a tap before it plays
  silenced = false; // it plays without sound, by the browser's will
  readonly #video: Pick<HTMLVideoElement, 'play' | 'pause' | 'paused' | 'muted' | 'currentTime'>;
  readonly #what: () => Started | null;
  readonly #now: () => number;
  #pausedAt = 0;

  constructor(video: Pick<HTMLVideoElement, 'play' | 'pause' | 'paused' | 'muted' | 'currentTime'>, what: () => Started | null, now = (): number => performance.now()) {
    this.#video = video;
    this.#what = what;
    this.#now = now;
  }

  // paused tells that it pauses, or is not played yet.
  paused(): void {
    this.#pausedAt = this.#now();
  }

  // automatic begins without having been told to by the viewer.
  async automatic(): Promise<void> {
    const refused = await this.play();
    if (!refused || this.#video.muted) {
      this.silenced = !refused && this.#video.muted;
      this.blocked = refused;
    } else {
      this.#video.muted = true;
      this.blocked = await this.play();
      this.silenced = !this.blocked;
    }
  }

  // play tells whether the browser refused to.
  async play(): Promise<boolean> {
    this.#what()?.start();
    try {
      await this.#video.play();
      return false;
    } catch (error) {
      return error instanceof DOMException && error.name === 'NotAllowedError';
    }
  }

  // toggle plays what pauses: a recording that has ended from its beginning, and a live stream that paused for long at the live edge, unless its
  // viewer has gone back from there.
  toggle(): void {
    const what = this.#what();
    if (!this.#video.paused) {
      if (what) what.following = false;
      this.#video.pause();
      return;
    }
    this.blocked = false;
    const long = this.#now() - this.#pausedAt > LONG_PAUSE_MILLIS;
    if (what?.vod && what.state === 'ended') what.seek(0);
    void this.play();
    if (what && !what.rewound && (long || (!what.atLive && this.#video.currentTime === 0))) what.goLive();
  }
}
