// How fast the edge's bytes come, so that hls.js is told what the network gives and not how long it waited.
//
// It is measured where bytes flow: from an answer's head to its last byte. What comes before, in a queue of the browser or at an edge that
// holds the request until there is an answer, is told apart from that, as the wait. Answers that come at the same time are one transfer. Of the
// last transfers the median counts, of three or of nine, whichever is less: one that the machine held up says nothing of the network, and a link
// that has become slow is believed after two.
//
// Bytes of peers come by the same link, and are no bytes of the edge. A transfer with much of theirs beside it tells two bounds: the edge gives at
// least what it gave, and the link has no more than both together. What is believed is moved into these bounds, and stays where it is within them.
// So what is told is what could be had of the edge alone: of a rendition that no peer has all has to come from there.

const LEAST_BYTES = 4096; // less says more of the way there than of its width
const LEAST_MILLIS = 2;
const FEW = 3; // transfers
const MANY = 9;
const SURE = 2; // transfers, without which nothing is known
const BESIDE = 0.25; // of a transfer's bytes: so much of peers' is no matter
const FORGET_MILLIS = 10000; // when peers' bytes came

// When an answer came, in milliseconds of performance.now().
export interface Times {
  start: number; // it was asked for
  first: number; // its head was there
  end: number;
}

export class Bandwidth {
  #rates: number[] = []; // of the last transfers, bytes a millisecond
  #waits: number[] = [];
  #latest = 0;
  #beside: { at: number; bytes: number }[] = []; // of peers
  #open = 0; // answers that are coming
  #since = 0; // when the first of them began
  #bytes = 0; // since then

  // Bytes a millisecond, 0 while that is not known.
  get rate(): number {
    return this.#rates.length < SURE ? 0 : Math.min(median(this.#rates.slice(-FEW)), median(this.#rates));
  }

  // The same by the last transfer alone, if that is less: for who has no time to be sure.
  get least(): number {
    return Math.min(this.rate, this.#latest);
  }

  // How long an answer is waited for, in milliseconds.
  get wait(): number {
    return median(this.#waits);
  }

  // How long where it is not long: of four answers one is sooner. A link that has just become narrow has not changed that yet.
  get prompt(): number {
    return sorted(this.#waits)[Math.floor((this.#waits.length - 1) / 4)] ?? 0;
  }

  // By how much an answer is waited for more or less than usual: the median of it, Infinity while that is not known.
  get strays(): number {
    const { wait } = this;
    if (this.#waits.length < FEW) return Infinity;
    return median(this.#waits.map((each) => Math.abs(each - wait)));
  }

  // fell tells that the link gives no more than so many bytes a millisecond, whatever it gave before.
  fell(rate: number): void {
    this.#rates = this.#rates.map((before) => Math.min(before, rate));
    this.#latest = Math.min(this.#latest, rate);
  }

  // begins tells that the head of an answer has come, which was asked for at start; null: before it was there.
  begins(start: number | null, now: number): void {
    if (start !== null) this.#waits = [...this.#waits, now - start].slice(-MANY);
    if (this.#open++ === 0) [this.#since, this.#bytes] = [now, 0];
  }

  // ends tells that an answer came to its end, or is given up, after so many bytes.
  ends(bytes: number, now: number): void {
    this.#bytes += bytes;
    if (--this.#open === 0) this.#learn(this.#bytes, this.#since, now);
  }

  // came tells of an answer that others have read.
  came(bytes: number, { start, first, end }: Times): void {
    this.#waits = [...this.#waits, first - start].slice(-MANY);
    this.#learn(bytes, first, end);
  }

  // beside tells of bytes of a peer.
  beside(bytes: number, now: number): void {
    this.#beside.push({ at: now, bytes });
    while ((this.#beside[0]?.at ?? now) < now - FORGET_MILLIS) this.#beside.shift();
  }

  #learn(bytes: number, since: number, until: number): void {
    if (bytes < LEAST_BYTES) return;
    const millis = Math.max(LEAST_MILLIS, until - since);
    const theirs = this.#beside.reduce((sum, { at, bytes }) => (at >= since && at <= until ? sum + bytes : sum), 0);
    const [least, most] = [bytes / millis, (bytes + theirs) / millis];
    const { rate } = this;
    const seen = theirs <= BESIDE * bytes || rate === 0 ? least : Math.min(most, Math.max(least, rate));
    this.#latest = seen;
    if (theirs > BESIDE * bytes && seen === rate) return;
    this.#rates = [...this.#rates, seen].slice(-MANY);
  }
}

function median(numbers: number[]): number {
  return sorted(numbers)[Math.floor((numbers.length - 1) / 2)] ?? 0;
}

function sorted(numbers: number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}
