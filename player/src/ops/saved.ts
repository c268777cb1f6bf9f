// What came from peers and so not from an edge, and what that is worth at a price that whoever looks has set.

import { find } from '../pages/api.ts';
import type { Value } from './desk.ts';

const PRICE = 'shoal-price';

export class Saved {
  // What a gigabyte of traffic costs whoever looks, in his currency; remembered in his browser where it may be.
  readonly #price = find<HTMLInputElement>('#price');
  #bytes = 0; // since the streams that are listed came
  #hour: number | null = null; // bytes in the last hour; null: not known

  constructor() {
    try {
      this.#price.value = localStorage.getItem(PRICE) ?? '';
    } catch {
      // it is asked for again
    }
    this.#price.addEventListener('input', () => {
      try {
        localStorage.setItem(PRICE, this.#price.value);
      } catch {
        // as above
      }
      this.#show();
    });
  }

  show(bytes: number): void {
    this.#bytes = bytes;
    this.#show();
  }

  // hour takes what came in the last hour: bytes a second, one each so many seconds.
  hour(fromPeers: readonly Value[], seconds: number): void {
    const known = fromPeers.filter((value) => value !== null);
    this.#hour = known.length === 0 ? null : known.reduce((sum, rate) => sum + rate * seconds, 0);
    this.#show();
  }

  #show(): void {
    const rate = Number(this.#price.value);
    const priced = this.#price.value !== '' && rate >= 0;
    find('#spared').textContent = this.#bytes > 0 ? size(this.#bytes) : '–';
    find('#saved').textContent = priced && this.#bytes > 0 ? `saves ${money((this.#bytes / 1e9) * rate)}` : '';
    const hour = find('#hour-saved');
    hour.hidden = this.#hour === null;
    if (this.#hour !== null) hour.textContent = `Last hour: ${size(this.#hour)} from peers${priced ? `, ${money((this.#hour / 1e9) * rate)} saved` : ''}`;
  }
}

const size = (bytes: number): string => (bytes < 1e8 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(bytes < 10e9 ? 2 : 0)} GB`);

const money = (amount: number): string => (amount === 0 || amount >= 0.01 ? amount.toFixed(2) : amount.toPrecision(1));
