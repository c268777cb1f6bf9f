// counted is a number with its noun.
export const counted = (number: number, one: string, more: string): string => `${number} ${number === 1 ? one : more}`;
