// The words over the picture: what is going on where it does not move, over a veil where there is none to be seen for now.

import type { PlaybackState } from './playback.ts';
import type { Words } from './words.ts';

// Why nothing moves, as far as is known: the server is not reached any more, answers that it cannot, or was not reached before anything was seen.
export type Trouble = 'lost' | 'faulty' | 'unreached' | null;

export interface Still {
  state: PlaybackState;
  vod: boolean; // a recording
  idle: boolean; // it waits for somebody to press play
  blocked: boolean; // as the browser wants a tap before it plays
  waiting: boolean; // the picture stands though it should move
  trouble: Trouble;
  soundOnly: boolean; // there is no picture in the stream
}

// veils tells whether there is nothing to be seen, nor to be done.
export function veils({ state, vod }: Pick<Still, 'state' | 'vod'>): boolean {
  return state !== 'connecting' && state !== 'playing' && state !== 'buffering' && !(vod && state === 'ended');
}

// noticeOf is what is said: what it is, and what to do; '' for nothing.
export function noticeOf(s: Still, words: Words): [what: string, more: string] {
  const [what, more] = said(s, words);
  return [what, s.blocked ? '' : more]; // what waits for a tap does not begin by itself
}

function said(s: Still, words: Words): [string, string] {
  if (s.soundOnly) return words.soundOnly;
  if (s.trouble === 'unreached') return [words.states.connecting[0], words.lost[1]];
  if (s.trouble) return words[s.trouble];
  if (s.vod && s.state === 'unknown') return words.noRecording;
  return words.states[s.vod && s.state === 'ended' ? 'playing' : s.state];
}

export class Notice {
  readonly #word: HTMLElement;

  // word holds a b, a small and something that spins.
  constructor(word: HTMLElement) {
    this.#word = word;
  }

  show(s: Still, words: Words): void {
    const veiled = veils(s);
    this.#word.hidden = !veiled && (s.idle || (s.state !== 'connecting' && !s.waiting && !s.soundOnly));
    this.#word.classList.toggle('veil', veiled);
    this.#word.classList.toggle('dim', s.trouble !== null);
    const [what, more] = noticeOf(s, words);
    this.#write('b', what);
    this.#write('small', more);
    const spin = this.#word.querySelector<HTMLElement>('.spin');
    if (spin) spin.hidden = veiled || (s.soundOnly && !s.waiting);
  }

  // write writes only what changes: what is written is read aloud.
  #write(selector: string, text: string): void {
    const element = this.#word.querySelector<HTMLElement>(selector);
    if (!element) return;
    element.hidden = text === '';
    if (element.textContent !== text) element.textContent = text;
  }
}
