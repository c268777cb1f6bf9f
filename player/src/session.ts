// A viewer's part in the swarm: what happens is told to the scheduler, and what it asks for is carried out, by its
// orders. This is the only file that makes the leaves (tracker, peer, edge, store, record, scheduler) and joins them,
// and the same loop as the native viewer's, swarm/viewer.
//
// The law it keeps: a viewer with the swarm is never worse off than one without. Playback begins from the edge at
// once; the swarm is joined beside it, after the first media came. What the swarm has not brought shortly before the
// playhead gets there is given back to hls.js, to fetch it from the edge, and so is a playlist that the cell does not
// tell in time. Without tracker, WebRTC, WebAssembly, key or luck nothing of this happens, and hls.js plays on as if it
// were alone.

import type { Action } from './action.ts';
import type { Times } from './bandwidth.ts';
import { Chunks } from './chunks.ts';
import { Downlink } from './downlink.ts';
import { Edge } from './edge.ts';
import { Fetches } from './fetches.ts';
import { Gathering } from './gathering.ts';
import { Gifts } from './gifts.ts';
import { type Frame, Links } from './links.ts';
import type { MediaSource, Taken, Wanted } from './loader.ts';
import { type Call, Loop } from './loop.ts';
import { Orders } from './orders.ts';
import { PeerLink } from './peer.ts';
import type { Followed } from './playlist.ts';
import { Scheduler } from './scheduler.ts';
import type { SessionOptions } from './sessionoptions.ts';
import { onSelfChange, selfOf, type Self } from './self.ts';
import { hindered, OBSTACLES } from './obstacle.ts';
import { Membership } from './membership.ts';
import type { Delay } from './pending.ts';
import { NO_TRAFFIC, type P2P, type Traffic } from './stats.ts';
import { Stock } from './stock.ts';
import { Store } from './store.ts';
import { Supply } from './supply.ts';
import { Tally } from './tally.ts';
import { Tracker } from './tracker.ts';
import { turn } from './turn.ts';
import { Watch } from './watch.ts';

export class Session implements MediaSource {
  readonly #options: SessionOptions;
  readonly #edge: Edge;
  readonly #store: Store = new Store((id) => this.#stock.forget(this.#chunks.byID(id)));
  readonly #own: Traffic = { ...NO_TRAFFIC }; // what nobody else counts
  readonly #tally: Tally;
  readonly #over = new AbortController();
  readonly #membership: Membership;

