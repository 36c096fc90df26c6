/** `MESSAGE_KEYS`: the keys that a service shares with each of its neighbours, to sign what it sends and check what comes. */
import { createSecretKey, type KeyObject } from "node:crypto";
import { z } from "zod";
import { key32 } from "../platform/configuration.js";
import { neighboursOf } from "./message-kinds.js";
import type { ServiceName } from "./queue-map.js";

/** The keys shared with each neighbour: the first signs, and each of them is accepted, so that they can be changed. */
export type MessageKeys = ReadonlyMap<ServiceName, readonly KeyObject[]>;

/** Those that were read, which may be read again. */
class ReadMessageKeys extends Map<ServiceName, readonly KeyObject[]> {
  /** Takes the keys of another reading. */
  become(other: ReadMessageKeys): void {
    for (const [neighbour, keys] of other) this.set(neighbour, keys);
  }
}

/** Keys of one neighbour: two while one takes the place of the other, and room for a change that was not finished. */
const MAXIMUM_KEYS = 4;

/**
 * The schema of `MESSAGE_KEYS` of one service: `neighbour=key` separated by commas, each key 32 bytes in base64. Every
 * neighbour has at least one key. What is wrong is named, and no key is repeated.
 */
export function messageKeys(service: ServiceName): z.ZodType<MessageKeys> {
  const neighbours = neighboursOf(service);
  return z.string().transform((text, context) => {
    const read = new Map<ServiceName, KeyObject[]>(neighbours.map((neighbour) => [neighbour, []]));
    const wrong = (message: string) => {
      context.addIssue({ code: "custom", message: `${message} (neighbour=key, separated by commas)` });
      return z.NEVER;
    };
    for (const pair of text.split(",").map((part) => part.trim())) {
      if (pair === "") continue;
      const [name = "", ...rest] = pair.split("=");
      const own = read.get(name as ServiceName);
      if (own === undefined) return wrong(`names somebody who is not one of ${neighbours.join(", ")}`);
      const key = key32.safeParse(rest.join("="));
      if (!key.success) return wrong(`has a key for ${name} that is not 32 bytes in base64`);
      if (own.push(createSecretKey(key.data)) > MAXIMUM_KEYS)
        return wrong(`has more than ${MAXIMUM_KEYS} keys for ${name}`);
    }
    const missing = neighbours.filter((neighbour) => read.get(neighbour)?.length === 0);
    return missing.length > 0 ? wrong(`has no key for ${missing.join(", ")}`) : new ReadMessageKeys(read);
  });
}
