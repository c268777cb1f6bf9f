// The pictures on the buttons, drawn in the colour of their words.

const ICONS = {
  play: '<path class="fill" d="M8 5.2v13.6a.8.8 0 0 0 1.2.7l11-6.8a.8.8 0 0 0 0-1.4l-11-6.8A.8.8 0 0 0 8 5.2z"/>',
  pause: '<rect class="fill" x="6" y="5" width="4.2" height="14" rx="1.2"/><rect class="fill" x="13.8" y="5" width="4.2" height="14" rx="1.2"/>',
  loud: '<path d="M11 5 6.5 8.8H3.5v6.4h3L11 19z"/><path d="M15 9.2a4 4 0 0 1 0 5.6M17.8 6.4a8 8 0 0 1 0 11.2"/>',
  mute: '<path d="M11 5 6.5 8.8H3.5v6.4h3L11 19z"/><path d="m15.5 9.5 5 5m0-5-5 5"/>',
  full: '<path d="M4 9V5.5A1.5 1.5 0 0 1 5.5 4H9m6 0h3.5A1.5 1.5 0 0 1 20 5.5V9m0 6v3.5a1.5 1.5 0 0 1-1.5 1.5H15m-6 0H5.5A1.5 1.5 0 0 1 4 18.5V15"/>',
  picture: '<path d="M20.5 11V6.500A1.5 1.5 0 0 0 19 5H5a1.500 1.500 0 0 0-1.500 1.500v11A1.500 1.500 0 0 0 5 19h5"/><rect class="fill" x="12.500" y="13" width="8.500" height="6" rx="1.200"/>',
  captions: '<rect x="3" y="5" width="18" height="14" rx="2.500"/><path d="M10.500 10.500a2 2 0 1 0 0 3m6.500-3a2 2 0 1 0 0 3"/>',
  stats: '<path d="M5 19v-6m5 6V5m5 14v-9m5 9V8"/>',
} as const;

export type Icon = keyof typeof ICONS;

// icon is one of them, as HTML.
export function icon(name: Icon): string {
  return `<svg viewBox="0 0 24 24" aria-hidden="true">${ICONS[name]}</svg>`;
}
