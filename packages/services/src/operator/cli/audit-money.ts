/** Audits both banks' books in one snapshot, and names what is wrong. */
import type pg from "pg";
import {
  ACCOUNT_CHECKS,
  type AccountCheck,
  type CurrencySums,
  checkBalances,
  checkHolds,
  checkTopUps,
  complaintOfAccount,
  complaintOfHold,
  complaintOfTopUp,
  driftOf,
  sumCurrencies,
  type WrongTopUp,
} from "./account-checks.js";
import { idRanges } from "./id-ranges.js";
import { inSnapshot } from "./operator-database.js";
import { checkPayments, complaintOf, PAYMENT_CHECKS, type PaymentCheck, type PaymentFacts } from "./payment-checks.js";
import { checkRefunds, complaintOfRefund, REFUND_CHECKS, type RefundCheck, type RefundFacts } from "./refund-checks.js";

/** Payments read by one statement: each statement reads the tables as a whole, so there must not be many. */
const RANGE_SIZE = 3_000_000;
/** What one sort or hash of a statement may take before it goes to disk. */
const WORK_MEMORY = "128MB";

export type Check = PaymentCheck | RefundCheck | AccountCheck;

/** Every check with what it says, in the order in which they are told. */
export const CHECKS: Readonly<Record<Check, string>> = {
  ...PAYMENT_CHECKS,
  ...REFUND_CHECKS,
  ...ACCOUNT_CHECKS,
};

/** A ledger entry. */
export interface Entry {
  readonly bank: "client-bank" | "merchant-bank";
  readonly paymentId: string;
  /** Empty when it is of no refund. */
  readonly refundId: string;
  readonly kind: string;
  readonly direction: string;
  readonly account: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly time: Date;
}

/** One thing that is wrong. */
export interface Discrepancy {
  readonly check: Check;
  /** Or the top-up; null when it is about an account or a currency. */
  readonly payment: string | null;
  /** The accounts that it touches; empty when it is about a payment without entries, or about a currency. */
  readonly accounts: readonly string[];
  readonly currency: string | null;
  /** What is wrong, as a sentence. */
  readonly complaint: string;
  /** Of the payment, in both banks. */
  readonly entries: readonly Entry[];
}

export interface MoneyAudit {
  /** The moment of the snapshot. */
  readonly time: Date;
  readonly checked: { readonly payments: bigint; readonly accounts: bigint };
  readonly sums: readonly CurrencySums[];
  /** How many discrepancies there are; `discrepancies` names as many as the limit allows. */
  readonly wrong: bigint;
  readonly discrepancies: readonly Discrepancy[];
}

export interface AuditOptions {
  /** How long a payment may be unfinished, in seconds. */
  readonly boundSeconds: number;
  /** Discrepancies that are named. */
  readonly limit: number;
  /** Payments read by one statement [3,000,000]. */
  readonly rangeSize?: number;
  readonly onProgress?: (done: number, all: number, what: string) => void;
}

/** Reads everything, and locks nothing. @throws the driver's errors. */
export function auditMoney(client: pg.Client, options: AuditOptions): Promise<MoneyAudit> {
  return inSnapshot(client, async () => {
    await client.query(`SET LOCAL work_mem = '${WORK_MEMORY}'; SET LOCAL statement_timeout = 0; SET LOCAL jit = off`);
    const ranges = await idRanges(client, options.rangeSize ?? RANGE_SIZE);
    const steps = ranges.length + 7;
    const progress = (done: number, what: string) => options.onProgress?.(done, steps, what);
    const discrepancies: Discrepancy[] = [];
    const room = () => Math.max(0, options.limit - discrepancies.length);

    progress(0, "counting");
    const { rows } = await client.query<{ time: Date; payments: bigint }>(
      "SELECT now() AS time, count(*) AS payments FROM client_bank.payments",
    );
    const { time, payments } = rows[0] as { time: Date; payments: bigint };
    let wrong = 0n;
    for (const [place, range] of ranges.entries()) {
      progress(place + 1, `payments, part ${place + 1} of ${ranges.length}`);
      const found = await readingInOrder(client, () =>
        checkPayments(client, range, { boundSeconds: options.boundSeconds, limit: room() }),
      );
      wrong += found.discrepancies;
      discrepancies.push(...(await namePayments(client, found.payments)).slice(0, room()));
    }
    progress(steps - 6, "refunds");
    const refunds = await checkRefunds(client, { boundSeconds: options.boundSeconds, limit: room() });
    wrong += refunds.discrepancies;
    discrepancies.push(...(await nameRefunds(client, refunds.refunds)).slice(0, room()));
    let accounts = 0n;
    for (const check of ["client-balance", "merchant-balance"] as const) {
      progress(steps - (check === "client-balance" ? 5 : 4), `balances of ${ACCOUNT_CHECKS[check].split(":")[0]}`);
      const found = await checkBalances(client, check, room());
      accounts += found.checked;
      wrong += found.discrepancies;
      for (const account of found.wrong) {
        discrepancies.push({
          check,
          payment: null,
          accounts: [account.account],
          currency: account.currency,
          complaint: complaintOfAccount(account),
          entries: [],
        });
      }
    }
    progress(steps - 3, "holds");
    const holds = await checkHolds(client, room());
    wrong += holds.discrepancies;
    for (const hold of holds.wrong) {
      const { account, currency } = hold;
      discrepancies.push({
        ...{ check: "held", payment: null, accounts: [account], currency, entries: [] },
        complaint: complaintOfHold(hold),
      });
    }
    progress(steps - 2, "top-ups");
    const topUps = await checkTopUps(client, room());
    wrong += topUps.discrepancies;
    discrepancies.push(...(await nameTopUps(client, topUps.wrong)));
    progress(steps - 1, "sums of each currency");
    const sums = await sumCurrencies(client);
    for (const one of sums.filter((sum) => driftOf(sum) !== 0n)) {
      wrong += 1n;
      if (room() > 0) discrepancies.push(driftDiscrepancy(one));
    }
    return { time, checked: { payments, accounts }, sums, wrong, discrepancies };
  });
}

