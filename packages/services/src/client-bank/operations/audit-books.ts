import type { Session } from "../../platform/database.js";
import { type AuditFindings, MAXIMUM_AUDITED } from "../../shared/books-audit.js";
import {
  CLIENT_ENTRIES_WRONG,
  CLIENT_HOLDS,
  CLIENT_ROW_WRONG,
  clientEntries,
  IN_FLIGHT,
} from "../../shared/books-rules.js";

/**
 * Four statements, each of which sees one state of the books: balances against what entries can explain, which takes
 * the accounts alone, for all movements together add up to zero; the payments captured since `since` that are not final;
 * a bounded number of them against their entries; and what accounts hold against what authorised payments hold.
 */
export async function auditBooks(session: Session, since: Date): Promise<AuditFindings> {
  const drifts = await session.query<AuditFindings["drifts"][number]>({ name: "audit-drift", text: DRIFT });
  const flight = await session.query<NonNullable<AuditFindings["inFlight"]>>({
    name: "audit-in-flight",
    text: IN_FLIGHT,
    values: [since],
  });
  const entries = await session.query<Pick<AuditFindings, "audited" | "wrong" | "named">>({
    name: "audit-entries",
    text: ENTRIES,
    values: [since],
  });
  const holds = await session.query<NonNullable<AuditFindings["holds"]>[number]>({ name: "audit-holds", text: HOLDS });
  const { audited = 0n, wrong = 0n, named = null } = entries.rows[0] ?? {};
  return {
    drifts: drifts.rows,
    audited,
    wrong,
    named,
    holds: holds.rows,
    inFlight: flight.rows[0] ?? { count: 0n, oldest: null },
  };
}

const DRIFT = `
  SELECT currency, sum(amount)::int8 AS drift
  FROM (
    SELECT currency, balance - opening_balance AS amount FROM client_bank.clients
    UNION ALL SELECT currency, balance FROM client_bank.clearing_accounts
    UNION ALL SELECT currency, amount FROM client_bank.ledger_entries WHERE kind IN ('top-up', 'pay-out') AND account = 'funding'
  ) movements
  GROUP BY currency ORDER BY currency`;

const HOLDS = `
  SELECT currency, sum(held)::int8 AS held, sum(held - expected)::int8 AS drift
  FROM (
    SELECT currency, held, 0 AS expected FROM client_bank.clients WHERE held <> 0
    UNION ALL SELECT currency, 0, h.held FROM (${CLIENT_HOLDS}) h
  ) sums
  GROUP BY currency ORDER BY currency`;

const ENTRIES = `
  WITH p AS MATERIALIZED (
    SELECT * FROM client_bank.payments WHERE capture_time >= $1 LIMIT ${MAXIMUM_AUDITED}
  ), c AS (
    ${clientEntries("payment_id IN (SELECT id FROM p)")}
  ), judged AS (
    SELECT p.id, (${CLIENT_ENTRIES_WRONG}) IS TRUE OR (${CLIENT_ROW_WRONG}) IS TRUE AS bad
    FROM p LEFT JOIN c ON c.id = p.id
  )
  SELECT count(*) AS audited, count(*) FILTER (WHERE bad) AS wrong, min(id) FILTER (WHERE bad) AS named FROM judged`;
