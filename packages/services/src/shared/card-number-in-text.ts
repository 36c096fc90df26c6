/**
 * Card numbers in texts that are kept in clear: descriptions, names, ids. A card number belongs in the field that is
 * sealed; anywhere else it would be in the database, the broker and the logs (PCI DSS 3.5.1), so it is refused where
 * it comes in.
 *
 * What is looked for: 12 to 19 digits (ISO/IEC 7812-1) whose last is the check digit of the others, in digits of any
 * script and width, with anything but letters between them.
 */
import { brandOf } from "./card-brands.js";
import { passesLuhn } from "./luhn.js";

const MINIMUM_DIGITS = 12;
const MAXIMUM_DIGITS = 19;

/** Whether a text for people holds a card number. One in ten of other numbers with so many digits looks like one. */
export function holdsCardNumber(text: string): boolean {
  return candidatesIn(text).some(({ digits }) => passesLuhn(digits));
}

/**
 * Whether an id holds a card number. Ids are made of clocks, of dates, and of letters and digits at random, and one in
 * ten of those would look like a card number. So a number that begins with 0, 1 or 2, as clocks and dates do, and one
 * in a word with letters must be of a known brand. A UUID (RFC 9562) is random: with letters in it, it holds none.
 */
export function idHoldsCardNumber(id: string): boolean {
  if (UUID.test(id) && /[a-f]/i.test(id)) return false;
  return candidatesIn(id).some(
    ({ digits, inWord }) => isOfKnownBrand(digits) || (!inWord && /^[3-9]/.test(digits) && passesLuhn(digits)),
  );
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Whether a trace id (32 hexadecimal digits) holds a card number: by itself, twice, or filled up with other digits. */
export function traceIdHoldsCardNumber(traceId: string): boolean {
  const runs = traceId.match(/[0-9]{12,}/g) ?? [];
  return runs.some((digits) => digits.length > MAXIMUM_DIGITS || passesLuhn(digits));
}

/** Digits that could be a card number, in ASCII and without what stood between them. */
interface Candidate {
  readonly digits: string;
  /** Whether a letter stands at the end of one of its groups. */
  readonly inWord: boolean;
}

function candidatesIn(text: string): Candidate[] {
  // Most texts are ASCII without 12 digits: they cost one look.
  if (!/[^\0-\x7F]/.test(text) && text.replaceAll(/[^0-9]+/g, "").length < MINIMUM_DIGITS) return [];
  return chainsIn(asciiDigits(text.normalize("NFKC"))).flatMap(candidatesOf);
}

/** Groups of digits, in the order of the text, that have no letter between them. */
function chainsIn(text: string): Candidate[][] {
  const chains: Candidate[][] = [[]];
  for (const match of text.matchAll(/(?<=(\p{L})?)([0-9]+)(\p{L})?|\p{L}/gu)) {
    const [, before, digits, after] = match;
    if (digits === undefined) chains.push([]);
    else chains.at(-1)?.push({ digits, inWord: before !== undefined || after !== undefined });
    if (after !== undefined) chains.push([]);
  }
  return chains;
}

/** Every row of whole groups with 12 to 19 digits. In a longer group each part that is of a known brand counts. */
function candidatesOf(groups: readonly Candidate[]): Candidate[] {
  const found: Candidate[] = [];
  for (let first = 0; first < groups.length; first++) {
    let digits = "";
    let inWord = false;
    for (const group of groups.slice(first, first + MAXIMUM_DIGITS)) {
      digits += group.digits;
      inWord ||= group.inWord;
      if (digits.length > MAXIMUM_DIGITS) break;
      if (digits.length >= MINIMUM_DIGITS) found.push({ digits, inWord });
    }
    const alone = groups[first]?.digits ?? "";
    if (alone.length > MAXIMUM_DIGITS) found.push(...partsOfKnownBrands(alone));
  }
  return found;
}

function partsOfKnownBrands(digits: string): Candidate[] {
  const parts: Candidate[] = [];
  for (let start = 0; start + MINIMUM_DIGITS <= digits.length; start++) {
    for (let length = MINIMUM_DIGITS; length <= MAXIMUM_DIGITS && start + length <= digits.length; length++) {
      const part = digits.slice(start, start + length);
      if (isOfKnownBrand(part)) parts.push({ digits: part, inWord: false });
    }
  }
  return parts;
}

function isOfKnownBrand(digits: string): boolean {
  return brandOf(digits)?.lengths.has(digits.length) === true && passesLuhn(digits);
}

/** Digits of other scripts as ASCII has them. Each script's ten stand in a row, and rows follow each other gaplessly. */
function asciiDigits(text: string): string {
  return text.replaceAll(/[^\0-\x7F]/gu, (character) => {
    if (!DECIMAL_DIGIT.test(character)) return character;
    const code = character.codePointAt(0) ?? 0;
    let before = 0;
    while (DECIMAL_DIGIT.test(String.fromCodePoint(code - before - 1))) before++;
    return (before % 10).toString();
  });
}

const DECIMAL_DIGIT = /^\p{Nd}$/u;