/**
 * Ids come in no order: through an index, neighbours by id lie on pages all over the disk, and each page is read again and
 * again. Read from its beginning to its end, a table is read once.
 */
async function readingInOrder<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off");
  const result = await work();
  await client.query("SET LOCAL enable_indexscan = on; SET LOCAL enable_bitmapscan = on");
  return result;
}

function driftDiscrepancy(sums: CurrencySums): Discrepancy {
  return {
    check: "sums",
    payment: null,
    accounts: [],
    currency: sums.currency,
    complaint: `${formatSums(sums)}: ${driftOf(sums)} adrift`,
    entries: [],
  };
}

/** `8000 - 1000 = 4000 + 3000`, or `<>` in between. */
export function formatSums(sums: CurrencySums): string {
  const relation = driftOf(sums) === 0n ? "=" : "<>";
  return `captured ${sums.captured} - returned ${sums.givenBack} ${relation} credited ${sums.credited} + in flight ${sums.inFlight}`;
}

/** One discrepancy for each check that a payment fails, with its entries. */
async function namePayments(client: pg.Client, payments: readonly PaymentFacts[]): Promise<Discrepancy[]> {
  if (payments.length === 0) return [];
  const entries = await readEntries(
    client,
    payments.map(({ id }) => id),
  );
  return payments.flatMap((facts) => {
    const own = entries.get(facts.id) ?? [];
    return facts.checks.map((check) => ({
      check,
      payment: facts.id,
      accounts: [...new Set(own.map(({ account }) => account))],
      currency: facts.currency ?? facts.receiptCurrency ?? own[0]?.currency ?? null,
      complaint: complaintOf(check, facts),
      entries: own,
    }));
  });
}

/** One discrepancy for each check that a refund fails, with the entries of that refund alone. */
async function nameRefunds(client: pg.Client, refunds: readonly RefundFacts[]): Promise<Discrepancy[]> {
  if (refunds.length === 0) return [];
  const entries = await readEntries(
    client,
    refunds.map(({ paymentId }) => paymentId),
  );
  return refunds.flatMap((facts) => {
    const own = (entries.get(facts.paymentId) ?? []).filter(({ refundId }) => refundId === facts.id);
    return facts.checks.map((check) => ({
      check,
      payment: facts.paymentId,
      accounts: [...new Set(own.map(({ account }) => account))],
      currency: own[0]?.currency ?? null,
      complaint: complaintOfRefund(check, facts),
      entries: own,
    }));
  });
}

/** One discrepancy for each top-up, with its entries. */
async function nameTopUps(client: pg.Client, topUps: readonly WrongTopUp[]): Promise<Discrepancy[]> {
  if (topUps.length === 0) return [];
  const entries = await readEntries(
    client,
    topUps.map(({ id }) => id),
  );
  return topUps.map((topUp) => {
    const own = (entries.get(topUp.id) ?? []).filter(({ bank }) => bank === topUp.bank);
    return {
      check: "top-up" as const,
      payment: topUp.id,
      accounts: [...new Set(own.map(({ account }) => account))],
      currency: own[0]?.currency ?? null,
      complaint: complaintOfTopUp(topUp),
      entries: own,
    };
  });
}

/** The entries of payments in both banks, in the order in which they were written. */
export async function readEntries(
  client: pg.ClientBase,
  payments: readonly string[],
): Promise<ReadonlyMap<string, readonly Entry[]>> {
  const { rows } = await client.query<Entry>(
    `SELECT 'client-bank' AS bank, payment_id AS "paymentId", refund_id AS "refundId", kind, direction, account, currency, amount, "time"
     FROM client_bank.ledger_entries WHERE payment_id = ANY ($1)
     UNION ALL
     SELECT 'merchant-bank', payment_id, refund_id, kind, direction, account, currency, amount, "time"
     FROM merchant_bank.ledger_entries WHERE payment_id = ANY ($1)
     ORDER BY "time", bank, kind, amount`,
    [payments],
  );
  return Map.groupBy(rows, ({ paymentId }) => paymentId);
}
