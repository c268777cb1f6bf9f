// What packets of peers bring, and how much of it is whole. Messages come in order: where one packet is lost on a link that is too narrow, those after
// it stand and wait until it was sent again, so that much comes and next to nothing is told. Where peers have nothing to send, nothing comes.

export interface Carried {
  bytes: number; // of packets, with all that goes around messages
  whole: number; // of messages that were told
}

const TOLD = 0.25; // of what comes, at least, where nothing stands
const LEAST = 12; // bytes a millisecond, without which nothing is known: so much may be no media

// standing tells whether peers' messages stand: what came of them between two looks, so many milliseconds apart.
export function standing(before: ReadonlyMap<number, Carried>, after: ReadonlyMap<number, Carried>, millis: number): boolean {
  let [bytes, whole] = [0, 0];
  for (const [peer, now] of after) {
    const then = before.get(peer);
    if (!then) continue;
    bytes += now.bytes - then.bytes;
    whole += now.whole - then.whole;
  }
  return bytes >= LEAST * millis && whole < TOLD * bytes;
}
