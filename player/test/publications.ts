// A world for tests of broadcasts: publications that the server is asked for, and what is said of them.

import { mock, type TestContext } from 'node:test';
import { Broadcast } from '../src/studio/broadcast.ts';
import { WhipError } from '../src/studio/whip.ts';

// A publication that the server is asked for, as far as a broadcast knows it.
export class Asked {
  closed = 0;
  restarts = 0;
  restarted: () => Promise<void> = async () => {
    throw new WhipError('No such session.', false, 404);
  };
  answer: () => void = () => undefined;
  refuse: (error: Error) => void = () => undefined;
  readonly state: (now: RTCPeerConnectionState) => void;

  constructor(state: (now: RTCPeerConnectionState) => void) {
    this.state = state;
  }

  async replace(): Promise<void> {}

  async fit(): Promise<void> {}
  async restart(): Promise<void> {
    this.restarts++;
    await this.restarted();
  }
  async sent(): Promise<never> {
    throw new Error('nobody asks');
  }
  async close(): Promise<void> {
    this.closed++;
  }
}

export interface World {
  broadcast: Broadcast;
  asked: Asked[];
  said: string[];
  pass(millis?: number): Promise<void>;
  live(): Promise<Asked>; // the newest publication is answered, and connected
}

export function setup(t: TestContext): World {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const asked: Asked[] = [];
  const said: string[] = [];
  const broadcast = new Broadcast({
    publish: (state) => new Promise((resolve, reject) => {
      const one = new Asked(state);
      one.answer = () => resolve(one);
      one.refuse = reject;
      asked.push(one);
    }),
    say: (what, wrongKey) => said.push(wrongKey ? `${what} (key)` : what),
    changed: () => undefined,
  });
  const pass = async (millis = 0): Promise<void> => {
    mock.timers.tick(millis);
    for (let turns = 0; turns < 10; turns++) await Promise.resolve();
  };
  const live = async (): Promise<Asked> => {
    const newest = asked.at(-1) as Asked;
    newest.answer();
    await pass();
    newest.state('connected');
    return newest;
  };
  return { broadcast, asked, said, pass, live };
}
