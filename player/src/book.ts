// The book of records: by URI, as playlists list them. It keeps the newest `limit` of them, and has each signature
// checked once.

import { type Place, readListing } from './listing.ts';
import { type ChunkRecord, INIT, PART, parseRecord, StreamKey } from './record.ts';

// An Entry is a record in the book. `verified` settles once; `truth` is what it settled to, null before.
export interface Entry {
  readonly uri: string;
  readonly record: ChunkRecord;
  age: number; // as of the last playlist
  truth: boolean | null;
  verified: Promise<boolean>;
}

const MISFIT = 3; // records that were not true, and none that was: the key is another stream's, or none
const MOST_SEGMENTS = 64; // whose parts are remembered
const LINGER = 2; // segments: a server has parts for three target durations after it lists them no more, and a playlist may be one old

export class RecordBook {
  readonly #entries = new Map<string, Entry>();
  readonly #segments = new Map<string, string[]>(); // URI of a segment -> URIs of its parts
  #truths = 0; // records that were found to be true
  #lies = 0; // and that were not
  #listed: string[] = []; // URIs with records in the last playlist, those at the live edge first
  readonly #key: StreamKey;
  readonly #limit: number;

  constructor(key: string, limit = 1024) {
    this.#key = new StreamKey(key);
    this.#limit = limit;
  }

  // read enters what a playlist lists; verified is told of each new record that is found to be true. It settles when all
  // are told.
  async read(text: string, url: string, verified: (entry: Entry) => void): Promise<void> {
    const { records, segments } = readListing(text, url);
    for (const [uri, parts] of segments) this.#segments.set(uri, parts);
    while (this.#segments.size > MOST_SEGMENTS) this.#segments.delete(this.#segments.keys().next().value ?? '');
    const inits = this.#inits(text, records.some(({ place }) => !place));
    this.#listed = [...records.sort((a, b) => a.age - b.age).map(({ uri }) => uri), ...inits];
    const all = records.map(async ({ uri, text: record, age, place }) => {
      const entry = this.note(uri, record, age, place);
      if (entry && (await entry.verified)) verified(entry);
    });
    await Promise.all(all);
  }

  // inits returns the init segments that were listed and still are: those that a delta playlist leaves out.
  #inits(text: string, listed: boolean): string[] {
    if (listed || !text.includes('#EXT-X-SKIP:')) return [];
    return this.#listed.filter((uri) => this.#entries.get(uri)?.record.kind === INIT);
  }

  // note enters a record that is listed at a place (null: that of an init segment) and returns its entry, if it is new;
  // then its verification has begun. A record of another place is dropped.
  note(uri: string, text: string, age: number, place: Place | null): Entry | null {
    const known = this.#entries.get(uri);
    if (known && !stands(known.record, place)) {
      this.#entries.delete(uri);
    } else if (known) {
      known.age = age;
      return null;
    }
    const record = parseRecord(text);
    if (!record || !stands(record, place)) return null;
    const entry: Entry = { uri, record, age, truth: null, verified: this.#key.verifies(record) };
    void entry.verified.then((truth) => {
      entry.truth = truth;
      if (truth) this.#truths++;
      else this.#lies++;
      if (!truth && this.#entries.get(uri) === entry) this.#entries.delete(uri); // a true one may follow
    });
    this.#set(entry);
    return entry;
  }

  // verifies tells whether a record that stands in no playlist is true.
  verifies(record: ChunkRecord): Promise<boolean> {
    return this.#key.verifies(record);
  }

  // enter enters such a record, found to be true, under the URI that its chunk will have.
  enter(uri: string, record: ChunkRecord): Entry {
    const known = this.#entries.get(uri);
    if (known?.truth === true && known.record.id === record.id) return known;
    const entry: Entry = { uri, record, age: 0, truth: true, verified: Promise.resolve(true) };
    this.#set(entry);
    return entry;
  }

  get(uri: string): Entry | undefined {
    return this.#entries.get(uri);
  }

  // Which rendition the last playlist is of; null if that is not known.
  get rendition(): number | null {
    for (const uri of this.#listed) {
      const record = this.#entries.get(uri)?.record;
      if (record && record.kind !== INIT) return record.rendition;
    }
    return null;
  }

  // of returns the records that describe a URL: its own, or those of all its parts; null if there are none.
  of(url: string): Entry[] | null {
    const own = this.#entries.get(url);
    if (own) return [own];
    const parts = this.#segments.get(url)?.map((uri) => this.#entries.get(uri));
    return parts?.every((entry) => entry !== undefined) ? parts : null;
  }

  // gone tells whether a part has been listed no more for so long that the server may not have it; its segment it has.
  gone({ kind, rendition, msn }: ChunkRecord): boolean {
    if (kind !== PART) return false;
    const listed = this.#listed.map((uri) => this.#entries.get(uri)?.record).filter((other) => other?.kind === PART && other.rendition === rendition);
    return listed.length > 0 && listed.every((other) => other && msn + LINGER < other.msn);
  }

  // listed returns the true records of the last playlist, those at the live edge first.
  listed(): Entry[] {
    return this.#listed.map((uri) => this.#entries.get(uri)).filter((entry) => entry?.truth === true) as Entry[];
  }

  // misfits tells whether the key is not that of the stream, as far as its records show.
  get misfits(): boolean {
    return this.#truths === 0 && this.#lies >= MISFIT;
  }

  // listsTruth tells whether it lists any.
  get listsTruth(): boolean {
    return this.#listed.some((uri) => this.#entries.get(uri)?.truth === true);
  }

  #set(entry: Entry): void {
    this.#entries.set(entry.uri, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) break;
      this.#entries.delete(oldest);
    }
  }
}

// stands tells whether a record may stand at a place of the playlist: a true record at another place is a replay.
function stands(record: ChunkRecord, place: Place | null): boolean {
  if (!place) return record.kind === INIT;
  return record.kind === PART && record.msn === place.msn && record.part === place.part;
}
