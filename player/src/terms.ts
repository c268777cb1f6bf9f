// On what terms a viewer shares: how much of the uplink is lent at most, and whether by relays alone. The page says so, the link to it, and the viewer, whose
// word is remembered in this browser; the strictest holds, and what the operator allows besides.

export interface Terms {
  most: number; // kbit/s of the uplink; Infinity: all that it gives
  relayed: boolean; // by relays alone, so that no peer learns the viewer's address
}

type Limit = string | number | null | undefined;

const MOST = 'shoal-upload';
const RELAYED = 'shoal-relay';

// readLimit reads a limit of a page's; where there is none, Infinity. Who wrote one that cannot be read wanted some: nothing is lent then.
export function readLimit(limit: Limit): number {
  const most = numberOf(limit);
  return most >= 0 ? most : 0;
}

// misreadLimit is what is to be told to whoever wrote a limit that is none; null: it is one.
export function misreadLimit(limit: Limit): string | null {
  if (numberOf(limit) >= 0) return null;
  return `shoal: max-upload-kbps="${limit}" is no number of kbit/s, like 500, and nothing is lent; 0 is to lend nothing, and without it there is no limit`;
}

function numberOf(limit: Limit): number {
  if (limit === null || limit === undefined) return Infinity;
  return typeof limit === 'string' && limit.trim() === '' ? NaN : Number(limit);
}

// linkedLimit is what comes of a page's limit and of the link to it, as an attribute: a link may ask for less. null: there is none.
export function linkedLimit(page: string | null, link: string | null): string | null {
  return readLimit(link) < readLimit(page) ? link : page;
}

// rememberedTerms are the viewer's.
export function rememberedTerms(): Terms {
  try {
    return { most: readLimit(localStorage.getItem(MOST)), relayed: localStorage.getItem(RELAYED) === 'yes' };
  } catch {
    return { most: Infinity, relayed: false };
  }
}

// rememberTerms tells whether they are kept: else they hold for as long as whoever asks keeps them.
export function rememberTerms({ most, relayed }: Terms): boolean {
  try {
    if (most === Infinity) localStorage.removeItem(MOST);
    else localStorage.setItem(MOST, String(most));
    if (relayed) localStorage.setItem(RELAYED, 'yes');
    else localStorage.removeItem(RELAYED);
    return true;
  } catch {
    return false;
  }
}
