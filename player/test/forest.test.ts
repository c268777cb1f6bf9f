import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cell, Member } from '../src/ops/desk.ts';
import { dotOf, layout, share } from '../src/ops/forest.ts';

let next = 1;
const member = (told: Member['told'] = null): Member => ({ viewer: next++, sends: true, ready: true, uplinkKbps: 1000, told });
const cell = (id: number, parent: number, depth: number, members: number): Cell => ({ id, parent, depth, feeds: [], members: Array.from({ length: members }, () => member()) });

test('nothing that is drawn touches anything else, and all is within the picture', () => {
  for (const width of [260, 900, 2400]) {
    const cells = [cell(1, 0, 0, 32), cell(2, 0, 0, 5), cell(3, 0, 0, 1), cell(4, 1, 1, 12), cell(5, 1, 1, 2), cell(6, 4, 2, 20), ...Array.from({ length: 12 }, (_, i) => cell(7 + i, 2, 1, 8))];
    const forest = layout(cells, width);
    assert.equal(forest.placed.length, cells.length);
    for (const [i, a] of forest.placed.entries()) {
      const reach = a.radius + a.dot;
      assert.ok(a.x - reach >= 0 && a.x + reach <= forest.width && a.y - reach >= 60 && a.y + reach <= forest.height, `cell ${a.cell.id} is outside`);
      for (const b of forest.placed.slice(i + 1)) assert.ok(Math.hypot(a.x - b.x, a.y - b.y) > reach + b.radius + b.dot, `cells ${a.cell.id} and ${b.cell.id} touch`);
      for (const [j, one] of a.spots.entries()) {
        for (const other of a.spots.slice(j + 1)) assert.ok(Math.hypot(one.x - other.x, one.y - other.y) > 2 * dotOf(a.spots.length), `viewers of cell ${a.cell.id} touch`);
      }
      for (const b of forest.placed) if (b.cell.depth > a.cell.depth) assert.ok(b.y > a.y, 'the edge is not above');
    }
    assert.ok(forest.width <= Math.max(width, 500), `${forest.width} wide`);
  }
  assert.equal(layout([], 300).placed.length, 0);
});

test('the rim of a viewer says what it told', () => {
  assert.equal(share(member()), null);
  const told = { secondsAgo: 1, fromPeersKbps: 0, fromEdgeKbps: 0, toPeersKbps: 0, links: 0, latencySeconds: 0, stalledSeconds: 0 };
  assert.equal(share(member(told)), null);
  assert.equal(share(member({ ...told, fromPeersKbps: 300, fromEdgeKbps: 100 })), 0.75);
});
