/** The check digit of card numbers: ISO/IEC 7812-1, annex B, known as Luhn's. */

const ZERO = "0".charCodeAt(0);

/** Whether a text of ASCII digits ends with the check digit of those before it. */
export function passesLuhn(digits: string): boolean {
  return weightedSum(digits, 0) % 10 === 0;
}

/** The digit that makes a number of `payload`, which is ASCII digits, when it is put at its end. */
export function luhnCheckDigit(payload: string): string {
  return ((10 - (weightedSum(payload, 1) % 10)) % 10).toString();
}

/** The digits added up from the right, each second one doubled and its own digits added: the second, or with `offset` 1 the first. */
function weightedSum(digits: string, offset: 0 | 1): number {
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - ZERO;
    const doubled = (place + offset) % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum;
}
