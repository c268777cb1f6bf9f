// What a viewer may decide on, and is asked, and what the swarm waits for.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Attached } from '../src/attach.ts';
import type { Mode } from '../src/consent.ts';
import type { Obstacle } from '../src/obstacle.ts';
import { Sharing } from '../src/sharing.ts';
import { NO_STATS } from '../src/stats.ts';

const terms = { most: Infinity, relayed: false };

interface World {
  sharing: Sharing;
  shared: Mode[]; // as the swarm was told
  lent: number[]; // kbit/s, likewise
  kept: Map<string, string>; // by the browser
  page: { wish: string | null; limit: string | null; vod: boolean; found: Obstacle | null | undefined; asked: number };
}

function world(t: TestContext, wish: string | null, found: Obstacle | null | undefined = null): World {
  const kept = new Map<string, string>();
  Object.defineProperty(globalThis, 'localStorage', { configurable: true, value: {
    getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value), removeItem: (key: string) => kept.delete(key),
  } });
  Object.assign(globalThis, { dispatchEvent: () => true });
  t.after(() => ['localStorage', 'dispatchEvent'].forEach((name) => Reflect.deleteProperty(globalThis, name)));
  const [shared, lent, page]: [Mode[], number[], World['page']] = [[], [], { wish, limit: null, vod: false, found, asked: 0 }];
  const prospect = { look: () => (page.asked++, page.found), get known() { return page.found ?? null; } };
  const swarm = { prospect, share: (mode: Mode) => shared.at(-1) !== mode && shared.push(mode), lend: () => lent.push(sharing.most) } as unknown as Attached;
  const sharing = new Sharing({ wish: () => page.wish, limit: () => page.limit, swarm: () => swarm, vod: () => page.vod });
  return { sharing, shared, lent, kept, page };
}

test('a viewer is asked once it plays and nothing stands in the way, until there is an answer', (t) => {
  const { sharing, shared, page } = world(t, null);
  page.found = undefined; // it is being found out
  assert.deepEqual([sharing.look(0, NO_STATS, false), page.asked], [{ may: true, mode: 'ask', asks: false, terms, bound: Infinity, relayed: false }, 0]);
  assert.deepEqual([sharing.look(500, NO_STATS, true), page.asked, sharing.wait], [{ may: true, mode: 'ask', asks: false, terms, bound: Infinity, relayed: false }, 1, null]);
  page.found = null;
  assert.deepEqual([sharing.look(1000, NO_STATS, true), sharing.wait], [{ may: true, mode: 'ask', asks: true, terms, bound: Infinity, relayed: false }, 'viewer']);
  sharing.answer('no');
  assert.deepEqual([sharing.look(1500, NO_STATS, true), sharing.wait], [{ may: true, mode: 'off', asks: false, terms, bound: Infinity, relayed: false }, 'declined']);
  sharing.answer('yes');
  assert.deepEqual([sharing.look(2000, NO_STATS, true), shared], [{ may: true, mode: 'on', asks: false, terms, bound: Infinity, relayed: false }, ['off', 'on']]);
});

test('what the viewer says in another page holds here at once', (t) => {
  const { sharing, shared } = world(t, 'ask');
  sharing.hear('yes');
  sharing.hear('no');
  assert.deepEqual([sharing.look(0, NO_STATS, true), shared], [{ may: true, mode: 'off', asks: false, terms, bound: Infinity, relayed: false }, ['on', 'off']]);
  sharing.hear(null);
  assert.equal(sharing.look(500, NO_STATS, true).asks, true, 'it is taken back');
});

test('where something stands in the way there is nothing to decide, nor to wait for', (t) => {
  const { sharing, page } = world(t, 'ask', 'operator');
  assert.deepEqual([sharing.look(0, NO_STATS, true), sharing.wait], [{ may: false, mode: 'off', asks: false, terms, bound: Infinity, relayed: false }, null]);
  page.found = null;
  page.vod = true;
  assert.deepEqual(sharing.look(500, NO_STATS, true), { may: false, mode: 'off', asks: false, terms, bound: Infinity, relayed: false });
});

test('where the page has decided nobody is asked, and what it says is heeded', (t) => {
  const told = t.mock.method(console, 'warn', () => undefined);
  const { sharing, shared, page } = world(t, 'off');
  assert.deepEqual(sharing.look(0, NO_STATS, true), { may: false, mode: 'off', asks: false, terms, bound: Infinity, relayed: false });
  page.wish = 'on';
  assert.deepEqual(sharing.look(0, NO_STATS, true), { may: true, mode: 'on', asks: false, terms, bound: Infinity, relayed: false });
  sharing.heed();
  page.wish = 'yes';
  sharing.heed();
  assert.deepEqual([shared, page.asked, told.mock.callCount()], [['on', 'ask'], 0, 1]);
});

test('what is lent is the least that page and viewer want, and what changes holds at once', (t) => {
  const told = t.mock.method(console, 'warn', () => undefined);
  const { sharing, lent, kept, page } = world(t, 'on');
  const look = (): number => (sharing.look(0, NO_STATS, true), sharing.most);
  assert.deepEqual([look(), lent], [Infinity, []]);
  page.limit = '800';
  sharing.heed();
  assert.deepEqual(lent, [800], 'the page sets it while it plays');
  sharing.agree({ most: 500, relayed: false });
  assert.deepEqual([lent, kept.get('shoal-upload')], [[800, 500], '500']);
  page.limit = '250';
  assert.deepEqual([look(), lent], [250, [800, 500, 250]]);
  page.limit = null;
  assert.equal(look(), 500);
  kept.set('shoal-upload', '1000'); // in another page of the origin
  assert.deepEqual([look(), lent.at(-1), told.mock.callCount()], [1000, 1000, 0]);
  page.limit = '500k';
  sharing.heed();
  assert.deepEqual([look(), lent.at(-1), told.mock.callCount()], [0, 0, 1], 'what cannot be read lends nothing, and is told');
});

test('a viewer who wants relays alone has them, before a yes and after it', (t) => {
  const { sharing, shared, kept } = world(t, 'ask');
  sharing.look(0, NO_STATS, true);
  sharing.agree({ most: Infinity, relayed: true });
  assert.deepEqual([sharing.mode, kept.get('shoal-relay'), sharing.look(0, NO_STATS, true).asks], ['ask', 'yes', true]);
  sharing.answer('yes');
  sharing.agree(terms);
  assert.deepEqual([shared, kept.size], [['ask', 'relay-only', 'on'], 1]);
});

test('a limit of the page is not made the viewer’s own by another choice, and a yes to relays alone is said to be one', (t) => {
  const { sharing, page, kept } = world(t, 'ask');
  page.limit = '500';
  sharing.agree({ relayed: true });
  const { terms, bound, relayed } = sharing.look(0, NO_STATS, true);
  assert.deepEqual([terms, bound, relayed, kept.get('shoal-upload')], [{ most: 500, relayed: true }, 500, true, undefined]);
});

test('terms hold for as long as the page is open where the browser keeps nothing', (t) => {
  const { sharing } = world(t, 'on');
  Object.defineProperty(globalThis, 'localStorage', { configurable: true, get: () => { throw new Error('no storage for this page'); } });
  sharing.agree({ most: 250, relayed: true });
  assert.deepEqual([sharing.most, sharing.mode], [250, 'relay-only']);
});
