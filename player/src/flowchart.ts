// The last minute as a drawing in the panel: where the media came from, on a scale that is told, and as a sentence for those who do not see it. Whose
// colours are whose stands beside the numbers below it.

import { rate } from './decimal.ts';
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
    this.#get('.scale').textContent = moments.length > 0 ? rate(most, words.tag) : '';
    this.#get('.since').textContent = words.flow.minute;
    this.#figure.setAttribute('aria-label', words.flow.sentence(rate(told.peers, words.tag), rate(told.edge, words.tag)));
  }

  #get(selector: string): Element {
    const found = this.#figure.querySelector(selector);
    if (!found) throw new Error(`flowchart: no ${selector}`);
    return found;
  }
}
