/** The statements of client-bank as models, by the names that its operations give them. */
import { CLEARING } from "../../../dist/client-bank/clearing.js";
import type { MerchantGuesses } from "../../../dist/client-bank/operations/find-card-guesses.js";
import type { OtherId } from "../../../dist/client-bank/operations/record-other-ids.js";
import type { PaymentRecord } from "../../../dist/client-bank/payment-record.js";
import type { RefundRecord } from "../../../dist/client-bank/refund-record.js";
import { byRequest, clear, enter } from "./bank-tables.js";
import type { ClientBankTables, ClientRow } from "./client-bank-tables.js";
import { byText, rowsOf, standingBeside, sumBy, withDates, withFields, withJson } from "./columns.js";
import { expectCount, expectRecorded } from "./expected-counts.js";
import { answer, type Session, type Statement, type StatementResult } from "./session.js";
import type { Table } from "./table.js";

const PAYMENT_TIMES = [
  ...(["acceptTime", "deadline", "validateTime", "captureTime", "settleTime", "finishTime"] as const),
  ...(["lastRefundTime", "authorizeTime", "holdExpireTime"] as const),
] as const;
/** As in find-expired-holds.ts. */
const MAXIMUM_EXPIRED = 200;
const REFUND_TIMES = ["acceptTime", "debitTime", "finishTime"] as const;
const REFUND_COLUMNS = [
  ...(["id", "paymentId", "merchantId", "requestId", "parametersHash", "currency", "amount", "state"] as const),
  ...(["declineReason", "acceptTime", "debitTime", "finishTime", "standingId", "differingFields"] as const),
] as const;
const MERCHANT_DATA_COLUMNS = ["clientReference", "metadata"] as const;

export function clientBankStatements(tables: ClientBankTables): Record<string, Statement> {
  const { clients, payments, refunds, extensions, otherIds } = tables;
  const known = <Row>(found: readonly (Row | undefined)[]) => found.filter((row) => row !== undefined);
  /** By the id that was asked for, first those that are recorded under it. */
  const recordedOf = <Row extends { readonly id: string }>(ids: unknown, table: Table<Row>, session: Session) => {
    const asked = [...new Set(ids as readonly string[])];
    const others = known(asked.map((id) => otherIds.get(id, session)));
    return [...asked.map((id) => ({ id, recordedAs: id })), ...others].flatMap(({ id, recordedAs }) => {
      const row = table.get(recordedAs, session);
      return row === undefined ? [] : [{ askedId: id, ...row }];
    });
  };

  return {
    "lock-clients": async (session, [fingerprints]) => {
      const asked = new Set(fingerprints as readonly string[]);
      const isAsked = ({ cardFingerprint, formerCardFingerprint }: ClientRow) =>
        asked.has(cardFingerprint) || (formerCardFingerprint !== null && asked.has(formerCardFingerprint));
      const ids = clients.rows(session).flatMap((row) => (isAsked(row) ? [row.id] : []));
      const rows = await session.lockRows(clients, ids.sort());
      return answer(rows.map(({ openingBalance: _opening, ...row }) => row));
    },

    "find-payments": async (session, values) => {
      const ids = new Set(values[0] as readonly string[]);
      const rows = known([...ids].map((id) => payments.get(id, session)));
      const standing = standingBeside(payments.rows(session), values);
      return answer([...rows, ...standing].map((row) => withDates(row, PAYMENT_TIMES)));
    },

    "find-deadline-extensions": async (session, [paymentIds]) => {
      const asked = new Set(paymentIds as readonly string[]);
      const latest = new Map<string, string>();
      for (const { paymentId, deadline } of extensions.rows(session)) {
        if (asked.has(paymentId) && deadline > (latest.get(paymentId) ?? "")) latest.set(paymentId, deadline);
      }
      return answer([...latest].map(([paymentId, deadline]) => ({ paymentId, deadline: new Date(deadline) })));
    },

    "lock-payments": async (session, [ids]) => {
      const rows = await session.lockRows(payments, [...(ids as readonly string[])].sort());
      return answer(rows.map((row) => withDates(row, PAYMENT_TIMES)));
    },

    "lock-held-payments": async (session, [ids]) => {
      const asked = ids as readonly string[];
      const others = known(asked.map((id) => otherIds.get(id, session))).map(({ recordedAs }) => recordedAs);
      const rows = await session.lockRows(payments, [...new Set([...asked, ...others])].sort());
      return answer(rows.map((row) => withDates(row, PAYMENT_TIMES)));
    },

    "find-other-ids": async (session, [ids]) => {
      return answer(known((ids as readonly string[]).map((id) => otherIds.get(id, session))));
    },

    "find-expired-holds": async (session, [now]) => {
      const time = (now as Date).toISOString();
      const due = payments
        .rows(session)
        .filter(({ holdExpireTime }) => holdExpireTime !== null && holdExpireTime <= time);
      const rows = due.sort(byText(({ holdExpireTime, id }) => `${holdExpireTime} ${id}`)).map(({ id }) => ({ id }));
      return answer(rows.slice(0, MAXIMUM_EXPIRED));
    },

    "find-refunds": async (session, [ids]) => {
      return answer(recordedOf(ids, refunds, session).map((row) => withDates(row, REFUND_TIMES)));
    },

    "get-payments": async (session, [ids]) => {
      return answer(recordedOf(ids, payments, session).map((row) => withDates(row, PAYMENT_TIMES)));
    },

    "record-other-ids": async (session, values) => {
      const others = rowsOf<OtherId>(values, ["id", "recordedAs"]).sort(byText(({ id }) => id));
      let rowCount = 0;
      for (const other of others) if (await session.insertUnlessThere(otherIds, other)) rowCount += 1;
      return { rows: [], rowCount };
    },

    "find-card-guesses": async (session, [since]) => {
      const rows = tables.cardGuesses.rows(session).filter((row) => row.since > (since as Date));
      return answer(rows.sort((a, b) => b.guesses - a.guesses || (a.merchantId < b.merchantId ? -1 : 1)));
    },

    "record-card-guesses": (session, values) => recordCardGuesses(tables, session, values),
    "record-captures": (session, values) => recordCaptures(tables, session, values),
    "conclude-holds": (session, values) => concludeHolds(tables, session, values),
    "tell-again-later": async (session, values) => {
      const later = rowsOf<PaymentRecord>(values, ["id", "holdExpireTime"]);
      const times = new Map(later.map(({ id, holdExpireTime }) => [id, holdExpireTime]));
      const rows = await session.lockRows(payments, [...times.keys()]);
      for (const row of rows) payments.write({ ...row, holdExpireTime: times.get(row.id) ?? null }, session);
      return { rows: [], rowCount: rows.length };
    },
    "finish-payments": (session, values) => finishPayments(tables, session, values),
    "give-back": (session, values) => giveBack(tables, session, values),
    "record-refunds": (session, values) => recordRefunds(tables, session, values),
  };
}

