// What this viewer says that it would do for others, by its page and its link.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { HIDDEN, MAY_UPLOAD, METERED, onSelfChange, selfFlags } from '../src/self.ts';

// stand puts a page and a link in place.
function stand(t: TestContext, visibilityState: string, connection: object | undefined): EventTarget {
  const page = Object.assign(new EventTarget(), { visibilityState });
  for (const [name, value] of [['document', page], ['navigator', { connection }]] as const) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() => (before ? Object.defineProperty(globalThis, name, before) : Reflect.deleteProperty(globalThis, name)));
  }
  return page;
}

for (const [what, visibility, connection, may, flags] of [
  ['a page that is seen', 'visible', undefined, true, MAY_UPLOAD],
  ['one that may not', 'visible', undefined, false, 0],
  ['a hidden page', 'hidden', undefined, true, HIDDEN],
  ['a browser that saves data', 'visible', { saveData: true, type: 'wifi' }, true, METERED],
  ['a mobile network', 'visible', { saveData: false, type: 'cellular' }, true, METERED],
  ['both, hidden', 'hidden', { saveData: true, type: 'cellular' }, true, METERED | HIDDEN],
  ['a link at home', 'visible', { saveData: false, type: 'wifi' }, true, MAY_UPLOAD],
  ['a link of which nothing is told', 'visible', {}, true, MAY_UPLOAD],
] as const) {
  test(`who sends to others: ${what}`, (t) => {
    stand(t, visibility, connection);
    assert.equal(selfFlags(may), flags);
  });
}

test('it is told when the page or the link changes, and not after the end', (t) => {
  const connection = new EventTarget();
  const page = stand(t, 'visible', connection);
  const over = new AbortController();
  let told = 0;
  onSelfChange(() => told++, over.signal);
  page.dispatchEvent(new Event('visibilitychange'));
  connection.dispatchEvent(new Event('change'));
  assert.equal(told, 2);
  over.abort();
  page.dispatchEvent(new Event('visibilitychange'));
  connection.dispatchEvent(new Event('change'));
  assert.equal(told, 2);
});
