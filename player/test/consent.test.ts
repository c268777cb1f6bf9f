import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Attached } from '../src/attach.ts';
import { type Answer, linked, misread, type Mode, overheard, readMode, remember, remembered, settled, type Wish } from '../src/consent.ts';
import { Sharing } from '../src/sharing.ts';
import { NO_STATS } from '../src/stats.ts';

test('what a page wants and what a viewer has said', () => {
  const table: [Wish, Answer | null, Mode][] = [
    ['on', null, 'on'], ['on', 'yes', 'on'], ['on', 'no', 'off'],
    ['ask', null, 'ask'], ['ask', 'yes', 'on'], ['ask', 'no', 'off'],
    ['relay-only', null, 'relay-only'], ['relay-only', 'yes', 'relay-only'], ['relay-only', 'no', 'off'],
    ['ask-relay-only', null, 'ask'], ['ask-relay-only', 'yes', 'relay-only'], ['ask-relay-only', 'no', 'off'],
    ['off', null, 'off'], ['off', 'yes', 'off'], ['off', 'no', 'off'],
  ];
  for (const [mode, answer, want] of table) assert.equal(settled(mode, answer), want, `${mode}, ${answer}`);
});

test('a viewer who wants relays alone has nothing else, and is asked as any other', () => {
  const table: [Wish, Answer | null, Mode][] = [['on', null, 'relay-only'], ['ask', 'yes', 'relay-only'], ['ask', null, 'ask'], ['ask', 'no', 'off'], ['off', 'yes', 'off'], ['relay-only', null, 'relay-only']];
  for (const [mode, answer, want] of table) assert.equal(settled(mode, answer, true), want, `${mode}, ${answer}`);
});

test('a link asks for less, and answers for nobody', () => {
  const table: [Wish, string | null, Wish][] = [
    ['on', null, 'on'], ['on', 'rubbish', 'on'], ['on', 'off', 'off'], ['on', 'ask', 'ask'], ['on', 'relay-only', 'relay-only'],
    ['ask', null, 'ask'], ['ask', 'on', 'ask'], ['ask', 'relay-only', 'ask-relay-only'], ['ask', 'off', 'off'], ['ask', 'rubbish', 'ask'],
    ['relay-only', 'on', 'relay-only'], ['relay-only', 'ask', 'ask-relay-only'], ['relay-only', 'off', 'off'],
    ['ask-relay-only', 'on', 'ask-relay-only'], ['ask-relay-only', 'relay-only', 'ask-relay-only'], ['on', 'ask-relay-only', 'ask-relay-only'], ['ask-relay-only', 'off', 'off'],
    ['off', 'on', 'off'], ['off', 'ask', 'off'], ['off', 'ask-relay-only', 'off'],
  ];
  for (const [page, link, want] of table) assert.equal(linked(page, link), want, `${page}, ${link}`);
});

test('the attribute: a page that does not say that its viewers share has them asked', () => {
  for (const [text, mode] of [[null, 'ask'], ['', 'ask'], ['On', 'ask'], ['on', 'on'], ['off', 'off'], ['ask', 'ask'], ['relay-only', 'relay-only'], ['ask-relay-only', 'ask-relay-only']] as const) {
    assert.equal(readMode(text), mode, String(text));
  }
});

test('whoever wrote a mode that is none is told which there are', () => {
  for (const mode of [null, 'on', 'relay-only', 'ask', 'ask-relay-only', 'off']) assert.equal(misread(mode), null, String(mode));
  for (const text of ['yes', 'On', '']) assert.equal(misread(text), `shoal: p2p="${text}" is no mode, and the viewer is asked; the modes are on, relay-only, ask, ask-relay-only, off`);
});

// listens gives the page a window.
function listens(t: TestContext, window: EventTarget): void {
  const names = ['addEventListener', 'removeEventListener', 'dispatchEvent'] as const;
  Object.assign(globalThis, Object.fromEntries(names.map((name) => [name, window[name].bind(window)])));
  t.after(() => names.forEach((name) => Reflect.deleteProperty(globalThis, name)));
}

// kept gives the page a storage, or none.
function kept(t: TestContext, storage: object | null): void {
  Object.defineProperty(globalThis, 'localStorage', {
    configurable: true,
    get: () => {
      if (!storage) throw new Error('no storage for this page');
      return storage;
    },
  });
  t.after(() => Reflect.deleteProperty(globalThis, 'localStorage'));
}

test('an answer is remembered where the browser lets it be', (t) => {
  const all = new Map<string, string>();
  kept(t, { getItem: (key: string) => all.get(key) ?? null, setItem: (key: string, value: string) => all.set(key, value) });
  listens(t, new EventTarget());
  assert.equal(remembered(), null);
  remember('no');
  assert.equal(remembered(), 'no');
  remember('yes');
  assert.equal(remembered(), 'yes');
  for (const key of all.keys()) all.set(key, 'perhaps');
  assert.equal(remembered(), null);
});

