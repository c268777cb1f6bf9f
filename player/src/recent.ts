// An answer that others asked for a moment ago, or are just asking for: who can do with that need not ask again.

const GOOD_MILLIS = 5000;

export class Recent<T> {
  #what = '';
  #answer: Promise<T> | null = null;
  #askedAt = 0;

  // anew asks, and keeps what is answered for others.
  anew(what: string, now: number, ask: () => Promise<T>): Promise<T> {
    const answer = ask();
    [this.#what, this.#answer, this.#askedAt] = [what, answer, now];
    answer.catch(() => {
      if (this.#answer === answer) this.#answer = null; // it is no answer
    });
    return answer;
  }

  // of is the answer to a question of a moment ago, or what asking anew comes to: where there is none, or its question was given up.
  of(what: string, now: number, ask: () => Promise<T>): Promise<T> {
    if (!this.#answer || what !== this.#what || now - this.#askedAt > GOOD_MILLIS) return ask();
    return this.#answer.catch(ask);
  }
}
