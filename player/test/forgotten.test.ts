import assert from 'node:assert/strict';
import { test } from 'node:test';
import type Hls from 'hls.js';
import { Forgotten } from '../src/forgotten.ts';

interface FakePart {
  start: number;
  end: number;
  loaded: boolean;
  gap: boolean;
  fragment: { level: number };
}

type Heard = (name: string, data: object) => void;

// A player that has buffered some seconds, and what it knows of parts that last one each.
function player(buffered: [number, number][], loaded: boolean[]): { hls: Hls; parts: FakePart[]; on: Map<string, Heard> } {
  const on = new Map<string, Heard>();
  const parts = loaded.map((loaded, start) => ({ start, end: start + 1.00000000000001, loaded, gap: false, fragment: { level: 0 } }));
  const ranges = { length: buffered.length, start: (i: number) => buffered[i]?.[0], end: (i: number) => buffered[i]?.[1] };
  const hls = {
    on: (name: string, heard: Heard) => on.set(name, heard),
    off: (name: string) => on.delete(name),
    media: { buffered: ranges },
    latestLevelDetails: { partList: parts },
  };
  return { hls: hls as unknown as Hls, parts, on };
}

const cases: [string, [number, number][], boolean[], boolean[]][] = [
  ['all is known', [[0, 3]], [true, true, true, false], [false, false, false, false]],
  ['forgotten, and the next is being loaded', [[0, 3]], [false, false, true, false], [true, true, false, false]],
  ['nearly all of it is there', [[0.01, 0.98]], [false, false], [true, false]],
  ['half of it is there', [[0, 1.5]], [true, false], [false, false]],
  ['let go of', [[2, 4]], [false, false, true, true], [false, false, false, false]],
  ['with a hole', [[0, 1], [2, 3]], [false, false, false], [true, false, true]],
];

test('parts that are buffered but count as not loaded are marked as gaps, the others are not', () => {
  for (const [name, buffered, loaded, gaps] of cases) {
    for (const event of ['hlsBufferFlushed', 'hlsFragBuffered']) {
      const { hls, parts, on } = player(buffered, loaded);
      const forgotten = new Forgotten(hls);
      on.get(event)?.(event, { frag: { type: 'main', level: 0, start: 0 } });
      assert.deepEqual(parts.map(({ gap }) => gap), gaps, name);
      forgotten.close();
      assert.equal(on.size, 0);
    }
  }
});

test('what is buffered of another quality is none of the parts of this one', () => {
  const { hls, parts, on } = player([[0, 4]], [false, false, false, false]);
  new Forgotten(hls);
  const buffered = (level: number, start: number, type = 'main'): void => on.get('hlsFragBuffered')?.('hlsFragBuffered', { frag: { type, level, start } });
  buffered(1, 0);
  buffered(0, 0, 'audio');
  on.get('hlsBufferFlushed')?.('hlsBufferFlushed', {});
  assert.deepEqual(parts.map(({ gap }) => gap), [false, false, false, false], 'all of it is of the other');
  buffered(0, 2);
  assert.deepEqual(parts.map(({ gap }) => gap), [false, false, true, true], 'from where the first was loaded');
});
