/** The secrets of a stack: made at random at each start, and kept only where a database outlives the stack. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { key32 } from "../platform/configuration.js";
import { BROKER_USERS, type BrokerUserName } from "../shared/queue-map.js";
import type { StackKeys } from "./service-table.js";

/** A random password that needs no escaping in URLs, SQL and property files. */
export function randomPassword(): string {
  return randomBytes(24).toString("base64url");
}

/** A password for each user of the broker. */
export function brokerPasswords(): Record<BrokerUserName, string> {
  return Object.fromEntries(BROKER_USERS.map((user) => [user, randomPassword()])) as Record<BrokerUserName, string>;
}

/** New keys. */
export function createKeys(): StackKeys {
  const key = () => randomBytes(32).toString("base64");
  return {
    PAYMENT_ID_KEY: key(),
    CARD_SEALING_KEY: key(),
    CARD_FINGERPRINT_KEY: key(),
    CARD_STORAGE_KEY: key(),
    MESSAGE_SECRET: key(),
  };
}

const storedKey = z.string().refine((text) => key32.safeParse(text).success, "must be 32 bytes in base64");
const storedKeys = z.object({
  PAYMENT_ID_KEY: storedKey,
  CARD_SEALING_KEY: storedKey,
  CARD_FINGERPRINT_KEY: storedKey,
  CARD_STORAGE_KEY: storedKey,
  /** Files of before messages were signed have none; it is added. */
  MESSAGE_SECRET: storedKey.optional(),
});

/**
 * The keys in `file`, or new ones that are written to it with mode 0600; a key that an older file lacks is added to it. For a database of the user's own: its
 * fingerprints, sealed cards and payment ids mean something only under the keys that made them.
 * @throws when the file is there and does not hold keys: it is never overwritten.
 */
export async function keepKeys(file: string): Promise<StackKeys> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) {
    const keys = createKeys();
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flag: "wx" });
    return keys;
  }
  const stored = readKeys(file, text);
  if (stored.MESSAGE_SECRET !== undefined) return { ...stored, MESSAGE_SECRET: stored.MESSAGE_SECRET };
  const keys = { ...stored, MESSAGE_SECRET: createKeys().MESSAGE_SECRET };
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, file);
  return keys;
}

function readKeys(file: string, text: string): z.infer<typeof storedKeys> {
  try {
    return storedKeys.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${file} does not hold the keys of a stack. Restore it, or move it away to begin again.`, {
      cause,
    });
  }
}
