// Whether the operator has turned the swarm off meanwhile, asked by who shares while no tracker can tell: it is away, or has refused this viewer for good, and
// links outlive both. The stream's own server tells it too. Each asks at a moment of its own, so that a whole swarm does not ask at once.

export interface RecallWorld {
  linked(): boolean; // to a peer
  told(): boolean; // a tracker is there, which tells by itself
  off(): Promise<boolean>; // what the server says; it may not answer
  chance(): number; // 0 to less than 1
}

const EVERY_SECONDS = 10; // and up to a third more or less

export class Recall {
  readonly #world: RecallWorld;
  readonly #recalled: () => void;
  #wait = 0; // seconds until it is asked; 0: none were set
  #asking = false;

  constructor(world: RecallWorld, recalled: () => void) {
    this.#world = world;
    this.#recalled = recalled;
  }

  // second is called each second.
  second(): void {
    if (!this.#apart) {
      this.#wait = 0;
      return;
    }
    if (this.#wait === 0) this.#wait = this.#pause;
    else if (--this.#wait === 0 && !this.#asking) void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    const off = await this.#world.off().catch(() => false); // who is not told otherwise goes on
    this.#asking = false;
    if (off && this.#apart) this.#recalled();
  }

  // apart: it shares, and no tracker would tell it not to.
  get #apart(): boolean {
    return this.#world.linked() && !this.#world.told();
  }

  get #pause(): number {
    return Math.round(EVERY_SECONDS * (0.7 + 0.6 * this.#world.chance()));
  }
}
