/** What must be true of accounts and of the banks together: balances, and the sums of each currency. */
import type pg from "pg";
import { CLIENT_HOLDS } from "../../shared/books-rules.js";

/** The checks of accounts and currencies, each with what it says. */
export const ACCOUNT_CHECKS = {
  "client-balance": "client-bank: each balance is the opening balance and the entries",
  "merchant-balance": "merchant-bank: each balance is the opening balance and the entries",
  held: "client-bank: each account holds what its authorised payments hold",
  "top-up": "both banks: each top-up and payout is one movement with the outside",
  sums: "both banks: captured - returned = credited + in flight",
} as const;
export type AccountCheck = keyof typeof ACCOUNT_CHECKS;

/** An account whose balance is not what its entries say. */
export interface WrongAccount {
  readonly account: string;
  readonly currency: string;
  /** Null for an account that entries name and nobody has. */
  readonly balance: bigint | null;
  readonly openingBalance: bigint | null;
  readonly entries: bigint;
}

const BANKS = {
  "client-balance": { schema: "client_bank", holders: "clients" },
  "merchant-balance": { schema: "merchant_bank", holders: "merchants" },
} as const;

/** Reads every account of a bank. `wrong` holds at most `limit` of those that are. */
export async function checkBalances(
  client: pg.Client,
  check: keyof typeof BANKS,
  limit: number,
): Promise<{ readonly checked: bigint; readonly discrepancies: bigint; readonly wrong: readonly WrongAccount[] }> {
  const { schema, holders } = BANKS[check];
  const { rows } = await client.query<{ checked: bigint; discrepancies: bigint; wrong: WrongAccountText[] | null }>(
    `WITH accounts AS (
       SELECT id AS account, currency, opening_balance, balance FROM ${schema}.${holders}
       UNION ALL SELECT 'clearing', currency, 0, balance FROM ${schema}.clearing_accounts
     ), entries AS (
       SELECT account, currency, sum(amount) AS total FROM ${schema}.ledger_entries
       WHERE account <> 'funding' GROUP BY account, currency
     ), judged AS MATERIALIZED (
       SELECT account, currency, balance, opening_balance, coalesce(total, 0) AS entries,
              balance IS DISTINCT FROM coalesce(opening_balance, 0) + coalesce(total, 0) AS bad
       FROM accounts FULL JOIN entries USING (account, currency)
     )
     SELECT count(*) AS checked, count(*) FILTER (WHERE bad) AS discrepancies,
            (SELECT json_agg(json_build_object('account', account, 'currency', currency, 'balance', balance::text,
                      'openingBalance', opening_balance::text, 'entries', entries::text))
             FROM (SELECT * FROM judged WHERE bad ORDER BY account, currency LIMIT $1) named) AS wrong
     FROM judged`,
    [limit],
  );
  const [answer] = rows;
  return {
    checked: answer?.checked ?? 0n,
    discrepancies: answer?.discrepancies ?? 0n,
    wrong: (answer?.wrong ?? []).map((row) => ({
      account: row.account,
      currency: row.currency,
      balance: row.balance === null ? null : BigInt(row.balance),
      openingBalance: row.openingBalance === null ? null : BigInt(row.openingBalance),
      entries: BigInt(row.entries),
    })),
  };
}

interface WrongAccountText {
  readonly account: string;
  readonly currency: string;
  readonly balance: string | null;
  readonly openingBalance: string | null;
  readonly entries: string;
}

/** What is wrong with an account, as a sentence. */
export function complaintOfAccount(wrong: WrongAccount): string {
  if (wrong.balance === null) return `entries of ${wrong.entries} name it, and there is no such account`;
  const expected = (wrong.openingBalance ?? 0n) + wrong.entries;
  const difference = wrong.balance - expected;
  return (
    `its balance is ${wrong.balance}, its opening balance and entries ${wrong.openingBalance} + ${wrong.entries} = ` +
    `${expected}: ${difference < 0n ? `${-difference} too little` : `${difference} too much`}`
  );
}

/** An account that does not hold what its authorised payments hold. */
export interface WrongHold {
  readonly account: string;
  readonly currency: string;
  /** Null for an account that payments name and nobody has. */
  readonly balance: bigint | null;
  readonly held: bigint | null;
  readonly expected: bigint;
}

/** The accounts whose holds are wrong, at most `limit` of them, and how many there are. */
export async function checkHolds(
  client: pg.Client,
  limit: number,
): Promise<{ readonly discrepancies: bigint; readonly wrong: readonly WrongHold[] }> {
  const { rows } = await client.query<WrongHold & { readonly all: bigint }>(
    `SELECT account, currency, a.balance, a.held, coalesce(h.held, 0)::int8 AS expected, count(*) OVER () AS "all"
     FROM (SELECT id AS account, currency, balance, held FROM client_bank.clients) a
     FULL JOIN (${CLIENT_HOLDS}) h USING (account, currency)
     WHERE a.held IS DISTINCT FROM coalesce(h.held, 0) OR a.held > a.balance
     ORDER BY account, currency LIMIT $1`,
    [Math.max(1, limit)],
  );
  return { discrepancies: rows[0]?.all ?? 0n, wrong: rows.slice(0, limit) };
}

