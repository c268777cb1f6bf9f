// What this viewer would do for others, as wire.Member has it: nothing while its page is hidden, where the browser says that data is saved, or on
// a link that is paid by the byte.

export const MAY_UPLOAD = 1;
export const METERED = 2; // its link is paid by the byte
export const HIDDEN = 4; // its page is not seen

const CAP_UNIT = 10; // kbit/s
const MOST_CAP = 0xffff;

interface Connection extends EventTarget {
  saveData?: boolean;
  type?: string;
}

function connection(): Connection | undefined {
  return (navigator as Navigator & { connection?: Connection }).connection;
}

export function selfFlags(mayUpload: boolean): number {
  const c = connection();
  const metered = c?.saveData === true || c?.type === 'cellular';
  const hidden = document.visibilityState === 'hidden';
  return (metered ? METERED : mayUpload && !hidden ? MAY_UPLOAD : 0) | (hidden ? HIDDEN : 0);
}

// What the viewer is and lends.
export interface Self {
  flags: number;
  rendition: number;
  most: number; // of the uplink, in units of 10 kbit/s; 0: all of it
}

// selfOf is who lends so much of an uplink, Infinity for all of it, and watches a rendition.
export function selfOf(maxUploadKbps: number, rendition: number): Self {
  const cap = Number.isFinite(maxUploadKbps) ? Math.min(MOST_CAP, Math.max(1, Math.floor(maxUploadKbps / CAP_UNIT))) : 0;
  return { flags: selfFlags(maxUploadKbps >= CAP_UNIT), rendition, most: cap };
}

// onSelfChange calls react whenever the flags may have changed.
export function onSelfChange(react: () => void, signal: AbortSignal): void {
  document.addEventListener('visibilitychange', react, { signal });
  connection()?.addEventListener?.('change', react, { signal });
}
