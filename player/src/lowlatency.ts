// Settings of hls.js for low latency.

import type { HlsConfig } from 'hls.js';

// The distance from live is held by playing a little faster; what was played is forgotten after a while.
export const LIVE: Partial<HlsConfig> = {
  lowLatencyMode: true,
  startFragPrefetch: true, // the first part is asked for while the element is made ready, and not up to 100 ms after it
  maxLiveSyncPlaybackRate: 1.1,
  liveSyncOnStallIncrease: 0.3, // a stall makes it play so many seconds further behind
  backBufferLength: 15,
  maxBufferLength: 20,
  maxMaxBufferLength: 60, // of what is not live hls.js loads ten minutes ahead, which most viewers never see
};
