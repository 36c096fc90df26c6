/** Arrays of JSON packed into base64url, as page tokens and names in paths are. */

/** The array that `text` packs; empty for anything else, which somebody else made up. */
export function unpackArray(text: string): readonly unknown[] {
  try {
    const json: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    return Array.isArray(json) ? json : [];
  } catch {
    return [];
  }
}
