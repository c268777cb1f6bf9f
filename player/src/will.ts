// What the viewer wants: that it plays, or that it stands. An element that is given other media is paused without a word, and one that has come to its end as
// well: then it is still to play, as soon as there is something.

export class Will {
  readonly #video: HTMLVideoElement;
  #plays: boolean; // it was told to play, and not to pause since

  // unmeant tells of a pause that it is nobody's will.
  constructor(video: HTMLVideoElement, unmeant: () => boolean, signal: AbortSignal) {
    this.#video = video;
    this.#plays = !video.paused;
    video.addEventListener('play', () => (this.#plays = true), { signal });
    video.addEventListener('pause', () => (this.#plays &&= video.ended || unmeant()), { signal });
  }

  get plays(): boolean {
    return this.#plays;
  }

  // play on, if that is what the viewer wants.
  play(): void {
    if (!this.#plays) return;
    this.#video.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#plays = false; // until it is tapped
    });
  }
}
