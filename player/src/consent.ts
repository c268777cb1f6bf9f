// Whether a viewer shares with others: what the page wants, and what the viewer has said, which is remembered in this browser.
// Before somebody has said yes where it is asked, there is no tracker and no peer. To say no costs nothing: it plays from the edge.

// off: never; ask: once the viewer says so; on: unless the viewer has said no; relay-only: likewise, and only through relays, so that no
// peer learns the viewer's address.
export type Mode = 'off' | 'ask' | 'on' | 'relay-only';
export type Wish = Mode | 'ask-relay-only'; // of a page: ask, and after a yes relay-only
export type Answer = 'yes' | 'no';

const KEY = 'shoal-share'; // and what a page's window is told of in its own page
const STRICT: Wish[] = ['on', 'relay-only', 'ask', 'ask-relay-only', 'off']; // the laxest first

// readMode reads what a page says. Where it says nothing, or nothing that is known, the viewer is asked.
export function readMode(text: string | null): Wish {
  return STRICT.find((mode) => mode === text) ?? 'ask';
}

// misread is what is to be told to whoever wrote a mode that is none; null: it is one.
export function misread(text: string | null): string | null {
  if (text === null || STRICT.some((mode) => mode === text)) return null;
  return `shoal: p2p="${text}" is no mode, and the viewer is asked; the modes are ${STRICT.join(', ')}`;
}

// settled is what comes of both: ask is left only where there is no answer. relayed: the viewer wants relays alone, whatever the page does.
export function settled(wish: Wish, answer: Answer | null, relayed = false): Mode {
  if (wish === 'off' || answer === 'no') return 'off';
  if (asks(wish) && answer !== 'yes') return 'ask';
  return relayed || wish === 'relay-only' || wish === 'ask-relay-only' ? 'relay-only' : 'on';
}

// asks tells whether a yes is wanted first.
export function asks(wish: Wish): boolean {
  return wish === 'ask' || wish === 'ask-relay-only';
}

// linked is what comes of a page and of the link to it: who makes a link may ask for less than the page, and not answer for the viewer.
export function linked(page: Wish, link: string | null): Wish {
  const wish = STRICT.find((mode) => mode === link);
  if (!wish) return page;
  if ([page, wish].includes('ask') && [page, wish].includes('relay-only')) return 'ask-relay-only'; // neither is the stricter
  return STRICT.indexOf(wish) > STRICT.indexOf(page) ? wish : page;
}

// remembered is what the viewer has said, null for nothing. A browser that keeps nothing for a page has no answer.
export function remembered(): Answer | null {
  return kept() ?? null;
}

// kept is the same; undefined where nothing can be.
function kept(): Answer | null | undefined {
  try {
    const answer = localStorage.getItem(KEY);
    return answer === 'yes' || answer === 'no' ? answer : null;
  } catch {
    return undefined;
  }
}

let telling = false; // an answer that was given to a player of this script

// overheard tells of each answer that is given at this origin, in another page or by another player of this one; null: it is taken back. It returns how to
// hear no more. Whatever runs in the page can say so to its window: a yes counts where it was given to a player of this script, or is kept, or nothing can be; a no needs nothing.
export function overheard(told: (answer: Answer | null) => void): () => void {
  const neighbour = (event: Event): void => {
    const { detail } = event as CustomEvent<unknown>; // of a page, which may say anything
    if (detail === 'no' || (detail === 'yes' && (telling || kept() === 'yes' || kept() === undefined))) told(detail);
  };
  const hear = ({ key, storageArea }: StorageEvent): void => {
    if ((key === KEY || key === null) && keeps(storageArea)) told(remembered()); // null: all was cleared
  };
  addEventListener('storage', hear); // which is not of this page
  addEventListener(KEY, neighbour);
  return () => {
    removeEventListener('storage', hear);
    removeEventListener(KEY, neighbour);
  };
}

// keeps tells whether it is where answers are kept: a page's other storage tells of its changes too.
function keeps(area: Storage | null): boolean {
  try {
    return area === localStorage;
  } catch {
    return false;
  }
}

// remember keeps what the viewer has said, and tells all who listen in this page: players of several scripts, too.
export function remember(answer: Answer): void {
  try {
    localStorage.setItem(KEY, answer);
  } catch {
    // it holds for as long as the page is open
  }
  telling = true;
  dispatchEvent(new CustomEvent(KEY, { detail: answer }));
  telling = false;
}
