// What the keys of the player do. Whatever has the focus keeps the keys that it uses itself, and none does anything together with Ctrl, Alt or Meta: those are
// the browser's.

// What a key is for; steps are in seconds.
export type Act =
  | { press: 'play' | 'live' | 'mute' | 'fullscreen' | 'picture' | 'captions' | 'stats' | 'keys' }
  | { step: number }
  | { volume: number } // louder or softer by so much
  | { go: 'start' | 'end' };

// Where a key is pressed: page is the page around the player, while nothing has the focus and there is more of it than is seen.
export type Place = 'frame' | 'page' | 'button' | 'menu' | 'seek' | 'volume' | 'panel';

const ARROWS = ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'];
const ENDS = ['Home', 'End'];
const OWN: Record<Place, string[]> = {
  frame: [],
  page: ['ArrowUp', 'ArrowDown', ...ENDS], // it is scrolled by them
  button: [' '],
  menu: [' ', ...ARROWS, ...ENDS],
  seek: ['ArrowUp', 'ArrowDown', ...ENDS],
  volume: [...ARROWS, ...ENDS],
  panel: ['ArrowUp', 'ArrowDown', ...ENDS],
};

const STEP_SECONDS = 10;
const STEP_VOLUME = 0.05;

const ACTS = new Map<string, Act>([
  [' ', { press: 'play' }], ['k', { press: 'play' }], ['l', { press: 'live' }], ['m', { press: 'mute' }], ['f', { press: 'fullscreen' }],
  ['p', { press: 'picture' }], ['c', { press: 'captions' }], ['s', { press: 'stats' }], ['?', { press: 'keys' }],
  ['arrowleft', { step: -STEP_SECONDS }], ['arrowright', { step: STEP_SECONDS }],
  ['arrowup', { volume: STEP_VOLUME }], ['arrowdown', { volume: -STEP_VOLUME }],
  ['home', { go: 'start' }], ['end', { go: 'end' }],
]);

export type Pressing = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'repeat'>;

// actOf is what a key does there, null for nothing. A key that is held down turns nothing on and off again.
export function actOf({ key, ctrlKey, metaKey, altKey, repeat }: Pressing, place: Place): Act | null {
  if (ctrlKey || metaKey || altKey || OWN[place].includes(key)) return null;
  const act = ACTS.get(key.toLowerCase()) ?? null;
  return act && repeat && 'press' in act ? null : act;
}

// placeOf is where an event comes from, of the elements of the controls or of the page.
export function placeOf(target: EventTarget | undefined): Place {
  if (target === document.body) return scrolls() ? 'page' : 'frame';
  if (target instanceof HTMLButtonElement) return 'button';
  if (target instanceof HTMLSelectElement) return 'menu';
  if (target instanceof HTMLInputElement) return target.classList.contains('seek') ? 'seek' : 'volume';
  return target instanceof HTMLElement && target.localName === 'aside' ? 'panel' : 'frame';
}

function scrolls(): boolean {
  const page = document.scrollingElement;
  return page !== null && !document.fullscreenElement && page.scrollHeight > page.clientHeight;
}

// louder is the volume after a step. From silence it goes up to what it was before; null: it is silent already, and what it was before is left as it is.
export function louder(volume: number, muted: boolean, by: number): number | null {
  if (muted) return by > 0 ? Math.max(volume, by) : null;
  return Math.min(1, Math.max(0, Math.round((volume + by) * 100) / 100));
}
