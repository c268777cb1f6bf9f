// Why a stream cannot be loaded: by what hls.js says of an error, or, where the browser loads by itself and says nothing, by what is found at the address.
// What is to be done about it is for others.

import Hls, { type ErrorData } from 'hls.js';
import { answered, streamName } from './attach.ts';
import { barred, type Pass } from './pass.ts';

export interface FailureEvents {
  barred(): void; // this viewer is not let in
  unreadable(): void; // what is there is no playlist
  gone(): void; // there is no such recording
  media(data: ErrorData): void; // of which more was to come than was loaded
  other(): void; // it may be there later
}

const MOST_MISSES = 2; // what is told of a stream may be from a moment before or after

export class Failures {
  readonly #src: string;
  readonly #recording: boolean;
  readonly #pass: Pass;
  readonly #signal: AbortSignal;
  readonly #events: FailureEvents;
  #misses = 0; // how often in a row nothing was at the address of a stream that has a playlist
  #unanswered = false;

  constructor(src: string, recording: boolean, pass: Pass, signal: AbortSignal, events: FailureEvents) {
    this.#src = src;
    this.#recording = recording;
    this.#pass = pass;
    this.#signal = signal;
    this.#events = events;
  }

  // unanswered is what hls.js asked for last.
  get unanswered(): boolean {
    return this.#unanswered;
  }

  // answered tells that hls.js has a playlist.
  answered(): void {
    this.#unanswered = false;
  }

  // excuse what was missing before: it plays, or there is no playlist yet.
  excuse(): void {
    this.#misses = 0;
  }

  // met tells of an error of hls.js; atEnd: no more media is to come.
  met(data: ErrorData, atEnd: boolean): void {
    if (!data.fatal) return;
    const { type, details, response } = data;
    if (barred(response?.code)) this.#events.barred();
    else if (details === Hls.ErrorDetails.MANIFEST_PARSING_ERROR) this.#events.unreadable();
    else if (details === Hls.ErrorDetails.MANIFEST_LOAD_ERROR && response?.code === 404) this.#missing();
    else if (type === Hls.ErrorTypes.MEDIA_ERROR && !atEnd) this.#events.media(data);
    else {
      this.#unanswered = type === Hls.ErrorTypes.NETWORK_ERROR && !((response?.code || 500) < 500);
      this.#events.other();
    }
  }

  // find looks why what the browser loads by itself failed.
  async find(): Promise<void> {
    const [status, text] = await answered(this.#signal, async (signal): Promise<[number, string]> => {
      const answer = await this.#pass.fetch(this.#src, { signal });
      return [answer.status, answer.ok ? await answer.text() : ''];
    }).catch((): [number, string] => [0, '']);
    if (this.#signal.aborted) return;
    if (barred(status)) this.#events.barred();
    else if (status === 404) this.#missing();
    else if (text !== '' && !text.startsWith('#EXTM3U')) this.#events.unreadable();
    else this.#events.other();
  }

  // missing: there is nothing at the address. Of a stream the server tells more: one that is not live is waited for.
  #missing(): void {
    if (this.#recording) this.#events.gone();
    else if (streamName(this.#src) === '' || ++this.#misses >= MOST_MISSES) this.#events.unreadable();
    else this.#events.other();
  }
}
