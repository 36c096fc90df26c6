/** Signatures of the Standard Webhooks specification, version 1: symmetric, HMAC-SHA256. */
import { createHmac } from "node:crypto";
import { z } from "zod";

/** A secret: `whsec_` and 24 to 64 bytes in base64, as the specification wants secrets written; parsed to the bytes. */
export const webhookSecret = z
  .string()
  .regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/, "must be `whsec_` followed by base64")
  .transform((text) => new Uint8Array(Buffer.from(text.slice("whsec_".length), "base64")))
  .refine((bytes) => bytes.length >= 24 && bytes.length <= 64, "must hold 24 to 64 bytes in base64");

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
  const timestamp = Math.floor(options.timeMs / 1_000).toString();
  const signed = `${options.id}.${timestamp}.${options.payload}`;
  const signatures = options.secrets.map(
    (secret) => `v1,${createHmac("sha256", secret).update(signed).digest("base64")}`,
  );
  return { "webhook-id": options.id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
