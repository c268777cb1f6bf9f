// Which of a stream's renditions to play where nobody has chosen one: from the lowest (0) to the best, by what the edge alone would give and by
// what the cell brings. It knows no hls.js and no clock.
//
//   stay   while the edge gives what the rendition takes, or the cell brings it in time, however little the edge would give
//   down   at once, to the best that the edge gives with something to spare; nothing of the cell is hoped for there
//   up     where the edge gives it with a third to spare, or, of what the cell holds, with a tenth: peers bring most of it, and without them it
//          still comes. Once a rendition was too much, it has to be so for ten seconds.
//   equal  of renditions with the same height and frames, the one that the cell holds
//
// Who has to come down within half a minute has gone up in vain: that is not tried again for a minute, then for two, and so on.

export interface Rung {
  height: number;
  frameRate: number;
  bitrate: number; // at most, bits a second
  usual: number; // bits a second
  held: boolean; // by the cell: members watch it
}

// What is known when it is decided.
export interface Sight {
  now: number; // milliseconds
  edge: number; // bits a second that it gives; 0: not known
  carried: boolean; // peers bring what is played, in time
}

const STAY = 0.95; // of what the edge gives
const DOWN = 0.8;
const UP = 0.7;
const UP_HELD = 0.9;
const PATIENCE = 10_000; // milliseconds
const SOON = 30_000; // milliseconds after which it was not in vain
const BAR = 60_000;
const MOST_BARS = 5; // that it is doubled

export class Rungs {
  #playing = -1;
  #fitsSince = 0; // 0: nothing else is wanted
  #patience = 0;
  #up: { to: number; at: number } | null = null; // the last way up
  #bar = { from: Infinity, until: 0, times: 0 };

  // choose returns what is to be loaded next, where `playing` was loaded last.
  choose(rungs: readonly Rung[], playing: number, sight: Sight): number {
    const { now, edge, carried } = sight;
    this.#note(playing, now);
    const at = rungs[playing];
    if (!at || edge === 0) return playing;
    if (!carried && at.usual > STAY * edge) {
      this.#fitsSince = 0;
      return this.#equal(rungs, best(rungs, playing, ({ bitrate }) => bitrate <= DOWN * edge), edge);
    }
    const open = (_: Rung, i: number): boolean => i > playing && (i < this.#bar.from || now >= this.#bar.until);
    const up = best(rungs, rungs.length, (rung, i) => open(rung, i) && rung.bitrate <= (rung.held ? UP_HELD : UP) * edge, playing);
    const wanted = this.#equal(rungs, up > playing && alike(rungs[up], at) && at.held ? playing : up, edge);
    if (wanted === playing) {
      this.#fitsSince = 0;
      return playing;
    }
    this.#fitsSince ||= now;
    return now - this.#fitsSince >= this.#patience ? wanted : playing;
  }

  // fall returns the one below `playing` that a link gives which carries so many bits a second and no more.
  fall(rungs: readonly Rung[], playing: number, link: number): number {
    return best(rungs, playing, ({ bitrate }) => bitrate <= DOWN * link);
  }

  // begin: it is another stream.
  begin(): void {
    this.#playing = -1;
    this.#up = null;
    this.#bar = { from: Infinity, until: 0, times: 0 };
    this.#patience = 0;
  }

  // note learns of a change, whoever has made it: hls.js goes down by itself where there is no time to lose.
  #note(playing: number, now: number): void {
    const before = this.#playing;
    this.#playing = playing;
    if (before < 0 || playing === before) return;
    this.#fitsSince = 0;
    if (playing > before) {
      this.#up = { to: playing, at: now };
      return;
    }
    this.#patience = PATIENCE;
    if (this.#up && now - this.#up.at < SOON) {
      const { times } = this.#bar;
      this.#bar = { from: this.#up.to, until: now + BAR * 2 ** times, times: Math.min(MOST_BARS, times + 1) };
    }
    this.#up = null;
  }

  // equal returns the rendition that the cell holds among those of the same quality, if the edge would give it too.
  #equal(rungs: readonly Rung[], index: number, edge: number): number {
    const rung = rungs[index];
    if (!rung || rung.held) return index;
    const held = rungs.findIndex((other) => other.held && alike(other, rung) && other.bitrate <= UP_HELD * edge);
    return held < 0 ? index : held;
  }
}

function alike(a: Rung | undefined, b: Rung | undefined): boolean {
  return a?.height === b?.height && a?.frameRate === b?.frameRate;
}

// best returns the best of those below a rung that will do, or else another.
function best(rungs: readonly Rung[], below: number, will: (rung: Rung, i: number) => boolean, otherwise = 0): number {
  for (let i = Math.min(below, rungs.length) - 1; i >= 0; i--) {
    const rung = rungs[i];
    if (rung && will(rung, i)) return i;
  }
  return otherwise;
}
