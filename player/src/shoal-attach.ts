// The door for pages that have their own hls.js.
export { attachSwarm, LIVE, type Swarm, type SwarmOptions } from './attach.ts';
export type { Stats } from './stats.ts';
