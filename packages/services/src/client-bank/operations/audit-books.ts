import type { Session } from "../../platform/database.js";
import { type AuditFindings, MAXIMUM_AUDITED } from "../../shared/books-audit.js";
import { CLIENT_ENTRIES_WRONG, CLIENT_ROW_WRONG, clientEntries } from "../../shared/books-rules.js";

/**
 * Three statements, each of which sees one state of the books: balances against what entries can explain, which takes
 * the accounts alone, for all movements together add up to zero; the payments captured since `since` that are not final;
 * and a bounded number of them against their entries.
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
  const { audited = 0n, wrong = 0n, named = null } = entries.rows[0] ?? {};
  return {
    drifts: drifts.rows,
    audited,
    wrong,
    named,
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

const IN_FLIGHT = `
  SELECT count(*) AS count, min(capture_time) AS oldest
  FROM client_bank.payments WHERE capture_time >= $1 AND state = 'PENDING'`;

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