async function recordCaptures(
  { clients, payments, entries, clearing }: ClientBankTables,
  session: Session,
  values: readonly unknown[],
): Promise<StatementResult> {
  const decided = rowsOf<PaymentRecord>(values, [
    ...(["id", "merchantId", "requestId", "parametersHash", "currency", "amount", "description", "clientId"] as const),
    ...(["declineReason", "cardBrand", "cardLastFour", "cardExpiryMonth", "cardExpiryYear", "acceptTime"] as const),
    ...(["deadline", "validateTime", "captureTime", "capturedAmount", "cardFingerprint", "cardHolder"] as const),
    ...([
      "standingId",
      "differingFields",
      ...MERCHANT_DATA_COLUMNS,
      "capture",
      "authorizeTime",
      "holdExpireTime",
    ] as const),
  ]).sort(byText(byRequest));
  const recorded: PaymentRecord[] = [];
  for (const row of decided) {
    const payment: PaymentRecord = {
      ...withJson(withFields(row)),
      state: row.holdExpireTime === null ? "PENDING" : "AUTHORIZED",
      settleTime: null,
      finishTime: null,
      givenBackAmount: 0n,
      refundedAmount: 0n,
      lastRefundTime: null,
    };
    if (await session.insertUnlessThere(payments, payment)) recorded.push(payment);
  }
  const captured = recorded.filter(({ capturedAmount }) => capturedAmount > 0n);
  const approved = recorded.filter(
    ({ capturedAmount, holdExpireTime }) => capturedAmount > 0n || holdExpireTime !== null,
  );
  const debits = sumBy(
    approved,
    ({ clientId }) => clientId ?? "",
    ({ capturedAmount }) => capturedAmount,
  );
  const holds = sumBy(
    approved,
    ({ clientId }) => clientId ?? "",
    ({ amount, holdExpireTime }) => (holdExpireTime === null ? 0n : amount),
  );
  let debited = 0;
  for (const client of await session.lockRows(clients, [...debits.keys()])) {
    const [debit, hold] = [debits.get(client.id) ?? 0n, holds.get(client.id) ?? 0n];
    if (client.balance - client.held < debit + hold) continue;
    clients.write({ ...client, balance: client.balance - debit, held: client.held + hold }, session);
    debited += 1;
  }
  for (const { id, clientId, currency, capturedAmount, captureTime } of captured) {
    const movement = { paymentId: id, refundId: "", kind: "capture", currency, time: captureTime } as const;
    enter(session, entries, { ...movement, from: clientId, to: CLEARING, amount: capturedAmount });
  }
  await clear(
    session,
    clearing,
    sumBy(
      captured,
      ({ currency }) => currency,
      ({ capturedAmount }) => capturedAmount,
    ),
  );
  expectRecorded(recorded.length, decided.length);
  expectCount(debited, debits.size);
  return answer([{ expect_recorded: "", expect_count: "" }]);
}

