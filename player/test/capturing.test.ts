// What the studio says of what it captures, and when that is over. The page is a stand-in.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Capturing } from '../src/pages/capturing.ts';
import { STUDIO } from '../src/pages/words/studio.ts';
import { type World, world } from './devices.ts';

class Element extends EventTarget {
  hidden = false;
  value = '';
  textContent = '';
  dataset: Record<string, string> = {};
  readonly classList = { toggle: () => undefined };
  readonly parentElement = { hidden: false };
  setAttribute(): void { /* none is looked at */ }
  append(): void { /* likewise */ }
  replaceChildren(): void { /* likewise */ }
}

interface Studio extends World {
  press(source: string): Promise<void>;
  choose(device: string, id: string): Promise<void>;
  said(): string;
  capturing: Capturing;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function studio(t: TestContext): Studio {
  const w = world(t);
  Object.assign(navigator.mediaDevices, { enumerateDevices: async () => [] });
  const found = new Map<string, Element>();
  const at = (selector: string): Element => found.get(selector) ?? (found.set(selector, new Element()), at(selector));
  const buttons = new Map(['camera', 'microphone'].map((source) => [source, Object.assign(new Element(), { dataset: { source } })]));
  const before = Object.getOwnPropertyDescriptor(globalThis, 'document');
  const document = { documentElement: { lang: 'en' }, querySelector: at, querySelectorAll: () => buttons.values(), createElement: () => new Element() };
  Object.defineProperty(globalThis, 'document', { value: document, configurable: true });
  t.after(() => (before ? Object.defineProperty(globalThis, 'document', before) : Reflect.deleteProperty(globalThis, 'document')));
  let said = '';
  const shape = { width: 64, height: 36, bits: 1e6 };
  const capturing = new Capturing(STUDIO.en, { shape: () => shape, publication: () => null, say: (what) => (said = what), changed: () => undefined });
  return {
    ...w, capturing, said: () => said,
    press: (source) => (buttons.get(source)?.dispatchEvent(new Event('click')), settled()),
    choose: (device, id) => ((at(`#${device}`).value = id), at(`#${device}`).dispatchEvent(new Event('change')), settled()),
  };
}

test('why a device was refused is said though another is missing; that is said anew with the next that comes', async (t) => {
  const s = studio(t);
  s.lacking.set('microphone', 'NotFoundError');
  await s.press('camera');
  const missing = 'There is no microphone: the picture goes without its sound.';
  assert.equal(s.said(), missing);
  s.hold.add('camera2');
  await s.choose('camera', 'camera2');
  s.answer('camera2', false);
  await settled();
  assert.match(s.said(), /^There is no camera or microphone here/);
  await s.choose('camera', 'camera3');
  assert.equal(s.said(), missing);
});

test('a source that was denied when another was chosen already is not spoken of', async (t) => {
  const s = studio(t);
  s.hold.add('camera1');
  await s.press('camera');
  await s.press('microphone');
  assert.deepEqual([s.capturing.source, s.said()], ['microphone', '']);
  for (const device of ['camera', 'microphone'] as const) s.lacking.set(device, 'NotAllowedError');
  s.hold.clear();
  s.answer('camera1', false);
  await settled();
  assert.deepEqual([s.capturing.source, s.said()], ['microphone', '']);
});

test('a microphone alone that was let go for another, and is not to be had again, is the end', async (t) => {
  const s = studio(t);
  await s.press('microphone');
  s.lacking.set('microphone', 'NotReadableError');
  await s.choose('microphone', 'microphone2');
  assert.deepEqual([s.capturing.source, s.capturing.stream], [null, null]);
  assert.equal(s.said(), 'The microphone is in use by another program: no sound goes any more. The source has ended. Choose another to go on.');
});

test('so is a camera alone, and why is said', async (t) => {
  const s = studio(t);
  s.lacking.set('microphone', 'NotFoundError');
  await s.press('camera');
  s.lacking.set('camera', 'NotReadableError');
  await s.choose('camera', 'camera2');
  assert.deepEqual([s.capturing.source, s.capturing.stream], [null, null]);
  assert.match(s.said(), /^The camera is in use by another program.*The source has ended\. Choose another to go on\.$/);
});

test('nor is it one while yet another is asked for', async (t) => {
  const s = studio(t);
  await s.press('microphone');
  s.lacking.set('microphone', 'NotReadableError');
  for (const held of ['microphone1', 'microphone3']) s.hold.add(held);
  await s.choose('microphone', 'microphone2');
  await s.choose('microphone', 'microphone3');
  s.answer('microphone1', false); // which was let go for the second
  await settled();
  assert.equal(s.capturing.source, 'microphone');
  s.lacking.clear();
  s.answer('microphone3', true);
  await settled();
  assert.deepEqual([s.capturing.source, s.capturing.stream?.getTracks().map(({ readyState }) => readyState)], ['microphone', ['live']]);
  assert.equal(s.said(), '', 'what was overtaken');
});
