/** What a message says, in 43 characters: a seal or a store carries it and so belongs to this message alone. */
import { hash } from "node:crypto";

/**
 * SHA-256, base64url, of the message's fields in the canonical form of RFC 8785: names in the order of their UTF-16 code
 * units, no white space. So the digest is the same for whoever parsed the message, in whichever order it was written.
 * It covers every field that there is, those of later releases too; `sealedCard` alone is left out, which carries it.
 */
export function messageDigest(message: Readonly<Record<string, unknown>>): string {
  return hash("sha256", canonicalObject(message, "sealedCard"), "base64url");
}

function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  return canonicalObject(value as Readonly<Record<string, unknown>>);
}

function canonicalObject(value: Readonly<Record<string, unknown>>, leftOut?: string): string {
  let text = "";
  for (const name of Object.keys(value).sort()) {
    const field = value[name];
    // JSON does not carry what is undefined either.
    if (name === leftOut || field === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${canonical(field)}`;
  }
  return `{${text}}`;
}
