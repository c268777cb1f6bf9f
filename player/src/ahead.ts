// A request for what the edge does not have yet, and holds until it does. Its answer stands for a moment, for whoever fetches it.

const PATIENCE = 1000; // milliseconds that an answer stands
const TIMEOUT = 10000;

export class Ahead {
  readonly url: string;
  came = 0; // when the answer did, milliseconds of performance.now()
  readonly #answer: Promise<Response | null>;
  readonly #give = new AbortController();
  #timer: ReturnType<typeof setTimeout>;
  #taken = false;

  // ask makes the request; it returns null if the answer is of no use. unread is told how many bytes came that nobody took.
  constructor(url: string, ask: (give: AbortSignal) => Promise<Response | null>, signal: AbortSignal, unread: (bytes: number) => void) {
    this.url = url;
    const give = (): void => this.give();
    this.#timer = setTimeout(give, TIMEOUT);
    signal.addEventListener('abort', give, { signal: this.#give.signal });
    const asking = ask(this.#give.signal).catch(() => null); // given up, or the edge is away
    this.#answer = asking.then((response) => {
      this.came = performance.now();
      if (this.#taken || !response) return response;
      const size = Number(response.headers.get('content-length') ?? 0);
      this.#give.signal.addEventListener('abort', () => this.#taken || unread(size));
      clearTimeout(this.#timer);
      this.#timer = setTimeout(give, PATIENCE);
      return response;
    });
  }

  // take returns the answer, null if there is none, or not any more. Its taker gives it when it was read.
  async take(): Promise<Response | null> {
    if (this.#give.signal.aborted) return null;
    this.#taken = true;
    const response = await this.#answer;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.give(), TIMEOUT);
    return response;
  }

  // give gives up what is under way.
  give(): void {
    clearTimeout(this.#timer);
    this.#give.abort();
  }
}
