// How connections to peers come about, as the tracker says.

export interface Route {
  readonly iceServers: RTCIceServer[];
  readonly relayOnly: boolean; // through relays alone: no peer learns our address, nor we its
  readonly hideHost: boolean; // candidates of the own network are passed on to nobody: they need not be signalled
}

export const ANY_WAY: Route = { iceServers: [], relayOnly: false, hideHost: false };

const RELAY_ONLY = 1 << 0;
const HIDE_HOST = 1 << 1;

// readRoute reads what the scheduler says of it: lines of URL, user and secret, with zeros between, and the flags of a Welcome.
export function readRoute(text: string, flags: number): Route {
  const iceServers = text.split('\n').filter((line) => line !== '').map((line) => {
    const [urls = '', username = '', credential = ''] = line.split('\0');
    return username === '' ? { urls } : { urls, username, credential };
  });
  return { iceServers, relayOnly: (flags & RELAY_ONLY) !== 0, hideHost: (flags & HIDE_HOST) !== 0 };
}

// relays tells whether there are some among its servers.
export function relays({ iceServers }: Route): boolean {
  return iceServers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/.test(url)));
}
