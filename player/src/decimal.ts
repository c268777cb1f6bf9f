// decimal writes a number as a language does: 2.1 is "2,1" in Portuguese. What machines read is never written so.
export function decimal(value: number, digits: number, language: string): string {
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false });
}

// rate writes bytes a second as the bits that links are measured in, in a language.
export function rate(bytes: number, language: string): string {
  const bits = 8 * bytes;
  const tenths = Math.round(bits / 1e5);
  return bits < 1e6 ? `${Math.round(bits / 1e3)} kbit/s` : `${decimal(tenths / 10, tenths % 10 === 0 ? 0 : 1, language)} Mbit/s`;
}
