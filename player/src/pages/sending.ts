// What is sent at most: the menus of resolution and bitrate. The browser remembers what was chosen.

import type { Shape } from '../studio/shape.ts';
import { make } from '../make.ts';
import { bits, find } from './api.ts';

const RESOLUTION = 'shoal-resolution';
const BITRATE = 'shoal-bitrate';

// The bits are what a resolution has unless others are chosen.
const SHAPES: Record<string, Shape> = {
  '360': { width: 640, height: 360, bits: 900_000 },
  '540': { width: 960, height: 540, bits: 1_600_000 },
  '720': { width: 1280, height: 720, bits: 2_800_000 },
  '1080': { width: 1920, height: 1080, bits: 5_000_000 },
};
const USUAL = SHAPES['720']!;
const BITS = [300_000, 500_000, 900_000, 1_600_000, 2_800_000, 5_000_000, 8_000_000];

export class Sending {
  readonly #resolution = find<HTMLSelectElement>('#resolution');
  readonly #bitrate = find<HTMLSelectElement>('#bitrate');

  // Changed is called when another shape was chosen.
  constructor(changed: () => void) {
    this.#bitrate.append(...BITS.map((rate) => make('option', { value: String(rate) }, bits(rate))));
    choose(this.#resolution, recall(RESOLUTION));
    this.#bitrate.value = String(this.#usual.bits);
    choose(this.#bitrate, recall(BITRATE));
    this.#resolution.addEventListener('change', () => {
      this.#bitrate.value = String(this.#usual.bits);
      this.#remember();
      changed();
    });
    this.#bitrate.addEventListener('change', () => {
      this.#remember();
      changed();
    });
  }

  get shape(): Shape {
    const { width, height } = this.#usual;
    return { width, height, bits: Number(this.#bitrate.value) };
  }

  // fixed keeps the resolution as it is: another one is a discontinuity for all viewers.
  set fixed(is: boolean) {
    this.#resolution.disabled = is;
  }

  get #usual(): Shape {
    return SHAPES[this.#resolution.value] ?? USUAL;
  }

  #remember(): void {
    try {
      localStorage.setItem(RESOLUTION, this.#resolution.value);
      localStorage.setItem(BITRATE, this.#bitrate.value);
    } catch {
      // it is chosen again
    }
  }
}

function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

// choose leaves a menu alone that has no such choice.
function choose(menu: HTMLSelectElement, value: string | null): void {
  if ([...menu.options].some((option) => option.value === value)) menu.value = value ?? '';
}
