// What is sent of an offer when ICE begins anew, and what becomes of the answer that is there already (RFC 9725, section 4.3.3;
// RFC 8840): credentials and candidates change, all else stays.

const EOL = '\r\n';
const ICE = /^a=(?:candidate:|end-of-candidates)/;

// fragmentOf returns what an offer says of ICE: of the whole, and of its first section, which all others are bundled with.
export function fragmentOf(offer: string): string {
  const [session = [], first = []] = sections(offer);
  const of = (lines: string[], key: string): string[] => lines.filter((line) => line.startsWith(`a=${key}`));
  return [
    ...of(session, 'ice-options'), ...of(session, 'group'), ...first.slice(0, 1), ...of(first, 'mid'), ...of(first, 'ice-'),
    ...of(first, 'candidate:'), ...of(first, 'end-of-candidates'), '',
  ].join(EOL);
}

// renew returns an answer with the credentials and candidates of a fragment; null if that holds none.
export function renew(answer: string, fragment: string): string | null {
  const lines = fragment.split(/\r?\n/);
  const ufrag = lines.find((line) => line.startsWith('a=ice-ufrag:'));
  const pwd = lines.find((line) => line.startsWith('a=ice-pwd:'));
  if (!ufrag || !pwd) return null;
  const candidates = lines.filter((line) => ICE.test(line));
  return sections(answer).flatMap((section, i) => {
    const kept = section.filter((line) => !ICE.test(line)).map((line) => {
      if (line.startsWith('a=ice-ufrag:')) return ufrag;
      return line.startsWith('a=ice-pwd:') ? pwd : line;
    });
    return i === 1 ? [...kept, ...candidates] : kept;
  }).join(EOL) + EOL;
}

// sections splits a description: the lines of the whole, and those of each m=.
function sections(sdp: string): string[][] {
  const all: string[][] = [[]];
  for (const line of sdp.split(/\r?\n/)) {
    if (line.startsWith('m=')) all.push([]);
    if (line) all.at(-1)?.push(line);
  }
  return all;
}
