// How loud what is captured is, so that a broadcaster sees that there is sound before anybody misses it.

const QUIETEST = -60; // decibels: what is quieter is nothing

// level turns the loudest sample of a moment, 0 to 1, into a place on the meter, 0 to 1: by decibels, as it is heard.
export function level(peak: number): number {
  const decibels = 20 * Math.log10(Math.max(peak, 1e-9));
  return Math.min(1, Math.max(0, 1 - decibels / QUIETEST));
}

export class Loudness {
  readonly #audio = new AudioContext();
  readonly #analyser = this.#audio.createAnalyser();
  readonly #wave = new Float32Array(this.#analyser.fftSize);

  // The stream has to have sound.
  constructor(stream: MediaStream) {
    this.#audio.createMediaStreamSource(stream).connect(this.#analyser);
    void this.#audio.resume();
  }

  // now is the level of this moment.
  get now(): number {
    this.#analyser.getFloatTimeDomainData(this.#wave);
    let peak = 0;
    for (const sample of this.#wave) peak = Math.max(peak, Math.abs(sample));
    return level(peak);
  }

  close(): void {
    void this.#audio.close();
  }
}
