// Which of several trackers is asked next, and when. Viewers begin with different ones and, when theirs goes, come to
// the next one within a second; only when all have failed in a row do they wait longer, 1 s doubling to 12 s, half of it
// by chance, so that they do not come back together. A tracker, or a proxy before it, may be wrong about when to come
// back: of what it says five minutes count. The native viewer's retry.go is the same.

const SOON = 200; // at least, to another tracker; at most FIRST
const FIRST = 1000;
const LAST = 12000;
const SELDOM = 120000; // instead of LAST, in a round in which one refused and others are away
const LONGEST = 300000; // that is waited because one was told to, and up to half of it more
const STEADY = 5000; // a socket that lived this long has earned a fresh beginning

export class Retry {
  readonly #urls: readonly string[];
  readonly #chance: () => number;
  #at: number;
  #failures = 0; // in a row
  #refusals = 0; // of these, the last ones in a row
  #refusedAt = 0; // which of these was the last refusal; 0: none

  // chance returns 0 to less than 1.
  constructor(urls: readonly string[], chance: () => number) {
    this.#urls = urls;
    this.#chance = chance;
    this.#at = Math.min(Math.floor(chance() * urls.length), urls.length - 1);
  }

  // The tracker to be asked next; '' if there is none.
  get url(): string {
    return this.#urls[this.#at] ?? '';
  }

  // lost returns how many milliseconds to wait after a socket that did not open, or ended after it had lived for some.
  lost(lived: number): number {
    if (lived >= STEADY) this.#afresh();
    this.#refusals = 0;
    if (this.#next()) return this.#soon();
    const refused = this.#refusedAt > this.#failures - this.#urls.length; // in this round; 0 is before it
    const most = Math.min(refused ? SELDOM : LAST, FIRST * 2 ** (this.#failures - this.#urls.length));
    return most / 2 + (this.#chance() * most) / 2;
  }

  // denied is lost, where the tracker will not have the viewer; null when all have said so in a row.
  denied(lived: number): number | null {
    if (lived >= STEADY) this.#afresh();
    const refusals = this.#refusals + 1;
    this.#refusedAt = this.#failures + 1;
    const pause = this.lost(0);
    this.#refusals = refusals;
    return refusals % this.#urls.length === 0 ? null : pause;
  }

  // How many rounds in a row all have said that they will not have the viewer.
  get refusedRounds(): number {
    return Math.floor(this.#refusals / this.#urls.length);
  }

  // busy is lost, where the tracker is full and said when to come back: others may have room now.
  busy(wait: number): number {
    this.#refusals = 0;
    return this.#next() ? this.#soon() : this.stay(wait);
  }

  // stay returns how long to wait where any tracker would say the same: not less than told, within reason.
  stay(wait: number): number {
    this.#refusals = 0;
    const told = Math.min(LONGEST, wait);
    return told + (this.#chance() * told) / 2;
  }

  // moved returns when within a span to go to the next tracker, which is the same if there is only one.
  moved(span: number): number {
    this.#afresh();
    this.#at = (this.#at + 1) % this.#urls.length;
    return this.#chance() * Math.min(LONGEST, span);
  }

  #afresh(): void {
    this.#failures = 0;
    this.#refusals = 0;
    this.#refusedAt = 0;
  }

  // next goes on to the next tracker and tells whether there is one that has not failed in this round.
  #next(): boolean {
    this.#failures++;
    this.#at = (this.#at + 1) % this.#urls.length;
    return this.#failures < this.#urls.length;
  }

  #soon(): number {
    return SOON + this.#chance() * (FIRST - SOON);
  }
}
