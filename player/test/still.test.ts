// The pictures of recordings: how often they are asked for.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { still } from '../src/pages/still.ts';

// An image that is asked for, and does not come until the test says so.
class Picture extends EventTarget {
  isConnected = true;
  asked: string[] = [];

  set src(url: string) {
    this.asked.push(url);
  }
}

function asking(t: TestContext, chance: number): { picture: Picture; fail(): void; after(): number } {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const picture = new Picture();
  still(picture as unknown as HTMLImageElement, '/recordings/demo/1.jpg', () => chance);
  return {
    picture,
    fail: () => void picture.dispatchEvent(new Event('error')),
    // after returns how many seconds pass before it is asked for once more, 0 if it never is.
    after: () => {
      const before = picture.asked.length;
      for (let seconds = 1; seconds <= 200; seconds++) {
        t.mock.timers.tick(1000);
        if (picture.asked.length > before) return seconds;
      }
      return 0;
    },
  };
}

for (const [chance, waits] of [[0, [2, 4, 8, 16, 32, 0]], [0.5, [3, 6, 12, 24, 48, 0]]] as const) {
  test(`a picture that the server has no time for is asked for again, later each time, by a chance of ${chance}`, (t) => {
    const { picture, fail, after } = asking(t, chance);
    const waited = waits.map(() => {
      fail();
      return after();
    });
    assert.deepEqual([waited, new Set(picture.asked)], [waits, new Set(['/recordings/demo/1.jpg'])]);
  });
}

test('one that came is not asked for again, nor one whose place is gone', (t) => {
  const { picture, fail, after } = asking(t, 0);
  fail();
  assert.equal(after(), 2);
  assert.equal(after(), 0, 'it came');
  fail();
  picture.isConnected = false;
  assert.deepEqual([after(), picture.asked.length], [0, 2]);
});
