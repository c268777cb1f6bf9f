// Whether the viewer has gone back from the live edge, to stay there. Nobody else takes the playhead back by more than a
// moment: hls.js and this player only ever take it forwards, or to the live edge.

const LEAST = 1; // seconds: what is less is no going back

export class Rewound {
  #at = -1; // where the playhead was; -1: nowhere yet
  #back = false;

  get back(): boolean {
    return this.#back;
  }

  // see learns where the playhead is while it plays or stands.
  see(time: number): void {
    this.#at = time;
  }

  // seek learns where it was taken. It returns whether the viewer has gone back, or is back at the edge; null if that stays as it is.
  seek(time: number, atEdge: boolean): boolean | null {
    const before = this.#back;
    if (atEdge) this.#back = false;
    else if (time < this.#at - LEAST) this.#back = true;
    this.#at = time;
    return this.#back === before ? null : this.#back;
  }

  // lose: what was played is taken away, and with it the place.
  lose(): void {
    this.#at = -1;
  }

  // end: the viewer is to follow the live edge again.
  end(): void {
    this.#back = false;
  }
}
