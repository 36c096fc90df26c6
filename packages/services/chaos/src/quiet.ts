/** Waits until the system has finished with everything that it accepted. */

import type { AskedPayment, AskedRefund, RequestBook } from "./request-book.js";
import { type System, WEBHOOK_LEASE_SECONDS } from "./system.js";
import { untilComplete } from "./until-complete.js";
import { waitingMessages } from "./waiting-messages.js";

/** How long the services may take to be ready once nothing is broken any more. */
const READY_WITHIN_MS = 180_000;
/** How long what was accepted may take to become final, and to be announced. */
const FINAL_WITHIN_MS = 300_000;

/** @throws WaitedInVainError when a service does not come back. */
export async function untilAllReady(system: System): Promise<void> {
  await untilComplete(async () => {
    for (const { name, healthPort } of system.stack.services()) {
      const response = await fetch(`http://127.0.0.1:${healthPort}/readyz`, { signal: AbortSignal.timeout(5_000) });
      if (response.status !== 200) return `${name} is not ready: ${await response.text()}`;
    }
    await system.query("SELECT 1");
    return system.operator.state.name === "open" ? undefined : "the operator has no broker";
  }, READY_WITHIN_MS);
}

type Column =
  | ("payments" | "missingPayments" | "missingRefunds" | "pending" | "refunds" | "payouts")
  | ("notified" | "unsent" | "undelivered");

type Counts = Record<Column, string> & {
  /** The ids of those that are not told; null when all are. */
  readonly untoldPayouts: string | null;
};

/** Of requests whose callers were told that they are accepted. */
function idsOf(asked: readonly (AskedPayment | AskedRefund)[]): string[] {
  return asked.flatMap(({ id }) => id ?? []);
}

function isPayment(asked: AskedPayment | AskedRefund): asked is AskedPayment {
  return "verdicts" in asked;
}

/** Counts what waits for endpoints whose id fits what follows. */
const UNDELIVERED = `(SELECT count(*) FROM notification.webhook_deliveries
               WHERE state IN ('pending', 'failed') AND endpoint_id`;

/** Lets every open hold expire now, so that its release is part of the round. */
export async function letHoldsExpire(system: System): Promise<void> {
  await system.query(
    "UPDATE client_bank.payments SET hold_expire_time = now() WHERE state = 'AUTHORIZED' AND hold_expire_time > now()",
  );
}

/**
 * Ends every hold as well. What waits for the endpoint that has a storm, of the id `except`, is not waited for: everything
 * else must end without it.
 * @throws WaitedInVainError that says what is unfinished.
 */
export async function untilAllFinal(system: System, book: RequestBook, except = ""): Promise<void> {
  await untilComplete(async () => {
    // At each look: a payment that an outage delayed may hold its money only now.
    await letHoldsExpire(system);
    const [row] = await system.query<Counts>(
      `SELECT (SELECT count(*) FROM client_bank.payments)::text AS payments,
              (SELECT count(*) FROM unnest($1::text[]) AS told (id)
               WHERE NOT EXISTS (SELECT FROM client_bank.payments p WHERE p.id = told.id))::text AS "missingPayments",
              (SELECT count(*) FROM unnest($2::text[]) AS told (id)
               WHERE NOT EXISTS (SELECT FROM client_bank.refunds r WHERE r.id = told.id))::text AS "missingRefunds",
              (SELECT count(*) FROM client_bank.payments WHERE finish_time IS NULL)::text AS pending,
              (SELECT count(*) FROM client_bank.refunds)::text AS refunds,
              (SELECT count(*) FROM merchant_bank.payout_notices)::text AS payouts,
              (SELECT string_agg(n.entry_id, ', ') FROM merchant_bank.payout_notices n WHERE NOT EXISTS
               (SELECT FROM notification.events e WHERE e.payment_id = n.entry_id)) AS "untoldPayouts",
              ${UNDELIVERED} <> $3)::text AS undelivered,
              (SELECT count(*) FROM notification.notifications WHERE channel = 'webhook')::text AS notified,
              (SELECT count(*) FROM notification.notifications WHERE state IN ('pending', 'failed'))::text AS unsent`,
      [
        idsOf([...book.payments, ...book.rivals.filter(isPayment)]),
        idsOf([...book.refunds, ...book.rivals.filter((one) => !isPayment(one))]),
        except,
      ],
    );
    if (row === undefined) return "the database does not answer";
    if (row.missingPayments !== "0") return `${row.missingPayments} accepted payments are not recorded`;
    if (row.missingRefunds !== "0") return `${row.missingRefunds} accepted refunds are not final`;
    if (row.pending !== "0") return `${row.pending} payments are not final`;
    if (row.untoldPayouts !== null) return `not told: ${row.untoldPayouts}`;
    const untold = Number(row.payments) + Number(row.refunds) + Number(row.payouts) - Number(row.notified);
    if (untold > 0) return `${untold} ends have no notification`;
    if (row.unsent !== "0") return `${row.unsent} notifications are not sent`;
    if (row.undelivered !== "0") return `${row.undelivered} webhooks wait for endpoints that take them`;
    return waitingMessages(system);
  }, FINAL_WITHIN_MS);
}

/** After a storm: its webhooks are tried again soon, and not after as long as their schedule says. @throws WaitedInVainError */
export async function untilDelivered(system: System, endpointId: string): Promise<void> {
  await untilComplete(async () => {
    // Those that somebody is posting are leased, and left alone.
    await system.query(
      `UPDATE notification.webhook_deliveries SET next_attempt_time = now()
       WHERE state = 'failed' AND next_attempt_time > now() + interval '${WEBHOOK_LEASE_SECONDS} seconds'`,
    );
    const [row] = await system.query<{ count: string }>(`SELECT ${UNDELIVERED} = $1)::text AS count`, [endpointId]);
    return row?.count === "0" ? undefined : `${row?.count} webhooks wait for an endpoint that takes them again`;
  }, FINAL_WITHIN_MS);
}
