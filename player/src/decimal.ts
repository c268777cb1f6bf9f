// What stands before the decimals in the languages that Shoal speaks. The browser knows it of all, but the first number that it writes as a language does
// takes it 40 ms and more, which a page that begins has better things to do in.
const POINTS: Record<string, string> = { en: '.', pt: ',', zh: '.' };

// decimal writes a number as a language does: 2.1 is "2,1" in Portuguese. What machines read is never written so.
export function decimal(value: number, digits: number, language: string): string {
  const point = POINTS[language.split('-', 1)[0] ?? ''];
  if (point !== undefined) return value.toFixed(digits).replace('.', point);
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false });
}

// rate writes bytes a second as the bits that links are measured in, in a language.
export function rate(bytes: number, language: string): string {
  const bits = 8 * bytes;
  return bits < 999_500 ? `${Math.round(bits / 1e3)} kbit/s` : `${decimal(bits / 1e6, 1, language)} Mbit/s`;
}
