// Playlists, as hls.js loads them: by its own loader, but seen by the session too, before hls.js gets them. The
// session only reads; whatever it does, hls.js has its playlist at the same moment.

import type { HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderStats, PlaylistLoaderConstructor, PlaylistLoaderContext } from 'hls.js';

export interface PlaylistReader {
  playlist(url: string, text: string): void;
}

// playlistLoader returns a pLoader for hls.js.
export function playlistLoader(reader: PlaylistReader): PlaylistLoaderConstructor {
  return class PlaylistLoader implements Loader<PlaylistLoaderContext> {
    context: PlaylistLoaderContext | null = null;
    readonly stats: LoaderStats;
    readonly #beneath: Loader<PlaylistLoaderContext>;

    constructor(config: HlsConfig) {
      this.#beneath = new config.loader(config) as Loader<PlaylistLoaderContext>;
      this.stats = this.#beneath.stats;
    }

    load(context: PlaylistLoaderContext, config: LoaderConfiguration, callbacks: LoaderCallbacks<PlaylistLoaderContext>): void {
      this.context = context;
      this.#beneath.load(context, config, {
        ...callbacks,
        onSuccess: (response, stats, ctx, details) => {
          try {
            if (typeof response.data === 'string') reader.playlist(response.url || ctx.url, response.data);
          } catch (error) {
            console.warn('shoal: playlist not read', error);
          }
          callbacks.onSuccess(response, stats, ctx, details);
        },
      });
    }

    abort(): void {
      this.#beneath.abort();
    }

    destroy(): void {
      this.#beneath.destroy();
    }

    getCacheAge(): number | null {
      return this.#beneath.getCacheAge?.() ?? null;
    }

    getResponseHeader(name: string): string | null {
      return this.#beneath.getResponseHeader?.(name) ?? null;
    }
  };
}
