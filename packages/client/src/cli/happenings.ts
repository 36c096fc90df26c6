/**
 * What happens to a merchant's payments and refunds, as its webhooks would say it, found by reading: a machine that no
 * webhook can reach sees it too. Only what is made while it looks is seen.
 */
import { isFinal } from "../final-states.js";
import type { Payment, Refund } from "../gen/resources.js";
import type { QuittanceClient } from "../quittance-client.js";
import { pause } from "../retry-pause.js";

const EVERY_MS = 500;
/** What was made earlier than this before the newest may still come to be listed: it is recorded a little later. */
const OVERLAP_MS = 600_000;
/** Payments that are not final, which are read again; the oldest are left out when there are more. */
const MAXIMUM_OPEN = 1_000;

/** One webhook's worth. */
export interface Happening {
  readonly id: string;
  readonly type: string;
  readonly timestamp: Date;
  readonly data:
    | { readonly form: "Payment"; readonly value: Payment }
    | { readonly form: "Refund"; readonly value: Refund };
}

/** Gives what happens from now on, until `signal` aborts. */
export async function* happenings(client: QuittanceClient, signal: AbortSignal): AsyncGenerator<Happening, void> {
  const startTime = new Date();
  /** The ids that were told, with when they were made. */
  const told = new Map<string, number>();
  const open = new Map<string, Payment>();
  let newestMs = startTime.getTime();
  while (!signal.aborted) {
    const since = new Date(Math.max(startTime.getTime(), newestMs - OVERLAP_MS));
    const found: (Payment | Refund)[] = [];
    for await (const payment of client.payments.list({ startTime: since, orderBy: "create_time" }, { signal })) {
      found.push(payment);
    }
    for await (const refund of client.refunds.list({ startTime: since, orderBy: "create_time" }, { signal })) {
      found.push(refund);
    }
    const listed = new Set(found.map(({ id }) => id));
    for (const id of open.keys()) if (!listed.has(id)) found.push(await client.payments.get(id, { signal }));
    for (const resource of found) {
      const madeMs = resource.createTime?.getTime() ?? 0;
      newestMs = Math.max(newestMs, madeMs);
      const happening = told.has(resource.id) ? undefined : happeningOf(resource);
      if (happening !== undefined) {
        told.set(resource.id, madeMs);
        open.delete(resource.id);
        yield happening;
      } else if (!isRefund(resource) && !isFinal(resource)) open.set(resource.id, resource);
    }
    for (const [id, madeMs] of told) if (madeMs < since.getTime()) told.delete(id);
    for (const id of [...open.keys()].slice(0, Math.max(0, open.size - MAXIMUM_OPEN))) open.delete(id);
    await pause(EVERY_MS, signal).catch(() => undefined);
  }
}

/** Undefined while it is not final. */
function happeningOf(resource: Payment | Refund): Happening | undefined {
  if (!isFinal(resource)) return undefined;
  const timestamp = resource.finishTime ?? new Date();
  const id = `evt_${resource.id}`;
  if (isRefund(resource)) {
    const type = `refund.${resource.state.toLowerCase()}`;
    return { id, type, timestamp, data: { form: "Refund", value: resource } };
  }
  // What was refunded had succeeded.
  const type = `payment.${resource.state === "REFUNDED" ? "succeeded" : resource.state.toLowerCase()}`;
  return { id, type, timestamp, data: { form: "Payment", value: resource } };
}

function isRefund(resource: Payment | Refund): resource is Refund {
  return "payment" in resource;
}
