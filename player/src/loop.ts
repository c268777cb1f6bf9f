// The calls to the scheduler, one after the other: each is made, and all that it asks for is carried out, before the
// next. Calls that come meanwhile wait their turn. Tick is called when it is due; where timers are slow, in a page that is
// hidden, by whatever else wakes us.

export interface Machine<Action> {
  tick(now: number): Action[];
  readonly next: number; // when tick is due
}

export interface LoopEvents<Action, Context> {
  act(action: Action, context: Context | null): void;
  due(): void; // tick comes next
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
  #rings = Infinity; // when the timer does
  #ticked = performance.now() - LEAST_WAIT; // when it last was; the first may come at once
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
      this.#empty();
      if (this.#isDue()) {
        this.#tick(); // it waits its turn, too
        this.#empty();
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

  #empty(): void {
    for (let next = this.#queue.shift(); next && !this.#over; next = this.#queue.shift()) {
      for (const action of next.call(this.machine, performance.now())) {
        if (this.#over) return;
        this.#events.act(action, next.context);
      }
    }
  }

  #isDue(): boolean {
    const now = performance.now();
    return !this.#over && this.machine.next <= now && now - this.#ticked >= LEAST_WAIT;
  }

  #tick(): void {
    this.#ticked = performance.now();
    this.#events.due();
    this.call((machine, now) => machine.tick(now));
  }

  // arm sets the timer. One that rings too early is left alone: most calls put off what is due, and a timer costs more to
  // set than to hear.
  #arm(): void {
    const now = performance.now();
    const rings = Math.max(now + LEAST_WAIT, this.#due);
    if (this.#rings <= rings) return;
    clearTimeout(this.#timer);
    this.#rings = rings;
    this.#timer = setTimeout(() => this.#ring(), rings - now);
  }

  #ring(): void {
    const early = this.#due > Math.max(performance.now(), this.#rings);
    this.#rings = Infinity;
    if (early) this.#arm();
    else this.#tick();
  }

  get #due(): number {
    return Math.min(this.machine.next, this.#ticked + MOST_WAIT);
  }
}