  // media and what lists it
  readonly #chunks = new Chunks();
  readonly #stock = new Stock<Action>(this.#store, this.#chunks, this.#own, {
    call: (call) => this.#call(call),
    begun: () => this.#loop !== null,
    enter: (record) => this.#watch.enter(record),
    unpark: () => this.#links.unpark(),
  });
  readonly #watch: Watch;
  readonly #fetches: Fetches;
  readonly #gathering: Gathering;
  readonly #gifts: Gifts;
  readonly #supply: Supply;

  // the scheduler
  #loop: Loop<Scheduler, Action, Frame> | null = null;
  #seconds: ReturnType<typeof setInterval> | undefined;
  #beaconAt = 0;
  readonly #orders: Orders;

  // the network
  #tracker: Tracker | null = null;
  readonly #links: Links;
  readonly downlink: Downlink;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#edge = new Edge(options.pass ?? null, () => this.member);
    this.#links = new Links((initiator, events) => new PeerLink(this.#orders.route, initiator, events), {
      signal: (peer, kind, text) => this.#call((s, now) => s.outSignal(now, peer, kind, text)),
      up: (peer) => this.#call((s, now) => s.linkUp(now, peer)),
      came: (bytes) => this.#edge.arrivals.came(bytes, performance.now()),
      frame: (frame, head) => this.#call((s, now) => s.frame(now, frame.peer, head, frame.bytes.length - head.length), frame),
      buffered: (peer, bytes) => this.#call((s, now) => s.buffered(now, peer, bytes)),
      down: (peer) => this.#call((s, now) => s.linkDown(now, peer)),
    });
    this.#watch = new Watch(this.#edge, this.#over.signal, {
      learn: (entry) => this.#stock.learn(entry),
      rendition: () => this.#tellSelf(),
      reloaded: (ok) => this.#call((s, now) => s.reloaded(now, ok)),
      taken: (peer, bytes, record) => this.#stock.recordTaken(peer, bytes, record),
      swarming: () => this.hopes(),
      together: () => this.watching(this.#watch.rendition) > 0,
    });
    this.#fetches = new Fetches(this.#edge, this.#store, this.#chunks, this.#over.signal, {
      hashes: (chunk) => this.#stock.hashesTaken(0, chunk, true),
      arrived: (chunk, first, count) => this.#call((s, now) => s.arrived(now, chunk.handle, first, count)),
      fetched: (chunk, first, count, ok) => this.#stock.fetched(chunk, first, count, ok),
      held: (chunk) => this.#stock.held(chunk),
      loaded: (chunk) => this.#stock.count(chunk, false),
      unwanted: (chunk) => this.#stock.forget(chunk),
      early: () => this.#loop === null,
    });
    this.#gathering = new Gathering(this.#edge, this.#store, this.#chunks, {
      need: (chunk, deadline) => this.#call((s, now) => s.need(now, chunk.handle, Math.max(now, deadline))),
      unneed: (chunk) => this.#call((s, now) => s.unneed(now, chunk.handle)),
      late: () => this.#own.rescues++,
      secondsUntil: (start) => options.secondsUntil(start),
    });
    this.#gifts = new Gifts(this.#store, {
      hashes: (peer, chunk, ok) => this.#stock.hashesTaken(peer, chunk, ok),
      pieces: (peer, chunk, first, count, ok) => this.#call((s, now) => s.piecesTaken(now, peer, chunk.handle, first, count, ok)),
    });
    this.#membership = new Membership({ now: () => performance.now(), hidden: () => document.hidden, buffered: () => options.buffered() }, {
      steady: () => options.steady(),
      plenty: () => options.plenty(),
      loadsBehind: () => options.loadsBehind(),
      links: () => this.#links.up,
      heardAt: () => this.#edge.heardAt,
      leave: () => this.#call((s, now) => s.leave(now)),
      off: () => options.off(),
      over: () => this.#end('refused'),
    });
    this.#supply = new Supply({
      edge: this.#edge, chunks: this.#chunks, fetches: this.#fetches, gathering: this.#gathering, membership: this.#membership, traffic: this.#own,
      entries: (url) => this.#watch.book?.of(url),
      swarming: () => this.#loop !== null,
      begin: () => this.#begin(),
    });
    this.#orders = new Orders({
      tracker: () => this.#tracker,
      membership: this.#membership,
      links: this.#links,
      chunks: this.#chunks,
      store: this.#store,
      fetches: this.#fetches,
      gathering: this.#gathering,
      gifts: this.#gifts,
      stock: this.#stock,
      watch: this.#watch,
      gave: (bytes) => (this.#own.bytesToPeers += bytes),
      beside: (bytes, at) => this.#edge.bandwidth.beside(bytes, at),
      relayless: () => this.#end('off', OBSTACLES.relays),
    }, options.relayOnly === true);
    this.downlink = new Downlink({
      edge: this.#edge, links: this.#links, fetches: this.#fetches, membership: this.#membership, signal: this.#over.signal,
      waiting: () => this.#loop?.machine.waiting ?? 0,
    });
    this.#tally = new Tally(this.#own, this.#edge, this.#links, this.#gifts, this.#watch, this.#membership);
    const obstacle = hindered(options.trackers);
    if (!options.p2p || obstacle) {
      if (options.p2p && obstacle) this.#membership.end('off', OBSTACLES[obstacle]);
      return;
    }
    this.#membership.hope();
    if (typeof options.key === 'string') this.#open(options.key);
  }

  get traffic(): Traffic {
    return this.#tally.sum;
  }

  // How much further behind live than alone the player should play, in milliseconds.
  get holdBack(): number {
    return this.#loop?.machine.holdBack ?? 0;
  }

  // watching returns how many members of the cell that are linked watch a rendition.
  watching(rendition: number): number {
    return this.#loop?.machine.watching(rendition) ?? 0;
  }

  // playlist learns what a playlist that hls.js has loaded lists. It returns at once.
  playlist(url: string, text: string): void {
    this.#edge.heard();
    this.#watch.loaded(url, text);
  }

  // delay is what keeps the viewer from joining.
  get delay(): Delay {
    return this.#membership.delay;
  }

  // relayless: the tracker names no relays; undefined while it has told nothing.
  get relayless(): boolean | undefined {
    return this.#orders.relayless;
  }

  // member: the tracker counts this viewer among those of the swarm. While it is away links carry on, and edges have to count.
  get member(): boolean {
    return this.#membership.p2p === 'on' && (this.#tracker?.isUp ?? false);
  }

  // skips tells whether hls.js may have a delta: what that leaves out is known.
  skips(url: string): boolean {
    return this.#watch.skips(url);
  }

  // follow waits for a playlist that hls.js wants, where the swarm will tell it; and for a link that rests.
  follow(url: string, signal: AbortSignal): Promise<Followed> | null {
    return this.downlink.carries() ?? this.#watch.follow(url, signal);
  }

  // hope waits for a playlist that the edge does not give, where the swarm may tell it.
  hope(url: string, signal: AbortSignal, millis: number): Promise<Followed> | null {
    return this.#watch.hope(url, signal, millis);
  }

  // hopes tells whether peers may bring what the edge does not.
  hopes(): boolean {
    return this.#loop !== null && this.#membership.p2p === 'on' && this.#links.up > 0;
  }

  // What hls.js asks of a source: see supply.ts.
  take = (wanted: Wanted): Promise<Taken> | null => this.#supply.take(wanted);
  requested = (url: string): void => this.#supply.requested(url);
  fetched = (url: string, bytes: Uint8Array<ArrayBuffer>, times: Times): Promise<boolean> | null => this.#supply.fetched(url, bytes, times);
  bring = (url: string, signal: AbortSignal): Promise<Taken> => this.#supply.bring(url, signal);

  // ask gets a playlist from the edge.
  ask(url: string, signal: AbortSignal): Promise<string> {
    return this.#edge.reload(url, signal);
  }

  // alone: what is played is a recording, of which there is no swarm, or the edge does not let this viewer in any more.
  alone(): void {
    this.#end('off');
  }

  // lend: there is another limit to what is lent.
  lend(): void {
    this.#tellSelf();
  }

  close(): void {
    this.#call((s, now) => s.leave(now));
    this.#end('off');
    this.#over.abort();
  }

  // --- beginning and end ---

  #open(key: string): void {
    if (key !== '' && this.#membership.p2p !== 'off') this.#watch.open(key);
  }

  #begin(): void {
    if (this.#membership.begin()) this.#join().catch((error: unknown) => this.#fail(error));
  }

  async #join(): Promise<void> {
    const { key, wasm, name, trackers } = this.#options;
    if (typeof key !== 'string') this.#open(await key().catch(() => ''));
    if (!this.#watch.book) {
      this.#membership.postpone();
      return;
    }
    const scheduler = await Scheduler.load(wasm, this.#over.signal);
    await turn();
    if (this.#over.signal.aborted) return;
    if (this.#watch.book?.misfits) {
      console.warn(`shoal: playing without the swarm, as the key that the page gives is not that of the stream; see publicKey in /api/v1/streams/${name}`);
      this.#end('off', OBSTACLES.wrongKey);
      return;
    }
    this.#loop = new Loop<Scheduler, Action, Frame>(scheduler, {
      act: (action, frame) => this.#orders.carry(action, frame),
      due: () => this.#call((s, now) => s.backlog(now, this.#links.backlog)),
      settled: () => this.#settled(scheduler),
      failed: (error) => this.#fail(error),
    });
    const secret = crypto.getRandomValues(new Uint8Array(16));
    this.#call((s) => s.start(secret, this.#self(), name));
    for (const entry of this.#watch.book?.listed() ?? []) this.#stock.learn(entry);
    if (this.#over.signal.aborted || !this.#watch.book) return; // it has failed at once
    for (const chunk of this.#chunks.all()) if (chunk.handle === 0) this.#stock.forget(chunk); // listed no longer

    const { signal } = this.#over;
    onSelfChange(() => this.#tellSelf(), signal);
    window.addEventListener('pagehide', () => this.#call((s, now) => s.leave(now)), { signal });
    this.#seconds = setInterval(() => this.#second(), 1000);

    this.#tracker = new Tracker({ urls: trackers, stream: name, token: () => this.#options.token() }, {
      up: () => this.#call((s, now) => s.trackerUp(now)),
      message: (bytes) => this.#call((s, now) => s.trackerMessage(now, bytes)),
      down: () => this.#call((s, now) => s.trackerDown(now)),
      denied: (why) => this.#membership.denied(why),
      refused: (why) => this.#membership.refused(why),
    });
    this.#membership.enter(this.#tracker);
  }

  #fail(error: unknown): void {
    if (this.#over.signal.aborted) return;
    console.warn('shoal: playing without the swarm', error);
    this.#end('off');
  }

  // end leaves the swarm for good; hls.js plays on.
  #end(p2p: P2P, why = ''): void {
    this.#membership.end(p2p, why);
    this.#loop?.close();
    this.#loop = null;
    clearInterval(this.#seconds);
    this.#tracker?.close();
    this.#links.close();
    this.#watch.close();
    this.#chunks.clear();
    this.#store.close();
  }

  #self(): Self {
    return selfOf(this.#options.maxUploadKbps, this.#watch.rendition);
  }

  #tellSelf(): void {
    this.#call((s, now) => s.self(now, this.#self()));
  }

  #second(): void {
    this.#membership.second();
    this.#call((s, now) => {
      const every = s.beaconSeconds * 1000;
      if (every === 0 || !this.#tracker?.isUp || now - this.#beaconAt < every) return [];
      this.#beaconAt = now;
      return s.beacon(now, this.#options.beacon());
    });
  }

  // --- the scheduler ---

  #call(call: Call<Scheduler, Action>, frame: Frame | null = null): void {
    this.#loop?.call(call, frame);
  }

  #settled(scheduler: Scheduler): void {
    this.#membership.settled(scheduler);
    this.#own.duplicateBytes = scheduler.duplicateBytes;
    this.#watch.look();
  }
}
