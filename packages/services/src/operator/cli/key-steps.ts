/** The steps in which a key is changed. Each is safe to run again. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { JWK } from "jose";
import { ConfigurationError } from "../../platform/configuration.js";
import type { KeyRing, RingKey } from "../../platform/key-ring.js";
import { newKeyId } from "../../platform/key-ring.js";
import {
  countFingerprints,
  countSeals,
  forgetFormerFingerprints,
  moveFingerprints,
  moveSeals,
  type WalkProgress,
} from "../card-moves.js";
import {
  isKeyListName,
  KEY_LISTS,
  type KeyListName,
  listText,
  newListedKey,
  readKeyList,
  ringOfList,
  writeKeyFile,
} from "../key-lists.js";
import { countFormerFingerprints, countIds, countSealedMessages, countSealedSecrets } from "../key-use.js";
import { newSigningKey, PUBLIC_KEYS, readSigningKeys, SIGNING_KEYS, writeSigningKeys } from "../signing-keys.js";
import { actorOf, recordAction } from "./action-record.js";
import { type CommandCall, EXIT, type ExitCode, textOption, UsageError } from "./command.js";
import { withOperatorBroker } from "./operator-broker.js";
import { inTransaction, onOperatorDatabase } from "./operator-database.js";
import { showProgress } from "./progress.js";

/** A key of whichever list. */
interface AnyKey {
  readonly id: string;
}

/** The folder of the lists. @throws ConfigurationError when nobody says where it is. */
async function folderOf(call: CommandCall): Promise<string> {
  const folder = textOption(call, "folder") ?? (await call.configuration.keysFolder());
  if (folder !== undefined) return folder;
  throw new ConfigurationError("KEYS_FOLDER is not set, and no stack runs here: name the folder of the lists of keys.");
}

/** The lists that the folder has. */
export async function listsIn(call: CommandCall): Promise<readonly string[]> {
  const folder = await folderOf(call);
  const lists = Object.keys(KEY_LISTS).filter((name) => existsSync(join(folder, name)));
  return existsSync(join(folder, SIGNING_KEYS)) ? [...lists, PUBLIC_KEYS] : lists;
}

/** The keys of a list, the first one first; empty when the folder has no such list. */
export async function keysIn(call: CommandCall, list: string): Promise<readonly AnyKey[]> {
  const folder = await folderOf(call);
  if (isKeyListName(list)) return (await readKeyList(folder, list)) ?? [];
  return ((await readSigningKeys(folder)) ?? []).map(({ kid = "" }) => ({ id: kid }));
}

/** Changes a list in place; `change` gets its keys and gives those that it shall have. */
async function changeList<Key extends AnyKey>(
  call: CommandCall,
  list: string,
  change: (keys: readonly Key[]) => readonly Key[] | Promise<readonly Key[]>,
): Promise<void> {
  const folder = await folderOf(call);
  if (isKeyListName(list)) {
    const changed = await change(((await readKeyList(folder, list)) ?? []) as readonly never[]);
    const text = listText(changed as never);
    // What a service could not read is never written.
    ringOfList(list, text, list);
    await writeKeyFile(folder, list, text);
    return;
  }
  const keys = ((await readSigningKeys(folder)) ?? []).map((key) => ({ ...key, id: key.kid ?? "" }));
  const changed = await change(keys as unknown as readonly Key[]);
  await writeSigningKeys(
    folder,
    changed.map((key) => {
      const { id, ...rest } = key as unknown as JWK & AnyKey;
      return { ...rest, kid: id };
    }),
  );
}

/** Adds a new key at the end. @returns its id. @throws UsageError when the list is full. */
export async function addKey(call: CommandCall, list: string): Promise<string> {
  const keys = await keysIn(call, list);
  const taken = keys.map(({ id }) => id);
  if (isKeyListName(list)) {
    if (keys.length >= KEY_LISTS[list].maximum) {
      throw new UsageError(`${list} has ${keys.length} keys: retire one before another is added.`);
    }
    const made = newListedKey(list, taken);
    await changeList(call, list, (before) => [...before, made]);
    return made.id;
  }
  const id = newKeyId(new Date(), taken);
  const made = { ...(await newSigningKey(id)), id };
  await changeList(call, list, (before) => [...before, made]);
  return id;
}

/** Puts a key at the front. @throws UsageError when the list has none of that id. */
export async function makeFirst(call: CommandCall, list: string, id: string): Promise<void> {
  await keyOf(call, list, id);
  await changeList(call, list, (keys) => [
    ...keys.filter((key) => key.id === id),
    ...keys.filter((key) => key.id !== id),
  ]);
}

