// The screen stays awake while it is wanted: a phone that goes to sleep ends what its camera sends. The browser takes that back whenever the page is
// hidden, so it is asked anew when it is seen. One that does not know of it, or has no battery to spare, is left alone. It lives as long as
// the page, as its listener does.

export class Awake {
  #wanted = false;
  #lock: WakeLockSentinel | null = null;
  #asking = false;

  constructor() {
    document.addEventListener('visibilitychange', () => void this.#hold());
  }

  set wanted(wanted: boolean) {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) void this.#hold();
    else void this.#release();
  }

  async #hold(): Promise<void> {
    if (!this.#wanted || this.#asking || (this.#lock && !this.#lock.released) || document.visibilityState !== 'visible') return;
    this.#asking = true;
    try {
      this.#lock = (await navigator.wakeLock?.request('screen')) ?? null;
    } catch {
      this.#lock = null;
    }
    this.#asking = false;
    if (!this.#wanted) await this.#release();
  }

  async #release(): Promise<void> {
    const lock = this.#lock;
    this.#lock = null;
    await lock?.release().catch(() => undefined);
  }
}