test('and nothing breaks where it does not', (t) => {
  kept(t, null);
  listens(t, new EventTarget());
  remember('yes');
  assert.equal(remembered(), null);
});

test('what is said in another page is overheard, until nobody listens', (t) => {
  const [all, window, heard]: [Map<string, string>, EventTarget, (Answer | null)[]] = [new Map(), new EventTarget(), []];
  const [local, other] = [{ getItem: (key: string) => all.get(key) ?? null }, {}];
  kept(t, local);
  listens(t, window);
  const tell = (key: string | null, storageArea: object = local): boolean => window.dispatchEvent(Object.assign(new Event('storage'), { key, storageArea }));
  const deafen = overheard((answer) => heard.push(answer));
  all.set('shoal-share', 'no');
  tell('something else');
  tell('shoal-share');
  tell(null, other); // the page's other storage was cleared
  tell('shoal-share', other);
  all.clear();
  tell(null);
  deafen();
  tell('shoal-share');
  assert.deepEqual(heard, ['no', null]);
});

test('what is said to one player of a page the others of it hear at once, also where nothing is kept', (t) => {
  const [window, all]: [EventTarget, Map<string, string>] = [new EventTarget(), new Map()];
  listens(t, window);
  for (const storage of [{ getItem: (key: string) => all.get(key) ?? null, setItem: (key: string, value: string) => all.set(key, value) }, null]) {
    kept(t, storage);
    const [one, two]: Mode[][] = [[], []];
    const swarms = [one, two].map((shared) => ({ share: (mode: Mode) => shared?.push(mode), lend: () => undefined, prospect: { look: () => null, known: null } }) as unknown as Attached);
    const sharings = swarms.map((swarm) => new Sharing({ wish: () => 'ask', limit: () => null, swarm: () => swarm, vod: () => false }));
    const deafen = sharings.map((sharing) => overheard((answer) => sharing.hear(answer)));
    const asks = (): boolean[] => sharings.map((sharing) => sharing.look(0, NO_STATS, true).asks);
    all.clear();
    assert.deepEqual(asks(), [true, true]);
    sharings[0]?.answer('no');
    assert.deepEqual([asks(), two], [[false, false], ['off']]);
    sharings[1]?.answer('yes');
    assert.deepEqual([asks(), one?.at(-1), two?.at(-1)], [[false, false], 'on', 'on']);
    deafen.forEach((end) => end());
    sharings[0]?.answer('no');
    assert.equal(two?.at(-1), 'on', 'one that is gone hears');
  }
});

test('nor where the browser keeps nothing for a page, and tells of what another keeps', (t) => {
  const [window, heard]: [EventTarget, (Answer | null)[]] = [new EventTarget(), []];
  kept(t, null);
  listens(t, window);
  overheard((answer) => heard.push(answer));
  window.dispatchEvent(Object.assign(new Event('storage'), { key: null, storageArea: {} }));
  assert.deepEqual(heard, []);
});

test('a yes that an event of the page tells of is none where the viewer has not said so', (t) => {
  const [window, all, heard]: [EventTarget, Map<string, string>, (Answer | null)[]] = [new EventTarget(), new Map(), []];
  kept(t, { getItem: (key: string) => all.get(key) ?? null });
  listens(t, window);
  overheard((answer) => heard.push(answer));
  const tell = (detail: unknown): boolean => window.dispatchEvent(new CustomEvent('shoal-share', { detail }));
  tell('yes');
  all.set('shoal-share', 'no');
  tell('yes');
  tell(null); // as if the no were taken back
  assert.deepEqual(heard, []);
  tell('no');
  all.set('shoal-share', 'yes');
  tell('yes');
  assert.deepEqual(heard, ['no', 'yes']);
});

test('a yes that cannot be kept is heard by the other players of the script', (t) => {
  const heard: (Answer | null)[] = [];
  kept(t, { getItem: () => 'no', setItem: () => {
    throw new Error('it is full');
  } });
  listens(t, new EventTarget());
  overheard((answer) => heard.push(answer));
  remember('yes');
  assert.deepEqual(heard, ['yes']);
});

test('an event of the page that is no answer is none, and nothing but a yes is a yes', (t) => {
  const [window, heard]: [EventTarget, (Answer | null)[]] = [new EventTarget(), []];
  kept(t, null);
  listens(t, window);
  overheard((answer) => heard.push(answer));
  for (const event of [new Event('shoal-share'), new CustomEvent('shoal-share', { detail: 'on' }), new CustomEvent('shoal-share', { detail: 'yes' })]) window.dispatchEvent(event);
  assert.deepEqual(heard, ['yes']);
  assert.equal(settled('ask', undefined as unknown as null), 'ask');
});
