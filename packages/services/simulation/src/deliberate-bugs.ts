/**
 * The mutation check: nine bugs of the kind that a payment system has, made on purpose, each of which the simulation must
 * catch. They are variants of what is simulated, and exist nowhere else.
 */

import type { PaymentRecord } from "../../dist/client-bank/payment-record.js";
import { requestIdReused } from "../../dist/gateway/api-error.js";
import type { Gateway } from "../../dist/gateway/gateway.js";
import type { PayRequest } from "../../dist/gen/quittance/payments/v1/payments.js";
import { acceptingFirst } from "./accepting-first.js";
import type { ClearingRow, EntryRow } from "./database/bank-tables.js";
import { rowsOf } from "./database/columns.js";
import { ServerError } from "./database/server-error.js";
import type { Session, Statement } from "./database/session.js";
import { answer } from "./database/session.js";
import type { DatabaseUser, SimulatedServer, Statements } from "./database/simulated-server.js";
import type { Table } from "./database/table.js";
import type { Mutation } from "./run-schedule.js";
import { withUnboundSeals } from "./unbound-seal.js";

export interface DeliberateBug extends Mutation {
  readonly name: string;
}

export const DELIBERATE_BUGS: readonly DeliberateBug[] = [
  { name: "accept before send", connections: acceptingFirst },
  { name: "no recorded outcome", statements: withoutRecordedReceipts },
  { name: "balance checked outside the statement", statements: withBalancesReadEarlier },
  { name: "refund not idempotent", statements: withRepeatedRefunds },
  { name: "fingerprint race", statements: withUnnoticedConflicts },
  { name: "id not bound to its parameters", gateways: withUnboundIds },
  { name: "unbound seal", cardValidation: withUnboundSeals },
  { name: "hold concluded twice", statements: withHoldsReadEarlier },
  { name: "expiry told once", statements: withExpiriesToldOnce },
];

function changed(
  { statements }: SimulatedServer,
  user: DatabaseUser,
  changes: Readonly<Record<string, Statement>>,
): Statements {
  return { ...statements, [user]: { ...statements[user], ...changes } };
}

/** Step 4 looks for no receipt and credits whatever comes: a message that comes twice is paid twice. */
function withoutRecordedReceipts(server: SimulatedServer): Statements {
  const { merchants, entries, clearing, receipts } = server.merchantBank;
  const record = server.statements["merchant-bank"]["record-settlements"] as Statement;
  return changed(server, "merchant-bank", {
    "find-receipts": async () => answer([]),
    "record-settlements": async (session, values) => {
      const given = rowsOf<{
        paymentId: string;
        merchantId: string;
        currency: string;
        amount: bigint;
        outcome: string;
      }>(values, ["paymentId", "merchantId", "currency", "amount", "outcome"]);
      const again = new Set(
        given.flatMap(({ paymentId }) => (receipts.get(paymentId, session) === undefined ? [] : [paymentId])),
      );
      const keep = given.map(({ paymentId }) => !again.has(paymentId));
      const fresh = values.map((column) => (column as readonly unknown[]).filter((_, place) => keep[place]));
      const result = await record(session, fresh);
      for (const { paymentId, merchantId, currency, amount, outcome } of given) {
        if (!again.has(paymentId) || outcome !== "credited") continue;
        await move(session, { entries, clearing }, { paymentId, account: merchantId, currency, amount });
        const [merchant] = await session.lockRows(merchants, [merchantId]);
        if (merchant !== undefined) merchants.write({ ...merchant, balance: merchant.balance + amount }, session);
      }
      return result;
    },
  });
}

/** The entries of a movement that has some already, under a number that makes them further ones. */
async function move(
  session: Session,
  { entries, clearing }: { readonly entries: Table<EntryRow>; readonly clearing: Table<ClearingRow> },
  moved: {
    readonly paymentId: string;
    readonly account: string;
    readonly currency: string;
    readonly amount: bigint;
  },
): Promise<void> {
  const { paymentId, account, currency, amount } = moved;
  const refundId = `again ${entries.rows(session).length}`;
  const entry = { paymentId, refundId, kind: "refund", currency, time: "" } as const;
  entries.insert({ ...entry, direction: "debit", account: "clearing", amount: -amount }, session);
  entries.insert({ ...entry, direction: "credit", account, amount }, session);
  await session.lock(clearing.lockOf(currency));
  const balance = clearing.get(currency, session)?.balance ?? 0n;
  clearing.write({ currency, balance: balance - amount }, session);
}

/** Step 3 reads balances without locking the clients, and writes what it computed from them. */
function withBalancesReadEarlier(server: SimulatedServer): Statements {
  const { clients } = server.clientBank;
  const statements = server.statements["client-bank"];
  const seen = new WeakMap<Session, Map<string, bigint>>();
  return changed(server, "client-bank", {
    "lock-clients": async (session, [fingerprints]) => {
      const asked = fingerprints as readonly string[];
      const rows = clients.rows(session).filter(({ cardFingerprint }) => asked.includes(cardFingerprint));
      seen.set(session, new Map(rows.map(({ id, balance }) => [id, balance])));
      return answer(rows);
    },
    "record-captures": async (session, values) => {
      const result = await (statements["record-captures"] as Statement)(session, values);
      const [clientIds, amounts] = [values[7], values[17]] as [readonly (string | null)[], readonly bigint[]];
      for (const [id, balance] of seen.get(session) ?? []) {
        const taken = amounts.reduce((sum, amount, place) => (clientIds[place] === id ? sum + amount : sum), 0n);
        const [client] = taken === 0n ? [] : await session.lockRows(clients, [id]);
        if (client !== undefined) clients.write({ ...client, balance: balance - taken }, session);
      }
      return result;
    },
  });
}

