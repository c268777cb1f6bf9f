// The calls to the scheduler, one after the other: each is made, and all that it asks for is carried out, before the
// next. Calls that come meanwhile wait their turn. Tick is called when it is due.

export interface Machine<Action> {
  tick(now: number): Action[];
  readonly next: number; // when tick is due
}

export interface LoopEvents<Action, Context> {
  act(action: Action, context: Context | null): void;
  settled(): void; // nothing more to do for now
  failed(error: unknown): void; // the machine is broken; the loop has ended
}

export type Call<M, Action> = (machine: M, now: number) => Action[];

const MOST_WAIT = 1000; // milliseconds between ticks
const LEAST_WAIT = 5;

export class Loop<M extends Machine<Action>, Action, Context> {
  readonly machine: M;
  readonly #events: LoopEvents<Action, Context>;
  #queue: { call: Call<M, Action>; context: Context | null }[] = [];
  #running = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor(machine: M, events: LoopEvents<Action, Context>) {
    this.machine = machine;
    this.#events = events;
  }

  // call makes a call; the context is handed back with each action that it asks for.
  call(call: Call<M, Action>, context: Context | null = null): void {
    if (this.#over) return;
    this.#queue.push({ call, context });
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next && !this.#over; next = this.#queue.shift()) {
        for (const action of next.call(this.machine, performance.now())) this.#events.act(action, next.context);
      }
      if (this.#over) return;
      this.#arm();
      this.#events.settled();
    } catch (error) {
      this.close();
      this.#events.failed(error);
    } finally {
      this.#running = false;
    }
  }

  close(): void {
    this.#over = true;
    this.#queue = [];
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const wait = Math.min(MOST_WAIT, Math.max(LEAST_WAIT, this.machine.next - performance.now()));
    this.#timer = setTimeout(() => this.call((machine, now) => machine.tick(now)), wait);
  }
}
