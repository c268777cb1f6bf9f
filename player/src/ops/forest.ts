// Where cells and their members are drawn: cells in rows by how far they are from the edge, members of a cell on a ring.

import type { Cell, Member } from './desk.ts';

export interface Spot {
  member: Member;
  x: number;
  y: number;
}

export interface Placed {
  cell: Cell;
  x: number;
  y: number;
  radius: number; // of the ring
  dot: number; // radius of a member
  spots: Spot[];
}

export interface Forest {
  width: number;
  height: number;
  placed: Placed[];
}

const GAP = 28; // between cells
const HEAD = 86; // for the edge, above the first row

// dotOf is how large the members of a cell are drawn, ringOf how large the ring is that they sit on: no two touch.
export function dotOf(members: number): number {
  return members <= 10 ? 15 : members <= 20 ? 11 : 8;
}

export function ringOf(members: number): number {
  return members <= 1 ? 0 : Math.max(34, (members * (2 * dotOf(members) + 7)) / (2 * Math.PI));
}

// layout puts all cells into a width, which the largest cell may exceed. Cells of one depth stand side by side, and under each other where they are too many.
export function layout(cells: readonly Cell[], wish: number): Forest {
  const size = (cell: Cell): number => 2 * (ringOf(cell.members.length) + dotOf(cell.members.length) + 10);
  const width = Math.max(wish, ...cells.map((cell) => size(cell) + GAP));
  const placed: Placed[] = [];
  let top = HEAD;
  for (const row of rows(cells, (cell) => size(cell) + GAP, width)) {
    const wide = row.reduce((sum, cell) => sum + size(cell) + GAP, 0);
    const high = Math.max(...row.map(size));
    let left = (width - wide) / 2;
    for (const cell of row) {
      const at = { x: left + (size(cell) + GAP) / 2, y: top + high / 2 };
      placed.push(seat(cell, at.x, at.y));
      left += size(cell) + GAP;
    }
    top += high + 2 * GAP;
  }
  return { width, height: Math.max(top - GAP, HEAD), placed };
}

// rows are the cells by depth, each depth in as many rows as it takes.
function rows(cells: readonly Cell[], wide: (cell: Cell) => number, width: number): Cell[][] {
  const found: Cell[][] = [];
  let left = 0;
  let depth = -1;
  for (const cell of [...cells].sort((a, b) => a.depth - b.depth || a.id - b.id)) {
    if (cell.depth !== depth || wide(cell) > left) {
      found.push([]);
      left = width;
      depth = cell.depth;
    }
    found[found.length - 1]?.push(cell);
    left -= wide(cell);
  }
  return found;
}

function seat(cell: Cell, x: number, y: number): Placed {
  const count = cell.members.length;
  const [radius, dot] = [ringOf(count), dotOf(count)];
  return {
    cell, x, y, radius, dot,
    spots: cell.members.map((member, i) => {
      const angle = (2 * Math.PI * i) / count - (count === 2 ? Math.PI : Math.PI / 2); // two sit side by side
      return { member, x: x + radius * Math.cos(angle), y: y + radius * Math.sin(angle) };
    }),
  };
}

// share is how much of what a member got came from peers; null where it has told nothing.
export function share({ told }: Member): number | null {
  const all = (told?.fromPeersKbps ?? 0) + (told?.fromEdgeKbps ?? 0);
  return told && all > 0 ? told.fromPeersKbps / all : null;
}
