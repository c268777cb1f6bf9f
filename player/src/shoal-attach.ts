// The door for pages that have their own hls.js.
export type { Mode } from './consent.ts';
export type { SwarmEvents } from './events.ts';
export { LIVE } from './lowlatency.ts';
export type { SwarmOptions } from './options.ts';
export type { P2P, Stats } from './stats.ts';
export { attachSwarm, type Swarm } from './swarm.ts';
