// The last hour as lines and areas: numbers to paths of SVG. The newest stands at the right, and at the left what was so long before it as the chart spans.

import type { Value } from './desk.ts';

const MINUTE = 60e3;

// spanOf is how long a time a chart spans, of what is known: an hour, or less where a process has not run for that.
export function spanOf(at: readonly number[]): number {
  const known = (at[at.length - 1] ?? 0) - (at[0] ?? 0);
  return [5, 15, 30].map((minutes) => minutes * MINUTE).find((span) => known <= span) ?? 60 * MINUTE;
}

// round is the next 1, 2 or 5 of its power of ten that is not less: what a scale ends with. Of nothing it is 0.
export function round(most: number): number {
  if (!(most > 0)) return 0;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5].find((step) => step * power >= most * 0.999999) ?? 10) * power;
}

// Frame is where a chart is drawn, and what its upper end means.
export interface Frame {
  width: number;
  height: number;
  most: number;
  span: number; // milliseconds
}

export function x(at: number, last: number, { width, span }: Frame): number {
  return width * (1 - (last - at) / span);
}

export function y(value: number, { height, most }: Frame): number {
  return height * (1 - Math.min(value, most) / most);
}

// runs are the stretches of a list in which every value is known, as [from, to).
export function runs(values: readonly Value[]): [number, number][] {
  const found: [number, number][] = [];
  let from = -1;
  values.forEach((value, i) => {
    if (value !== null && from < 0) from = i;
    if (value === null && from >= 0) {
      found.push([from, i]);
      from = -1;
    }
  });
  if (from >= 0) found.push([from, values.length]);
  return found;
}

// line draws what is known; a moment alone is a short stroke.
export function line(at: readonly number[], values: readonly Value[], frame: Frame): string {
  const last = at[at.length - 1] ?? 0;
  return runs(values).map(([from, to]) => {
    const points = values.slice(from, to).map((value, i) => `${x(at[from + i] ?? 0, last, frame).toFixed(1)} ${y(value ?? 0, frame).toFixed(1)}`);
    return `M${points.join('L')}${points.length === 1 ? 'h1' : ''}`;
  }).join('');
}

// area fills what lies between a line and another one below, or the ground.
export function area(at: readonly number[], top: readonly Value[], ground: readonly Value[] | null, frame: Frame): string {
  const last = at[at.length - 1] ?? 0;
  return runs(top).map(([from, to]) => {
    const point = (values: readonly Value[] | null, i: number): string => `${x(at[i] ?? 0, last, frame).toFixed(1)} ${y(values?.[i] ?? 0, frame).toFixed(1)}`;
    const order = Array.from({ length: to - from }, (_, i) => from + i);
    return `M${[...order.map((i) => point(top, i)), ...order.reverse().map((i) => point(ground, i))].join('L')}Z`;
  }).join('');
}

// sums adds lists up, moment by moment; where one is not known the sum is not.
export function sums(a: readonly Value[], b: readonly Value[]): Value[] {
  return a.map((value, i) => {
    const other = b[i] ?? null;
    return value === null || other === null ? null : value + other;
  });
}

// extent is what a list says in short: its newest value, the least and the most; null where nothing is known.
export function extent(values: readonly Value[]): { now: Value; least: number; most: number } | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  return { now: values[values.length - 1] ?? null, least: Math.min(...known), most: Math.max(...known) };
}
