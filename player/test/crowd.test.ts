// How many watch is said of what edges and trackers know, in each language, and a member says so.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { MEMBER } from '../src/headcount.ts';
import type { Stream, Swarm } from '../src/pages/api.ts';
import { crowd, crowds, people, watchers } from '../src/pages/crowd.ts';
import { SHARED } from '../src/pages/words/shared.ts';

const of = (viewers: number, outside = 0, newcomers?: number): Pick<Swarm, 'viewers' | 'outside' | 'newcomers'> => ({ viewers, outside, newcomers });

// Clause: viewer-counts
test('whom edges see is added to whom trackers know, and nobody is counted twice', () => {
  for (const [stream, swarm, want] of [
    [undefined, undefined, null], [null, undefined, null], [{}, undefined, null],
    [{ atEdges: 0 }, undefined, { all: 0, inside: 0 }], [{ atEdges: 4 }, undefined, { all: 4, inside: 0 }], [{ atEdges: 4, inSwarm: null, watching: null }, undefined, null], [{ atEdges: 4, inSwarm: null, watching: null }, of(2), { all: 6, inside: 2 }],
    [{ atEdges: 4, inSwarm: 3 }, undefined, { all: 7, inside: 3 }], [{ atEdges: 4, inSwarm: 3 }, of(2), { all: 6, inside: 2 }],
    [{ atEdges: 4, inSwarm: 3, watching: 4 }, undefined, { all: 4, inside: 3 }], [{ atEdges: 3 }, of(3, 0, 3), { all: 3, inside: 3 }], [{ atEdges: 5 }, of(3, 0, 3), { all: 5, inside: 3 }],
    [{ atEdges: 1 }, of(3, 0, 3), { all: 3, inside: 3 }], [{ atEdges: 5 }, of(4, 2, 4), { all: 4, inside: 2 }],
    [{ atEdges: 4 }, of(5, 2), { all: 7, inside: 3 }], [{ atEdges: 1 }, of(5, 2), { all: 5, inside: 3 }], [undefined, of(5, 5), { all: 5, inside: 0 }],
  ] as const) {
    assert.deepEqual(crowd(stream, swarm), want, JSON.stringify([stream, swarm]));
  }
  for (const [stream, want] of [[undefined, null], [{ atEdges: 4, inSwarm: null, watching: null }, null], [{ atEdges: 4, inSwarm: 3, watching: 7 }, { all: 7, inside: 3 }]] as const) {
    assert.deepEqual(crowd(stream, of(2), true), want, 'a tracker is silent: those at hand are too few');
  }
  const named = (name: string, more: object): Stream => ({ name, ...more }) as Stream;
  assert.deepEqual(crowds([named('a', { atEdges: 2 }), named('b', { atEdges: 1 }), named('old', {})], new Map([['b', { name: 'b', ...of(3) } as Swarm], ['c', { name: 'c', ...of(1) } as Swarm]])),
    { all: 7, inside: 4 });
  assert.equal(crowds([named('old', {})], new Map()), null);
  assert.deepEqual([crowds([], new Map()), crowds(null, new Map())], [{ all: 0, inside: 0 }, null], 'there are no streams, which is not that nobody tells which');
  assert.deepEqual(crowds(null, new Map([['c', { name: 'c', ...of(1) } as Swarm]])), { all: 1, inside: 1 }, 'a tracker alone');
  assert.equal(crowds([named('a', { atEdges: 2, inSwarm: 0, watching: 2 }), named('b', { atEdges: 1, inSwarm: null, watching: null })], new Map()), null, 'trackers are silent of one');
});

test('it is said in each language', () => {
  assert.equal(people(null), '');
  assert.equal(people({ all: 0, inside: 0 }), '');
  assert.equal(people({ all: 2, inside: 1 }), '2 watching, 1 in the swarm');
  assert.equal(people({ all: 2, inside: 0 }), '2 watching');
  assert.equal(SHARED.pt.watching(2, 1), '2 assistindo, 1 no enxame');
  assert.equal(SHARED.pt.watching(2, 0), '2 assistindo');
  assert.equal(SHARED.zh.watching(2, 1), '2 人正在观看，其中 1 人互助');
  assert.equal(SHARED.zh.watching(2, 0), '2 人正在观看');
  const each = (percent: number): string => `${percent} %`;
  assert.equal(watchers(null, each), '');
  assert.equal(watchers({ atEdges: 3, inSwarm: null, watching: null } as Stream, each), '');
  assert.equal(watchers({ atEdges: 3, inSwarm: 0 } as Stream, each), '3');
  assert.equal(watchers({ atEdges: 3, inSwarm: 2, offload: 0.5 } as Stream, each), '5, 2 in the swarm, 50 %');
  assert.equal(watchers({ atEdges: 3, inSwarm: 1, offload: 0.5 } as Stream, each), '4, 1 in the swarm');
});

test('edges know a member by what it says', () => {
  const go = readFileSync('../headcount/headcount.go', 'utf8');
  assert.ok(go.includes(`const Member = "${MEMBER.Accept}"`));
  assert.doesNotMatch(MEMBER.Accept, /[^\x20-\x7e]|["():<>?@[\\\]{}\x7f]/, 'pages of other sites have to ask first');
  assert.ok(MEMBER.Accept.length <= 128);
});
