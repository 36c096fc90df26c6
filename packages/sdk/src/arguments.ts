/**
 * Checks of what callers give: whatever is wrong with an argument is said before anything of it is used, by the name that
 * the caller gave it, and never by its value.
 */
import type { Destination } from "./destination.js";
import { MessagingError } from "./errors.js";

/** The longest time that a timer of Node waits; beyond it, it fires at once. */
export const LONGEST_WAIT_MS = 0x7fffffff;
/** Letters in which a name may differ from the one that was meant. */
const MAXIMUM_DISTANCE = 3;

/** The names of all options of a type; the compiler makes sure that none is missing. */
export function namesOf<Options>(names: { readonly [Name in keyof Options]-?: true }): ReadonlySet<string> {
  return new Set(Object.keys(names));
}

/**
 * Refuses what is no object, and names that are not known: an option that is misspelt would do nothing, in silence.
 * @param whose for the sentence: `The options of connect`
 * @throws MessagingError `invalid-argument`
 */
export function checkNames(whose: string, given: unknown, known: ReadonlySet<string>): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw invalid(`${whose} must be an object and not ${kindOf(given)}.`);
  }
  for (const name in given) if (!known.has(name)) throw unknownName(whose, name, known);
}

function unknownName(whose: string, name: string, known: ReadonlySet<string>): MessagingError {
  const meant = nearest(name, known);
  const hint = meant === undefined ? `Known are ${[...known].join(", ")}.` : `Is \`${meant}\` meant?`;
  return invalid(`${whose} cannot have \`${name.slice(0, 60)}\`. ${hint}`);
}

/** The known name that is most like this one, if one is like it. */
function nearest(name: string, known: ReadonlySet<string>): string | undefined {
  let found: string | undefined;
  let least = Math.min(MAXIMUM_DISTANCE, Math.ceil(name.length / 2)) + 1;
  for (const candidate of known) {
    const distance = distanceBetween(name.toLowerCase().slice(0, 60), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      found = candidate;
    }
  }
  return found;
}

/** Levenshtein's distance, row by row. */
function distanceBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let at = 1; at <= one.length; at++) {
    const next = [at];
    for (let to = 1; to <= other.length; to++) {
      const replaced = (row[to - 1] ?? 0) + (one[at - 1] === other[to - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}

const KINDS: ReadonlySet<unknown> = new Set<Destination["kind"]>([
  "queue",
  "topic",
  "temporary-queue",
  "temporary-topic",
]);

export function isDestination(given: unknown): given is Destination {
  if (typeof given !== "object" || given === null) return false;
  const { kind, address } = given as Partial<Destination>;
  return KINDS.has(kind) && typeof address === "string" && address.trim() !== "";
}

/** @param name what the caller calls it. @throws MessagingError `invalid-argument` */
export function checkDestination(name: string, given: unknown): asserts given is Destination {
  if (isDestination(given)) return;
  const hint = typeof given === "string" ? ' such as queue("payment")' : " made by queue() or topic()";
  throw invalid(`${name} must be a destination${hint}, and not ${kindOf(given)}.`);
}

/** @throws MessagingError `invalid-argument` unless it is missing or a string. */
export function checkText(name: string, given: unknown): asserts given is string | undefined {
  if (given !== undefined && typeof given !== "string")
    throw invalid(`${name} must be a string and not ${kindOf(given)}.`);
}

/** @throws MessagingError `invalid-argument` unless it is missing, true or false. */
export function checkFlag(name: string, given: unknown): asserts given is boolean | undefined {
  if (given !== undefined && typeof given !== "boolean") {
    throw invalid(`${name} must be true or false and not ${kindOf(given)}.`);
  }
}

/** @throws MessagingError `invalid-argument` unless it is missing or a function. */
export function checkFunction(name: string, given: unknown): void {
  if (given !== undefined && typeof given !== "function") {
    throw invalid(`${name} must be a function and not ${kindOf(given)}.`);
  }
}

/** @throws MessagingError `invalid-argument` unless it is missing or an AbortSignal. */
export function checkSignal(name: string, given: unknown): asserts given is AbortSignal | undefined {
  if (given === undefined) return;
  // Not by its class: a signal may be of another realm, or a polyfill's.
  if (typeof given === "object" && given !== null && "aborted" in given && "addEventListener" in given) return;
  throw invalid(`${name} must be an AbortSignal and not ${kindOf(given)}.`);
}

/**
 * A time to wait in milliseconds.
 * @throws MessagingError `invalid-argument` unless it is from `least` to 2,147,483,647 (24 days), or missing.
 */
export function checkWait(name: string, given: unknown, least = 0): asserts given is number | undefined {
  if (given === undefined) return;
  if (typeof given === "number" && given >= least && given <= LONGEST_WAIT_MS) return;
  throw invalid(`${name} must be a number of milliseconds from ${least} to ${LONGEST_WAIT_MS.toLocaleString("en")}.`);
}

/** @throws MessagingError `invalid-argument` unless it is a finite number of at least `minimum`. */
export function atLeast(minimum: number, name: string, value: number): number {
  if (Number.isFinite(value) && value >= minimum) return value;
  throw invalid(`${name} must be a number of at least ${minimum}.`);
}

/** What a value is, without showing it. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object of another kind" : `a ${typeof value}`;
}

function invalid(sentence: string): MessagingError {
  return new MessagingError("invalid-argument", sentence);
}