/** What is wrong with what an account holds, as a sentence. */
export function complaintOfHold({ balance, held, expected }: WrongHold): string {
  if (held === null) return `authorised payments hold ${expected} of it, and there is no such account`;
  if (held !== expected) return `it holds ${held}, its authorised payments ${expected}`;
  return `it holds ${held}, and its balance is ${balance}`;
}

/** A top-up or a payout that is not one movement between outside and one account. */
export interface WrongTopUp {
  readonly id: string;
  readonly bank: string;
  readonly total: bigint;
  readonly entries: bigint;
}

/** The top-ups and payouts that are wrong, at most `limit` of them, and how many there are. */
export async function checkTopUps(
  client: pg.Client,
  limit: number,
): Promise<{ readonly discrepancies: bigint; readonly wrong: readonly WrongTopUp[] }> {
  const wrongOf = (bank: string, schema: string) =>
    `SELECT '${bank}' AS bank, payment_id AS id, sum(amount) AS total, count(*) AS entries
     FROM ${schema}.ledger_entries WHERE kind IN ('top-up', 'pay-out') GROUP BY payment_id
     HAVING sum(amount) <> 0 OR count(DISTINCT currency) <> 1 OR count(*) <> 2
            OR count(*) FILTER (WHERE account = 'funding') <> 1`;
  const { rows } = await client.query<WrongTopUp & { readonly all: bigint }>(
    `SELECT *, count(*) OVER () AS "all"
     FROM (${wrongOf("client-bank", "client_bank")} UNION ALL ${wrongOf("merchant-bank", "merchant_bank")}) wrong
     ORDER BY bank, id LIMIT $1`,
    [Math.max(1, limit)],
  );
  return { discrepancies: rows[0]?.all ?? 0n, wrong: rows.slice(0, limit) };
}

/** What is wrong with a top-up or a payout, as a sentence. */
export function complaintOfTopUp({ bank, total, entries }: WrongTopUp): string {
  return `its ${entries} entries at ${bank} add up to ${total}; they must be two, of funding and one account, and zero`;
}

/** The sums of a currency, in minor units. The books agree when captured - returned = credited + in flight. */
export interface CurrencySums {
  readonly currency: string;
  readonly captured: bigint;
  /** Refunds are in it. */
  readonly givenBack: bigint;
  /** Without what was refunded. */
  readonly credited: bigint;
  /** Captured, not final, and not credited yet; and refunds that are debited and not credited yet. */
  readonly inFlight: bigint;
}

/** Reads both ledgers once. */
export async function sumCurrencies(client: pg.Client): Promise<CurrencySums[]> {
  const { rows } = await client.query<CurrencySums>(
    `SELECT currency, sum(captured) AS captured, sum(given_back) AS "givenBack", sum(credited) AS credited,
            sum(in_flight) AS "inFlight"
     FROM (
       SELECT currency, sum(amount) FILTER (WHERE kind = 'capture') AS captured,
              -sum(amount) FILTER (WHERE kind IN ('return', 'refund')) AS given_back, NULL::numeric AS credited,
              NULL::numeric AS in_flight
       FROM client_bank.ledger_entries WHERE account = 'clearing' GROUP BY currency
       UNION ALL
       SELECT currency, NULL, NULL, -sum(amount), NULL
       FROM merchant_bank.ledger_entries WHERE account = 'clearing' GROUP BY currency
       UNION ALL
       SELECT p.currency, NULL, NULL, NULL, sum(p.captured_amount)
       FROM client_bank.payments p
       LEFT JOIN merchant_bank.receipts r ON r.payment_id = p.id AND r.outcome = 'credited'
       WHERE p.state = 'PENDING' AND r.payment_id IS NULL GROUP BY p.currency
       UNION ALL
       SELECT m.currency, NULL, NULL, NULL, sum(m.amount)
       FROM merchant_bank.refunds m LEFT JOIN client_bank.refunds c ON c.id = m.id
       WHERE m.outcome = 'debited' AND c.id IS NULL GROUP BY m.currency
     ) movements
     GROUP BY currency ORDER BY currency`,
  );
  return rows.map(({ currency, captured, givenBack, credited, inFlight }) => ({
    currency,
    captured: captured ?? 0n,
    givenBack: givenBack ?? 0n,
    credited: credited ?? 0n,
    inFlight: inFlight ?? 0n,
  }));
}

/** Minor units that one bank has and the other does not know of; 0 when the books agree. */
export function driftOf(sums: CurrencySums): bigint {
  return sums.captured - sums.givenBack - sums.credited - sums.inFlight;
}
