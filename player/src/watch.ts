// How the stream's playlist is kept up with: what hls.js loads is read along; once there is a swarm, its members take turns
// in asking the edge, tell each other of new records, and hls.js is answered from those.
//
// At most one reload is under way. While it is, hls.js waits for it even where there is no peer: the edge is not asked
// twice for the same.

import { type Entry, RecordBook } from './book.ts';
import { type Answer, Playlists, withoutDirectives } from './playlists.ts';
import { type ChunkRecord, readRecord } from './record.ts';

export interface WatchEvents {
  learn(entry: Entry): void; // a true record of a playlist
  rendition(): void; // it is another one that is watched
  reloaded(ok: boolean): void;
  // A peer's record was found to be true, or not. If it is wanted, it is to be entered.
  taken(peer: number, bytes: Uint8Array, record: ChunkRecord | null): void;
  swarming(): boolean; // peers will tell what follows
  together(): boolean; // one of them watches the same rendition
}

// What this file knows of the edge.
export interface Reloads {
  reload(url: string, signal: AbortSignal): Promise<string>;
  ahead(url: string, signal: AbortSignal): void;
}

export class Watch {
  refused = 0; // records of peers
  rendition = 0; // that is watched, as far as is known
  book: RecordBook | null = null; // null: no key, or no swarm any more
  readonly #edge: Reloads;
  readonly #signal: AbortSignal;
  readonly #events: WatchEvents;
  readonly #playlists = new Playlists((text, url) => void this.book?.read(text, url, (entry) => this.#events.learn(entry)));
  #last: { url: string; text: string } | null = null; // playlist of the edge, for a book that comes late
  #reload: 'none' | 'ours' | 'theirs' = 'none'; // that the scheduler waits for: made here, or by hls.js
  #played = ''; // URL of the playlist that hls.js asked for last, without directives
  #over = false;

  constructor(edge: Reloads, signal: AbortSignal, events: WatchEvents) {
    this.#edge = edge;
    this.#signal = signal;
    this.#events = events;
  }

  // How often hls.js was answered without the edge.
  get answered(): number {
    return this.#playlists.answered;
  }

  // open begins to read records, with the stream's key.
  open(key: string): void {
    if (this.book || this.#over) return;
    this.book = new RecordBook(key);
    if (this.#last) void this.#read(this.#last.url, this.#last.text);
  }

  // loaded takes a playlist that hls.js has loaded from the edge.
  loaded(url: string, text: string): void {
    this.#played = withoutDirectives(url);
    const learned = this.#read(url, text);
    if (this.#reload !== 'theirs') return;
    this.#reload = 'none';
    void learned.then(() => this.#events.reloaded(true));
  }

  // skips tells whether a delta will do.
  skips(url: string): boolean {
    return this.#over || this.#playlists.skips(url);
  }

  // follow waits for what a reload of hls.js asks for; null if nobody will tell but the edge.
  follow(url: string, signal: AbortSignal): Promise<Answer> | null {
    this.#played = withoutDirectives(url);
    return this.#following ? this.#playlists.ask(url, signal) : null;
  }

  // hope waits for so many milliseconds for what peers tell, since the edge failed; null if there are none.
  hope(url: string, signal: AbortSignal, millis: number): Promise<Answer> | null {
    return this.book?.listsTruth && this.#events.swarming() ? this.#playlists.hope(url, signal, millis) : null;
  }

  // look gives hls.js back to the edge where it waits in vain.
  look(): void {
    if (this.#following) this.#playlists.look();
    else this.#playlists.release();
  }

  // reload gets the playlist from the edge for the scheduler. One that cannot be carried on here hls.js reloads by itself, and so it does after it has waited in
  // vain: who is alone then, or with its rendition, asks no second time for the same. What comes after hls.js has
  // gone over to another rendition is not read: it would be taken for what is watched, asked for again, and so on. Where the scheduler is
  // likely to fetch what comes, ahead, the edge is asked for that at once.
  async reload(ahead = false): Promise<void> {
    const next = ahead ? this.#playlists.hinted : '';
    if (next !== '') this.#edge.ahead(next, this.#signal);
    if (this.#reload !== 'none') return;
    const alone = !this.#events.swarming() || !this.#events.together();
    const url = this.#playlists.resting && alone ? '' : this.#playlists.following;
    this.#reload = url === '' ? 'theirs' : 'ours';
    if (url === '') return;
    const text = await this.#edge.reload(url, this.#signal).catch(() => null);
    if (text !== null && withoutDirectives(url) === this.#played) await this.#read(url, text);
    this.#reload = 'none'; // the scheduler may ask for the next at once: hls.js, which waits for it already, is not given back
    this.#events.reloaded(text !== null);
  }

  // take verifies what a peer says to be a record: if it is true, it is as good as one of the edge.
  async take(peer: number, bytes: Uint8Array): Promise<void> {
    const record = readRecord(bytes);
    const truth = record !== null && (await this.book?.verifies(record)) === true;
    if (this.#over) return;
    if (!truth) this.refused++;
    this.#events.taken(peer, bytes, truth ? record : null);
  }

  // enter enters a true record of a peer. Where it is not known how its chunk is named, it has no URI, for now.
  enter(record: ChunkRecord): Entry {
    const uri = this.#playlists.uri(record);
    const own: Entry = { uri, record, age: 0, truth: true, verified: Promise.resolve(true) };
    const entry = (uri !== '' && this.book?.enter(uri, record)) || own;
    this.#playlists.add(record);
    return entry;
  }

  close(): void {
    this.#over = true;
    this.book = null;
    this.#playlists.close();
  }

  // following: there is a reason to wait. With a key that is not the stream's nothing would ever come.
  get #following(): boolean {
    if (!this.book?.listsTruth) return false;
    return this.#reload === 'ours' || this.#events.swarming();
  }

  // read takes a playlist of the edge. It settles when all that is new in it was learned.
  async #read(url: string, text: string): Promise<void> {
    this.#last = { url, text };
    const learned = this.book?.read(text, url, (entry) => this.#events.learn(entry));
    const rendition = this.book?.rendition ?? this.rendition;
    if (rendition !== this.rendition) {
      this.rendition = rendition;
      this.#events.rendition();
    }
    if (!this.#over) this.#playlists.read(url, text);
    await learned;
  }
}
