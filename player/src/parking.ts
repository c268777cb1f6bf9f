// Frames that came before what they need: kept for a moment, to be handed in again. Bounded in bytes, in number and in
// time, counted from when a frame first came, however often it is parked again. What does not fit, the oldest first,
// is lost, and pulled again by whoever misses it.

export interface Parked {
  peer: number; // whose link it came by
  bytes: Uint8Array;
  at: number; // when it first came
}

const MOST_BYTES = 4 << 20;
const MOST_FRAMES = 256;
const MOST_OF_PEER = 64;
const MOST_MILLIS = 2000;

export class Parking<Frame extends Parked> {
  #frames: Frame[] = [];
  #bytes = 0;

  park(frame: Frame): void {
    const { peer } = frame;
    if (this.#frames.filter((parked) => parked.peer === peer).length >= MOST_OF_PEER) {
      this.#lose(this.#frames.findIndex((parked) => parked.peer === peer));
    }
    this.#frames.push(frame);
    this.#bytes += frame.bytes.length;
    while (this.#bytes > MOST_BYTES || this.#frames.length > MOST_FRAMES) this.#lose(0);
  }

  // leave empties the place and returns what stood there and is not too old.
  leave(now: number): Frame[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    return frames.filter((frame) => now - frame.at < MOST_MILLIS);
  }

  #lose(index: number): void {
    this.#bytes -= this.#frames.splice(index, 1)[0]?.bytes.length ?? 0;
  }
}
