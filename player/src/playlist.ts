// Playlists, as hls.js loads them. Those that come from the edge, by its own loader, are seen by the session before
// hls.js gets them. A reload that the edge would hold until there is more is asked of the session first: it may know
// sooner. What it does not know, or gives up, is loaded from the edge after all; errors, timeouts and retries of that are
// hls.js's own, but for one: after an edge that is not there it is peers that are waited for, and so on in turns.
//
// hls.js asks for a delta wherever it knows the rest itself, as when it comes back to a rendition that it left a moment ago. Where the source does
// not, the whole playlist is asked for: else the deltas that follow would never tell it what they leave out.

import type { HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderStats, PlaylistLoaderConstructor, PlaylistLoaderContext } from 'hls.js';
import { MEMBER } from './headcount.ts';
import { retried, TIMEOUT, turnMillis } from './loader.ts';
import { whole } from './playlists.ts';

export interface PlaylistSource {
  // playlist shows what came from the edge.
  playlist(url: string, text: string): void;
  // follow returns null if the edge is to be asked, and rejects if it is after all.
  follow(url: string, signal: AbortSignal): Promise<Followed> | null;
  // hope waits for so many milliseconds, after the edge failed, for what peers tell. It returns null if no
  // peer will tell, and rejects if none did.
  hope?(url: string, signal: AbortSignal, millis: number): Promise<Followed> | null;
  // skips tells whether a delta will do: what it leaves out is known.
  skips?(url: string): boolean;
  // member tells whether this viewer is in a swarm.
  member?(): boolean;
  // followed shows what did not come from the edge, and is given to hls.js.
  followed(text: string): void;
  // requested tells that the edge is asked.
  requested(): void;
  // plain is a URL as the playlist is known by it: what came along for the viewer alone is no part of it.
  plain?(url: string): string;
  // renew tells, where the edge did not let this viewer in, whether it may now: there is another token.
  renew?(): Promise<boolean>;
}

export interface Followed {
  text: string;
  at: number; // when it came to be known
}

type Callbacks = LoaderCallbacks<PlaylistLoaderContext>;

// playlistLoader returns a pLoader for hls.js.
export function playlistLoader(source: PlaylistSource): PlaylistLoaderConstructor {
  return class PlaylistLoader implements Loader<PlaylistLoaderContext> {
    context: PlaylistLoaderContext | null = null;
    readonly stats: LoaderStats;
    readonly #beneath: Loader<PlaylistLoaderContext>;
    #callbacks: Callbacks | null = null;
    #following: AbortController | null = null;
    #turns = 0; // of peers, after the edge failed

    constructor(config: HlsConfig) {
      this.#beneath = new config.loader(config) as Loader<PlaylistLoaderContext>;
      this.stats = this.#beneath.stats;
    }

    load(context: PlaylistLoaderContext, config: LoaderConfiguration, callbacks: Callbacks): void {
      this.context = context;
      this.#callbacks = callbacks;
      const { url, deliveryDirectives } = context;
      if (!deliveryDirectives || !this.#await(context, config, (signal) => source.follow(url, signal))) this.#plain(context, config);
    }

    abort(): void {
      const following = this.#following;
      this.#following = null;
      if (!following) {
        this.#beneath.abort();
        return;
      }
      following.abort();
      this.stats.aborted = true;
      if (this.context) this.#callbacks?.onAbort?.(this.stats, this.context, null);
    }

    destroy(): void {
      this.#callbacks = null;
      this.#following?.abort();
      this.#following = null;
      this.#beneath.destroy();
    }

    getCacheAge(): number | null {
      return this.#beneath.getCacheAge?.() ?? null;
    }

    getResponseHeader(name: string): string | null {
      return this.#beneath.getResponseHeader?.(name) ?? null;
    }

    // await waits for what the source tells, and asks the edge if it does not; false if it will not.
    #await(context: PlaylistLoaderContext, config: LoaderConfiguration, ask: (signal: AbortSignal) => Promise<Followed> | null): boolean {
      const following = new AbortController();
      let followed: Promise<Followed> | null = null;
      try {
        followed = ask(following.signal);
      } catch (error) {
        console.warn('shoal: playlist not followed', error);
      }
      if (!followed) return false;
      this.#following = following;
      this.stats.aborted = false; // as one that took too long is
      this.stats.loading.start = performance.now();
      followed.then(
        (followed) => this.#deliver(context, followed),
        () => {
          if (!following.signal.aborted) this.#plain(context, config);
        },
      );
      return true;
    }

    // hope waits for peers, after the edge failed.
    #hope(context: PlaylistLoaderContext, config: LoaderConfiguration, code: number): boolean {
      const millis = turnMillis(code, this.#turns++);
      return millis > 0 && this.#callbacks !== null && this.#await(context, config, (signal) => source.hope?.(context.url, signal, millis) ?? null);
    }

    // deliver gives hls.js what would have come from the edge now, or when it was asked, had the edge been as quick: hls.js
    // reckons how far it is behind from when the first byte came.
    #deliver(context: PlaylistLoaderContext, { text, at }: Followed): void {
      const callbacks = this.#callbacks;
      if (!callbacks || this.#following?.signal.aborted !== false) return;
      this.#following = null;
      const { stats } = this;
      const { loading } = stats;
      loading.end = performance.now();
      loading.first = Math.min(loading.end, Math.max(loading.start, at));
      stats.loaded = stats.total = text.length;
      source.followed(text);
      callbacks.onSuccess({ url: context.url, data: text, code: 200 }, stats, context, null);
    }

    #plain(context: PlaylistLoaderContext, config: LoaderConfiguration): void {
      const callbacks = this.#callbacks;
      if (!callbacks) return;
      this.#following = null;
      this.stats.loading.start = 0; // the loader beneath begins anew
      source.requested();
      const { url } = context;
      const asked = source.skips?.(url) === false ? { ...context, url: whole(url) } : context;
      this.#beneath.load(source.member?.() ? { ...asked, headers: { ...asked.headers, ...MEMBER } } : asked, config, {
        ...callbacks,
        onError: (error, ctx, details, stats) => {
          if (this.#hope(context, config, error.code)) return;
          retried(error, source.renew, (error) => this.#callbacks && callbacks.onError(error, ctx, details, stats));
        },
        onTimeout: (stats, ctx, details) => this.#hope(context, config, TIMEOUT) || callbacks.onTimeout(stats, ctx, details),
        onSuccess: (response, stats, ctx, details) => {
          const at = response.url || ctx.url;
          const url = source.plain?.(at) ?? at;
          try {
            if (typeof response.data === 'string') source.playlist(url, response.data);
          } catch (error) {
            console.warn('shoal: playlist not read', error);
          }
          callbacks.onSuccess(url === at ? response : { ...response, url }, stats, ctx, details);
        },
      });
    }
  };
}
