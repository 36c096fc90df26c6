/** The folder from which a stack's services read their lists of keys, and in which an operator changes them. */
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { JWK } from "jose";
import { KEY_LISTS, type KeyListName, readKeyFile, writeKeyFile } from "../operator/key-lists.js";
import { writeSigningKeys } from "../operator/signing-keys.js";
import type { StackKeys } from "./service-table.js";

const LISTS = Object.keys(KEY_LISTS) as readonly KeyListName[];

/** The folder, beside the file in which keys are kept. */
export function folderOfKeys(keysFile: string): string {
  return join(dirname(keysFile), "keys");
}

/**
 * Writes the lists and the keys of tokens into the folder. With `keep`, lists that are there stay: an operator may have
 * changed them, and what the database holds was made with them.
 * @returns the keys as they are then.
 */
export async function placeKeys(
  folder: string,
  keys: StackKeys,
  { signer, keep }: { readonly signer: JWK; readonly keep: boolean },
): Promise<StackKeys> {
  if (!keep) await rm(folder, { recursive: true, force: true });
  const placed: Record<string, string> = { ...keys };
  // The user's own, of a receiver of webhooks.
  const lists: Partial<Record<KeyListName, string | undefined>> = {
    ...keys,
    WEBHOOK_SECRETS: process.env.WEBHOOK_SECRETS,
  };
  for (const name of LISTS) {
    const there = await readKeyFile(folder, name);
    const list = there ?? lists[name];
    if (list === undefined || list === "") continue;
    if (there === undefined) await writeKeyFile(folder, name, list);
    placed[name] = list;
  }
  await writeSigningKeys(folder, [signer]);
  return placed as unknown as StackKeys;
}