async function recordCardGuesses(
  { clients, cardGuesses }: ClientBankTables,
  session: Session,
  values: readonly unknown[],
): Promise<StatementResult> {
  const [ids, counts, times, merchantIds, added, now, endedBefore] = values as [
    string[],
    number[],
    Date[],
    string[],
    number[],
    Date,
    Date,
  ];
  const cards = new Map(ids.map((id, place) => [id, { count: counts[place] ?? 0, since: times[place] ?? now }]));
  for (const client of await session.lockRows(clients, [...cards.keys()])) {
    const card = cards.get(client.id);
    if (card === undefined) continue;
    clients.write({ ...client, wrongExpiries: card.count, wrongExpiriesSince: card.since }, session);
  }
  const rows: MerchantGuesses[] = [];
  for (const [place, merchantId] of merchantIds.entries()) {
    await session.lock(cardGuesses.lockOf(merchantId));
    const known = cardGuesses.get(merchantId, session);
    const goesOn = known !== undefined && known.since > endedBefore;
    const guesses = (goesOn ? known.guesses : 0) + (added[place] ?? 0);
    const row = { merchantId, guesses, since: goesOn ? known.since : now };
    cardGuesses.write(row, session);
    rows.push(row);
  }
  return answer(rows);
}

async function finishPayments(
  { payments }: ClientBankTables,
  session: Session,
  values: readonly unknown[],
): Promise<StatementResult> {
  const finished = rowsOf<PaymentRecord>(values, [
    ...(["id", "state", "declineReason", "settleTime", "finishTime", "givenBackAmount"] as const),
  ]);
  const changes = new Map(finished.map((row) => [row.id, row]));
  const rows = await session.lockRows(payments, [...changes.keys()]);
  const pending = rows.filter(({ state }) => state === "PENDING");
  for (const row of pending) payments.write({ ...row, ...changes.get(row.id), holdExpireTime: null }, session);
  expectCount(pending.length, finished.length);
  return answer([{ expect_count: "" }]);
}

async function concludeHolds(
  { clients, payments, entries, clearing }: ClientBankTables,
  session: Session,
  values: readonly unknown[],
): Promise<StatementResult> {
  const concluded = rowsOf<PaymentRecord>(values, [
    ...(["id", "clientId", "currency", "amount", "capturedAmount", "declineReason", "captureTime"] as const),
    "holdExpireTime",
  ]);
  const changes = new Map(concluded.map(({ amount: _held, ...row }) => [row.id, row]));
  const rows = await session.lockRows(payments, [...changes.keys()]);
  const changed = rows.filter(({ state }) => state === "AUTHORIZED");
  for (const row of changed) payments.write({ ...row, ...changes.get(row.id), state: "PENDING" }, session);
  const sumsOf = (amountOf: (row: PaymentRecord) => bigint) =>
    sumBy(concluded, ({ clientId }) => clientId ?? "", amountOf);
  const held = sumsOf(({ amount }) => amount);
  const debits = sumsOf(({ capturedAmount }) => capturedAmount);
  const locked = await session.lockRows(clients, [...held.keys()].sort());
  for (const client of locked) {
    const balance = client.balance - (debits.get(client.id) ?? 0n);
    clients.write({ ...client, balance, held: client.held - (held.get(client.id) ?? 0n) }, session);
  }
  const captured = concluded.filter(({ capturedAmount }) => capturedAmount > 0n);
  for (const { id, clientId, currency, capturedAmount, captureTime } of captured) {
    const movement = { paymentId: id, refundId: "", kind: "capture", currency, time: captureTime } as const;
    enter(session, entries, { ...movement, from: clientId, to: CLEARING, amount: capturedAmount });
  }
  const sums = sumBy(
    captured,
    ({ currency }) => currency,
    ({ capturedAmount }) => capturedAmount,
  );
  if (locked.length > 0) await clear(session, clearing, sums);
  expectCount(changed.length, concluded.length);
  expectCount(locked.length, held.size);
  return answer([{ expect_count: "" }]);
}

