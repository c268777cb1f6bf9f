// The door of the player: importing it defines <shoal-player>.
export { ShoalPlayer } from './element.ts';
export type { PlayerEvents } from './events.ts';
export type { P2P, Stats } from './stats.ts';
