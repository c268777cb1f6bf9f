// Who is not let in knocks now and then: there may be another token by then, or the server may have changed its mind.

import type { Pass } from './pass.ts';

const MILLIS = 15000;

export class Knock {
  readonly #pass: Pass;
  readonly #again: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(pass: Pass, again: () => void) {
    this.#pass = pass;
    this.#again = again;
  }

  begin(): void {
    this.end();
    this.#timer = setTimeout(() => void this.#pass.renew().finally(() => this.#again()), MILLIS * (0.7 + 0.6 * Math.random()));
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
