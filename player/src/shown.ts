// What the controls show, and what is pressed on them.

import type { Answer } from './consent.ts';
import type { Moment } from './flow.ts';
import type { Trouble } from './notice.ts';
import type { Wait } from './pending.ts';
import type { PlaybackState } from './playback.ts';
import type { Quality } from './quality.ts';
import type { Shares } from './sharing.ts';
import type { Stats } from './stats.ts';
import type { Terms } from './terms.ts';
import type { Span } from './timeline.ts';

export interface Pressed {
  play(): void; // or pause
  live(): void;
  seek(to: number): void; // of the media timeline, seconds
  peek(at: number | null): void; // at that moment, before one goes there; null: no more
  mute(): void;
  volume(level: number): void;
  fullscreen(): void;
  picture(): void; // in picture
  captions(): void; // the next, or none
  share(answer: Answer): void; // with other viewers
  agree(other: Partial<Terms>): void; // on which to share, in one of them
  quality(index: number): void; // AUTO: the player chooses
  stats(): void;
}

export interface Shown {
  state: PlaybackState;
  paused: boolean;
  muted: boolean;
  volume: number;
  atLive: boolean;
  latency: number; // seconds; 0: there is none to tell
  vod: boolean; // a recording
  span: Span | null; // what may be seeked in; null: nothing is
  time: number; // of the playhead
  waiting: boolean; // the picture stands though it should move
  trouble: Trouble; // why nothing is to be seen
  soundOnly: boolean; // there is no picture in the stream
  blocked: boolean; // the browser wants a tap before it plays
  silenced: boolean; // sound is muted by the browser's will, not by the viewer's
  sharing: Shares; // with others
  relayless: boolean; // there are no relays, as far as is known
  taking: boolean; // part in the swarm, or about to
  wait: Wait; // of the swarm
  qualities: Quality[]; // the best first
  quality: number; // index of the one that was chosen, or AUTO
  captions: { some: boolean; shown: string | null }; // shown: what those are called that are
  stats: Stats | null; // null: the panel is closed
  moments: readonly Moment[]; // of the last minute
}
