// Media, as hls.js loads it: parts, whole segments and init segments. Each is asked of the source (the session) first;
// what it does not know, or gives up, is loaded by hls.js's own loader from the edge, as if there were no swarm.
// Errors, timeouts and retries of that are hls.js's own. Bytes of the edge that the source knows to be false are an error
// of the edge: hls.js asks again.

import type { FragmentLoaderConstructor, FragmentLoaderContext, HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderStats } from 'hls.js';
import type { Times } from './bandwidth.ts';
import { barred } from './pass.ts';

export interface Wanted {
  url: string;
  start: number | null; // where it stands in the media timeline, seconds; null for what has no place there
  signal: AbortSignal;
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
}

const BAD_GATEWAY = 502; // one of the codes after which hls.js tries again

interface LoadError {
  code: number;
  text: string;
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

    constructor(config: HlsConfig) {
      this.#beneath = new config.loader(config) as Loader<FragmentLoaderContext>;
      this.stats = this.#beneath.stats;
    }

    load(context: FragmentLoaderContext, config: LoaderConfiguration, callbacks: LoaderCallbacks<FragmentLoaderContext>): void {
      this.context = context;
      this.#callbacks = callbacks;
      const taking = (this.#taking = new AbortController());
      let taken: Promise<Taken> | null = null;
      try {
        const { frag, part, url, rangeEnd } = context;
        const start = frag.sn === 'initSegment' ? null : (part ?? frag).start;
        if (!rangeEnd) taken = source.take({ url, start, signal: taking.signal });
      } catch (error) {
        console.warn('shoal: source failed', error);
      }
      if (!taken) {
        this.#plain(context, config);
        return;
      }
      this.stats.loading.start = performance.now();
      taken.then(
        (taken) => this.#deliver(context, taken),
        () => {
          if (!taking.signal.aborted) this.#plain(context, config);
        },
      );
    }

    abort(): void {
      this.#over = true;
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
      this.stats.loading.start = 0; // the loader beneath begins anew
      source.requested(context.url);
      this.#beneath.load(context, config, {
        ...callbacks,
        onError: (error, ctx, details, stats) => retried(error, source.renew, (error) => this.#over || callbacks.onError(error, ctx, details, stats)),
        onSuccess: (response, stats, ctx, details) => {
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
