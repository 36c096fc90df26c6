/** What the page of a payment reads. */
import { call } from "../../api/call.js";
import { merchantFor } from "../../api/session.js";
import { readStory, type Story } from "../../api/story.js";
import type { Payment } from "../../gen/api.js";

/** What is known of the payment. The story covers all merchants; the API tells the payments of the token's own. */
export interface KnownPayment {
  readonly story: Story;
  /** As its merchant sees it, where a token is the merchant's. */
  readonly payment: Payment | undefined;
}

/** @throws Problem when nobody knows the payment. */
export async function readPayment(id: string, signal: AbortSignal): Promise<KnownPayment> {
  const story = await readStory(id, signal);
  const merchant = merchantFor("payments:read");
  if (merchant === undefined || story.payment?.merchantId !== merchant) return { story, payment: undefined };
  const { payment } = await call("GetPayment", { path: { id }, signal });
  return { story, payment };
}