/** Step R2 does not ask whether it knows the refund, and debits it under a number of its own each time. */
function withRepeatedRefunds(server: SimulatedServer): Statements {
  const { refunds } = server.merchantBank;
  const record = server.statements["merchant-bank"]["record-refunds"] as Statement;
  return changed(server, "merchant-bank", {
    "find-refunds": async () => answer([]),
    "record-refunds": (session, values) => {
      const [ids, , , requestIds] = values as (readonly string[])[];
      const known = refunds.rows(session).length;
      const number = (text: string) => `${text} ${known}`;
      const numbered = values.map((column, place) => {
        if (place === 0) return (ids ?? []).map((id) => (refunds.get(id, session) === undefined ? id : number(id)));
        if (place !== 3) return column;
        return (requestIds ?? []).map((requestId, row) =>
          refunds.get(ids?.[row] ?? "", session) === undefined ? requestId : number(requestId),
        );
      });
      return record(session, numbered);
    },
  });
}

/** Step H2 reads holds without locking their payments, and concludes what it read: one that ended meanwhile ends again. */
function withHoldsReadEarlier(server: SimulatedServer): Statements {
  const { payments, clients } = server.clientBank;
  const statements = server.statements["client-bank"];
  const lock = statements["lock-held-payments"] as Statement;
  const conclude = statements["conclude-holds"] as Statement;
  return changed(server, "client-bank", {
    "lock-held-payments": (session, values) => lock(withoutLocks(session), values),
    "conclude-holds": async (session, values) => {
      const given = rowsOf<PaymentRecord>(values, ["id", "clientId", "currency", "amount"]);
      const rows = await session.lockRows(
        payments,
        given.map(({ id }) => id),
      );
      const held = new Set(rows.flatMap(({ id, state }) => (state === "AUTHORIZED" ? [id] : [])));
      const keep = given.map(({ id }) => held.has(id));
      const stillHeld = values.map((column) => (column as readonly unknown[]).filter((_, place) => keep[place]));
      const result = await conclude(session, stillHeld);
      for (const { id, clientId, amount } of given) {
        const [client] = held.has(id) ? [] : await session.lockRows(clients, [clientId ?? ""]);
        if (client !== undefined) clients.write({ ...client, held: client.held - amount }, session);
      }
      return result;
    },
  });
}

/** A session that reads rows where it should lock them. */
function withoutLocks(session: Session): Session {
  const lockRows: Session["lockRows"] = async (table, keys) => keys.flatMap((key) => table.get(key) ?? []);
  return Object.create(session, { lockRows: { value: lockRows } }) as Session;
}

/** Step H3 looks for money that is held alone: an end that was not told before its process died is told never. */
function withExpiriesToldOnce(server: SimulatedServer): Statements {
  const { payments } = server.clientBank;
  const find = server.statements["client-bank"]["find-expired-holds"] as Statement;
  return changed(server, "client-bank", {
    "find-expired-holds": async (session, values) => {
      const { rows } = await find(session, values);
      const isHeld = (row: object) =>
        payments.get((row as { readonly id: string }).id, session)?.state === "AUTHORIZED";
      return answer(rows.filter(isHeld));
    },
  });
}

/**
 * The gateway gives a request_id one id, whatever is asked for under it: a call with other parameters is sent as the first
 * one, and refused only when it waits for the end; else it is answered with what it asked for.
 */
function withUnboundIds(): (gateway: Gateway) => Gateway {
  const firsts = new Map<string, PayRequest>();
  return (gateway) => ({
    ...gateway,
    async pay(context, request) {
      const key = `${context.merchantId} ${request.requestId}`;
      const first = firsts.get(key) ?? request;
      firsts.set(key, first);
      const answer = await gateway.pay(context, { ...first, wait: request.wait });
      const { id } = answer.payment;
      if (!answer.final) return { final: false, payment: { ...answer.payment, amount: request.amount } };
      const isSame =
        first.amount?.minorUnits === request.amount?.minorUnits && first.card?.number === request.card?.number;
      if (!isSame) throw requestIdReused("payment", { standingId: id, differingFields: ["amount.minor_units"] });
      return answer;
    },
  });
}

/** Step 3 takes a payment that another process recorded meanwhile for its own, and does not compare the parameters. */
function withUnnoticedConflicts(server: SimulatedServer): Statements {
  const record = server.statements["client-bank"]["record-captures"] as Statement;
  return changed(server, "client-bank", {
    "record-captures": async (session, values) => {
      try {
        return await record(session, values);
      } catch (error) {
        if (!(error instanceof ServerError && error.code === "40001")) throw error;
        return answer([]);
      }
    },
  });
}
