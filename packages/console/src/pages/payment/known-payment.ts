/** What the page of a payment reads. */
import { call } from "../../api/call.js";
import { Problem } from "../../api/problem.js";
import { readStory, type Story } from "../../api/story.js";
import type { Payment, Refund } from "../../gen/api.js";

/** What is known of the payment. The story covers all merchants; the API tells those of the token alone. */
export interface KnownPayment {
  readonly story: Story;
  readonly payment: Payment | undefined;
  readonly refunds: readonly Refund[];
}

/** @throws Problem when nobody knows the payment. */
export async function readPayment(id: string, signal: AbortSignal): Promise<KnownPayment> {
  const elsewhere = (error: unknown) => {
    if (error instanceof Problem && (error.status === 404 || error.status === 403)) return undefined;
    throw error;
  };
  const [story, own, refunds] = await Promise.all([
    readStory(id, signal),
    call("GetPayment", { path: { id }, signal }).catch(elsewhere),
    call("ListRefunds", { query: { payment: id, pageSize: 100 }, signal }).catch(elsewhere),
  ]);
  return { story, payment: own?.payment, refunds: refunds?.refunds ?? [] };
}
