// The list of keys that ? shows over the picture: of those that do something now. It is left by ?, Escape or a click elsewhere.

import type { Words } from './words.ts';

// What there is for keys to act on.
export interface Usable {
  vod: boolean; // a recording
  span: boolean; // it can be seeked in
  captions: boolean;
  picture: boolean; // in picture
}

// rows are the keys, and what they do.
export function rows({ vod, span, captions, picture }: Usable, words: Words): [keys: string[], what: string][] {
  const { keys } = words;
  const seek: [string[], string][] = span ? [[['←', '→'], keys.step], [['Home'], keys.start]] : [];
  return [
    [[keys.space, 'K'], keys.play],
    ...seek,
    ...(vod ? [[['End'], keys.end] as [string[], string]] : [[['End', 'L'], words.toLive] as [string[], string]]),
    [['↑', '↓'], words.volume],
    [['M'], keys.sound],
    ...(captions ? [[['C'], words.captions] as [string[], string]] : []),
    [['F'], words.fullScreen],
    ...(picture ? [[['P'], words.picture] as [string[], string]] : []),
    [['S'], words.statistics],
    [['?'], keys.list],
  ];
}

export class KeyList {
  readonly #aside: HTMLElement;
  readonly #left: () => void;

  constructor(aside: HTMLElement, left: () => void) {
    this.#aside = aside;
    this.#left = left;
    aside.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      this.close();
    });
    aside.addEventListener('focusout', () => this.close());
  }

  toggle(usable: Usable, words: Words): void {
    if (!this.#aside.hidden) {
      this.close();
      return;
    }
    const list = document.createElement('dl');
    for (const [keys, what] of rows(usable, words)) {
      const [dt, dd] = [document.createElement('dt'), document.createElement('dd')];
      dt.append(...keys.map((key) => Object.assign(document.createElement('kbd'), { textContent: key })));
      dd.textContent = what;
      list.append(dt, dd);
    }
    this.#aside.replaceChildren(list);
    this.#aside.hidden = false;
    this.#aside.focus({ preventScroll: true });
  }

  close(): void {
    if (this.#aside.hidden) return;
    const inside = this.#aside.matches(':focus');
    this.#aside.hidden = true;
    if (inside) this.#left();
  }
}
