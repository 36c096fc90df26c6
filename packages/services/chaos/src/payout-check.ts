/** What must hold of payouts: each accepted one is booked once, its entries balance, and it was told as one event. */
import { OUTSIDE } from "../../dist/shared/accounts/account-books.js";
import { wrongWithAnnouncement } from "./announcements.js";
import type { AskedPayout, RequestBook, Violation } from "./request-book.js";
import type { System } from "./system.js";

/** A payout as merchant-bank's ledger and its list of what is to be told have it, and notification's events. */
export interface RecordedPayout {
  readonly requestId: string;
  readonly merchantId: string | null;
  readonly currency: string | null;
  /** Entries of the merchant's account, and how much they take from it in all. */
  readonly debits: number;
  readonly debited: string;
  /** The sum of all its entries. */
  readonly imbalance: string;
  /** Whether merchant-bank has noted that the broker has its message. */
  readonly told: boolean;
  /** Events of it. */
  readonly events: number;
}

export async function checkPayouts(system: System, book: RequestBook): Promise<Violation[]> {
  const rows = await system.query<RecordedPayout>(
    `WITH booked AS (
       SELECT payment_id AS id, max(account) FILTER (WHERE account <> '${OUTSIDE}') AS merchant, max(currency) AS currency,
              count(*) FILTER (WHERE account <> '${OUTSIDE}') AS debits,
              -sum(amount) FILTER (WHERE account <> '${OUTSIDE}') AS debited, sum(amount) AS imbalance
       FROM merchant_bank.ledger_entries WHERE kind = 'pay-out' GROUP BY payment_id
     ), events AS (
       SELECT payment_id AS id, count(*) AS events FROM notification.events WHERE type = 'payout.paid' GROUP BY payment_id
     ), notices AS (
       SELECT entry_id AS id, tell_time IS NOT NULL AS told FROM merchant_bank.payout_notices
     )
     SELECT substr(id, length('payout_') + 1) AS "requestId", merchant AS "merchantId", currency,
            coalesce(debits, 0)::int AS debits, coalesce(debited, 0)::text AS debited,
            coalesce(imbalance, 0)::text AS imbalance, coalesce(told, false) AS told, coalesce(events, 0)::int AS events
     FROM booked FULL JOIN events USING (id) FULL JOIN notices USING (id)`,
  );
  const recorded = new Map(rows.map((row) => [row.requestId, row]));
  const wrong = book.payouts.flatMap((asked) => {
    const row = recorded.get(asked.call.requestId);
    recorded.delete(asked.call.requestId);
    const found = [...wrongWithPayout(asked, row), ...(row === undefined ? [] : wrongWithTelling(system, asked))];
    return found.map((what) => `the payout ${asked.call.requestId}: ${what}`);
  });
  for (const requestId of recorded.keys()) wrong.push(`nobody asked for the payout ${requestId}`);
  return wrong.map((what) => ({ what, paymentId: undefined }));
}

/** What the books have against what was asked and answered; empty when they agree. */
export function wrongWithPayout({ call, state }: AskedPayout, row: RecordedPayout | undefined): string[] {
  if (row === undefined) {
    if (state === "accepted") return ["was accepted and is lost"];
    return state === "abandoned" ? [] : ["was never answered, nor booked"];
  }
  const wrong: string[] = [];
  if (row.merchantId !== call.merchantId || row.currency !== call.currencyCode) {
    wrong.push(`it is booked in ${row.currency} of ${row.merchantId}, and was asked otherwise`);
  }
  if (row.debits !== 1) wrong.push(`the merchant was debited ${row.debits} times`);
  if (row.debited !== `${call.minorUnits}`) wrong.push(`the merchant was debited ${row.debited}`);
  if (row.imbalance !== "0") wrong.push(`its entries differ by ${row.imbalance}`);
  if (!row.told) wrong.push("it is booked, and notification has not been told");
  if (row.events !== 1) wrong.push(`it is ${row.events} events`);
  return wrong;
}

/** Both its merchant's endpoint and the installation's receiver were told, each under one id. */
function wrongWithTelling({ receiver, endpoints }: System, { call }: AskedPayout): string[] {
  const endpoint = endpoints.find(({ merchantId }) => merchantId === call.merchantId);
  return [receiver.announced, endpoint?.announced].flatMap((announced) => {
    const announcement = announced?.get(call.requestId);
    if (announcement === undefined) return ["it is booked, and was never announced"];
    return wrongWithAnnouncement(call.requestId, announcement, "payout.paid");
  });
}
