/** Waits until the house has finished with everything that it accepted. */

import type { House } from "./house.js";
import type { RequestBook } from "./request-book.js";
import { untilComplete } from "./until-complete.js";
import { waitingMessages } from "./waiting-messages.js";

/** How long the services may take to be ready once nothing is broken any more. */
const READY_WITHIN_MS = 180_000;
/** How long what was accepted may take to become final, and to be announced. */
const FINAL_WITHIN_MS = 300_000;

/** @throws WaitedInVainError when a service does not come back. */
export async function untilAllReady(house: House): Promise<void> {
  await untilComplete(async () => {
    for (const { name, healthPort } of house.stack.services()) {
      const response = await fetch(`http://127.0.0.1:${healthPort}/readyz`, { signal: AbortSignal.timeout(5_000) });
      if (response.status !== 200) return `${name} is not ready: ${await response.text()}`;
    }
    await house.query("SELECT 1");
    return house.operator.state.name === "open" ? undefined : "the operator has no broker";
  }, READY_WITHIN_MS);
}

/** @throws WaitedInVainError that says what is unfinished. */
export async function untilAllFinal(house: House, book: RequestBook): Promise<void> {
  await untilComplete(async () => {
    const [row] = await house.query<Record<"payments" | "pending" | "refunds" | "notified" | "unsent", string>>(
      `SELECT (SELECT count(*) FROM client_bank.payments)::text AS payments,
              (SELECT count(*) FROM client_bank.payments WHERE state = 'PENDING')::text AS pending,
              (SELECT count(*) FROM client_bank.refunds)::text AS refunds,
              (SELECT count(*) FROM notification.notifications WHERE channel = 'webhook')::text AS notified,
              (SELECT count(*) FROM notification.notifications WHERE state IN ('pending', 'failed'))::text AS unsent`,
    );
    if (row === undefined) return "the database does not answer";
    const missingPayments = book.payments.length - Number(row.payments);
    if (missingPayments > 0) return `${missingPayments} accepted payments are not recorded`;
    const missingRefunds = book.refunds.length - Number(row.refunds);
    if (missingRefunds > 0) return `${missingRefunds} accepted refunds are not final`;
    if (row.pending !== "0") return `${row.pending} payments are not final`;
    const untold = Number(row.payments) + Number(row.refunds) - Number(row.notified);
    if (untold > 0) return `${untold} ends have no notification`;
    if (row.unsent !== "0") return `${row.unsent} notifications are not sent`;
    return waitingMessages(house);
  }, FINAL_WITHIN_MS);
}
