/** What a selector computes with: three-valued logic, comparison and arithmetic (JMS 3.1, 3.8.1.2 and 3.8.1.3). */

/** A bigint is an exact number (Java's long), a number an approximate one (Java's double), null is unknown. */
export type SelectorValue = null | boolean | string | bigint | number;

export type Truth = boolean | null;

export type Comparison = "=" | "<>" | "<" | "<=" | ">" | ">=";
export type Arithmetic = "+" | "-" | "*" | "/";

export function truthOf(value: SelectorValue): Truth {
  return typeof value === "boolean" ? value : null;
}

export function not(value: Truth): Truth {
  return value === null ? null : !value;
}

export function isNumber(value: SelectorValue): value is bigint | number {
  return typeof value === "bigint" || typeof value === "number";
}

/** Values of different types compare as false, also with `<>`; strings and booleans have no order. */
export function compare(operator: Comparison, left: SelectorValue, right: SelectorValue): Truth {
  if (left === null || right === null) return null;
  if (isNumber(left) && isNumber(right)) return compareNumbers(operator, left, right);
  if (typeof left !== typeof right) return false;
  if (operator === "=") return left === right;
  return operator === "<>" && left !== right;
}

function compareNumbers(operator: Comparison, left: bigint | number, right: bigint | number): boolean {
  switch (operator) {
    case "=":
      // biome-ignore lint/suspicious/noDoubleEquals: it compares a bigint and a number by their mathematical values.
      return left == right;
    case "<>":
      // biome-ignore lint/suspicious/noDoubleEquals: as above.
      return left != right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
  }
}

/** As in Java: two longs give a long that wraps round, anything with a double gives a double. */
export function calculate(operator: Arithmetic, left: SelectorValue, right: SelectorValue): SelectorValue {
  if (!isNumber(left) || !isNumber(right)) return null;
  if (typeof left === "bigint" && typeof right === "bigint") return calculateExactly(operator, left, right);
  const one = Number(left);
  const other = Number(right);
  switch (operator) {
    case "+":
      return one + other;
    case "-":
      return one - other;
    case "*":
      return one * other;
    case "/":
      return one / other;
  }
}

function calculateExactly(operator: Arithmetic, left: bigint, right: bigint): bigint | null {
  switch (operator) {
    case "+":
      return BigInt.asIntN(64, left + right);
    case "-":
      return BigInt.asIntN(64, left - right);
    case "*":
      return BigInt.asIntN(64, left * right);
    case "/":
      // Java throws; a message for which there is no value is one for which the value is unknown.
      return right === 0n ? null : BigInt.asIntN(64, left / right);
  }
}

export function negate(value: SelectorValue): SelectorValue {
  if (typeof value === "bigint") return BigInt.asIntN(64, -value);
  return typeof value === "number" ? -value : null;
}

const ANY_ONE = Symbol("_");
const ANY = Symbol("%");

/** The matcher of a LIKE pattern; undefined when the escape character stands at its end. */
export function likeMatcher(pattern: string, escapedBy: string | undefined): ((text: string) => boolean) | undefined {
  const parts: (string | symbol)[] = [];
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern.charAt(index);
    if (character === escapedBy) {
      index++;
      if (index === pattern.length) return undefined;
      parts.push(pattern.charAt(index));
    } else {
      parts.push(character === "_" ? ANY_ONE : character === "%" ? ANY : character);
    }
  }
  return (text) => matchesParts(text, parts);
}

/** Goes back to the last `%` only, so that no pattern takes more than pattern times text. */
function matchesParts(text: string, parts: readonly (string | symbol)[]): boolean {
  let at = 0;
  let part = 0;
  let lastAny = -1;
  let resumeAt = 0;
  while (at < text.length) {
    if (part < parts.length && (parts[part] === ANY_ONE || parts[part] === text[at])) {
      at++;
      part++;
    } else if (parts[part] === ANY) {
      lastAny = part++;
      resumeAt = at;
    } else if (lastAny >= 0) {
      part = lastAny + 1;
      at = ++resumeAt;
    } else {
      return false;
    }
  }
  while (parts[part] === ANY) part++;
  return part === parts.length;
}
