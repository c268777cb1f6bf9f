// What is recorded: of which stream, from when, how long, and where its page is.

import { clock } from '../clock.ts';
import { ask } from './api.ts';
import { tag, to } from './language.ts';

export interface Recording {
  stream: string;
  id: string;
  state: 'recording' | 'finished';
  began: string;
  playableSeconds: number;
  thumbnail?: string | null; // where there is a picture of it
}

// recordings returns those of all streams, newest first; none where the server does not tell.
export async function recordings(): Promise<Recording[]> {
  try {
    const response = await ask('/api/v1/recordings');
    return response.ok ? ((await response.json()) as { recordings: Recording[] }).recordings : [];
  } catch {
    return []; // it did not answer, or not to the end: asked again before long
  }
}

// finished tells whether it can be watched: one that is not yet has no end.
export const finished = ({ state }: Recording): boolean => state === 'finished';

// page is where it is watched. A viewer token goes along, as the fragment that it came in.
export function page({ stream, id }: Recording, fragment = ''): string {
  return to(`/watch/${stream}/recordings/${id}${fragment}`);
}

// place reads the path of a watch page: of a stream, or of one of its recordings.
export function place(path: string): { stream: string; id: string } {
  const [, , stream = '', , id = ''] = path.split('/');
  return { stream, id };
}

// date says when it began, in the words of whoever reads it.
export function date({ began }: Recording): string {
  return new Date(began).toLocaleString(tag(), { dateStyle: 'medium', timeStyle: 'short' });
}

export function length({ playableSeconds }: Recording): string {
  return clock(playableSeconds);
}
