// Whether the machine has time to spare for others. A swarm costs a processor about a quarter more than playing alone;
// where there is none left, everything comes late, and what peers send comes late first. It shows in timers, which ring
// late, and in a buffer that runs low. Either by itself has other reasons: a slow network, a page that computes.

const BEAT = 100; // milliseconds
const BEATS = 20; // that are looked back on
const LATE = 20; // milliseconds, in the mean: late. On a machine that has time it is less than 10
const CALM = 10;
const LOW = 0.4; // seconds of buffer

export interface PulseWorld {
  now(): number;
  hidden(): boolean; // timers ring late there anyway
  buffered(): number; // seconds before the playhead
}

export class Pulse {
  readonly #world: PulseWorld;
  #timer: ReturnType<typeof setInterval> | undefined;
  #beats: { late: number; buffered: number }[] = [];
  #last = 0;
  #hidden = false;

  constructor(world: PulseWorld) {
    this.#world = world;
  }

  begin(): void {
    this.#last = this.#world.now();
    this.#timer = setInterval(() => this.#beat(), BEAT);
  }

  // Timers are on time, or nothing is known of them.
  get calm(): boolean {
    return this.#late < CALM;
  }

  // Timers are late.
  get busy(): boolean {
    return this.#late >= LATE;
  }

  // Timers are late, and playback nearly stopped.
  get failing(): boolean {
    return this.#beats.length === BEATS && this.busy && this.#beats.some((beat) => beat.buffered < LOW);
  }

  // forget begins anew.
  forget(): void {
    this.#beats = [];
  }

  close(): void {
    clearInterval(this.#timer);
  }

  // late is by how much timers are, in the mean.
  get #late(): number {
    return this.#beats.reduce((sum, beat) => sum + beat.late, 0) / Math.max(1, this.#beats.length);
  }

  #beat(): void {
    const now = this.#world.now();
    const late = Math.min(BEAT, Math.max(0, now - this.#last - BEAT)); // one long moment is no busy machine
    this.#last = now;
    const resumed = this.#hidden;
    this.#hidden = this.#world.hidden();
    if (this.#hidden) this.forget();
    if (this.#hidden || resumed) return; // the first beat of a page that is seen again is late, too
    this.#beats.push({ late, buffered: this.#world.buffered() });
    if (this.#beats.length > BEATS) this.#beats.shift();
  }
}
