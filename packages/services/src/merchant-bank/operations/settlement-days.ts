import type { Session } from "../../platform/database.js";

/** What was booked on one day of UTC. */
export interface SettlementDayRow {
  /** For example `2026-03-04`. */
  readonly date: string;
  readonly payments: bigint;
  readonly gross: bigint;
  readonly refunds: bigint;
  readonly refunded: bigint;
  readonly paidOut: bigint;
  readonly toppedUp: bigint;
}

/** The days of a merchant from `start` until before `end`, newest first: the sums of its entries, by their index alone. */
export async function findSettlementDays(
  session: Session,
  query: { readonly merchantId: string; readonly start: Date; readonly end: Date },
): Promise<SettlementDayRow[]> {
  const { rows } = await session.query<SettlementDayRow>({
    name: "settlement-days",
    text: SETTLEMENT_DAYS,
    values: [query.merchantId, query.start, query.end],
  });
  return rows;
}

const sumOf = (kind: string) => `coalesce(sum(amount) FILTER (WHERE kind = '${kind}'), 0)::int8`;

export const SETTLEMENT_DAYS = `
  SELECT to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS date,
         count(*) FILTER (WHERE kind = 'settlement') AS payments, ${sumOf("settlement")} AS gross,
         count(*) FILTER (WHERE kind = 'refund') AS refunds, -${sumOf("refund")} AS refunded,
         -${sumOf("pay-out")} AS "paidOut", ${sumOf("top-up")} AS "toppedUp"
  FROM merchant_bank.ledger_entries
  WHERE account = $1 AND account NOT IN ('clearing', 'funding') AND time >= $2 AND time < $3
  GROUP BY 1 ORDER BY 1 DESC`;
