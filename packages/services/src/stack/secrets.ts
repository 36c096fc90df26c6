/** The secrets of a stack: made at random at each start, and kept only where a database outlives the stack. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { brokerPasswords, createKeys, randomPassword, type StackKeys } from "../operator/new-secrets.js";
import { key32 } from "../platform/configuration.js";
import { type KeyRingForm, keyRing, MAXIMUM_PAYMENT_ID_KEYS } from "../platform/key-ring.js";

export { brokerPasswords, createKeys, randomPassword };

const storedRing = (options?: KeyRingForm) =>
  z.string().refine((text) => keyRing(options).safeParse(text).success, "must be a list of id=key");
const storedKeys = z.object({
  PAYMENT_ID_KEYS: storedRing({ maximum: MAXIMUM_PAYMENT_ID_KEYS }),
  CARD_SEALING_KEYS: storedRing(),
  CARD_FINGERPRINT_KEYS: storedRing(),
  CARD_STORAGE_KEYS: storedRing(),
  /** Files of before merchants had webhook endpoints have none; they are added. */
  WEBHOOK_SEALING_KEYS: storedRing().optional(),
  /** Files of before messages were signed have none; it is added. */
  MESSAGE_SECRET: z
    .string()
    .refine((text) => key32.safeParse(text).success, "must be 32 bytes in base64")
    .optional(),
});

/** The names that files of earlier releases have, each for one key without an id. */
const FORMER_NAME = /^(PAYMENT_ID|CARD_(SEALING|FINGERPRINT|STORAGE))_KEY$/;
/** What such a key is called from then on. */
const FORMER_ID = "first";

/**
 * The keys in `file`, or new ones that are written to it with mode 0600; what an older file lacks is added to it, and
 * its single keys become lists. For a database of the user's own: its fingerprints, sealed cards and payment ids mean
 * something only under the keys that made them.
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
  const { stored, isOfThisRelease } = readKeys(file, text);
  const made = createKeys();
  const keys = {
    ...stored,
    WEBHOOK_SEALING_KEYS: stored.WEBHOOK_SEALING_KEYS ?? made.WEBHOOK_SEALING_KEYS,
    MESSAGE_SECRET: stored.MESSAGE_SECRET ?? made.MESSAGE_SECRET,
  };
  const isWhole = stored.MESSAGE_SECRET !== undefined && stored.WEBHOOK_SEALING_KEYS !== undefined;
  if (isOfThisRelease && isWhole) return keys;
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, file);
  return keys;
}

function readKeys(file: string, text: string): { stored: z.infer<typeof storedKeys>; isOfThisRelease: boolean } {
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, unknown>);
    const isOfThisRelease = !entries.some(([name]) => FORMER_NAME.test(name));
    const lists = entries.map(([name, value]) =>
      FORMER_NAME.test(name) ? [`${name}S`, `${FORMER_ID}=${String(value)}`] : [name, value],
    );
    return { stored: storedKeys.parse(Object.fromEntries(lists)), isOfThisRelease };
  } catch (cause) {
    throw new Error(`${file} does not hold the keys of a stack. Restore it, or move it away to begin again.`, {
      cause,
    });
  }
}
