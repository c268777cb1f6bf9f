// The bar by which one goes to another moment, of a window or of a recording, and the box above it that shows a moment before one goes there:
// when it was, and a picture of it where there is one.

import { behind, clock } from './clock.ts';
import type { Span } from './timeline.ts';
import type { Words } from './words.ts';

export interface Sought {
  seek(to: number): void; // of the media timeline, seconds
  peek(at: number | null): void; // a picture of that moment would be good; null: of none any more
  held(): void; // it is held elsewhere than before, or no more
}

export interface Where {
  span: Span | null; // what may be seeked in; null: nothing is
  time: number; // of the playhead
  atLive: boolean;
}

const THUMB = 13; // pixels, as in the style sheet

export class SeekBar {
  readonly #bar: HTMLInputElement;
  readonly #box: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #told: HTMLElement;
  readonly #sought: Sought;
  #where: Where = { span: null, time: 0, atLive: false };
  #tag = 'en'; // of the language
  #target: number | null = null; // where it is held

  constructor(bar: HTMLInputElement, box: HTMLElement, sought: Sought) {
    this.#bar = bar;
    this.#box = box;
    this.#sought = sought;
    const [canvas, told] = [box.querySelector('canvas'), box.querySelector('span')];
    if (!canvas || !told) throw new Error('seekbar: its box lacks a canvas or a span');
    this.#canvas = canvas;
    this.#told = told;
    bar.addEventListener('input', () => {
      this.#target = Number(bar.value);
      this.#peek(this.#target);
      sought.held();
    });
    bar.addEventListener('change', () => {
      this.#release();
      sought.seek(Number(bar.value));
    });
    for (const name of ['pointerup', 'pointercancel', 'blur']) bar.addEventListener(name, () => this.#release()); // where it was taken hold of is no change
    bar.addEventListener('pointermove', (event) => {
      if (event.pointerType === 'mouse' && event.buttons === 0) this.#peek(this.#under(event.clientX));
    });
    bar.addEventListener('pointerleave', () => this.#target === null && this.#peek(null));
  }

  // held is the moment at which it is held; null: it is not.
  get held(): number | null {
    return this.#target;
  }

  // open: a moment is looked at.
  get open(): boolean {
    return !this.#box.hidden;
  }

  show(where: Where, words: Words): void {
    this.#where = where;
    this.#tag = words.tag;
    const { span } = where;
    this.#bar.hidden = !span;
    if (!span) {
      if (!this.#box.hidden || this.#target !== null) this.#release();
      return;
    }
    const { from, to, live } = span;
    const time = this.time;
    this.#bar.min = String(from);
    this.#bar.max = String(to);
    if (this.#target === null) this.#bar.value = String(time);
    this.#bar.style.setProperty('--level', `${(100 * (time - from)) / (to - from)}%`);
    this.#bar.setAttribute('aria-valuetext', live ? (time < to ? words.behindLive(clock(to - time)) : words.isLive) : words.place(clock(time - from), clock(to - from)));
  }

  // time is where the playhead is, or where it would go. Who is live is at the end of the bar.
  get time(): number {
    const { span, time, atLive } = this.#where;
    if (!span) return time;
    return Math.min(span.to, Math.max(span.from, this.#target ?? (span.live && atLive ? span.to : time)));
  }

  // draw a picture of the moment that was last asked for.
  draw(picture: ImageBitmap | null): void {
    this.#canvas.hidden = picture === null;
    if (picture) {
      this.#canvas.width = picture.width;
      this.#canvas.height = picture.height;
      this.#canvas.getContext('2d')?.drawImage(picture, 0, 0);
    }
    this.#stand();
  }

  #release(): void {
    const held = this.#target !== null;
    this.#target = null;
    this.#peek(null);
    if (held) setTimeout(() => this.#sought.held()); // the browser tells of the change just after the pointer is up: until then the bar keeps its value
  }

  // under is the moment that stands under a place of the window.
  #under(x: number): number {
    const { left, width } = this.#bar.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (x - left - THUMB / 2) / (width - THUMB)));
    return Number(this.#bar.min) + share * (Number(this.#bar.max) - Number(this.#bar.min));
  }

  #peek(at: number | null): void {
    const { span } = this.#where;
    const shown = at !== null && span !== null;
    this.#box.hidden = !shown;
    if (shown) {
      this.#told.textContent = span.live ? behind(span.to - at, this.#tag) : clock(at - span.from);
      this.#box.dataset['at'] = String((at - span.from) / (span.to - span.from));
      this.#stand();
    }
    this.#sought.peek(shown ? at : null);
  }

  // stand puts the box above its moment, and within the bar.
  #stand(): void {
    const { offsetLeft, offsetWidth } = this.#bar;
    const half = this.#box.offsetWidth / 2;
    const x = offsetLeft + THUMB / 2 + Number(this.#box.dataset['at'] ?? 0) * (offsetWidth - THUMB);
    this.#box.style.left = `${Math.min(offsetLeft + offsetWidth - half, Math.max(offsetLeft + half, x))}px`;
  }
}
