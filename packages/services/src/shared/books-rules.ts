/**
 * What must be true of the rows and entries of one payment in one bank, as SQL: the operator's audit asks it of every
 * payment, each bank of its own latest ones. In the conditions `p` is a payment and `r` a receipt, `c` and `m` are its
 * entries there, each NULL where there is none.
 */

/** A bank's entries, a row for each payment; an operator's top-ups and payouts are not of a payment. */
function entriesOf(schema: string, sums: string, condition: string): string {
  return `SELECT payment_id AS id, sum(amount) AS total, min(currency) AS currency, max(currency) AS other_currency,
         min(account) FILTER (WHERE account <> 'clearing') AS account,
         max(account) FILTER (WHERE account <> 'clearing') AS other_account, ${sums}
  FROM ${schema}.ledger_entries WHERE kind NOT IN ('top-up', 'pay-out') AND ${condition} GROUP BY payment_id`;
}

/** client-bank's: what makes `c`. `condition` is about `payment_id`. */
export function clientEntries(condition: string): string {
  return entriesOf(
    "client_bank",
    `coalesce(sum(amount) FILTER (WHERE kind = 'capture' AND account = 'clearing'), 0) AS captured,
         coalesce(-sum(amount) FILTER (WHERE kind = 'return' AND account = 'clearing'), 0) AS given_back,
         coalesce(-sum(amount) FILTER (WHERE kind = 'refund' AND account = 'clearing'), 0) AS refunded`,
    condition,
  );
}

/** merchant-bank's: what makes `m`. */
export function merchantEntries(condition: string): string {
  return entriesOf(
    "merchant_bank",
    `coalesce(-sum(amount) FILTER (WHERE kind = 'settlement' AND account = 'clearing'), 0) AS credited,
         coalesce(sum(amount) FILTER (WHERE kind = 'refund' AND account = 'clearing'), 0) AS refunded`,
    condition,
  );
}

/** The entries do not add up to zero, or are of several accounts or currencies. */
function unbalanced(entries: "c" | "m"): string {
  return `${entries}.total <> 0 OR ${entries}.currency <> ${entries}.other_currency
           OR ${entries}.account <> ${entries}.other_account
           OR ${entries}.total IS NOT NULL AND ${entries}.account IS NULL`;
}

export const CLIENT_ENTRIES_WRONG = unbalanced("c");
export const MERCHANT_ENTRIES_WRONG = unbalanced("m");

/** client-bank's entries are not those that the payment's row tells. */
export const CLIENT_ROW_WRONG = `p.state IS NULL AND c.total IS NOT NULL
           OR p.captured_amount <> coalesce(c.captured, 0) OR p.given_back_amount <> coalesce(c.given_back, 0)
           OR p.refunded_amount <> coalesce(c.refunded, 0)
           OR c.currency <> p.currency
           OR p.state IS NOT NULL AND c.account IS DISTINCT FROM CASE WHEN p.captured_amount > 0 THEN p.client_id END`;

/** What client-bank's payments hold: what makes `h`, a row for each client whose money is held. */
export const CLIENT_HOLDS = `SELECT client_id AS account, currency, sum(amount) AS held
  FROM client_bank.payments WHERE hold_expire_time IS NOT NULL AND state = 'AUTHORIZED' GROUP BY client_id, currency`;

/** Payments captured since $1 that are not final, and when the oldest of them was captured: the index is by that time. */
export const IN_FLIGHT = `SELECT count(*) AS count, min(capture_time) AS oldest
  FROM client_bank.payments WHERE capture_time >= $1 AND state = 'PENDING'`;

/** What is settled of a payment `p`: what was captured, or the whole amount when nothing was. client-bank's `settledAmountOf`. */
export const SETTLED_AMOUNT = "CASE WHEN p.captured_amount > 0 THEN p.captured_amount ELSE p.amount END";

/** merchant-bank's entries are not those that the receipt tells. */
export const MERCHANT_RECEIPT_WRONG = `r.outcome IS NULL AND m.total IS NOT NULL
           OR r.outcome IS NOT NULL
              AND coalesce(m.credited, 0) <> CASE WHEN r.outcome = 'credited' THEN r.amount ELSE 0 END
           OR r.refunded_amount <> coalesce(m.refunded, 0)
           OR m.currency <> r.currency OR m.account <> r.merchant_id`;
