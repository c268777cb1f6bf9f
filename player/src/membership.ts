// How the viewer stands to the swarm: when it joins, when it leaves for a while because the machine has no time for it, its link is too narrow or the
// viewer is far behind live, and what a refusal comes to. It says when; what is done then is the session's part.
//
// A player that loads what is far behind live, since its viewer has gone back or paused for long, has forgotten what the swarm brings by the
// time it asks for it: it would load all twice, for others now and for itself later. So it is alone, until it loads what is near live.
//
// A refusal for good ends the asking and no link: of a whole swarm that is refused at once the edge would have to carry at once
// what the links do. The swarm is left when none is left, but after two minutes at most, each at a moment of its own. When the operator turns the swarm
// off, who has no tracker learns it from the server (recall.ts), and leaves at once.

import { OBSTACLES } from './obstacle.ts';
import type { Delay } from './pending.ts';
import { Pulse, type PulseWorld } from './pulse.ts';
import { Recall } from './recall.ts';
import { Rest } from './rest.ts';
import type { P2P } from './stats.ts';

export interface MembershipEvents {
  // steady tells whether playback has begun, with something in its buffer: joining may take the machine's time then.
  steady(): boolean;
  plenty(): boolean; // there is as much in the buffer as there should be
  loadsBehind(): number; // seconds of media between what the player has loaded and the newest that is listed
  links(): number; // that are up
  heardAt(): number; // when the edge gave the last sign of life
  leave(): void; // the cell, for now
  off(): Promise<boolean>; // the operator has turned the swarm off, as the server tells
  over(): void; // refused, and no link is to be kept
}

// What this file knows of the tracker.
export interface Door {
  readonly isUp: boolean;
  readonly silent: boolean; // it was asked for, and has said nothing since
  open(): void;
  refused(seconds: number, busy: boolean, why: string): void;
  move(seconds: number): void;
  rest(): void;
}

// What this file knows of the scheduler.
export interface Cell {
  readonly links: number;
  readonly roster: number;
  readonly off: boolean;
}

const STEADY_MILLIS = 2500; // joining does not wait longer for playback to be steady
const CALM_MILLIS = 30000; // nor longer than this for timers to be on time, unless they are late indeed
const FAR = 30; // seconds: so long the scheduler keeps chunks
const NEAR = 15;
const FAR_TIMES = 5; // that it was far, each second: a player that was taken back a little soon has loaded all up to live
const KEY_RETRY_MILLIS = 15000;
const OUTLAST_MILLIS = 120000; // that links outlive a refusal for good at most, and half of it at least
const RELIEVED_MILLIS = 2000; // out of the swarm, as the link was too narrow, and something smaller is loaded
const NARROW_MILLIS = 30000; // where nothing is
const MUTE_MILLIS = 3000; // that an edge is silent to who has left for its sake: it is the edge that is away, and the link is not narrow
const PLENTY_TIMES = 2; // that there is plenty in the buffer, each second, before it is joined again
const BUSY = 4; // wire.RefusedBusy
const MOVING = 6; // wire.RefusedMoving

export class Membership {
  readonly #events: MembershipEvents;
  readonly #pulse: Pulse;
  readonly #rest: Rest;
  readonly #relief: Rest; // of a link that is too narrow
  readonly #recall: Recall;
  readonly #chance: () => number;
  #p2p: P2P = 'off';
  #why = ''; // a tracker refused last
  #left = ''; // why the swarm was left for good
  #began = false; // to join
  #keyless = false; // nobody told the stream's key, so far
  #silenced = false; // the tracker takes part, and tells that there is no swarm
  #recalled = false; // the server tells so, and no tracker has said otherwise yet
  #notBefore = 0;
  #firstAt = 0; // when the first media came
  #narrowAt = Infinity; // the link was found to be too narrow last
  #mute = false; // and was not: the edge had been silent since
  #plenty = 0; // how often in a row there was enough in the buffer, while the link was too narrow
  #far = 0; // how often in a row the player loaded what is far behind live
  #leaveAt = Infinity; // refused for good: links carry on until then, while they live
  #tracker: Door | null = null;

