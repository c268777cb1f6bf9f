// A picture that stands still though it should move: since when, and what is to be done about it.
//
// It is looked at twice a second. What has stood for a while is worth asking why. Where newer media is listed meanwhile,
// the reason is here: the playhead is taken to the live edge, and if that does not help the stream is begun anew, ever more
// seldom, for a machine or a network that is too slow is not helped by haste.

// play: it was paused by nobody; ask: find out whether the stream is live; live: go to the live edge; anew: load the stream again.
export type Remedy = 'play' | 'ask' | 'live' | 'anew';

export interface Sight {
  time: number; // of the playhead, seconds
  paused: boolean;
  wanted: boolean; // it should move: the viewer has not paused it
  live: boolean; // as far as is known
  edge: number; // end of the newest media in the playlist, seconds
}

const STEADY = 3; // looks at which the playhead had moved: a jump is no movement
const ASK_SOON = 1000; // milliseconds: what had begun to move may have come to its end
const ASK = 2500; // and a viewer wonders
const ASK_AGAIN = 3500;
const PATIENCE = 4000; // with media that is listed and not played
const PATIENCE_AT_START = 12000; // a first picture may be slow in coming
const MOST_PATIENCE = 60000;

export class Standing {
  #time = -1;
  #moves = 0; // looks in a row
  #moved = false; // ever
  #pauses = 0; // looks in a row
  #since = 0; // when it moved last
  #askAt = 0; // when it is to be asked why, if it stands until then
  #asked = false; // it was asked why
  #long = false; // it has stood for long
  #edge = 0;
  #segment = -1;
  #news = false; // newer media is listed than when it stopped
  #waitingSince = 0; // for what is listed to play
  #tries = 0;

  // asked tells whether it has stood for so long that it was asked why.
  get asked(): boolean {
    return this.#asked;
  }

  // still tells whether it had not moved when it was looked at last.
  get still(): boolean {
    return this.#moves === 0;
  }

  // long tells whether it has stood so long that a viewer wonders.
  get long(): boolean {
    return this.#long;
  }

  // told learns which segment is the newest, from who knows it though the playlist may not be loaded any more.
  told(segment: number): void {
    if (this.#segment >= 0 && segment > this.#segment) this.#news = true;
    this.#segment = segment;
  }

  look(now: number, sight: Sight): Remedy | null {
    this.#moves = sight.time === this.#time ? 0 : this.#moves + 1;
    this.#time = sight.time;
    if (this.#moves >= STEADY) this.#moved = true;
    if (!sight.wanted || this.#moves >= STEADY || this.#askAt === 0) this.#reset(now, sight.edge);
    if (!sight.wanted) return null;
    if (!sight.live) this.#forget(now, sight.edge);
    else if (sight.edge > this.#edge) this.#news = true;
    if (!this.#news) this.#waitingSince = now;

    const remedy = this.#remedy(now);
    if (remedy) return remedy;
    this.#pauses = sight.paused ? this.#pauses + 1 : 0;
    if (this.#pauses > 0 && this.#pauses % 2 === 0) return 'play'; // at the first look its event may still be on its way
    if (this.#moves > 0 || now < this.#askAt) return null;
    this.#asked = true;
    this.#long = now >= this.#since + ASK;
    this.#askAt = this.#long ? now + ASK_AGAIN : this.#since + ASK;
    return 'ask';
  }

  #remedy(now: number): Remedy | null {
    const patience = Math.min(MOST_PATIENCE, (this.#moved ? PATIENCE : PATIENCE_AT_START) * 2 ** this.#tries);
    if (!this.#news || this.#moves > 0 || now - this.#waitingSince < patience) return null;
    this.#waitingSince = now;
    return this.#tries++ === 0 && this.#moved ? 'live' : 'anew';
  }

  #reset(now: number, edge: number): void {
    this.#since = now;
    this.#askAt = now + (this.#moved ? ASK_SOON : ASK);
    this.#asked = this.#long = false;
    this.#forget(now, edge);
  }

  // forget what was listed: it is from now on that newer media counts.
  #forget(now: number, edge: number): void {
    this.#edge = edge;
    this.#segment = -1;
    this.#news = false;
    this.#waitingSince = now;
    this.#tries = 0;
  }
}
