// Frames that came before what they need: kept for a moment, to be handed in again. Bounded in bytes and in time; what
// does not fit, the oldest first, is lost, and pulled again by whoever misses it.

export interface Parked {
  bytes: Uint8Array;
  at: number; // when it came
}

const MOST_BYTES = 4 << 20;
const MOST_MILLIS = 2000;

export class Parking<Frame extends Parked> {
  #frames: Frame[] = [];
  #bytes = 0;

  park(frame: Frame): void {
    this.#frames.push(frame);
    this.#bytes += frame.bytes.length;
    while (this.#bytes > MOST_BYTES) this.#bytes -= this.#frames.shift()?.bytes.length ?? this.#bytes;
  }

  // leave empties the place and returns what stood there and is not too old.
  leave(now: number): Frame[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    return frames.filter((frame) => now - frame.at < MOST_MILLIS);
  }
}
