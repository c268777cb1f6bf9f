// What a session needs to know of the player whose part in the swarm it is: which stream, where its swarm is, what the viewer agrees to, and how it plays.

import type { Pass } from './pass.ts';

export interface SessionOptions {
  name: string; // of the stream
  key: string | (() => Promise<string>); // the stream's public key, base64; '' if there is none
  trackers: readonly string[]; // URLs, absolute, of which one is used at a time; none: no swarm
  wasm: string; // URL of shoal.wasm
  token(): string | Promise<string>; // viewer token for the tracker, asked for each socket; '' for none
  pass?: Pass; // what goes along to the edge
  p2p: boolean; // false: no swarm
  relayOnly?: boolean; // through relays alone, whatever the tracker says
  readonly maxUploadKbps: number; // the most that is lent of the uplink, as it is now; Infinity: all
  // secondsUntil tells in how many seconds the playhead gets to a place of the media timeline.
  secondsUntil(start: number): number;
  // steady tells whether playback has begun, with something in its buffer: joining may take the machine's time then.
  steady(): boolean;
  buffered(): number; // seconds of media before the playhead
  off(): Promise<boolean>; // the operator has turned the swarm off, as the stream's server tells
  plenty(): boolean; // that is as much as there should be
  loadsBehind(): number; // seconds of media between what the player has loaded and the newest that is listed
  // beacon returns what to tell the tracker, the differences since it was last called.
  beacon(): number[];
}
