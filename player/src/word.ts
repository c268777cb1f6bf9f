// A word of the edge: the answer to a question that takes next to nothing. Where the link has room it comes as soon as answers usually do. That it is an
// error, or that nobody answers there, is an answer too.
//
// One question at a time, however many want to know: the answer is for all of them. A late one is not given up, since a connection that was closed for it
// would have to be made anew: what is waited for then is its answer. When that has come it says only how the link was; so the edge is asked once more.

const SOON = { least: 60, times: 4, most: 120 }; // milliseconds after a prompt answer it is late: so many times by how much answers usually stray
const GIVE_UP = 4000; // milliseconds

// For how many milliseconds an answer is waited for.
interface Usual {
  readonly prompt: number; // where it is prompt
  readonly strays: number; // so many more or less than usual
}

export class Word {
  readonly #ask: (url: string, signal: AbortSignal) => Promise<unknown>;
  readonly #usual: () => Usual;
  #open = false; // there is no answer yet
  #answer: Promise<void> = Promise.resolve(); // to the last question

  constructor(ask: (url: string, signal: AbortSignal) => Promise<unknown>, usual: () => Usual) {
    this.#ask = ask;
    this.#usual = usual;
  }

  // comes tells whether the edge answers as soon as it usually does.
  async comes(url: string, signal: AbortSignal): Promise<boolean> {
    if (this.#open && !(await this.#within())) return false;
    if (!this.#open) this.#question(url, signal); // else somebody who waited as well has asked
    return this.#within();
  }

  // settled is when the edge has answered what it was asked last.
  get settled(): Promise<void> {
    return this.#answer;
  }

  async #within(): Promise<boolean> {
    const { prompt, strays } = this.#usual();
    const soon = prompt + Math.min(SOON.most, Math.max(SOON.least, SOON.times * strays));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), soon)));
    try {
      return await Promise.race([this.#answer.then(() => true), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #question(url: string, signal: AbortSignal): void {
    const give = new AbortController();
    const stop = (): void => give.abort();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    const end = setTimeout(stop, GIVE_UP);
    this.#open = true;
    this.#answer = this.#ask(url, give.signal).catch(() => undefined).then(() => {
      clearTimeout(end);
      signal.removeEventListener('abort', stop);
      this.#open = false;
    });
  }
}
