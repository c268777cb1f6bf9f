// The controls over elements that do next to nothing: what a key makes of the volume, and what is left when they are closed.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Controls } from '../src/controls.ts';

// An element, of which each that is looked for in it is one as well.
class Piece extends EventTarget {
  readonly #found = new Map<string, Piece>();
  readonly classList = { add: () => undefined, remove: () => undefined, toggle: () => undefined, contains: () => false };
  adoptedStyleSheets: unknown[] = [];
  paused = true;
  muted = false;
  volume = 1;
  textContent = '';

  querySelector(selector: string): Piece {
    const piece = this.#found.get(selector) ?? new Piece();
    this.#found.set(selector, piece);
    return piece;
  }

  setAttribute(): void {}

  contains(): boolean {
    return false;
  }

  append(): void {}

  querySelectorAll(): Piece[] {
    return [];
  }

  replaceChildren(): void {
    this.textContent = '';
  }
}

interface World {
  controls: Controls;
  video: Piece;
  told: Piece; // how loud it is
  volumes: number[]; // that were pressed
  press(key: string): void;
}

function world(t: TestContext): World {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const others = ['HTMLButtonElement', 'HTMLSelectElement', 'HTMLInputElement', 'HTMLElement', 'CSSStyleSheet', 'ResizeObserver'];
  for (const name of others) Object.assign(globalThis, { [name]: class { replaceSync(): void {} observe(): void {} } });
  Object.assign(globalThis, { document: { createElement: () => new Piece(), createElementNS: () => new Piece(), body: null } });
  t.after(() => [...others, 'document'].forEach((name) => Reflect.deleteProperty(globalThis, name)));
  const [root, volumes]: [Piece, number[]] = [new Piece(), []];
  const video = root.querySelector('video');
  const pressed = { volume: (level: number) => {
    volumes.push(level);
    Object.assign(video, { volume: level, muted: level === 0 }); // as the element does
  } };
  const controls = new Controls(root as unknown as ShadowRoot, pressed as unknown as ConstructorParameters<typeof Controls>[1]);
  return {
    controls, video, volumes, told: root.querySelector('.level'),
    press: (key) => controls.key(Object.assign(new Event('keydown'), { key, composedPath: () => [video] }) as unknown as KeyboardEvent),
  };
}

test('down and then up, while it is silent: it is as loud as before', (t) => {
  const { video, volumes, told, press } = world(t);
  Object.assign(video, { volume: 0.8, muted: true });
  press('ArrowDown');
  assert.deepEqual([video.muted, volumes, /\b0/.test(told.textContent)], [true, [], true]);
  press('ArrowUp');
  assert.deepEqual([video.muted, volumes, /\b80/.test(told.textContent)], [false, [0.8], true]);
});

test('how loud it is is told for a moment, of which nothing is left when they are closed', (t) => {
  const { controls, told, press } = world(t);
  press('ArrowDown');
  t.mock.timers.tick(1200);
  assert.equal(told.textContent, '');
  press('ArrowDown');
  const last = told.textContent;
  controls.close();
  t.mock.timers.tick(10_000);
  assert.equal(told.textContent, last, 'no timer');
});
