// What is sent at most, whatever is captured: a screen or a file has a size of its own.

export interface Shape {
  width: number;
  height: number;
  bits: number; // of the picture, each second
}

const ALIKE = 0.01; // scales that differ by less are one: each new size is a discontinuity for all viewers

// scaleOf returns by how much a picture is made smaller to fit; one that is held upright is measured so. 1 where its size is not known.
export function scaleOf(width: number, height: number, most: Shape): number {
  if (width <= 0 || height <= 0) return 1;
  const scale = Math.max(1, Math.max(width, height) / Math.max(most.width, most.height), Math.min(width, height) / Math.min(most.width, most.height));
  return scale - 1 < ALIKE ? 1 : scale;
}

export function alike(one: number, other: number): boolean {
  return Math.abs(one - other) < ALIKE * other;
}
