/** Keys with ids: the first makes, and all are accepted, so that one can take the place of another. */
import { z } from "zod";
import { key32 } from "./configuration.js";

/** A key of a ring. */
export interface RingKey {
  /** For people: in lists, metrics and errors. Two keys of a ring never have the same one. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Keys of a ring: two while one takes the place of the other, and room for a change that was not finished. */
export const MAXIMUM_KEYS = 4;

/** Of payment ids: a key is needed for as long as a payment under it is. */
export const MAXIMUM_PAYMENT_ID_KEYS = 16;

const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/;

/** The keys of one purpose. It has one key at least. */
export class KeyRing {
  #keys: readonly [RingKey, ...RingKey[]];

  /** @throws Error without a key. */
  constructor(keys: readonly RingKey[]) {
    this.#keys = notEmpty(keys);
  }

  /** What seals, signs and makes. */
  get first(): RingKey {
    return this.#keys[0];
  }

  /** What opens and is accepted, the first one first. */
  get all(): readonly RingKey[] {
    return this.#keys;
  }

  /** Takes the keys of another ring. A key that both have stays the same object: what was made of it is kept. */
  become({ all }: KeyRing): void {
    this.#keys = notEmpty(
      all.map(
        (key) => this.#keys.find((own) => own.id === key.id && Buffer.compare(own.bytes, key.bytes) === 0) ?? key,
      ),
    );
  }
}

/** How the text of a ring is read. */
export interface KeyRingForm {
  /** Reads one key [32 bytes in base64]. */
  readonly key?: z.ZodType<Uint8Array, string>;
  /** [{@link MAXIMUM_KEYS}] */
  readonly maximum?: number;
}

/**
 * The schema of a variable that holds a ring: `id=key` separated by commas. What is wrong is named, and no key is
 * repeated: an id is 1 to 32 letters, digits, `_` and `-`, and neither an id nor a key comes twice.
 */
export function keyRing({ key = key32, maximum = MAXIMUM_KEYS }: KeyRingForm = {}): z.ZodType<KeyRing, string> {
  return z.string().transform((text, context) => {
    const wrong = (message: string) => {
      context.addIssue({ code: "custom", message: `${message} (id=key, separated by commas; the first one makes)` });
      return z.NEVER;
    };
    const keys: RingKey[] = [];
    for (const pair of text.split(",").map((part) => part.trim())) {
      if (pair === "") continue;
      const place = `key ${keys.length + 1}`;
      const end = pair.indexOf("=");
      const id = pair.slice(0, Math.max(end, 0));
      // What stands there may be a key that was given without an id: it is not repeated.
      if (!KEY_ID.test(id)) return wrong(`has a ${place} without an id of letters, digits, _ and -`);
      if (keys.some((other) => other.id === id)) return wrong(`has the id ${id} twice`);
      const parsed = key.safeParse(pair.slice(end + 1));
      if (!parsed.success) return wrong(`has a key ${id} that ${parsed.error.issues[0]?.message}`);
      const bytes = parsed.data;
      if (keys.some((other) => Buffer.compare(other.bytes, bytes) === 0)) return wrong(`has the key ${id} twice`);
      keys.push({ id, bytes });
      if (keys.length > maximum) return wrong(`has more than ${maximum} keys`);
    }
    return keys.length === 0 ? wrong("has no key") : new KeyRing(keys);
  });
}

/** When a key was made, by its id: midnight in UTC of the day that it begins with, in milliseconds since 1970. */
export function keyMadeAt(id: string): number | undefined {
  const [, year, month, day] = /^(20[0-9]{2})([0-9]{2})([0-9]{2})/.exec(id) ?? [];
  const time = Date.parse(`${year}-${month}-${day}T00:00:00.000Z`);
  return Number.isNaN(time) ? undefined : time;
}

function notEmpty(keys: readonly RingKey[]): readonly [RingKey, ...RingKey[]] {
  const [first, ...others] = keys;
  if (first === undefined) throw new Error("A ring of keys needs one key at least.");
  return [first, ...others];
}

/** The id of a key that is made at `time`: its day in UTC, from which its age is told, and a letter when it is not the first. */
export function newKeyId(time: Date, taken: readonly string[] = []): string {
  const day = time.toISOString().slice(0, 10).replaceAll("-", "");
  const ids = ["", ..."bcdefghijklmnopqrstuvwxyz"].map((letter) => day + letter);
  const free = ids.find((id) => !taken.includes(id));
  if (free === undefined) throw new Error(`All ids of ${day} are taken.`);
  return free;
}
