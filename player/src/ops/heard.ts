// What was told last, for while nobody tells: a stream that was there is not known to be, since then, and neither is any service.

import { duration, type Stream } from '../pages/api.ts';
import { tag } from '../pages/language.ts';
import { figures } from '../pages/words/figures.ts';
import type { View } from './desk.ts';

const FORGOTTEN = 3_600_000; // milliseconds after which a stream of which nobody told is listed no more, as the server forgets it

export class Heard {
  #last: View | null = null;
  #at = ''; // when that was
  #whole = ''; // when all trackers told

  // told takes what is known now, and adds the streams that were known before if now none are.
  told(view: View, at = new Date().toISOString()): View {
    if (!view.partly) this.#whole = at;
    view = { ...view, whole: this.#whole };
    if (view.streams === null) return { ...view, away: this.#away(view.away) };
    [this.#last, this.#at] = [view, at];
    return view;
  }

  // silence is what is known when nobody answers: of now nothing.
  silence(why: string): View {
    const words = figures();
    return {
      streams: null, unknown: words.notNow, away: this.#away(this.#last?.away ?? []), swarms: new Map(), controls: new Map(), partly: false, whole: '', now: null, lately: { bytes: null, seconds: null }, steers: null, defaults: null,
      services: (this.#last?.services ?? []).map((s) => ({ ...s, state: 'unknown', why: since(this.#at), sent: -1, viewers: -1, self: null })),
      health: { text: words.unreachable, good: false },
      note: why,
    };
  }

  #away(known: readonly Stream[]): Stream[] {
    const mine = (this.#last?.streams ?? []).filter(({ name }) => known.every((s) => s.name !== name));
    return [...known, ...mine.filter(ongoing).map((s) => ({ ...s, heard: this.#at }))].filter(({ heard }) => Date.now() - Date.parse(heard ?? '') < FORGOTTEN);
  }
}

// ongoing tells whether it matters that nobody tells of a stream: one that was over is.
export const ongoing = ({ state }: Stream): boolean => state !== 'ended';

// since says when something was heard of last.
export function since(at: string): string {
  return at === '' ? '' : figures().lastHeard(clock(at), duration(at));
}

// without says that figures are without a tracker that told last then.
export function without(at: string): string {
  return at === '' ? figures().partial : figures().partialSince(clock(at), duration(at));
}

const clock = (at: string): string => new Date(at).toLocaleTimeString(tag(), { hour: '2-digit', minute: '2-digit', second: '2-digit' });
