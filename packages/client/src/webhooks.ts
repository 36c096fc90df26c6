/** Webhooks, as Standard Webhooks signs them: verified before anything of them is believed. */
import type { Payment, Refund, WebhookEndpoint } from "./gen/resources.js";
import { readForm } from "./json-form.js";
import { bytesOf, type HmacKey, signedBytes, webhookKeyOf } from "./webhook-signature.js";

const TOLERANCE_SECONDS = 300;
/** Two secrets sign while one takes the place of another; a header with many more is no webhook. */
const MAXIMUM_SIGNATURES = 16;

/** What a webhook says. One of `payment`, `refund` and `webhookEndpoint` is there, unless a later release sends others. */
export interface WebhookEvent {
  /** The same for each delivery of one event: drop those that you have seen. */
  readonly id: string;
  /** For example `payment.succeeded`. More may be added: ignore those that you do not know. */
  readonly type: string;
  /** When it happened. */
  readonly timestamp: Date;
  readonly payment?: Payment;
  readonly refund?: Refund;
  readonly webhookEndpoint?: WebhookEndpoint;
}

/** Why a webhook is not believed. */
export type WebhookFault = "HEADERS_MISSING" | "TIMESTAMP_OUT_OF_TOLERANCE" | "SIGNATURE_WRONG" | "BODY_MALFORMED";

/** Thrown for a webhook that must not be believed: answer it with 401, and do nothing. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
  readonly reason: WebhookFault;

  constructor(reason: WebhookFault, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A webhook as it came. */
export interface ReceivedWebhook {
  /** The bytes of the body as they came, or their text. JSON that was parsed and written again differs. */
  readonly body: string | Uint8Array;
  /** Those of the request: of `fetch`, or of Node's `request.headers`. */
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** How to verify it. */
export interface WebhookVerification {
  /** The endpoint's secret, `whsec_...`; several while one takes the place of another. */
  readonly secret: string | readonly string[];
  /** How far the webhook's time may be from now, in seconds [300]. */
  readonly toleranceSeconds?: number | undefined;
}

/**
 * Verifies a webhook and reads it.
 * @throws WebhookError when it must not be believed. TypeError when a secret is none.
 */
export async function verifyWebhook(
  { body, headers }: ReceivedWebhook,
  { secret, toleranceSeconds = TOLERANCE_SECONDS }: WebhookVerification,
): Promise<WebhookEvent> {
  const keys = await Promise.all([secret].flat().map(webhookKeyOf));
  const id = headerOf(headers, "webhook-id");
  const timestamp = headerOf(headers, "webhook-timestamp");
  const signatures = headerOf(headers, "webhook-signature");
  const ageSeconds = /^\d{1,12}$/.test(timestamp) ? Math.abs(Date.now() / 1_000 - Number(timestamp)) : Infinity;
  if (ageSeconds > toleranceSeconds) {
    throw new WebhookError("TIMESTAMP_OUT_OF_TOLERANCE", "The webhook's time is too far from now.");
  }
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const signed = signedBytes(id, timestamp, bytes);
  if (!(await isSigned(signed, signatures, keys))) {
    throw new WebhookError("SIGNATURE_WRONG", "No signature of the webhook is that of the secret.");
  }
  return eventIn(id, bytes);
}

function headerOf(headers: ReceivedWebhook["headers"], name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headerIn(headers, name);
  if (typeof value === "string" && value !== "") return value;
  throw new WebhookError("HEADERS_MISSING", `The header ${name} is missing, or there are several.`);
}

/** Names of headers may be in any case. */
function headerIn(headers: Readonly<Record<string, unknown>>, name: string): unknown {
  const found = Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1];
  return Array.isArray(found) && found.length === 1 ? found[0] : found;
}

/** Web Crypto compares in constant time. */
async function isSigned(
  signed: Uint8Array<ArrayBuffer>,
  signatures: string,
  keys: readonly HmacKey[],
): Promise<boolean> {
  for (const each of signatures.split(" ").slice(0, MAXIMUM_SIGNATURES)) {
    const signature = each.startsWith("v1,") ? bytesOf(each.slice("v1,".length)) : undefined;
    if (signature === undefined) continue;
    for (const key of keys) {
      if (await globalThis.crypto.subtle.verify("HMAC", key, signature, signed)) return true;
    }
  }
  return false;
}

function eventIn(id: string, bytes: Uint8Array): WebhookEvent {
  let read: { readonly type: string; readonly timestamp: string; readonly data: unknown };
  try {
    read = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new WebhookError("BODY_MALFORMED", "The webhook is signed, and its body is no JSON.");
  }
  const event = { id, type: read.type, timestamp: new Date(read.timestamp) };
  const [kind] = read.type.split(".");
  if (kind === "payment") return { ...event, payment: readForm<Payment>("Payment", read.data) };
  if (kind === "refund") return { ...event, refund: readForm<Refund>("Refund", read.data) };
  if (kind !== "webhook_endpoint") return event;
  return { ...event, webhookEndpoint: readForm<WebhookEndpoint>("WebhookEndpoint", read.data) };
}
