// The pictures on the buttons, drawn in the colour of their words.

import { svg } from './svg.ts';

// Lines, and what is filled. A box is x, y, width, height and how round its corners are.
interface Drawn {
  lines?: string[];
  filled?: string[];
  box?: number[];
  filledBoxes?: number[][];
}

const ICONS = {
  play: { filled: ['M8 5.2v13.6a.8.8 0 0 0 1.2.7l11-6.8a.8.8 0 0 0 0-1.4l-11-6.8A.8.8 0 0 0 8 5.2z'] },
  pause: { filledBoxes: [[6, 5, 4.2, 14, 1.2], [13.8, 5, 4.2, 14, 1.2]] },
  loud: { lines: ['M11 5 6.5 8.8H3.5v6.4h3L11 19z', 'M15 9.2a4 4 0 0 1 0 5.6M17.8 6.4a8 8 0 0 1 0 11.2'] },
  mute: { lines: ['M11 5 6.5 8.8H3.5v6.4h3L11 19z', 'm15.5 9.5 5 5m0-5-5 5'] },
  full: { lines: ['M4 9V5.5A1.5 1.5 0 0 1 5.5 4H9m6 0h3.5A1.5 1.5 0 0 1 20 5.5V9m0 6v3.5a1.5 1.5 0 0 1-1.5 1.5H15m-6 0H5.5A1.5 1.5 0 0 1 4 18.5V15'] },
  picture: { lines: ['M20.5 11V6.5A1.5 1.5 0 0 0 19 5H5a1.5 1.5 0 0 0-1.5 1.5v11A1.5 1.5 0 0 0 5 19h5'], filledBoxes: [[12.5, 13, 8.5, 6, 1.2]] },
  captions: { box: [3, 5, 18, 14, 2.5], lines: ['M10.5 10.5a2 2 0 1 0 0 3m6.5-3a2 2 0 1 0 0 3'] },
  stats: { lines: ['M5 19v-6m5 6V5m5 14v-9m5 9V8'] },
  terms: { lines: ['M4 8h7m4 0h5M4 16h3m4 0h9', 'M13 6v4M9 14v4'] },
} as const satisfies Record<string, Drawn>;

export type Icon = keyof typeof ICONS;

// icon draws one of them.
export function icon(name: Icon): SVGElement {
  const { lines = [], filled = [], box, filledBoxes = [] }: Drawn = ICONS[name];
  const rect = ([x = 0, y = 0, width = 0, height = 0, rx = 0]: readonly number[], filled: boolean): SVGElement => svg('rect', { ...(filled && { class: 'fill' }), x, y, width, height, rx });
  return svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' },
    ...(box ? [rect(box, false)] : []), ...lines.map((d) => svg('path', { d })),
    ...filled.map((d) => svg('path', { class: 'fill', d })), ...filledBoxes.map((box) => rect(box, true)));
}
