// The door of the player: importing it defines <shoal-player>.
export { attachSwarm, LIVE, type Swarm, type SwarmOptions } from './attach.ts';
export { ShoalPlayer } from './element.ts';
export type { Stats } from './stats.ts';