/** Adds to the balances of clients, in the order of their ids; how many of them there are. */
async function credit(
  { clients }: ClientBankTables,
  session: Session,
  credits: ReadonlyMap<string, bigint>,
): Promise<number> {
  const locked = await session.lockRows(clients, [...credits.keys()].sort());
  for (const client of locked) {
    clients.write({ ...client, balance: client.balance + (credits.get(client.id) ?? 0n) }, session);
  }
  return locked.length;
}

async function giveBack(
  tables: ClientBankTables,
  session: Session,
  values: readonly unknown[],
): Promise<StatementResult> {
  const returned = rowsOf<PaymentRecord>(values, ["id", "clientId", "currency", "givenBackAmount", "finishTime"]);
  const credits = sumBy(
    returned,
    ({ clientId }) => clientId ?? "",
    ({ givenBackAmount }) => givenBackAmount,
  );
  const credited = await credit(tables, session, credits);
  for (const { id, clientId, currency, givenBackAmount, finishTime } of returned) {
    const movement = { paymentId: id, refundId: "", kind: "return", currency, time: finishTime ?? "" } as const;
    enter(session, tables.entries, { ...movement, from: CLEARING, to: clientId, amount: givenBackAmount });
  }
  const sums = sumBy(
    returned,
    ({ currency }) => currency,
    ({ givenBackAmount }) => -givenBackAmount,
  );
  if (credited > 0) await clear(session, tables.clearing, sums);
  expectCount(credited, credits.size);
  return answer([{ expect_count: "" }]);
}

async function recordRefunds(
  tables: ClientBankTables,
  session: Session,
  values: readonly unknown[],
): Promise<StatementResult> {
  const { payments, refunds, entries, clearing } = tables;
  const decided = rowsOf<RefundRecord & { readonly clientId: string | null }>(values, [
    ...REFUND_COLUMNS,
    "clientId",
    ...MERCHANT_DATA_COLUMNS,
  ]).sort(byText(({ id }) => id));
  let recorded = 0;
  for (const { clientId: _credited, ...refund } of decided) {
    if (await session.insertUnlessThere(refunds, withJson(withFields(refund)), ["refunds_pkey"])) recorded += 1;
  }
  const refunded = rowsOf<PaymentRecord>(values.slice(17), [
    ...(["id", "state", "settleTime", "finishTime", "refundedAmount", "lastRefundTime"] as const),
  ]);
  const changes = new Map(refunded.map((row) => [row.id, row]));
  const rows = await session.lockRows(payments, [...changes.keys()]);
  const changed = rows.filter(({ state }) => state === "PENDING" || state === "SUCCEEDED");
  for (const row of changed) payments.write({ ...row, ...changes.get(row.id) }, session);

  const succeeded = decided.filter(({ state }) => state === "SUCCEEDED");
  const credits = sumBy(
    succeeded,
    ({ clientId }) => clientId ?? "",
    ({ amount }) => amount ?? 0n,
  );
  const credited = await credit(tables, session, credits);
  for (const { id, paymentId, clientId, currency, amount, finishTime } of succeeded) {
    const movement = { paymentId, refundId: id, kind: "refund", currency: currency ?? "", time: finishTime } as const;
    enter(session, entries, { ...movement, from: CLEARING, to: clientId, amount: amount ?? 0n });
  }
  const sums = sumBy(
    succeeded,
    ({ currency }) => currency ?? "",
    ({ amount }) => -(amount ?? 0n),
  );
  if (credited > 0) await clear(session, clearing, sums);
  expectRecorded(recorded, decided.length);
  expectCount(changed.length, refunded.length);
  expectCount(credited, credits.size);
  return answer([{ expect_recorded: "", expect_count: "" }]);
}
