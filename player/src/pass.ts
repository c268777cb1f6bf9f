// The viewer's token, as it goes along with what is asked of the stream's server: in a header where that is the page's own origin, and
// else in the query, since a header would have the browser ask for leave before each part. No other server is sent it.
//
// A token that is text, or an attribute, is read anew for each request. One that a function promises is kept: the function is asked
// again half a minute before the token ends, and when the server refuses it.

import type { HlsConfig } from 'hls.js';
import { Recent } from './recent.ts';

export type Ask = () => string | Promise<string>;

const ANSWER_MILLIS = 10000;
const PAUSE_MILLIS = 5000; // between two questions for another token
const EARLY_MILLIS = 30000; // before its end a token is renewed
const TRUSTED_MILLIS = 60000; // a token that seems to end sooner than that is a short one, or the clock is wrong: then the server tells

export class Pass {
  readonly recent = new Recent<unknown>(); // of what was asked with it
  // onbarred is called when the server refused what was fetched here, and there is no other token.
  onbarred: (() => void) | null = null;
  readonly #ask: Ask;
  readonly #home: () => string;
  #kept: string | null = null; // came by a promise
  #asking: Promise<string> | null = null;
  #askedAt = -Infinity;
  #renewAt = Infinity;
  #sent = ''; // last

  // home is the URL of the stream. It may carry a token itself.
  constructor(ask: Ask, home: () => string) {
    this.#ask = ask;
    this.#home = home;
  }

  // token is what to send now, '' for none. It is a promise while none is there yet.
  token(): string | Promise<string> {
    const token = this.#look();
    if (typeof token === 'string') this.#sent = token;
    return token;
  }

  // sent is the token that went along last, '' if none did.
  get sent(): string {
    return this.#sent;
  }

  #look(): string | Promise<string> {
    if (this.#kept !== null) {
      if (performance.now() >= this.#renewAt) void this.#fetch();
      return this.#kept;
    }
    if (this.#asking) return this.#asking;
    if (performance.now() - this.#askedAt < PAUSE_MILLIS) return ''; // the function gave none
    let answer: string | Promise<string> = '';
    try {
      answer = this.#ask();
    } catch (error) {
      console.warn('shoal: no token:', error);
    }
    return typeof answer === 'string' ? answer.trim() || (queryOf(this.#home()).get('token') ?? '') : this.#fetch(answer);
  }

  // renew tells whether there is another token now than the one that was refused.
  async renew(refused = this.#sent): Promise<boolean> {
    if (this.#kept === null) return (await this.#look()) !== refused;
    if (this.#kept === refused && (this.#asking || performance.now() - this.#askedAt >= PAUSE_MILLIS)) await (this.#asking ?? this.#fetch());
    return this.#kept !== refused;
  }

  // fetch is the browser's, with the token.
  async fetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const known = this.#isHome(url) ? this.token() : '';
    const token = typeof known === 'string' ? known : await known;
    if (token === '') return fetch(url, init);
    const headers = (): HeadersInit => ({ ...(init.headers as Record<string, string>), Authorization: `Bearer ${token}` });
    const response = await (sameOrigin(url) ? fetch(url, { ...init, headers: headers() }) : fetch(withToken(url, token), init));
    if (barred(response.status)) void this.renew(token).then((other) => other || this.onbarred?.());
    return response;
  }

  // lend has hls.js send the token too, beside what the page's own setup does. It returns what undoes that.
  lend(config: HlsConfig): () => void {
    const { xhrSetup, fetchSetup } = config;
    config.xhrSetup = async (xhr, url, context) => {
      await xhrSetup?.(xhr, url, context);
      const token = this.#isHome(url) ? await this.token() : '';
      if (token === '') return;
      const fresh = xhr.readyState === 0;
      if (fresh) xhr.open('GET', sameOrigin(url) ? url : withToken(url, token), true);
      if (!fresh || sameOrigin(url)) xhr.setRequestHeader('Authorization', `Bearer ${token}`);
    };
    config.fetchSetup = async (context, init) => {
      const request = fetchSetup ? await fetchSetup(context, init) : new Request(context.url, init);
      const token = this.#isHome(context.url) ? await this.token() : '';
      if (token === '') return request;
      if (!sameOrigin(context.url)) return new Request(withToken(request.url, token), request);
      const headers = new Headers(request.headers);
      headers.set('Authorization', `Bearer ${token}`);
      return new Request(request, { headers });
    };
    return () => Object.assign(config, { xhrSetup, fetchSetup });
  }

  // plain is a URL as it is without the token, by which chunks and playlists are known.
  plain(url: string): string {
    return this.#isHome(url) && url.includes('token=') ? withToken(url, '') : url;
  }

  // dress tells of a URL with the token, for who can send nothing but a URL.
  dress(url: string, tell: (url: string) => void): void {
    const dressed = (token: string): void => tell(token === '' ? url : withToken(url, token));
    const token = this.token();
    if (typeof token === 'string') dressed(token);
    else void token.then(dressed);
  }

  #isHome(url: string | URL): boolean {
    const home = this.#home();
    return home !== '' && originOf(url) === originOf(home);
  }

  // fetch gets a token from the function; the one before stays if it gives none.
  #fetch(answer?: Promise<string>): Promise<string> {
    this.#askedAt = performance.now();
    this.#renewAt = Infinity;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => (timer = setTimeout(reject, ANSWER_MILLIS, new Error(`none came within ${ANSWER_MILLIS / 1000} s`))));
    const asked = Promise.resolve(answer ?? Promise.resolve().then(() => this.#ask()));
    const asking = Promise.race([asked, late])
      .then((text) => {
        this.#kept = text.trim();
        const left = endOf(this.#kept) - Date.now();
        if (left >= TRUSTED_MILLIS) this.#renewAt = performance.now() + left - EARLY_MILLIS;
      })
      .catch((error: unknown) => console.warn('shoal: no token:', error))
      .then(() => {
        clearTimeout(timer);
        this.#asking = null;
        return (this.#sent = this.#kept ?? '');
      });
    return (this.#asking = asking);
  }
}

// barred tells whether a status says that this viewer is not let in.
export function barred(status: number | undefined): boolean {
  return status === 401 || status === 403;
}

// endOf reads when a token ends, milliseconds of the wall clock; NaN where it does not say.
function endOf(token: string): number {
  try {
    const claims = JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: unknown };
    return typeof claims.exp === 'number' ? claims.exp * 1000 : NaN;
  } catch {
    return NaN;
  }
}

function originOf(url: string | URL): string {
  try {
    return new URL(url, document.baseURI).origin;
  } catch {
    return '';
  }
}

function sameOrigin(url: string | URL): boolean {
  return originOf(url) === originOf(document.baseURI);
}

function queryOf(url: string): URLSearchParams {
  return new URLSearchParams(/\?([^#]*)/.exec(url)?.[1] ?? '');
}

// withToken puts a token into a URL, in place of the one that is there; '' takes it out.
function withToken(url: string | URL, token: string): string {
  const at = new URL(url, document.baseURI);
  at.searchParams.delete('token');
  if (token !== '') at.searchParams.set('token', token);
  return at.href;
}
