// How much came of late, by all ways together. What a viewer's link carries is that at least; and no more, while what is waited for is late.

const SLOT = 100; // milliseconds
const SLOTS = 30; // that are kept

export class Arrivals {
  readonly #bytes = new Map<number, number>(); // by slots

  // came tells of bytes that came now, or one after the other since then.
  came(bytes: number, now: number, since = now): void {
    const [first, last] = [Math.floor(Math.max(since, now - SLOT * (SLOTS - 1)) / SLOT), Math.floor(now / SLOT)];
    for (let slot = first; slot <= last; slot++) this.#bytes.set(slot, (this.#bytes.get(slot) ?? 0) + bytes / (last - first + 1));
    for (const slot of this.#bytes.keys()) if (slot <= last - SLOTS) this.#bytes.delete(slot);
  }

  // rate is in bytes a millisecond, of so many milliseconds and the slot that has begun.
  rate(now: number, millis: number): number {
    const slots = Math.min(SLOTS - 1, Math.round(millis / SLOT));
    const last = Math.floor(now / SLOT);
    let sum = 0;
    for (let slot = last - slots; slot <= last; slot++) sum += this.#bytes.get(slot) ?? 0;
    return sum / (now - SLOT * (last - slots));
  }
}
