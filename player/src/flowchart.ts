// The last minute as a drawing in the panel: where the media came from, on a scale that is told, and as a sentence for those who do not see it. Whose
// colours are whose stands beside the numbers below it.

import { areas, ceiling, mean, type Moment } from './flow.ts';
import type { Words } from './words.ts';

const [WIDTH, HEIGHT] = [120, 32]; // in its own units

export class FlowChart {
  readonly #figure: Element;

  // figure holds an svg with two paths, and two spans.
  constructor(figure: Element) {
    this.#figure = figure;
    this.#get('svg').setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  }

  show(moments: readonly Moment[], words: Words): void {
    const most = ceiling(moments);
    const drawn = areas(moments, WIDTH, HEIGHT, most);
    this.#get('.edge').setAttribute('d', drawn.edge);
    this.#get('.peers').setAttribute('d', drawn.peers);
    const told = mean(moments);
    this.#get('.scale').textContent = moments.length > 0 ? rate(most) : '';
    this.#get('.since').textContent = words.flow.minute;
    this.#figure.setAttribute('aria-label', words.flow.sentence(rate(told.peers), rate(told.edge)));
  }

  #get(selector: string): Element {
    const found = this.#figure.querySelector(selector);
    if (!found) throw new Error(`flowchart: no ${selector}`);
    return found;
  }
}

// rate writes bytes a second as the bits that links are measured in.
export function rate(bytes: number): string {
  const bits = 8 * bytes;
  return bits < 1e6 ? `${Math.round(bits / 1e3)} kbit/s` : `${Number((bits / 1e6).toFixed(1))} Mbit/s`;
}
