/** Signatures of Standard Webhooks: HMAC-SHA256 over `<id>.<timestamp>.<body>`, by Web Crypto. */

const SECRET_PREFIX = "whsec_";
const SECRET_BYTES = 32;

export type HmacKey = Awaited<ReturnType<typeof globalThis.crypto.subtle.importKey>>;

/** A new secret. */
export function newWebhookSecret(): string {
  return `${SECRET_PREFIX}${base64Of(globalThis.crypto.getRandomValues(new Uint8Array(SECRET_BYTES)))}`;
}

/** @throws TypeError when the secret is none. */
export async function webhookKeyOf(secret: string): Promise<HmacKey> {
  if (!secret.startsWith(SECRET_PREFIX)) throw new TypeError(`A secret begins with ${SECRET_PREFIX}.`);
  const key = bytesOf(secret.slice(SECRET_PREFIX.length));
  if (key === undefined || key.length === 0) throw new TypeError(`What follows ${SECRET_PREFIX} must be base64.`);
  return globalThis.crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
}

/** What is signed. */
export function signedBytes(id: string, timestamp: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const before = new TextEncoder().encode(`${id}.${timestamp}.`);
  const bytes = new Uint8Array(before.length + body.length);
  bytes.set(before);
  bytes.set(body, before.length);
  return bytes;
}

/** The headers of a webhook that is sent now. */
export async function signWebhook(webhook: {
  readonly id: string;
  readonly body: string;
  readonly secret: string;
}): Promise<Readonly<Record<string, string>>> {
  const { id, body, secret } = webhook;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signed = signedBytes(id, timestamp, new TextEncoder().encode(body));
  const signature = await globalThis.crypto.subtle.sign("HMAC", await webhookKeyOf(secret), signed);
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${base64Of(new Uint8Array(signature))}`,
  };
}

/** What base64 says; undefined when it is none. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
