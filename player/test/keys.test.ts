// What keys and clicks do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clicks } from '../src/clicks.ts';
import { rows } from '../src/keylist.ts';
import { type Act, actOf, louder, type Place, type Pressing } from '../src/keys.ts';
import { words } from '../src/words.ts';

const pressed = (key: string, place: Place, more: Partial<Pressing> = {}): Act | null => actOf({ key, ctrlKey: false, metaKey: false, altKey: false, repeat: false, ...more }, place);

test('each key does what it is for', () => {
  const acts: [string, Act | null][] = [
    [' ', { press: 'play' }], ['k', { press: 'play' }], ['K', { press: 'play' }], ['l', { press: 'live' }], ['?', { press: 'keys' }],
    ['ArrowLeft', { step: -10 }], ['ArrowRight', { step: 10 }], ['ArrowUp', { volume: 0.05 }], ['ArrowDown', { volume: -0.05 }],
    ['Home', { go: 'start' }], ['End', { go: 'end' }], ['x', null], ['Escape', null], ['Tab', null],
  ];
  for (const [key, act] of acts) assert.deepEqual(pressed(key, 'frame'), act, key);
});

test('what has the focus keeps the keys that it uses', () => {
  const kept: Record<Place, string> = {
    frame: '', page: 'ArrowUp ArrowDown Home End', button: 'Space', menu: 'Space ArrowUp ArrowDown ArrowLeft ArrowRight Home End',
    seek: 'ArrowUp ArrowDown Home End', volume: 'ArrowUp ArrowDown ArrowLeft ArrowRight Home End', panel: 'ArrowUp ArrowDown Home End',
  };
  const all = ['Space', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End', 'k', 'm', 'f', 's'];
  for (const [place, own] of Object.entries(kept) as [Place, string][]) {
    assert.equal(all.filter((key) => pressed(key === 'Space' ? ' ' : key, place) === null).join(' '), own, place);
  }
});

test('keys with Ctrl, Alt or Meta are the browser’s, and one that is held down turns nothing on and off', () => {
  for (const more of [{ ctrlKey: true }, { altKey: true }, { metaKey: true }]) {
    for (const key of ['k', 'f', 'ArrowLeft', 'ArrowUp', 'Home', 'End', ' ']) assert.equal(pressed(key, 'frame', more), null, key);
  }
  assert.deepEqual([pressed('k', 'frame', { repeat: true }), pressed('ArrowUp', 'frame', { repeat: true })], [null, { volume: 0.05 }]);
});

test('the volume goes by steps, and from silence to what it was', () => {
  assert.deepEqual([louder(0.5, false, 0.05), louder(0.98, false, 0.05), louder(0.03, false, -0.05), louder(0.3, false, -0.05)], [0.55, 1, 0, 0.25]);
  assert.deepEqual([louder(0.8, true, 0.05), louder(0, true, 0.05)], [0.8, 0.05]);
  assert.equal(louder(0.8, true, -0.05), null, 'down, and what it was before is left for up');
});

test('the list has the keys that do something now', () => {
  const keys = (usable: Partial<Parameters<typeof rows>[0]>): string => rows({ vod: false, span: false, captions: false, picture: false, ...usable }, words('en')).map(([keys]) => keys.join('')).join(' ');
  assert.equal(keys({}), 'SpaceK EndL ↑↓ M F S ?');
  assert.equal(keys({ vod: true, span: true, captions: true, picture: true }), 'SpaceK ←→ Home End ↑↓ M C F P S ?');
});

test('one click plays or pauses, two are for full screen', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let log: string[] = [];
  const clicks = new Clicks({ once: () => log.push('once'), twice: () => log.push('twice') });
  const did = (what: () => void): string => {
    log = [];
    what();
    t.mock.timers.tick(1000);
    return log.join(' ');
  };
  const click = (detail: number, onPicture = true): void => clicks.note({ type: 'click', detail }, onPicture);
  const down = (pointerType: string): void => clicks.note({ type: 'pointerdown', detail: 0, pointerType }, true);
  down('mouse');
  assert.equal(did(() => click(1)), 'once');
  assert.equal(did(() => { click(1); t.mock.timers.tick(150); click(2); }), 'twice');
  assert.equal(did(() => { click(1); t.mock.timers.tick(400); click(2); }), 'once once twice', 'slow ones');
  assert.equal(did(() => { click(1); click(2); click(3); click(4); }), 'twice twice');
  assert.equal(did(() => { click(1); t.mock.timers.tick(150); click(1); }), 'once', 'the second elsewhere, which begins another row');
  assert.equal(did(() => { click(1); click(1); clicks.close(); }), '', 'it is closed');
  assert.equal(did(() => { click(1); t.mock.timers.tick(1000); click(1, false); click(2); }), 'once', 'the first of two was on a button, which is gone');
  assert.equal(did(() => clicks.note({ type: 'dblclick', detail: 2 }, true)), '', 'two were counted');
  down('touch');
  assert.equal(did(() => { click(1); click(2); }), '', 'of a finger');
  assert.equal(did(() => clicks.note({ type: 'dblclick', detail: 2 }, true)), 'twice', 'of a finger');
});
