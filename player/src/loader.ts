// Media, as hls.js loads it: parts, whole segments and init segments. Each is asked of the source (the session) first;
// what it does not know, or gives up, is loaded by hls.js's own loader from the edge, as if there were no swarm.
// Errors, timeouts and retries of that are hls.js's own, but for one: after an edge that is not there the source is asked
// again, and so on in turns, for as long as it may have what the edge has not. Bytes of the edge that the source knows to be
// false are an error of the edge: hls.js asks again.

import type { FragmentLoaderConstructor, FragmentLoaderContext, HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderStats } from 'hls.js';
import type { Times } from './bandwidth.ts';
import { barred } from './pass.ts';

export interface Wanted {
  url: string;
  start: number | null; // where it stands in the media timeline, seconds; null for what has no place there
  signal: AbortSignal;
  patience?: number; // milliseconds for which it is waited at least, since the edge has just failed
}

export interface Taken {
  bytes: Uint8Array<ArrayBuffer>; // the taker's own
  millis: number; // for which it would have come from the edge, for the estimate of bandwidth
  wait: number; // until it would have begun to, milliseconds
}

export interface MediaSource {
  // take returns null if it is not known, and rejects if it is better fetched from the edge after all.
  take(wanted: Wanted): Promise<Taken> | null;
  // requested tells that the edge is asked without the source.
  requested(url: string): void;
  // fetched tells what was loaded from the edge without the source. The bytes are the source's own. It returns whether
  // they are what they should be; null if that is not known at once.
  fetched(url: string, bytes: Uint8Array<ArrayBuffer>, times: Times): Promise<boolean> | null;
  // How long an answer of the edge is usually waited for, in milliseconds; 0 while that is not known.
  readonly wait?: number;
  // appended tells what is about to be given to hls.js; only called where it is there.
  appended?: ((url: string, bytes: Uint8Array<ArrayBuffer>) => void) | null;
  // renew tells, where the edge did not let this viewer in, whether it may now: there is another token.
  renew?(): Promise<boolean>;
  // hopes tells whether peers may bring what the edge does not.
  hopes?(): boolean;
}

const BAD_GATEWAY = 502; // one of the codes after which hls.js tries again

interface LoadError {
  code: number;
  text: string;
}

const FIRST_TURN = 500; // milliseconds, twice as long each further time
const LONGEST_TURN = 2000;
const MOST_TURNS = 4;

const HUNG = 2000; // milliseconds after which an edge that has not begun to answer is not waited for, where peers may bring it
const HUNG_WAITS = 4; // or so often as long as it is usually waited for
const LOOK = 250; // milliseconds

// The code of an edge that did not answer in time.
export const TIMEOUT = 504;

// turnMillis returns for how many milliseconds it is the turn of peers, after the edge failed, and they had so many turns before; 0 where hls.js is
// told of it. Of one that is not there the code is 0, and hls.js gives up the whole stream at once: for as long as there are peers it is
// asked again. One that is there, and does not reach the origin, may have what is asked for otherwise, and hls.js tries that.
export function turnMillis(code: number, before: number): number {
  return code === 0 || (code >= 500 && before < MOST_TURNS) ? Math.min(LONGEST_TURN, FIRST_TURN * 2 ** before) : 0;
}

// spoken is an error as hls.js is told of it. One without an answer has code 0; where the browser says that it is offline, hls.js would wait after
// that until it says otherwise, and load no media meanwhile. But it says so too in a network that leads nowhere else, where the server was away
// for a moment only. With another code hls.js does what it does when the browser says that it is online.
function spoken(error: LoadError): LoadError {
  return error.code === 0 && globalThis.navigator?.onLine === false ? { ...error, code: NaN } : error;
}

// retried tells of an error. One that says that this viewer is not let in becomes another, after which hls.js tries again, if there is a
// new token for that.
export function retried(error: LoadError, renew: (() => Promise<boolean>) | undefined, tell: (error: LoadError) => unknown): void {
  if (!renew || !barred(error.code)) {
    tell(spoken(error));
    return;
  }
  void renew().catch(() => false).then((other) => tell(other ? { code: BAD_GATEWAY, text: error.text } : error));
}

