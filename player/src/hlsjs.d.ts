// What of hls.js's reader of CEA-608 is used here. It is no part of its light build; build.mjs takes it from its sources.

declare module 'hls.js/cea-608' {
  export interface Row {
    chars: { uchar: string }[];
  }

  export interface Channel {
    displayedMemory: { rows: Row[] }; // 15 rows of 32 characters
  }

  export interface Output {
    newCue(): void;
    dispatchCue(): void;
    reset(): void;
  }

  export default class Cea608Parser {
    channels: (Channel | null)[]; // from 1 on
    constructor(field: 1 | 3, first: Output, second: Output);
    addData(time: number, pairs: number[]): void;
    reset(): void;
  }
}
