// decimal writes a number as a language does: 2.1 is "2,1" in Portuguese. What machines read is never written so.
export function decimal(value: number, digits: number, language: string): string {
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false });
}
