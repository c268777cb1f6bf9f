import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Rung, Rungs, type Sight } from '../src/rungs.ts';

const rung = (height: number, mbps: number, held = false): Rung => ({ height, frameRate: 30, bitrate: mbps * 1e6, usual: mbps * 0.9e6, held });
const ladder = [rung(240, 0.5), rung(360, 1), rung(720, 3)];

// A link that changes: [seconds, Mbit/s of the edge, does the cell bring what is played]. It is decided three times a second.
type Step = [seconds: number, mbps: number, carried?: boolean];

// climb returns what was played, and from when: 'second rendition'.
function climb(rungs: readonly Rung[], from: number, steps: Step[], after: (playing: number, second: number) => number = (playing) => playing): string[] {
  const steered = new Rungs();
  const trace: string[] = [];
  let [playing, now] = [from, 0];
  for (const [seconds, mbps, carried = false] of steps) {
    for (const end = now + 1000 * seconds; now < end; now += 333) {
      const sight: Sight = { now: now + 1, edge: mbps * 1e6, carried };
      const next = after(steered.choose(rungs, playing, sight), now / 1000);
      if (next !== playing) trace.push(`${Math.floor(now / 1000)} ${next}`);
      playing = next;
    }
  }
  return trace;
}

for (const [what, rungs, from, steps, trace] of [
  ['nothing is known', ladder, 1, [[60, 0]], []],
  ['up', ladder, 0, [[60, 5]], ['0 2']],
  ['only with a third to spare', ladder, 1, [[60, 4.2]], []],
  ['down at once, to what leaves something to spare', ladder, 2, [[10, 5], [60, 1.3]], ['10 1']],
  ['to the lowest, if nothing does', ladder, 2, [[10, 5], [60, 0.1]], ['10 0']],
  ['what the cell brings is stayed on', ladder, 2, [[10, 5, true], [60, 1.3, true], [10, 1.3]], ['70 1']],
  ['what the cell holds needs less to spare', [ladder[0], ladder[1], rung(720, 3, true)], 1, [[60, 3.4]], ['0 2']],
  ['but not more than the edge would give', [ladder[0], ladder[1], rung(720, 3, true)], 1, [[60, 3.2, true]], []],
  ['of equal ones that which the cell holds', [rung(360, 1), rung(720, 2, true), rung(720, 3)], 0, [[60, 9]], ['0 1']],
  ['even if another is played', [rung(360, 1), rung(720, 2, true), rung(720, 3)], 2, [[60, 9]], ['0 1']],
  ['unless the edge would not give it', [rung(360, 1), rung(720, 2), rung(720, 3, true)], 1, [[60, 3]], []],
  ['a link that wavers about what a rendition takes', ladder, 1, Array.from({ length: 120 }, (_, i): Step => [1, i % 2 ? 4.4 : 3.2]), ['1 2']],
  ['nor about what it needs to spare', ladder, 2, [[10, 2], ...Array.from({ length: 120 }, (_, i): Step => [1, i % 2 ? 4.4 : 3.2])], ['0 1']],
  ['a short dip', ladder, 2, [[40, 5], [3, 1.3], [60, 5]], ['40 1', '53 2']],
] as [string, Rung[], number, Step[], string[]][]) {
  test(`of renditions: ${what}`, () => assert.deepEqual(climb(rungs, from, steps), trace));
}

test('of renditions: what was tried in vain is tried again after a minute, then after two', () => {
  const trace = climb(ladder, 1, [[400, 5]], (playing, second) => (playing === 2 && [5, 80, 215].some((at) => second >= at && second < at + 0.4) ? 1 : playing)); // hls.js goes down by itself
  assert.deepEqual(trace, ['0 2', '5 1', '76 2', '80 1', '211 2', '215 1']);
  for (let from = 0; from < 400; from++) {
    const within = trace.filter((line) => Number(line.split(' ')[0]) >= from && Number(line.split(' ')[0]) < from + 60);
    assert.ok(within.length <= 2, `${within.length} changes from ${from} s on`);
  }
});

test('of renditions: what was tried in vain in one stream is not known of the next', () => {
  const rungs = new Rungs();
  const sight = (now: number): Sight => ({ now, edge: 5e6, carried: false });
  rungs.choose(ladder, 2, sight(1));
  rungs.choose(ladder, 1, sight(2));
  rungs.begin();
  assert.equal(rungs.choose(ladder, 1, sight(1000)), 2);
});

test('of renditions: a link that has fallen gives the best that leaves something to spare, and always the lowest', () => {
  const fall = (playing: number, mbps: number): number => new Rungs().fall(ladder, playing, mbps * 1e6);
  assert.deepEqual([fall(2, 2.5), fall(2, 1.2), fall(2, 0.7), fall(2, 0.1), fall(1, 2.5)], [1, 0, 0, 0, 0]);
});
