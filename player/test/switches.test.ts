// The switches of remote control, on a page that is a stand-in.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Switches } from '../src/ops/switches.ts';

class Element extends EventTarget {
  value = '';
  textContent = '';
  hidden = false;
  disabled = false;
  readOnly = false;
  readonly attributes: Record<string, string> = {};
  readonly classList = { toggle: () => undefined };
  setAttribute(name: string, value: string): void { this.attributes[name] = value; }
  removeAttribute(name: string): void { Reflect.deleteProperty(this.attributes, name); }
  querySelector(): null { return null; }
}

test('while nobody tells how a stream is, what is written stands, nothing is disabled, and nothing is changed', async (t) => {
  const found = new Map<string, Element>();
  const at = (selector: string): Element => found.get(selector) ?? (found.set(selector, new Element()), at(selector));
  const before = Object.getOwnPropertyDescriptor(globalThis, 'document');
  Object.defineProperty(globalThis, 'document', { value: { documentElement: { lang: 'en' }, querySelector: at }, configurable: true });
  t.after(() => (before ? Object.defineProperty(globalThis, 'document', before) : Reflect.deleteProperty(globalThis, 'document')));
  Object.defineProperty(globalThis, 'navigator', { value: { languages: ['en'] }, configurable: true });
  const asked: unknown[] = [];
  t.mock.method(globalThis, 'fetch', async (_: string, { body }: { body: string }) => (asked.push(JSON.parse(body)), Response.json({ told: [] })));
  const control = { p2p: true, share: 1, cellSize: 32, roots: 24, maxUploadKbps: 0 };
  const stream = { name: 'demo', control, viewers: 0, outside: 0, offload: 0, cells: 0, roots: 0 };
  const switches = new Switches(async () => undefined);
  switches.show(stream, control);
  const apply = async (): Promise<void> => {
    at('#switches').dispatchEvent(new Event('submit', { cancelable: true }));
    await new Promise((resolve) => setImmediate(resolve));
  };
  const field = at('#control-cellSize');
  field.value = '40';
  at('#switches').dispatchEvent(new Event('input'));
  switches.rest(true);
  await apply();
  assert.deepEqual([field.value, field.readOnly, field.disabled, at('#apply').disabled, at('#apply').attributes['aria-disabled'], asked], ['40', true, false, false, 'true', []]);
  switches.rest(false);
  switches.show(stream, control);
  await apply();
  assert.deepEqual([field.readOnly, at('#apply').attributes['aria-disabled'], asked], [false, 'false', [{ cellSize: 40 }]]);
});
