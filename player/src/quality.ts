// The qualities of a stream, the choice of one, and the menu of them.

import { rate } from './decimal.ts';
import type { Words } from './words.ts';

export const AUTO = -1; // the player chooses, by what the network gives

export interface Quality {
  index: number; // of hls.js
  height: number; // 0: not known
  bitrate: number;
  frameRate: number;
  playing: boolean;
}

// What hls.js tells of one.
interface Level {
  height: number;
  bitrate: number;
  frameRate: number;
}

// ranked makes qualities of hls.js's levels, the best first.
export function ranked(levels: readonly Level[], playing: number): Quality[] {
  return levels
    .map(({ height, bitrate, frameRate }, index) => ({ index, height: height || 0, bitrate, frameRate: frameRate || 0, playing: index === playing }))
    .sort((a, b) => b.height - a.height || b.bitrate - a.bitrate);
}

// alike finds the quality that is most like another, after a stream was loaded anew: by height, then by bit rate. AUTO where there is none.
export function alike(levels: readonly Level[], wanted: Level): number {
  const distance = (level: Level): number => Math.abs(level.height - wanted.height) * 1e9 + Math.abs(level.bitrate - wanted.bitrate);
  let best = AUTO;
  levels.forEach((level, index) => {
    const before = levels[best];
    if (!before || distance(level) < distance(before)) best = index;
  });
  return best;
}

// named says what a quality is called among others: by its bit rate too where another has its height.
export function named({ height, bitrate, frameRate }: Quality, all: readonly Quality[], language: string): string {
  const carried = rate(bitrate / 8, language);
  if (height === 0) return carried;
  const name = `${height}p${frameRate >= 48 ? Math.round(frameRate) : ''}`;
  return all.filter((other) => other.height === height).length > 1 ? `${name} · ${carried}` : name;
}

// A Picker is the menu, a select of the browser's own: it is used by keys, fingers and screen readers as any other. It is left once a choice is made, or
// by Escape. An arrow on a closed menu chooses at once: who goes through it so has not done yet.
export class Picker {
  readonly #select: HTMLSelectElement;
  #drawn = '';
  #stepping = false; // a key that may choose at once was pressed just now

  constructor(select: HTMLSelectElement, picked: (index: number) => void, left: () => void) {
    this.#select = select;
    select.addEventListener('keydown', ({ key }) => {
      this.#stepping = key !== 'Enter' && key !== ' ';
      setTimeout(() => (this.#stepping = false));
    });
    select.addEventListener('keyup', ({ key }) => key === 'Escape' && left()); // an open menu keeps to itself what it was closed by, but not this
    select.addEventListener('change', () => {
      picked(Number(select.value));
      if (!this.#stepping) left();
    });
  }

  // show lists qualities; where there is nothing to choose there is no menu. In a narrow bar it does not say which of them the player has chosen.
  show(all: readonly Quality[], chosen: number, { auto, tag }: Pick<Words, 'auto' | 'tag'>, narrow: boolean): void {
    this.#select.hidden = all.length < 2;
    const now = all.find(({ playing }) => playing);
    const first = chosen === AUTO && now && !narrow ? `${auto} (${named(now, all, tag)})` : auto;
    const options: [string, string][] = [[String(AUTO), first], ...all.map((quality): [string, string] => [String(quality.index), named(quality, all, tag)])];
    const drawn = JSON.stringify(options);
    if (this.#drawn !== drawn) {
      this.#drawn = drawn;
      while (this.#select.length > options.length) this.#select.remove(0);
      options.forEach(([value, text], i) => {
        const option = this.#select.options[i] ?? this.#select.appendChild(document.createElement('option'));
        option.value = value;
        option.text = text;
      });
    }
    if (this.#select.value !== String(chosen)) this.#select.value = String(chosen);
  }
}
