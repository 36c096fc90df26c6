/** Signatures of the Standard Webhooks specification, version 1: symmetric, HMAC-SHA256, by the library of its authors. */
import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { z } from "zod";

const PREFIX = "whsec_";
const SECRET_BYTES = 32;

/** A secret: `whsec_` and 24 to 64 bytes in base64, as the specification wants secrets written; parsed to the bytes. */
export const webhookSecret = z
  .string()
  .regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/, "must be `whsec_` followed by base64")
  .transform((text) => new Uint8Array(Buffer.from(text.slice(PREFIX.length), "base64")))
  .refine((bytes) => bytes.length >= 24 && bytes.length <= 64, "must hold 24 to 64 bytes in base64");

/** A new secret. */
export function newWebhookSecret(): Uint8Array {
  return randomBytes(SECRET_BYTES);
}

/** A secret as its receiver is given it. */
export function webhookSecretText(secret: Uint8Array): string {
  return PREFIX + Buffer.from(secret).toString("base64");
}

/**
 * The three headers that sign a webhook. `id` is the same at each attempt and has no full stop in it; the time is that
 * of the attempt, so that a receiver can refuse an old one.
 */
export function signWebhook(options: {
  readonly id: string;
  readonly timeMs: number;
  readonly payload: string;
  /** One signature for each, so that a receiver may have either while one takes the place of another. */
  readonly secrets: readonly Uint8Array[];
}): Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string> {
  const { id, timeMs, payload, secrets } = options;
  const time = new Date(timeMs);
  const signatures = secrets.map((secret) => new Webhook(secret, { format: "raw" }).sign(id, time, payload));
  return {
    "webhook-id": id,
    "webhook-timestamp": Math.floor(timeMs / 1_000).toString(),
    "webhook-signature": signatures.join(" "),
  };
}
