// The menus of the panel by which a viewer sets the terms of sharing: how much of the uplink is lent, and whether by relays alone. They are the
// browser's own, and hold before a yes as after it. Where it is known that there are no relays they cannot be chosen; who has done so before can choose otherwise.

import { rate } from './decimal.ts';
import { make } from './make.ts';
import type { Terms } from './terms.ts';
import type { Words } from './words.ts';

const LIMITS = [Infinity, 5000, 2000, 1000, 500, 250, 0]; // kbit/s

export class TermsMenus {
  readonly #most: HTMLSelectElement;
  readonly #way: HTMLSelectElement;
  readonly #names: Element[];
  #drawn = '';

  // of holds two labels, each with a span and a select.
  constructor(of: HTMLElement, agree: (other: Partial<Terms>) => void) {
    const [most, way] = [of.querySelector<HTMLSelectElement>('.most'), of.querySelector<HTMLSelectElement>('.way')];
    if (!most || !way) throw new Error('termsmenus: a menu is missing');
    [this.#most, this.#way, this.#names] = [most, way, [...of.querySelectorAll('span')]];
    most.addEventListener('change', () => agree({ most: Number(most.value) }));
    way.addEventListener('change', () => agree({ relayed: way.value === 'relayed' }));
  }

  // show offers no more than the page's own limit, which is what a viewer has who sets none.
  show({ most, relayed }: Terms, bound: number, relayless: boolean, { terms: said, tag }: Words): void {
    const limits = [Infinity, ...[...new Set([...LIMITS, most])].filter((limit) => limit < bound && limit < Infinity).sort((a, b) => b - a)];
    const drawn = JSON.stringify([limits, String(bound), relayed, relayless, said]);
    if (this.#drawn !== drawn) {
      this.#drawn = drawn;
      [said.most, said.way].forEach((name, i) => this.#names[i]?.replaceChildren(name));
      const named = (limit: number): string => (limit === Infinity ? said.all : limit === 0 ? said.nothing : rate((1000 * limit) / 8, tag));
      this.#most.replaceChildren(...limits.map((limit) => make('option', { value: String(limit) }, named(Math.min(limit, bound)))));
      const unfit: Record<string, string> = relayless && !relayed ? { disabled: '' } : {};
      this.#way.replaceChildren(make('option', { value: 'direct' }, said.direct), make('option', { value: 'relayed', ...unfit }, relayless ? said.relayless : said.relayed));
    }
    const chosen = String(most < bound ? most : Infinity);
    if (this.#most.value !== chosen) this.#most.value = chosen;
    const way = relayed ? 'relayed' : 'direct';
    if (this.#way.value !== way) this.#way.value = way;
  }
}
