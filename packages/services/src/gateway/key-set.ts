/** Where the keys come from that tokens are checked against. */
import { readFileSync } from "node:fs";
import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";

/**
 * Reads a setting that is a JWKS (RFC 7517): its JSON, the URL that it is fetched from when first needed and again for
 * a key that is not known, or the path of a file.
 * @throws Error with a sentence for the operator when it is none of these.
 */
export function readKeySet(setting: string): JWTVerifyGetKey {
  const text = setting.trim();
  if (text.startsWith("{")) return localKeySet(text);
  if (/^https?:/.test(text)) {
    const url = new URL(text);
    // Whoever can change an answer on its way could sign tokens of any merchant.
    if (url.protocol !== "https:" && !["localhost", "127.0.0.1", "[::1]"].includes(url.hostname)) {
      throw new Error("a URL must be https, or http on this machine");
    }
    return createRemoteJWKSet(url);
  }
  try {
    return localKeySet(readFileSync(text, "utf8"));
  } catch (error) {
    throw new Error(`cannot be read as a file: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function localKeySet(text: string): JWTVerifyGetKey {
  let keys: JSONWebKeySet;
  try {
    keys = JSON.parse(text) as JSONWebKeySet;
    return createLocalJWKSet(keys);
  } catch {
    throw new Error("must be a JSON Web Key Set, an https URL or a file");
  }
}
