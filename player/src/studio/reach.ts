// Whether the server is reached, by what came of asking it now and then. One question without an answer is no news: the next one counts.

const MISSES = 2;

export class Reach {
  #misses = 0; // in a row
  #amiss = '';

  // amiss is why the server is not reached; '' while it is, as far as is known.
  get amiss(): string {
    return this.#misses >= MISSES ? this.#amiss : '';
  }

  // note takes what was amiss when the server was asked, '' for nothing. It tells whether the server is back.
  note(amiss: string): boolean {
    const away = this.amiss !== '';
    this.#misses = amiss === '' ? 0 : this.#misses + 1;
    this.#amiss = amiss;
    return away && amiss === '';
  }
}
