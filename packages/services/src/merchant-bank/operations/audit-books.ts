import type { Session } from "../../platform/database.js";
import { type AuditFindings, MAXIMUM_AUDITED } from "../../shared/books-audit.js";
import { MERCHANT_ENTRIES_WRONG, MERCHANT_RECEIPT_WRONG, merchantEntries } from "../../shared/books-rules.js";

/** As client-bank's; which payments are not final, merchant-bank does not know. */
export async function auditBooks(session: Session, since: Date): Promise<AuditFindings> {
  const drifts = await session.query<AuditFindings["drifts"][number]>({ name: "audit-drift", text: DRIFT });
  const entries = await session.query<Pick<AuditFindings, "audited" | "wrong" | "named">>({
    name: "audit-entries",
    text: ENTRIES,
    values: [since],
  });
  const { audited = 0n, wrong = 0n, named = null } = entries.rows[0] ?? {};
  return { drifts: drifts.rows, audited, wrong, named };
}

const DRIFT = `
  SELECT currency, sum(amount)::int8 AS drift
  FROM (
    SELECT currency, balance - opening_balance AS amount FROM merchant_bank.merchants
    UNION ALL SELECT currency, balance FROM merchant_bank.clearing_accounts
    UNION ALL SELECT currency, amount FROM merchant_bank.ledger_entries WHERE kind IN ('top-up', 'pay-out') AND account = 'funding'
  ) movements
  GROUP BY currency ORDER BY currency`;

const ENTRIES = `
  WITH r AS MATERIALIZED (
    SELECT * FROM merchant_bank.receipts WHERE settle_time >= $1 LIMIT ${MAXIMUM_AUDITED}
  ), m AS (
    ${merchantEntries("payment_id IN (SELECT payment_id FROM r)")}
  ), judged AS (
    SELECT r.payment_id AS id, (${MERCHANT_ENTRIES_WRONG}) IS TRUE OR (${MERCHANT_RECEIPT_WRONG}) IS TRUE AS bad
    FROM r LEFT JOIN m ON m.id = r.payment_id
  )
  SELECT count(*) AS audited, count(*) FILTER (WHERE bad) AS wrong, min(id) FILTER (WHERE bad) AS named FROM judged`;
