/** The folder in which an operator keeps the lists of keys: a file for each, named after its variable, mode 0600. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { webhookSecret } from "../notification/webhook/sign-webhook.js";
import { ConfigurationError } from "../platform/configuration.js";
import { type KeyRing, keyRing, MAXIMUM_KEYS, MAXIMUM_PAYMENT_ID_KEYS, newKeyId } from "../platform/key-ring.js";

/** Lists of `id=key`. */
export const KEY_LISTS = {
  PAYMENT_ID_KEYS: { maximum: MAXIMUM_PAYMENT_ID_KEYS, prefix: "" },
  CARD_SEALING_KEYS: { maximum: MAXIMUM_KEYS, prefix: "" },
  // A client's row holds two fingerprints.
  CARD_FINGERPRINT_KEYS: { maximum: 2, prefix: "" },
  CARD_STORAGE_KEYS: { maximum: MAXIMUM_KEYS, prefix: "" },
  WEBHOOK_SEALING_KEYS: { maximum: MAXIMUM_KEYS, prefix: "" },
  WEBHOOK_SECRETS: { maximum: MAXIMUM_KEYS, prefix: "whsec_", key: webhookSecret as z.ZodType<Uint8Array, string> },
} as const;
export type KeyListName = keyof typeof KEY_LISTS;

/** A key as the list writes it. */
export interface ListedKey {
  readonly id: string;
  readonly text: string;
}

export function isKeyListName(name: string): name is KeyListName {
  return name in KEY_LISTS;
}

/** A new key of a list, with an id that none of `taken` has. */
export function newListedKey(name: KeyListName, taken: readonly string[], now: Date = new Date()): ListedKey {
  return { id: newKeyId(now, taken), text: KEY_LISTS[name].prefix + randomBytes(32).toString("base64") };
}

/** Lists as services read them. */
export function listText(keys: readonly ListedKey[]): string {
  return keys.map(({ id, text }) => `${id}=${text}`).join(",");
}

/** The keys of a list that is in a folder; undefined when the folder has none. @throws ConfigurationError */
export async function readKeyList(folder: string, name: KeyListName): Promise<readonly ListedKey[] | undefined> {
  const text = await readKeyFile(folder, name);
  if (text === undefined) return undefined;
  ringOfList(name, text, join(folder, name));
  return text
    .split(",")
    .filter((pair) => pair.trim() !== "")
    .map((pair) => {
      const [id = "", ...rest] = pair.trim().split("=");
      return { id, text: rest.join("=") };
    });
}

/** The keys themselves. @throws ConfigurationError when the text is no such list; no key is repeated. */
export function ringOfList(name: KeyListName, text: string, where: string): KeyRing {
  const { maximum, ...form } = KEY_LISTS[name];
  const parsed = keyRing({ maximum, ...("key" in form && { key: form.key }) }).safeParse(text);
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(`${where} ${parsed.error.issues[0]?.message}.`);
}

/** Puts a list into the place of the one before, whole: a service that reads it meanwhile reads one of the two. */
export async function writeKeyFile(folder: string, name: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `.${name}.${process.pid}`);
  await writeFile(draft, `${text}\n`, { mode: 0o600 });
  await rename(draft, join(folder, name));
}

/** The content of a file of the folder, without the newline at its end; undefined when there is none. */
export async function readKeyFile(folder: string, name: string): Promise<string | undefined> {
  const text = await readFile(join(folder, name), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text?.replace(/\r?\n$/, "");
}
