// Times, as a viewer reads them.

import { decimal } from './decimal.ts';

// clock writes seconds as 1:20, or 1:02:03.
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

// behind writes how far behind live something is.
export function behind(seconds: number, language: string): string {
  return `−${seconds < 59.5 ? `${decimal(seconds, seconds < 10 ? 1 : 0, language)} s` : clock(seconds)}`;
}
