import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Sight, Standing } from '../src/standing.ts';

// A viewing looks twice a second, and notes what is to be done: "ask 2.5" after 2.5 seconds.
function viewing(): { look(seconds: number, more?: Partial<Sight> & { rate?: number; listing?: number }): string[]; standing: Standing } {
  const standing = new Standing();
  let now = 1000;
  const sight: Sight = { time: 10, paused: false, wanted: true, live: true, edge: 12 };
  return {
    standing,
    look(seconds, { rate = 0, listing = 0, ...more } = {}) {
      Object.assign(sight, more);
      const notes: string[] = [];
      for (let at = 0.5; at <= seconds; at += 0.5) {
        now += 500;
        sight.time += rate / 2;
        sight.edge += listing / 2;
        const remedy = standing.look(now, sight);
        if (remedy) notes.push(`${remedy} ${at}`);
        if (remedy === 'live') sight.time = sight.edge - 1; // a jump
      }
      return notes;
    },
  };
}

test('what moves needs nothing', () => {
  assert.deepEqual(viewing().look(60, { rate: 1, listing: 1 }), []);
});

test('nothing new is listed: it is asked why, and no more', () => {
  const { look, standing } = viewing();
  look(10, { rate: 1, listing: 1 });
  assert.equal(standing.long, false);
  assert.deepEqual(look(14, { rate: 0, listing: 0 }), ['ask 1', 'ask 2.5', 'ask 6', 'ask 9.5', 'ask 13']);
  assert.deepEqual([standing.asked, standing.long], [true, true]);
  assert.deepEqual(look(5, { rate: 1 }), []);
  assert.deepEqual([standing.asked, standing.long], [false, false]);
  look(2, { rate: 0 });
  assert.deepEqual([standing.asked, standing.long], [true, false], 'an end is asked for before a viewer wonders');
});

test('what has not moved yet is asked for when a viewer wonders', () => {
  const { look, standing } = viewing();
  assert.deepEqual(look(5), ['ask 3']); // from the first look on
  assert.equal(standing.long, true);
});

test('newer media is listed: to the live edge, then anew, ever more seldom', () => {
  const { look } = viewing();
  look(10, { rate: 1, listing: 1 });
  assert.deepEqual(look(60, { rate: 0, listing: 1 }).filter((note) => !note.startsWith('ask')), ['live 4', 'anew 12', 'anew 28', 'anew 60']);
  look(5, { rate: 1 });
  assert.deepEqual(look(5, { rate: 0, listing: 1 }).filter((note) => !note.startsWith('ask')), ['live 4'], 'it had moved since');
});

test('what is no longer loaded is learned from who knows of it', () => {
  const { look, standing } = viewing();
  look(10, { rate: 1, listing: 1 });
  assert.deepEqual(look(3), ['ask 1', 'ask 2.5']);
  standing.told(7);
  assert.deepEqual(look(4), ['ask 3']);
  standing.told(8);
  assert.deepEqual(look(5), ['ask 2.5', 'live 4']);
});

test('while the broadcaster is away nothing is begun anew', () => {
  const { look } = viewing();
  look(10, { rate: 1, listing: 1 });
  assert.ok(look(30, { rate: 0, listing: 1, live: false }).every((note) => note.startsWith('ask')));
  assert.deepEqual(look(5, { listing: 1, live: true }).filter((note) => !note.startsWith('ask')), ['live 4'], 'from when it is back');
});

test('a first picture has more time', () => {
  assert.deepEqual(viewing().look(40, { listing: 1 }).filter((note) => !note.startsWith('ask')), ['anew 12.5', 'anew 36.5']);
});

test('paused by nobody it plays on; paused by the viewer it is left alone', () => {
  const { look } = viewing();
  look(10, { rate: 1, listing: 1 });
  assert.deepEqual(look(2, { rate: 0, paused: true }), ['play 1', 'ask 1.5', 'play 2']);
  assert.deepEqual(look(30, { wanted: false }), []);
});
