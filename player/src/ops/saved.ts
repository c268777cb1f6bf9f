// What came from peers and so not from an edge, and what that is worth at a price that whoever looks has set.

import { make } from '../make.ts';
import { find } from '../pages/api.ts';
import { figure, spoken } from '../pages/language.ts';
import { figures } from '../pages/words/figures.ts';
import { shared } from '../pages/words/shared.ts';
import type { Lately } from './desk.ts';
import { tile } from './tiles.ts';

const PRICE = 'shoal-price';
const CURRENCY = 'shoal-currency';
const USUAL = 'USD'; // until whoever looks has chosen another
const OFFERED = [USUAL, 'EUR', 'BRL', 'CNY', 'GBP', 'JPY', 'INR'];

export class Saved {
  // What a gigabyte of traffic costs whoever looks, in his currency; remembered in his browser where it may be.
  readonly #price = find<HTMLInputElement>('#price');
  readonly #currency = find<HTMLInputElement>('#currency');
  #bytes: number | null = 0; // since the streams that are listed came; null: not known
  #why = '';
  #lately: Lately = { bytes: null, seconds: null };

  constructor() {
    find('#currencies').replaceChildren(...OFFERED.map((value) => make('option', { value })));
    for (const [field, name, usual] of [[this.#price, PRICE, ''], [this.#currency, CURRENCY, USUAL]] as const) {
      try {
        field.value = localStorage.getItem(name) ?? usual;
      } catch {
        field.value = usual; // it is asked for again
      }
      field.addEventListener('input', () => {
        try {
          localStorage.setItem(name, field.value);
        } catch {
          // as above
        }
        this.#show();
      });
    }
  }

  // show takes what came from peers; why: that is nothing, or not known.
  show(bytes: number | null, lately: Lately, why: string): void {
    this.#bytes = bytes;
    this.#why = why;
    this.#lately = lately;
    this.#show();
  }

  #show(): void {
    const rate = Number(this.#price.value);
    const currency = currencyOf(this.#currency.value);
    const priced = this.#price.value !== '' && rate >= 0;
    const bytes = this.#bytes ?? 0;
    tile('#spared', bytes > 0 ? size(bytes) : '', this.#why);
    find('#saved').textContent = priced && bytes > 0 ? figures().saves(money((bytes / 1e9) * rate, currency)) : '';
    const odd = this.#price.validity.badInput || (this.#price.value !== '' && !priced);
    find('#unpriced').textContent = odd ? figures().oddPrice : !priced && bytes > 0 ? figures().noPrice : '';
    this.#price.setAttribute('aria-invalid', String(odd));
    const hour = find('#hour-saved');
    hour.textContent = inWords(this.#lately, priced ? rate : null, currency);
    hour.hidden = hour.textContent === '';
  }
}

// inWords says what came lately, and over what time that is; '' where it is not known.
export function inWords({ bytes, seconds }: Lately, price: number | null, currency = USUAL): string {
  if (bytes === null || seconds === null) return '';
  const minutes = Math.round(seconds / 60);
  const words = figures();
  const whole = Math.round(seconds);
  const over = minutes >= 59 ? words.lastHour : seconds < 60 ? words.last(whole, shared().seconds(whole)) : words.last(minutes, shared().minutes(minutes));
  return words.lately(over, size(bytes)) + (price === null ? '' : words.latelySaved(money((bytes / 1e9) * price, currency)));
}

const size = (bytes: number): string => (bytes < 1e8 ? `${figure(bytes / 1e6, 1)} MB` : `${figure(bytes / 1e9, bytes < 10e9 ? 2 : 0)} GB`);

// currencyOf is the code that is meant; while none is, as it is being written, the usual one.
export const currencyOf = (text: string): string => (/^[a-z]{3}$/i.test(text.trim()) ? text.trim().toUpperCase() : USUAL);

export function money(amount: number, currency: string): string {
  const digits = amount === 0 || amount >= 0.01 ? {} : { maximumSignificantDigits: 1 };
  return amount.toLocaleString(spoken(), { style: 'currency', currency, ...digits });
}
