/** Whole numbers between two bounds as a regular expression: for values that JSON and queries have as text. */

/**
 * A pattern for the decimal forms of `minimum` to `maximum`, both included, without signs and leading zeros; it has no
 * anchors.
 * @throws RangeError unless 0 <= minimum <= maximum.
 */
export function wholeNumberPattern(minimum: bigint, maximum: bigint): string {
  if (minimum < 0n || minimum > maximum) throw new RangeError(`There is no whole number of ${minimum} to ${maximum}.`);
  const alternatives: string[] = [];
  for (let low = minimum; low <= maximum; ) {
    const high = lastAlike(low, maximum);
    alternatives.push(patternOf(low.toString(), high.toString()));
    low = high + 1n;
  }
  const merged = withLengthsMerged(alternatives);
  return merged.length === 1 ? (merged[0] as string) : `(?:${merged.join("|")})`;
}

/** All numbers of one length, as {@link patternOf} writes them. */
const WHOLE_LENGTH = /^\[1-9\](?:\[0-9\](?:\{([0-9]+)\})?)?$/;

/** Writes the alternatives that are all numbers of some length, which follow each other, as one. */
function withLengthsMerged(alternatives: readonly string[]): readonly string[] {
  const lengths = alternatives.filter((one) => WHOLE_LENGTH.test(one));
  if (lengths.length < 2) return alternatives;
  const further = (one: string | undefined) => (one === "[1-9]" ? 0 : Number(WHOLE_LENGTH.exec(one ?? "")?.[1] ?? 1));
  const merged = `[1-9][0-9]{${further(lengths[0])},${further(lengths.at(-1))}}`;
  return alternatives.flatMap((one) => (one === lengths[0] ? [merged] : lengths.includes(one) ? [] : [one]));
}

/** The largest number up to `maximum` that has a common pattern with `low`: it differs in digits that may be any. */
function lastAlike(low: bigint, maximum: bigint): bigint {
  // With so many nines at the end, a number ends the run of those that begin alike.
  let best = low;
  for (let power = 1n; ; power *= 10n) {
    const isWholeRun = low % power === 0n && (low !== 0n || power === 1n);
    if (!isWholeRun) return best;
    // The digit in front of the run may rise to nine, or as far as `maximum` lets it.
    const digit = (low / power) % 10n;
    const room = (maximum - low + 1n) / power;
    const steps = room < 10n - digit ? room : 10n - digit;
    if (steps < 1n) return best;
    best = low + steps * power - 1n;
    if (steps < 10n - digit || digit !== 0n) return best;
  }
}

/** Of two numbers of the same length that agree up to a digit, behind which one has zeros and the other nines. */
function patternOf(low: string, high: string): string {
  let pattern = "";
  for (let at = 0; at < low.length; at++) {
    const [from = "", to = ""] = [low[at], high[at]];
    if (from === "0" && to === "9") {
      const rest = low.length - at;
      return `${pattern}[0-9]${rest === 1 ? "" : `{${rest}}`}`;
    }
    pattern += from === to ? from : `[${from}-${to}]`;
  }
  return pattern;
}