  // chance returns 0 to less than 1.
  constructor(world: PulseWorld, events: MembershipEvents, chance: () => number = Math.random) {
    this.#events = events;
    this.#chance = chance;
    this.#pulse = new Pulse(world);
    this.#rest = new Rest(this.#pulse);
    this.#relief = new Rest(this.#pulse);
    this.#recall = new Recall({ linked: () => events.links() > 0, told: () => this.#tracker?.isUp ?? false, off: () => events.off(), chance }, () => {
      this.#recalled = true;
      events.leave();
    });
  }

  get p2p(): P2P {
    return this.#p2p;
  }

  // Why there is no swarm, as the tracker that refused last has said, or as it was left; '' if nobody told.
  get why(): string {
    if (this.#p2p === 'refused') return this.#why;
    return this.#left || (this.#keyless ? OBSTACLES.key : this.#silenced ? OBSTACLES.operator : '');
  }

  get began(): boolean {
    return this.#began;
  }

  // How often the swarm was left because the machine was too busy, or its link too narrow.
  get rests(): number {
    return this.#rest.times + this.#relief.times;
  }

  // calm: the machine has time, as far as is known.
  get calm(): boolean {
    return this.#pulse.calm;
  }

  // delay is what keeps the viewer from joining now, as far as that is known.
  get delay(): Delay {
    if (this.#p2p !== 'joining') return null;
    return this.#pulse.busy ? 'machine' : this.#tracker?.silent ? 'tracker' : null;
  }

  // apart: the swarm was left for a while.
  get apart(): boolean {
    return this.#p2p === 'resting' || this.#p2p === 'narrow' || this.#p2p === 'away';
  }

  // mute: the edge has said nothing since the swarm was left for its sake, so nothing tells what the link carries.
  get mute(): boolean {
    this.#mute &&= this.#silent;
    return this.#mute;
  }

  // hope: there may be a swarm.
  hope(): void {
    this.#p2p = 'joining';
    this.#pulse.begin();
  }

  // begin tells, as media comes, whether it is time to join; once.
  begin(): boolean {
    const now = performance.now();
    if (this.#began || this.#p2p !== 'joining' || now < this.#notBefore || this.#events.loadsBehind() > FAR) return false;
    this.#firstAt ||= now;
    const waited = now - this.#firstAt;
    if (!this.#events.steady() && waited < STEADY_MILLIS) return false;
    if (this.#pulse.busy || !this.#pulse.calm && waited < CALM_MILLIS) return false;
    this.#began = true;
    return true;
  }

  // postpone: there is no key yet. A chunk that comes later tries again.
  postpone(): void {
    this.#began = false;
    this.#keyless = true;
    this.#notBefore = performance.now() + KEY_RETRY_MILLIS;
  }

  // enter: there is a tracker now. While it was made, for seconds, the viewer may have gone back: it is opened when the viewer returns.
  enter(tracker: Door): void {
    this.#tracker = tracker;
    this.#keyless = false;
    if (this.#events.loadsBehind() > FAR) this.#p2p = 'away';
    if (!this.apart) tracker.open();
  }

  // second leaves the swarm while the machine has no time for it or the viewer no use, or for good. It is called each second.
  second(): void {
    const now = performance.now();
    const behind = this.#events.loadsBehind();
    this.#recall.second();
    this.#far = behind > FAR ? this.#far + 1 : 0;
    if (now >= this.#leaveAt) this.#events.over();
    else if (this.#p2p === 'away') {
      if (behind < NEAR) this.#return();
    } else if (this.#p2p === 'resting') {
      if (this.#rest.over(now)) this.#return();
    } else if (this.#p2p === 'narrow') {
      this.#plenty = this.#events.plenty() ? this.#plenty + 1 : 0;
      if (this.#silent && now - this.#narrowAt >= MUTE_MILLIS) {
        this.#mute = true;
        this.#return();
      } else if (this.#plenty >= PLENTY_TIMES && this.#relief.over(now)) this.#return();
    } else if (this.#far >= FAR_TIMES && (this.#p2p === 'on' || this.#p2p === 'joining')) this.#part('away');
    else if (this.#events.links() > 0 && this.#rest.wanted(now)) {
      console.info('shoal: this machine is too busy for the swarm: playing without it for a while');
      this.#part('resting');
    }
  }

  // narrow leaves the swarm: the viewer's link carries less than is played. What peers send would come too late, and keep what is asked of the edge from
  // coming. relieved: less will be played, so it may soon be joined again.
  narrow(relieved: boolean): boolean {
    if (this.mute || this.#p2p !== 'on' || this.#events.links() === 0) return false;
    console.info('shoal: this connection is too slow for the swarm: playing without it for a while');
    this.#plenty = 0;
    this.#narrowAt = performance.now();
    this.#relief.begin(performance.now(), relieved ? RELIEVED_MILLIS : NARROW_MILLIS);
    this.#part('narrow');
    return true;
  }

  // refusal is said by a tracker that had taken the socket. 0 seconds: that one is not to be asked again.
  refusal(reason: number, seconds: number, why: string): void {
    if (reason === MOVING) {
      this.#tracker?.move(seconds); // links carry on
      return;
    }
    if (seconds > 0) {
      this.#told(why);
      this.#p2p = 'refused';
    }
    this.#tracker?.refused(seconds, reason === BUSY, why);
  }

  // denied: by one tracker, which did not take the socket. Another may, or the same later; links carry on.
  denied(why: string): void {
    this.#told(why);
    if (this.#p2p === 'joining') this.#p2p = 'refused';
  }

  // refused: by all trackers, for good.
  refused(why: string): void {
    this.#told(why);
    this.#leaveAt = performance.now() + (OUTLAST_MILLIS / 2) * (1 + this.#chance());
    if (this.#events.links() === 0) this.#events.over();
  }

  // settled looks at the cell after something happened in it.
  settled(cell: Cell): void {
    if (this.#leaveAt < Infinity && cell.links === 0) this.#events.over();
    else if (!this.apart) {
      if (this.#tracker?.isUp) this.#recalled = false;
      this.#p2p = this.#of(cell);
      this.#silenced = this.#p2p === 'off';
    }
  }

  end(p2p: P2P, why = ''): void {
    this.#p2p = p2p;
    this.#left ||= why;
    this.#pulse.close();
  }

  // part leaves the swarm for a while, return joins it again.
  #part(p2p: 'resting' | 'narrow' | 'away'): void {
    this.#p2p = p2p;
    this.#events.leave();
    this.#tracker?.rest();
  }

  get #silent(): boolean {
    return this.#events.heardAt() <= this.#narrowAt;
  }

  #return(): void {
    this.#p2p = 'joining';
    this.#tracker?.open();
  }

  #told(why: string): void {
    if (why !== this.#why) console.warn('shoal: the tracker refuses:', why);
    this.#why = why;
  }

  #of(cell: Cell): P2P {
    if (cell.roster > 0 || cell.links > 0) return 'on';
    if (this.#tracker?.isUp ? cell.off : this.#recalled) return 'off';
    return this.#p2p === 'refused' ? 'refused' : 'joining';
  }
}
