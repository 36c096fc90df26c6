/** Values that have broken programs before, and numbers that must never come back. */
import type { Random } from "../../chaos/dist/random.js";

/** The card that good requests pay with. */
export const CARD_NUMBER = "4242424242424242";
/** Public test numbers that pass Luhn's check; where they are put they must neither be taken nor repeated. */
const MISPLACED_CARDS = ["5555555555554444", "378282246310005", "6011111111111117", "8600123456789012"];
/** A verification code that is sent where none is taken; longer than real ones, which any log has by chance. */
const VERIFICATION_CODE = "90909753186";

/** What no answer and no log may hold. */
export const SECRETS: readonly string[] = [CARD_NUMBER, ...MISPLACED_CARDS, VERIFICATION_CODE];

const TEXTS = [
  ...[
    "",
    " ",
    "\0",
    "\n",
    "null",
    "undefined",
    "NaN",
    "true",
    "0",
    "-1",
    "1e3",
    "0x10",
    "01",
    "+1",
    " 1",
    "1.0",
    "12.5",
  ],
  ...["9223372036854775807", "9223372036854775808", "-9223372036854775808", "9".repeat(400), "x".repeat(2_000)],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "$ne",
    "#{7*7}",
    "{{7*7}}",
    "' OR 1=1 --",
    "../../etc/passwd",
    "<script>",
  ],
  ...["\u202e", "\u200b", "\u{e0041}", "\ufeff", "e\u0301", "🍵".repeat(141), "\ud800", "ﷺ".repeat(60), "٤٢", "１２"],
  ...["5s", "5", "-5s", "30s", "31s", "0.0000000001s", "EUR", "eur", "JPY", "XXX", "BGN", "VED"],
] as const;

const SCALARS: readonly unknown[] = [0, -1, 1.5, 1e308, 2 ** 53, 2 ** 31, true, false, null, [], {}, [[]], [null]];

export function hostileText(random: Random): string {
  if (random.chance(0.25)) return spaced(random.pick(MISPLACED_CARDS), random);
  if (random.chance(0.1)) return Array.from({ length: random.between(1, 40) }, () => anyCharacter(random)).join("");
  return random.pick(TEXTS);
}

/** Any JSON, of little depth and length. */
export function hostileJson(random: Random, depth = 3): unknown {
  if (random.chance(0.55)) return hostileText(random);
  if (depth > 0 && random.chance(0.15)) return { [hostileText(random)]: hostileJson(random, depth - 1) };
  if (depth > 0 && random.chance(0.1)) return { seconds: hostileText(random), nanos: random.between(-5, 5) };
  return random.pick(SCALARS);
}

/** The name of a field that may or may not exist. */
export function hostileName(random: Random): string {
  if (random.chance(0.3)) return random.pick(["cvc", "cvv", "securityCode", "pin", "track2", "magneticStripe"]);
  return random.chance(0.5) ? `field${random.between(0, 99)}` : hostileText(random);
}

/** A verification code under whatever name must not come back. */
export function codeOrJson(name: string, random: Random): unknown {
  return /^(cvc|cvv|securityCode)$/.test(name) ? VERIFICATION_CODE : hostileJson(random);
}

function spaced(number: string, random: Random): string {
  const form = random.between(0, 3);
  if (form === 0) return number;
  if (form === 1) return number.replaceAll(/(.{4})/g, `$1${random.pick([" ", "-", ".", "\u00a0"])}`);
  if (form === 2) return number.replaceAll(/./g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
  return `card ${number} please`;
}

function anyCharacter(random: Random): string {
  return String.fromCodePoint(random.between(0, random.chance(0.5) ? 0x7f : 0xffff));
}
