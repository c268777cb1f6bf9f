// Turns on a link on which several answers at once would keep each other from coming. Where it is wide all go at once; where it is so narrow that
// what is under way takes it a while, what is asked for next waits until there is room: else the first of them comes with the last.
//
// What is waited for by the player goes first, and then what was asked for first. Nobody waits for long: an answer may hang.

const A_WHILE = 300; // milliseconds that the link takes for what is under way
const PATIENCE = 2; // times as long as the link should take for what goes before
const LONGEST = 1500; // milliseconds

interface Waiting {
  bytes: number;
  first(): boolean; // it is waited for
  go(): void;
}

export class Narrows {
  readonly #rate: () => number; // that the link gives, bytes a millisecond; 0: not known
  readonly #waiting: Waiting[] = [];
  #under = 0; // bytes that were let by, and are not through

  constructor(rate: () => number) {
    this.#rate = rate;
  }

  // full: there is no room for as much as is under way, or somebody waits for his turn.
  get full(): boolean {
    return this.#waiting.length > 0 || !this.#fits(this.#under);
  }

  // enter settles when so many bytes may be asked for; not once the signal is aborted. Who was let by leaves when they have come, or will not.
  enter(bytes: number, first: () => boolean, signal: AbortSignal): Promise<void> | null {
    if (signal.aborted || this.#fits(bytes)) {
      this.#under += bytes;
      return null;
    }
    const ahead = this.#under + this.#waiting.reduce((sum, other) => sum + other.bytes, 0);
    return new Promise((resolve) => {
      const go = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at < 0) return;
        this.#waiting.splice(at, 1);
        clearTimeout(timer);
        signal.removeEventListener('abort', go);
        this.#under += bytes;
        resolve();
      };
      const waiting: Waiting = { bytes, first, go };
      const timer = setTimeout(go, Math.min(LONGEST, (PATIENCE * ahead) / this.#rate()));
      signal.addEventListener('abort', go);
      this.#waiting.push(waiting);
    });
  }

  leave(bytes: number): void {
    this.#under -= bytes;
    for (;;) {
      const next = this.#waiting.find(({ first }) => first()) ?? this.#waiting[0];
      if (!next || !this.#fits(next.bytes)) return;
      next.go();
    }
  }

  #fits(bytes: number): boolean {
    const rate = this.#rate();
    return this.#under === 0 || rate === 0 || this.#under + bytes <= A_WHILE * rate;
  }
}
