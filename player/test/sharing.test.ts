// What a viewer may decide on, and is asked, and what the swarm waits for.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Attached } from '../src/attach.ts';
import type { Mode } from '../src/consent.ts';
import type { Obstacle } from '../src/obstacle.ts';
import { Sharing } from '../src/sharing.ts';
import { NO_STATS } from '../src/stats.ts';

interface World {
  sharing: Sharing;
  shared: Mode[]; // as the swarm was told
  page: { wish: string | null; vod: boolean; found: Obstacle | null | undefined; asked: number };
}

function world(t: TestContext, wish: string | null, found: Obstacle | null | undefined = null): World {
  const kept = new Map<string, string>();
  Object.defineProperty(globalThis, 'localStorage', { configurable: true, value: { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) } });
  Object.assign(globalThis, { dispatchEvent: () => true });
  t.after(() => ['localStorage', 'dispatchEvent'].forEach((name) => Reflect.deleteProperty(globalThis, name)));
  const [shared, page]: [Mode[], World['page']] = [[], { wish, vod: false, found, asked: 0 }];
  const prospect = { look: () => (page.asked++, page.found), get known() { return page.found ?? null; } };
  const swarm = { prospect, share: (mode: Mode) => shared.push(mode) } as unknown as Attached;
  return { sharing: new Sharing({ wish: () => page.wish, swarm: () => swarm, vod: () => page.vod }), shared, page };
}

test('a viewer is asked once it plays and nothing stands in the way, until there is an answer', (t) => {
  const { sharing, shared, page } = world(t, null);
  page.found = undefined; // it is being found out
  assert.deepEqual([sharing.look(0, NO_STATS, false), page.asked], [{ may: true, mode: 'ask', asks: false }, 0]);
  assert.deepEqual([sharing.look(500, NO_STATS, true), page.asked, sharing.wait], [{ may: true, mode: 'ask', asks: false }, 1, null]);
  page.found = null;
  assert.deepEqual([sharing.look(1000, NO_STATS, true), sharing.wait], [{ may: true, mode: 'ask', asks: true }, 'viewer']);
  sharing.answer('no');
  assert.deepEqual([sharing.look(1500, NO_STATS, true), sharing.wait], [{ may: true, mode: 'off', asks: false }, 'declined']);
  sharing.answer('yes');
  assert.deepEqual([sharing.look(2000, NO_STATS, true), shared], [{ may: true, mode: 'on', asks: false }, ['off', 'on']]);
});

test('what the viewer says in another page holds here at once', (t) => {
  const { sharing, shared } = world(t, 'ask');
  sharing.hear('yes');
  sharing.hear('no');
  assert.deepEqual([sharing.look(0, NO_STATS, true), shared], [{ may: true, mode: 'off', asks: false }, ['on', 'off']]);
  sharing.hear(null);
  assert.equal(sharing.look(500, NO_STATS, true).asks, true, 'it is taken back');
});

test('where something stands in the way there is nothing to decide, nor to wait for', (t) => {
  const { sharing, page } = world(t, 'ask', 'operator');
  assert.deepEqual([sharing.look(0, NO_STATS, true), sharing.wait], [{ may: false, mode: 'off', asks: false }, null]);
  page.found = null;
  page.vod = true;
  assert.deepEqual(sharing.look(500, NO_STATS, true), { may: false, mode: 'off', asks: false });
});

test('where the page has decided nobody is asked, and what it says is heeded', (t) => {
  const told = t.mock.method(console, 'warn', () => undefined);
  const { sharing, shared, page } = world(t, 'off');
  assert.deepEqual(sharing.look(0, NO_STATS, true), { may: false, mode: 'off', asks: false });
  page.wish = 'on';
  assert.deepEqual(sharing.look(0, NO_STATS, true), { may: true, mode: 'on', asks: false });
  sharing.heed();
  page.wish = 'yes';
  sharing.heed();
  assert.deepEqual([shared, page.asked, told.mock.callCount()], [['on', 'ask'], 0, 1]);
});
