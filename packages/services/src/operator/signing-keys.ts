/**
 * The keys that an operator's own tokens are signed with, for development: a private JWKS whose first key signs, and
 * beside it the public one that gateways read. In production an identity provider has both, and changes them.
 */
import type { JWK } from "jose";
import { createDevelopmentKeys } from "./development-token.js";
import { readKeyFile, writeKeyFile } from "./key-lists.js";

/** The file of the private keys, in the folder of keys. */
export const SIGNING_KEYS = "TOKEN_SIGNING_KEYS";
/** The file of the public ones: what the gateways' AUTH_JWKS names. */
export const PUBLIC_KEYS = "AUTH_JWKS";

/** The private keys, the first one first; undefined when the folder has none. */
export async function readSigningKeys(folder: string): Promise<readonly JWK[] | undefined> {
  const text = await readKeyFile(folder, SIGNING_KEYS);
  return text === undefined ? undefined : (JSON.parse(text) as { keys: JWK[] }).keys;
}

/** Writes both files. The public one holds all keys, so that a token of any of them is accepted. */
export async function writeSigningKeys(folder: string, keys: readonly JWK[]): Promise<void> {
  const publicKeys = keys.map(({ d: _private, ...key }) => ({ ...key, use: "sig" }));
  // A gateway must know a key before anything is signed with it.
  await writeKeyFile(folder, PUBLIC_KEYS, JSON.stringify({ keys: publicKeys }));
  await writeKeyFile(folder, SIGNING_KEYS, JSON.stringify({ keys }));
}

/** A new private key with this id. */
export async function newSigningKey(id: string): Promise<JWK> {
  return { ...(await createDevelopmentKeys()).privateKey, kid: id };
}
