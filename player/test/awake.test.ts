import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Awake } from '../src/studio/awake.ts';

class Lock {
  released = false;
  async release(): Promise<void> {
    this.released = true;
  }
}

function world(t: TestContext, wakeLock: object | undefined): EventTarget & { visibilityState: string } {
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  for (const [name, value] of Object.entries({ document: page, navigator: { wakeLock } })) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { configurable: true, value });
    t.after(() => (before ? Object.defineProperty(globalThis, name, before) : Reflect.deleteProperty(globalThis, name)));
  }
  return page;
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the screen is held awake while it is wanted, anew whenever the page is seen again', async (t) => {
  const locks: Lock[] = [];
  const page = world(t, { request: async () => (locks.push(new Lock()), locks.at(-1)) });
  const awake = new Awake();
  const seen = (state: string): Promise<void> => {
    page.visibilityState = state;
    page.dispatchEvent(new Event('visibilitychange'));
    return soon();
  };
  await seen('visible');
  assert.equal(locks.length, 0, 'nobody wants it');
  awake.wanted = true;
  await soon();
  await seen('visible');
  assert.deepEqual(locks.map(({ released }) => released), [false]);
  locks[0]!.released = true; // as the browser does
  await seen('hidden');
  assert.equal(locks.length, 1);
  await seen('visible');
  assert.deepEqual(locks.map(({ released }) => released), [true, false]);
  awake.wanted = false;
  await soon();
  await seen('visible');
  assert.deepEqual(locks.map(({ released }) => released), [true, true]);
});

test('a lock that comes when it is wanted no more is let go', async (t) => {
  const lock = new Lock();
  world(t, { request: async () => lock });
  const awake = new Awake();
  awake.wanted = true;
  awake.wanted = false;
  await soon();
  assert.equal(lock.released, true);
});

test('a browser without it, or that refuses, is left alone', async (t) => {
  for (const wakeLock of [undefined, { request: () => Promise.reject(new DOMException('no', 'NotAllowedError')) }]) {
    world(t, wakeLock);
    new Awake().wanted = true;
    await soon();
  }
});
