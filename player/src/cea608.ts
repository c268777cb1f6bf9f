// The captions of CEA-608, of the bytes that come within pictures (ATSC A/53, part 4, 6.2.3: cc_data). Four channels, two in each of two fields.
// Captions of CEA-708 alone, of which encoders send CEA-608 along as a rule, are not read.
//
// What is on the screen is told as soon as it changes, and not when it is over: close to the live edge that would be too late to be seen.

import Parser, { type Output } from 'hls.js/cea-608';

export interface Line {
  row: number; // of 15
  column: number; // of 32
  text: string;
}

// The screen is told when it changes, with all its lines; none: it is empty.
export type Changed = (channel: number, at: number, lines: Line[]) => void;

const NOBODY: Output = { newCue: () => undefined, dispatchCue: () => undefined, reset: () => undefined };
const HEAD = 2; // bytes before the triples

export class Cea608 {
  readonly #fields = [new Parser(1, NOBODY, NOBODY), new Parser(3, NOBODY, NOBODY)] as const;
  readonly #changed: Changed;
  readonly #last = ['', '', '', ''];

  constructor(changed: Changed) {
    this.#changed = changed;
  }

  // take reads the cc_data of one picture.
  take(at: number, bytes: Uint8Array): void {
    const pairs = pairsOf(bytes);
    this.#fields.forEach((field, i) => {
      const own = pairs[i] ?? [];
      if (own.length === 0) return;
      field.addData(at, own);
      for (const n of [1, 2]) this.#look(2 * i + n, at, linesOf(field.channels[n]?.displayedMemory.rows ?? []));
    });
  }

  // reset forgets what is on the screens: what comes next does not follow what came.
  reset(): void {
    for (const field of this.#fields) field.reset();
    this.#last.fill('');
  }

  #look(channel: number, at: number, lines: Line[]): void {
    const now = JSON.stringify(lines);
    const before = this.#last[channel - 1] || '[]';
    this.#last[channel - 1] = now;
    if (now !== before) this.#changed(channel, at, lines);
  }
}

// pairsOf returns the pairs of bytes of each of the two fields. Padding is none.
function pairsOf(bytes: Uint8Array): [number[], number[]] {
  const pairs: [number[], number[]] = [[], []];
  const count = (bytes[0] ?? 0) & 0x1f;
  for (let i = 0; i < count; i++) {
    const [head, one, two] = bytes.subarray(HEAD + 3 * i, HEAD + 3 * i + 3);
    if (head === undefined || one === undefined || two === undefined) break;
    const [a, b] = [one & 0x7f, two & 0x7f];
    const own = (head & 0x04) !== 0 && (a !== 0 || b !== 0) ? pairs[head & 0x03] : undefined; // the other types are of CEA-708
    own?.push(a, b);
  }
  return pairs;
}

function linesOf(rows: readonly { chars: { uchar: string }[] }[]): Line[] {
  return rows.flatMap(({ chars }, row) => {
    const all = chars.map(({ uchar }) => uchar).join('');
    const text = all.trim();
    return text === '' ? [] : [{ row, column: all.length - all.trimStart().length, text }];
  });
}
