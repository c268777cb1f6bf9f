// Who would be asked in vain whether to share is not asked.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { hindered, type Obstacle, obstacleOf, OBSTACLES } from '../src/obstacle.ts';
import { Prospect, type Told } from '../src/prospect.ts';

const KEY = 'a'.repeat(43) + '=';

interface Look {
  prospect: Prospect;
  asked: number;
  at(seconds: number): Promise<Obstacle | null | undefined>; // what stands in the way, once the server has answered
}

function looker(told: () => Told | null, { key = '', here = null }: { key?: string; here?: Obstacle | null } = {}): Look {
  let now = 0;
  const look: Look = {
    prospect: new Prospect({ now: () => now, here: () => here, key: () => key, chance: () => 0.5, told: async () => (look.asked++, told()) }),
    asked: 0,
    at: async (seconds) => {
      now = seconds * 1000;
      look.prospect.look();
      for (let turns = 0; turns < 10; turns++) await Promise.resolve();
      return look.prospect.look();
    },
  };
  return look;
}

test('what the server tells of the stream decides whether the viewer is asked', async () => {
  const table: [string, Told | null, string, Obstacle | null][] = [
    ['all is well', { publicKey: KEY, p2p: true }, '', null],
    ['a server that knows of no switch', { publicKey: KEY, p2p: null }, KEY, null],
    ['an older server', { publicKey: KEY }, KEY.slice(0, -1), null],
    ['turned off', { publicKey: KEY, p2p: false }, '', 'operator'],
    ['no key anywhere', null, '', 'key'],
    ['the page knows the key of a stream that the server does not', null, KEY, null],
    ['the page has the key of another', { publicKey: KEY }, 'b'.repeat(43) + '=', 'wrongKey'],
  ];
  for (const [what, told, key, want] of table) {
    const { prospect, at } = looker(() => told, { key });
    assert.deepEqual([prospect.look(), prospect.known], [undefined, null], `${what}: before it is known`);
    assert.deepEqual([await at(0), prospect.known], [want, want], what);
  }
});

test('where this browser or the address is in the way nobody is asked anything', async () => {
  const look = looker(() => ({ publicKey: KEY }), { here: 'browser' });
  assert.deepEqual([look.prospect.known, await look.at(0), await look.at(100), look.asked], ['browser', 'browser', 'browser', 0]);
});

test('what may change is asked for again, seldom, and no more once the way is free', async () => {
  let p2p = false;
  const look = looker(() => ({ publicKey: KEY, p2p }));
  assert.equal(await look.at(0), 'operator');
  p2p = true;
  assert.deepEqual([await look.at(29), look.asked], ['operator', 1]);
  assert.deepEqual([await look.at(31), look.asked], [null, 2]);
  p2p = false;
  assert.deepEqual([await look.at(100), look.asked], [null, 2]);
});

test('a server that does not tell leaves it open, and so does nobody who looks', async () => {
  let fails = true;
  const look = looker(() => {
    if (fails) throw new Error('the server answered 502');
    return { publicKey: KEY };
  });
  assert.deepEqual([await look.at(0), await look.at(20), look.asked], [undefined, undefined, 1]);
  fails = false;
  look.prospect.close();
  assert.deepEqual([await look.at(60), look.asked], [undefined, 1]);
});

function browser(t: TestContext, peer: unknown): void {
  for (const [name, value] of Object.entries({ RTCPeerConnection: peer, WebSocket: class {} })) {
    Object.defineProperty(globalThis, name, { configurable: true, value });
    t.after(() => Reflect.deleteProperty(globalThis, name));
  }
}

test('a browser needs WebRTC with channels, and the page a tracker', (t) => {
  assert.equal(hindered(['wss://edge/tracker']), 'browser');
  browser(t, class {});
  assert.equal(hindered(['wss://edge/tracker']), 'browser', 'connections for calls alone');
  browser(t, class { createDataChannel(): void {} });
  assert.equal(hindered(['wss://edge/tracker']), null);
  assert.equal(hindered([]), 'address');
});

test('a refusal is read back, and a tracker\'s is none of these', () => {
  for (const [obstacle, text] of Object.entries(OBSTACLES)) assert.equal(obstacleOf(text), obstacle);
  for (const text of ['', '401: wrong token']) assert.equal(obstacleOf(text), null);
});

test('of a stream that is over nobody is asked, until it is on again', async () => {
  let state = 'ended';
  const look = looker(() => ({ state, publicKey: KEY }));
  assert.deepEqual([await look.at(0), await look.at(29), look.asked], [undefined, undefined, 1]);
  assert.deepEqual([await look.at(31), look.asked], [undefined, 2]);
  state = 'live';
  assert.equal(await look.at(62), null);
});
