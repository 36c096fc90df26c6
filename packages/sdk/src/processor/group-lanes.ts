/** Keeps messages of one group in one lane, and runs each lane's batches one after the other. */
import type { Message } from "../message.js";

/** One lane for each batch that may be handled at once. */
export class GroupLanes {
  readonly #tails: Promise<void>[];
  /** Where the next messages without a group go. */
  #next = 0;

  constructor(count: number) {
    this.#tails = new Array<Promise<void>>(count).fill(Promise.resolve());
  }

  /** Parts of `messages` by lane, each in the order of arrival. */
  split(messages: readonly Message[]): ReadonlyMap<number, Message[]> {
    const parts = new Map<number, Message[]>();
    this.#next = (this.#next + 1) % this.#tails.length;
    for (const message of messages) {
      const lane = message.groupId === undefined ? this.#next : hash(message.groupId) % this.#tails.length;
      const part = parts.get(lane);
      if (part === undefined) {
        parts.set(lane, [message]);
      } else {
        part.push(message);
      }
    }
    return parts;
  }

  /** Runs `work`, which must not reject, when all that was given to the lane before has ended. */
  run(lane: number, work: () => Promise<void>): Promise<void> {
    const done = (this.#tails[lane] ?? Promise.resolve()).then(work);
    this.#tails[lane] = done;
    return done;
  }
}

/** FNV-1a over UTF-16 units: cheap, and even enough to spread groups over a few lanes. */
function hash(groupId: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < groupId.length; index += 1) {
    value = Math.imul(value ^ groupId.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
