import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Named, Naming } from '../src/naming.ts';

const named = (write: (msn: number, part: number) => string, places: [number, number][]): Named[] =>
  places.map(([msn, part]) => ({ uri: write(msn, part), place: { msn, part } }));

const PLACES: [number, number][] = [[11, 0], [11, 1], [12, 0]];

test('names are made as those that are known', () => {
  const ways: [string, (msn: number, part: number) => string, (msn: number) => string][] = [
    ['ours', (msn, part) => `17/s${msn}.${part}.m4s`, (msn) => `17/s${msn}.m4s`],
    ['numbers the other way around, with a query', (msn, part) => `p/${part}-${msn}.mp4?t=1`, (msn) => `s/${msn}.mp4?t=1`],
    ['absolute', (msn, part) => `http://cdn7.example/${msn}/${part}.ts`, (msn) => `http://cdn7.example/${msn}.ts`],
  ];
  for (const [name, part, segment] of ways) {
    const naming = Naming.read(named(part, PLACES), named(segment, [[10, 0], [11, 0]]));
    assert.equal(naming?.part({ msn: 345, part: 6 }), part(345, 6), name);
    assert.equal(naming?.segment(344), segment(344), name);
  }
});

test('numbers that happen to stand elsewhere too are told apart by what else is listed', () => {
  const part = (msn: number, n: number): string => `4/s${msn}.${n}.m4s`;
  const segment = (msn: number): string => `4/s${msn}.m4s`;
  assert.equal(Naming.read(named(part, [[4, 4]]), named(segment, [[4, 0]])), null, 'which 4?');
  const naming = Naming.read(named(part, [[3, 5], [4, 4]]), named(segment, [[3, 0], [4, 0]]));
  assert.equal(naming?.part({ msn: 5, part: 0 }), '4/s5.0.m4s');
});

test('what follows no pattern is not made up', () => {
  const segment = (msn: number): string => `s${msn}.m4s`;
  const segments = named(segment, [[10, 0]]);
  const odd: [string, (msn: number, part: number) => string][] = [
    ['random', (msn, part) => `p${(msn * 7919 + part * 104729) % 99991}.m4s`],
    ['padded', (msn, part) => `s${msn}.${String(part).padStart(3, '0')}.m4s`],
    ['counted through', (msn, part) => `p${msn * 6 + part}.m4s`],
    ['with a time', (msn, part) => `s${msn}.${part}.${msn * 1000}.m4s`],
  ];
  for (const [name, part] of odd) assert.equal(Naming.read(named(part, PLACES), segments), null, name);
  assert.equal(Naming.read([], segments), null);
  assert.equal(Naming.read(named((msn, part) => `s${msn}.${part}.m4s`, PLACES), []), null);
});
