/** What an operator is shown of messages, which may hold anything: never a number that could be a card's. */

/** 12 digits or more (ISO/IEC 7812), one by one or in groups, wherever they stand. */
const DIGITS = /(?:[0-9][ -]?){11,}[0-9]/g;
/** The same in an id: groups of a UUID can be digits alone, and are shorter. */
const DIGITS_OF_ID = /[0-9]{13,}/g;

/** Leaves the last four digits of whatever could be a card number, whether its check digit is right or not. */
export function maskCardNumbers(text: string): string {
  return text.replace(DIGITS, mask);
}

/** The same for the id of a message. */
export function maskMessageId(text: string): string {
  return text.replace(DIGITS_OF_ID, mask);
}

function mask(digits: string): string {
  return `[masked]${digits.slice(-4)}`;
}
