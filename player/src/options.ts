// What a page may say of the swarm that its hls.js is given.

import type { Wish } from './consent.ts';

export interface SwarmOptions {
  /** Of the stream; else out of the URL: /live/NAME/index.m3u8. */
  name?: string;
  /** The stream's public key, base64; else asked of /api/v1/streams/NAME beside the stream. */
  key?: string;
  /** URL, or several with commas, of which one is used at a time; else /tracker beside the stream. */
  tracker?: string;
  /** URL of shoal.wasm; else beside the script. */
  wasm?: string;
  /** Viewer token. A function is asked for each socket to a tracker, and before the token ends. */
  token?: string | (() => string | Promise<string>);
  /** Else `ask`: nothing is shared, nor a tracker asked, before the viewer has said yes. */
  p2p?: Wish;
  /** Asks the viewer, where the mode is `ask`: once, and not before the first picture. The answer is remembered. */
  consent?: () => boolean | Promise<boolean>;
  /** The most of the uplink that is lent to peers, kbit/s; 0, or what is no number: nothing. Else what it is found to give. It may change. */
  maxUploadKbps?: number;
  /** Sees what is given to hls.js. */
  appended?: (url: string, bytes: Uint8Array<ArrayBuffer>) => void;
}
