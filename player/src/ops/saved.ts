// What came from peers and so not from an edge, and what that is worth at a price that whoever looks has set.

import { find } from '../pages/api.ts';
import { figure, spoken } from '../pages/language.ts';
import { figures } from '../pages/words/figures.ts';
import { shared } from '../pages/words/shared.ts';
import type { Lately } from './desk.ts';

const PRICE = 'shoal-price';

export class Saved {
  // What a gigabyte of traffic costs whoever looks, in his currency; remembered in his browser where it may be.
  readonly #price = find<HTMLInputElement>('#price');
  #bytes: number | null = 0; // since the streams that are listed came; null: not known
  #lately: Lately = { bytes: null, seconds: null };

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

  show(bytes: number | null, lately: Lately): void {
    this.#bytes = bytes;
    this.#lately = lately;
    this.#show();
  }

  #show(): void {
    const rate = Number(this.#price.value);
    const priced = this.#price.value !== '' && rate >= 0;
    const bytes = this.#bytes ?? 0;
    find('#spared').textContent = bytes > 0 ? size(bytes) : '–';
    find('#saved').textContent = priced && bytes > 0 ? figures().saves(money((bytes / 1e9) * rate)) : '';
    const hour = find('#hour-saved');
    hour.textContent = inWords(this.#lately, priced ? rate : null);
    hour.hidden = hour.textContent === '';
  }
}

// inWords says what came lately, and over what time that is; '' where it is not known.
export function inWords({ bytes, seconds }: Lately, price: number | null): string {
  if (bytes === null || seconds === null) return '';
  const minutes = Math.round(seconds / 60);
  const words = figures();
  const whole = Math.round(seconds);
  const over = minutes >= 59 ? words.lastHour : seconds < 60 ? words.last(whole, shared().seconds(whole)) : words.last(minutes, shared().minutes(minutes));
  return words.lately(over, size(bytes)) + (price === null ? '' : words.latelySaved(money((bytes / 1e9) * price)));
}

const size = (bytes: number): string => (bytes < 1e8 ? `${figure(bytes / 1e6, 1)} MB` : `${figure(bytes / 1e9, bytes < 10e9 ? 2 : 0)} GB`);

const money = (amount: number): string => (amount === 0 || amount >= 0.01 ? figure(amount, 2) : amount.toLocaleString(spoken(), { maximumSignificantDigits: 1 }));