/** Puts the cards of all clients under a key. @returns what was done. */
export async function moveCards(call: CommandCall, list: string, id: string): Promise<string> {
  if (list !== "CARD_FINGERPRINT_KEYS" && list !== "CARD_STORAGE_KEYS") {
    throw new UsageError(`Nothing that is stored is under ${list}: there is nothing to move.`);
  }
  await keyOf(call, list, id);
  const by = actorOf(call);
  const storage = await ringIn(call, "CARD_STORAGE_KEYS");
  const ring = await ringIn(call, list);
  const to = ringKey(ring, id);
  return onOperatorDatabase(call.configuration, async (client) => {
    await inTransaction(client, () => recordAction(client, { ...by, command: "keys move", subject: `${list} ${id}` }));
    if (list === "CARD_STORAGE_KEYS") {
      const changed = await walking(call, (onProgress) => moveSeals(client, { to, storage }, onProgress));
      return `${changed} cards were sealed again with ${id}.`;
    }
    const other = ring.all.find((key) => key.id !== id);
    if (other === undefined) throw new UsageError(`${id} is the only key of ${list}: add another one first.`);
    const changed = await walking(call, (onProgress) => moveFingerprints(client, { to, other, storage }, onProgress));
    return `${changed} clients have fingerprints under ${id} now, and are found under ${other.id} as well.`;
  });
}

/** Takes a key away, unless something needs it. */
export async function retireKey(call: CommandCall, list: string, id: string): Promise<ExitCode> {
  const keys = await keysIn(call, list);
  await keyOf(call, list, id);
  if (keys[0]?.id === id) throw new UsageError(`${id} is the first of ${list}: put another one first.`);
  const by = actorOf(call);
  const needed = isKeyListName(list) ? await whatNeeds(call, list, id) : undefined;
  if (needed !== undefined) {
    call.terminal.err(`${id} stays in ${list}: ${needed}.\n`);
    return EXIT.wrong;
  }
  await onOperatorDatabase(call.configuration, async (client) => {
    const action = { ...by, command: "keys retire", subject: `${list} ${id}` };
    await inTransaction(client, () => recordAction(client, action));
    if (list === "CARD_FINGERPRINT_KEYS") {
      await walking(call, (onProgress) => forgetFormerFingerprints(client, onProgress));
    }
  });
  await changeList(call, list, (all) => all.filter((key) => key.id !== id));
  call.terminal.out(`${id} was taken out of ${list}.\n`);
  return EXIT.ok;
}

/** What still needs a key, in words; undefined when nothing that can be counted does. */
async function whatNeeds(call: CommandCall, list: KeyListName, id: string): Promise<string | undefined> {
  if (list === "WEBHOOK_SECRETS") return undefined;
  if (list === "WEBHOOK_SEALING_KEYS") {
    const count = await onOperatorDatabase(call.configuration, (client) => countSealedSecrets(client, id));
    return count === 0
      ? undefined
      : `the secrets of ${count} webhook endpoints are sealed with it; notification seals them again within a minute`;
  }
  const key = ringKey(await ringIn(call, list), id);
  if (list === "CARD_SEALING_KEYS") {
    const count = await onBroker(call, (connection) => countSealedMessages(connection, key));
    return count === 0
      ? undefined
      : `${count} messages hold a card that it sealed, on payment or among the dead letters`;
  }
  const storage = await ringIn(call, "CARD_STORAGE_KEYS");
  return onOperatorDatabase(call.configuration, async (client) => {
    if (list === "PAYMENT_ID_KEYS") {
      const count = await countIds(client, key);
      return count === 0 ? undefined : `${count} payments and refunds have ids that were made with it`;
    }
    if (list === "CARD_STORAGE_KEYS") {
      const count = await walking(call, (onProgress) => countSeals(client, key, onProgress));
      return count === 0 ? undefined : `the cards of ${count} clients are sealed with it, run keys move`;
    }
    const count = await walking(call, (onProgress) => countFingerprints(client, { key, storage }, onProgress));
    if (count > 0) return `${count} clients have fingerprints under it, run keys move`;
    const waiting = await onBroker(call, (connection) => countFormerFingerprints(connection, client));
    return waiting === 0 ? undefined : `${waiting} messages hold a fingerprint that was made with it`;
  });
}

async function onBroker<T>(call: CommandCall, work: Parameters<typeof withOperatorBroker<T>>[2]): Promise<T> {
  return withOperatorBroker(await call.configuration.auditorUrl(), await call.configuration.tls(), work);
}

async function walking<T>(
  call: CommandCall,
  walk: (onProgress: (progress: WalkProgress) => void) => Promise<T>,
): Promise<T> {
  const progress = showProgress(call.terminal);
  try {
    return await walk(({ seen, all }) => progress.update(seen, all, "clients"));
  } finally {
    progress.end();
  }
}

/** The keys of a list. @throws ConfigurationError when the folder has no such list. */
async function ringIn(call: CommandCall, list: KeyListName): Promise<KeyRing> {
  const folder = await folderOf(call);
  const keys = await readKeyList(folder, list);
  if (keys === undefined) throw new ConfigurationError(`${folder} has no file ${list}.`);
  return ringOfList(list, listText(keys), join(folder, list));
}

function ringKey(ring: KeyRing, id: string): RingKey {
  const key = ring.all.find((one) => one.id === id);
  if (key === undefined) throw new UsageError(`There is no key ${id}.`);
  return key;
}

/** @throws UsageError when the list has no key of that id. */
async function keyOf(call: CommandCall, list: string, id: string): Promise<void> {
  const ids = (await keysIn(call, list)).map((key) => key.id);
  if (!ids.includes(id)) throw new UsageError(`${list} has no key ${id}: it has ${ids.join(", ") || "none"}.`);
}
