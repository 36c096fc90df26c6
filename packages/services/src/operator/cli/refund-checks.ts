/** What must be true of each refund: one statement answers with those that break a rule. */
import type pg from "pg";

/** The checks of refunds, each with what it says. */
export const REFUND_CHECKS = {
  "client-refund": "client-bank: each refund has the entries that it tells",
  "merchant-refund": "merchant-bank: each refund has the entries that it tells",
  "refund-pair": "both banks: each refund is told the same, and credited within the bound",
} as const;
export type RefundCheck = keyof typeof REFUND_CHECKS;

/** A refund with a discrepancy; null where a bank does not know it. */
export interface RefundFacts {
  readonly id: string;
  readonly checks: readonly RefundCheck[];
  readonly paymentId: string;
  /** Client-bank's state, amount, and what its entries credit. */
  readonly state: string | null;
  readonly amount: bigint | null;
  readonly credited: bigint | null;
  /** Merchant-bank's outcome, amount, and what its entries debit. */
  readonly outcome: string | null;
  readonly debitAmount: bigint | null;
  readonly debited: bigint | null;
}

interface Found extends RefundFacts {
  readonly all: bigint;
}

/** One bank's entries of refunds; `sign` makes the clearing account's side positive. */
function entriesOf(schema: string, sign: string): string {
  return `SELECT refund_id AS id, min(payment_id) AS payment_id, min(currency) AS currency, sum(amount) AS total,
         coalesce(${sign}sum(amount) FILTER (WHERE account = 'clearing'), 0) AS amount
  FROM ${schema}.ledger_entries WHERE refund_id <> '' GROUP BY refund_id`;
}

const STATEMENT = `\
WITH ce AS (${entriesOf("client_bank", "-")}), me AS (${entriesOf("merchant_bank", "")}), judged AS (
  SELECT id, coalesce(c.payment_id, m.payment_id, ce.payment_id, me.payment_id) AS payment_id, array_remove(ARRAY[
    CASE WHEN c.state IS NULL AND ce.total IS NOT NULL OR ce.total <> 0
           OR c.state IS NOT NULL AND coalesce(ce.amount, 0) <> CASE WHEN c.state = 'SUCCEEDED' THEN c.amount ELSE 0 END
           OR ce.currency <> c.currency OR ce.payment_id <> c.payment_id THEN 'client-refund' END,
    CASE WHEN m.outcome IS NULL AND me.total IS NOT NULL OR me.total <> 0
           OR m.outcome IS NOT NULL AND coalesce(me.amount, 0) <> CASE WHEN m.outcome = 'debited' THEN m.amount ELSE 0 END
           OR me.currency <> m.currency OR me.payment_id <> m.payment_id THEN 'merchant-refund' END,
    CASE WHEN c.state IS NOT NULL AND m.outcome IS NULL
           OR (m.payment_id, m.merchant_id) <> (c.payment_id, c.merchant_id)
           OR c.state IS NOT NULL AND (m.currency, m.amount, m.decline_reason)
                IS DISTINCT FROM (c.currency, c.amount, c.decline_reason)
           OR c.state IS NULL AND m.debit_time < now() - make_interval(secs => $1) THEN 'refund-pair' END
  ], NULL) AS checks,
    c.state, c.amount, ce.amount AS credited, m.outcome, m.amount AS debit_amount, me.amount AS debited
  FROM client_bank.refunds c FULL JOIN merchant_bank.refunds m USING (id) FULL JOIN ce USING (id)
       FULL JOIN me USING (id)
)
SELECT id, checks, payment_id AS "paymentId", state, amount, credited, outcome, debit_amount AS "debitAmount", debited,
  sum(cardinality(checks)) OVER () AS "all"
FROM judged WHERE checks <> '{}' ORDER BY id LIMIT $2`;

/** The refunds that have a discrepancy, at most `limit` of them, and how many discrepancies there are. */
export async function checkRefunds(
  client: pg.Client,
  options: { readonly boundSeconds: number; readonly limit: number },
): Promise<{ readonly refunds: readonly RefundFacts[]; readonly discrepancies: bigint }> {
  const { rows } = await client.query<Found>(STATEMENT, [options.boundSeconds, Math.max(1, options.limit)]);
  return { refunds: rows.slice(0, options.limit), discrepancies: rows[0]?.all ?? 0n };
}

/** What one check finds wrong of a refund, as a sentence. */
export function complaintOfRefund(check: RefundCheck, facts: RefundFacts): string {
  const name = `its refund ${facts.id}`;
  if (check === "client-refund") {
    const told = facts.state === null ? "is unknown to client-bank" : `is ${facts.state} with ${facts.amount ?? 0}`;
    return `${name} ${told}, its entries there credit ${facts.credited ?? 0}`;
  }
  if (check === "merchant-refund") {
    const told =
      facts.outcome === null ? "is unknown to merchant-bank" : `is ${facts.outcome} with ${facts.debitAmount ?? 0}`;
    return `${name} ${told}, its entries there debit ${facts.debited ?? 0}`;
  }
  const client =
    facts.state === null ? "client-bank does not know it" : `client-bank tells ${facts.state} ${facts.amount ?? ""}`;
  const merchant =
    facts.outcome === null
      ? "merchant-bank does not know it"
      : `merchant-bank tells ${facts.outcome} ${facts.debitAmount ?? ""}`;
  return `${name}: ${merchant.trim()}, ${client.trim()}`;
}