// mediaLoader returns an fLoader for hls.js.
export function mediaLoader(source: MediaSource): FragmentLoaderConstructor {
  return class MediaLoader implements Loader<FragmentLoaderContext> {
    context: FragmentLoaderContext | null = null;
    readonly stats: LoaderStats;
    readonly #beneath: Loader<FragmentLoaderContext>;
    #callbacks: LoaderCallbacks<FragmentLoaderContext> | null = null;
    #taking: AbortController | null = null;
    #over = false; // aborted or destroyed
    #turns = 0; // of peers, after the edge failed
    #watch: ReturnType<typeof setTimeout> | undefined; // over an edge that may hang

    constructor(config: HlsConfig) {
      this.#beneath = new config.loader(config) as Loader<FragmentLoaderContext>;
      this.stats = this.#beneath.stats;
    }

    load(context: FragmentLoaderContext, config: LoaderConfiguration, callbacks: LoaderCallbacks<FragmentLoaderContext>): void {
      this.context = context;
      this.#callbacks = callbacks;
      if (!this.#take(context, config)) this.#plain(context, config);
    }

    abort(): void {
      this.#over = true;
      clearTimeout(this.#watch);
      const taking = this.#taking;
      this.#taking = null;
      if (!taking) {
        this.#beneath.abort();
      } else if (!taking.signal.aborted) {
        taking.abort();
        this.stats.aborted = true;
        const { context, stats } = this;
        if (context) this.#callbacks?.onAbort?.(stats, context, null);
      }
    }

    destroy(): void {
      this.#over = true;
      clearTimeout(this.#watch);
      this.#callbacks = null;
      this.#taking?.abort();
      this.#taking = null;
      this.#beneath.destroy();
    }

    getCacheAge(): number | null {
      return this.#beneath.getCacheAge?.() ?? null;
    }

    getResponseHeader(name: string): string | null {
      return this.#beneath.getResponseHeader?.(name) ?? null;
    }

    // take asks the source, and then the edge if it brings nothing; false if the source does not know what is asked for. With patience the
    // edge is not asked before.
    #take(context: FragmentLoaderContext, config: LoaderConfiguration, patience = 0): boolean {
      const taking = new AbortController();
      const until = performance.now() + patience;
      let taken: Promise<Taken> | null = null;
      try {
        const { frag, part, url, rangeEnd } = context;
        const start = frag.sn === 'initSegment' ? null : (part ?? frag).start;
        if (!rangeEnd) taken = source.take({ url, start, signal: taking.signal, patience });
      } catch (error) {
        console.warn('shoal: source failed', error);
      }
      if (!taken) return false;
      this.#taking = taking;
      this.stats.aborted = false; // as one that took too long is
      this.stats.loading.start = performance.now();
      const give = (): void => {
        if (!taking.signal.aborted) this.#plain(context, config);
      };
      taken.then(
        (taken) => this.#deliver(context, taken),
        () => (performance.now() < until ? setTimeout(give, until - performance.now()) : give()),
      );
      return true;
    }

    // again asks the source once more, after the edge failed.
    #again(context: FragmentLoaderContext, config: LoaderConfiguration, code: number): boolean {
      const millis = turnMillis(code, this.#turns++);
      return millis > 0 && !this.#over && source.hopes?.() === true && this.#take(context, config, millis);
    }

    #deliver(context: FragmentLoaderContext, { bytes, millis, wait }: Taken): void {
      const callbacks = this.#callbacks;
      if (!callbacks || this.#taking?.signal.aborted !== false) return;
      this.#taking = null;
      const { stats } = this;
      const { loading } = stats;
      loading.end = performance.now();
      loading.first = loading.end - Math.max(1, millis);
      loading.start = loading.first - wait;
      stats.loaded = stats.total = bytes.length;
      this.#observe(context.url, bytes);
      callbacks.onSuccess({ url: context.url, data: bytes.buffer, code: 200 }, stats, context, null);
    }

    #plain(context: FragmentLoaderContext, config: LoaderConfiguration): void {
      const callbacks = this.#callbacks;
      if (!callbacks) return;
      this.#taking = null;
      this.stats.loading.start = this.stats.loading.first = 0; // the loader beneath begins anew
      source.requested(context.url);
      let left = false; // to peers
      const over = (): void => clearTimeout(this.#watch);
      this.#beneath.load(context, config, {
        ...callbacks,
        onAbort: (stats, ctx, details) => left || callbacks.onAbort?.(stats, ctx, details),
        onError: (error, ctx, details, stats) => {
          if (left) return;
          over();
          if (this.#again(context, config, error.code)) return;
          retried(error, source.renew, (error) => this.#over || callbacks.onError(error, ctx, details, stats));
        },
        onTimeout: (stats, ctx, details) => {
          if (left) return;
          over();
          if (!this.#again(context, config, TIMEOUT)) callbacks.onTimeout(stats, ctx, details);
        },
        onSuccess: (response, stats, ctx, details) => {
          over();
          const { data } = response;
          const accept = (): void => {
            if (data instanceof ArrayBuffer) this.#observe(ctx.url, new Uint8Array(data));
            const { loading } = stats; // hls.js takes for transfer what is waited for longer than usual
            if (source.wait) loading.start = Math.max(loading.start, loading.first - source.wait);
            callbacks.onSuccess(response, stats, ctx, details);
          };
          const verdict = data instanceof ArrayBuffer ? this.#tell(ctx.url, data) : null;
          if (!verdict) {
            accept();
            return;
          }
          void verdict.catch(() => true).then((truth) => {
            if (this.#over) return;
            if (truth) accept();
            else callbacks.onError({ code: BAD_GATEWAY, text: 'not what its record says' }, ctx, details, stats);
          });
        },
      });
      if (source.hopes) this.#hung(context, config, () => (left = true));
    }

    // hung looks now and then whether the edge hangs: it has begun no answer for long. What has begun to come is never given up, however slow it is.
    #hung(context: FragmentLoaderContext, config: LoaderConfiguration, leave: () => void): void {
      const look = (): void => {
        if (this.stats.loading.first > 0 || this.#turns >= MOST_TURNS) return;
        if (source.hopes?.() !== true) {
          this.#watch = setTimeout(look, LOOK); // there may be peers later
          return;
        }
        leave();
        this.#beneath.abort();
        if (!this.#again(context, config, TIMEOUT)) this.#plain(context, config);
      };
      clearTimeout(this.#watch);
      this.#watch = setTimeout(look, Math.max(HUNG, HUNG_WAITS * (source.wait ?? 0)));
    }

    #tell(url: string, data: ArrayBuffer): Promise<boolean> | null {
      const { start, first, end } = this.stats.loading;
      try {
        return source.fetched(url, new Uint8Array(data.slice(0)), { start, first, end });
      } catch (error) {
        console.warn('shoal: source failed', error);
        return null;
      }
    }

    // observe hands out a copy: hls.js may detach what it is given.
    #observe(url: string, bytes: Uint8Array<ArrayBuffer>): void {
      try {
        source.appended?.(url, bytes.slice());
      } catch (error) {
        console.warn('shoal: observer failed', error);
      }
    }
  };
}
