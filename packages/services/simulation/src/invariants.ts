/** What must be true when everything is quiet, whatever was killed; each offence is a sentence. */
import type { MerchantDataColumns } from "../../dist/shared/merchant-data.js";
import { type Call, type HoldCall, merchantDataOf } from "./callers.js";
import type { Complain } from "./complain.js";
import type { EntryRow } from "./database/bank-tables.js";
import type { SimulatedServer } from "./database/simulated-server.js";
import type { Table } from "./database/table.js";
import { checkEvents } from "./event-invariants.js";
import { checkEndedHolds, checkHolds, checkToldHold } from "./hold-invariants.js";

/** Judges the books of both banks, what notification recorded, and what callers were told. */
export function offencesOf(
  server: SimulatedServer,
  calls: readonly Call[],
  holds: { readonly calls: readonly HoldCall[]; readonly holdMs: number },
): string[] {
  const offences: string[] = [];
  const complain: Complain = (sentence) => offences.push(sentence);
  checkBalances(server, complain);
  checkSums(server, complain);
  checkPayments(server, complain);
  checkRefunds(server, complain);
  checkRequests(server, complain);
  checkNotifications(server, complain);
  checkEvents(server, (end) => bookedEnd(server, end), complain);
  checkHolds(server, complain);
  checkEndedHolds(server, holds.calls, { holdMs: holds.holdMs, complain });
  for (const call of holds.calls) checkToldHold(server, call, complain);
  const asked = new Set(calls.flatMap(({ ids }) => ids));
  for (const { id } of [...server.clientBank.payments.rows(), ...server.clientBank.refunds.rows()]) {
    if (!asked.has(id)) complain(`${id} is recorded, and nobody asked for it`);
  }
  for (const call of calls) {
    checkTold(server, call, complain);
    if (call.answer !== "unknown" && recordOf(server, call, complain) === undefined) {
      complain(`${call.id} was accepted, and is recorded nowhere`);
    }
  }
  return offences;
}

/** What a caller was told must be what is booked, at the moment when it is told and ever after. */
export function checkTold(server: SimulatedServer, call: Call, complain: Complain): void {
  const { answer, id } = call;
  if (answer === "unknown") return;
  const record = recordOf(server, call, complain);
  if (answer === "accepted") {
    // It may not be recorded yet; once it is, it is what this call asked for.
    if (record !== undefined && !isSameRequest(call, record)) {
      complain(`${id} was accepted for a call with other parameters than those that are recorded`);
    }
    return;
  }
  if ("standingId" in answer) {
    checkReused(server, { ...call, answer }, complain);
    return;
  }
  if (record === undefined) {
    complain(`${id} was told ${answer.state}, and is not recorded`);
    return;
  }
  if (!isSameRequest(call, record)) complain(`${id} was told final to a call with other parameters`);
  // A payment that succeeded may be refunded later; money that is held may be captured or released.
  const stands =
    record.state === answer.state ||
    (answer.state === "SUCCEEDED" && record.state === "REFUNDED") ||
    (answer.state === "AUTHORIZED" && "authorizeTime" in record && record.authorizeTime !== null);
  if (!stands) complain(`${id} was told ${answer.state}, and is booked ${record.state}`);
  if (answer.amount !== undefined && record.amount !== answer.amount) {
    complain(`${id} was told ${answer.amount}, and is booked ${record.amount}`);
  }
}

/** The call's own request is recorded as declined for it; what it heard about the one that stands is true. */
function checkReused(
  server: SimulatedServer,
  call: Call & { readonly answer: { readonly standingId: string; readonly differingFields: readonly string[] } },
  complain: Complain,
): void {
  const { id, answer } = call;
  const record = recordOf(server, call, complain);
  if (record?.declineReason !== "REQUEST_ID_REUSED") complain(`${id} was told reused, and is not recorded as such`);
  if (record?.standingId !== answer.standingId) {
    complain(`${id} was told that ${answer.standingId} stands, and is recorded beside ${record?.standingId}`);
  }
  // Of refunds merchant-bank decides: the one that stands may be on its way to the clients' bank.
  const { clientBank, merchantBank } = server;
  const standing = (call.order.kind === "pay" ? clientBank.payments : merchantBank.refunds).get(answer.standingId);
  if (standing === undefined || standing.parametersHash === record?.parametersHash) {
    complain(`${id} was told reused, and ${answer.standingId} is not another request`);
  } else if (answer.differingFields.join() !== fieldsThatDiffer(call, standing).join()) {
    complain(`${id} was told that ${answer.differingFields.join()} differ`);
  }
}

/** The fields of a call that are others than in a record, as far as callers of the simulation change them. */
function fieldsThatDiffer({ order }: Call, record: Recorded): string[] {
  const amount = order.amount === undefined || order.amount === record.amount ? [] : ["amount.minor_units"];
  if (order.kind === "pay") {
    const { number, expiryYear } = order.card;
    return [
      ...amount,
      ...(number.endsWith(record.cardLastFour ?? "none") ? [] : ["card.number"]),
      ...(expiryYear === record.cardExpiryYear ? [] : ["card.expiry_year"]),
      ...merchantDataThatDiffers(order, record),
      ...(order.manual === (record.capture === "manual") ? [] : ["capture"]),
    ];
  }
  const fields = [
    ...(record.paymentId === order.paymentId ? [] : ["id"]),
    ...(record.amount === null ? [] : amount),
    ...merchantDataThatDiffers(order, record),
  ];
  // One of the two named no amount.
  return fields.length === 0 ? ["amount"] : fields;
}

function merchantDataThatDiffers(order: Call["order"], record: Recorded): string[] {
  const { clientReference = null, metadata = null } = merchantDataOf(order);
  return [
    ...(clientReference === record.clientReference ? [] : ["client_reference"]),
    ...(metadata?.amount === record.metadata?.amount ? [] : ["metadata"]),
  ];
}

function isSameRequest({ order }: Call, record: Recorded): boolean {
  if (merchantDataThatDiffers(order, record).length > 0) return false;
  if (order.kind === "pay") {
    const isSameWay = order.manual === (record.capture === "manual");
    return record.amount === order.amount && isSameWay && order.card.number.endsWith(record.cardLastFour ?? "none");
  }
  // A refund of all that is left and one of an amount that happens to be the same are two requests, told apart by ids.
  return record.paymentId === order.paymentId && (order.amount === undefined || record.amount === order.amount);
}

/** What is compared with a call: of a payment or of a refund. */
interface Recorded extends MerchantDataColumns {
  readonly amount: bigint | null;
  readonly cardLastFour?: string;
  readonly cardExpiryYear?: number;
  readonly capture?: string | null;
  readonly paymentId?: string;
}

/** The record of a call's request, under whichever key: there must not be two. */
function recordOf({ clientBank }: SimulatedServer, { order, ids }: Pick<Call, "order" | "ids">, complain: Complain) {
  const [one, ...others] = ids.flatMap(
    (id) => (order.kind === "pay" ? clientBank.payments.get(id) : clientBank.refunds.get(id)) ?? [],
  );
  if (others.length > 0) complain(`${ids.join(" and ")} are both recorded, and are one request`);
  return one;
}

/** Of each request one payment and one refund stand at most; the others are declined, beside one that differs. */
function checkRequests({ clientBank }: SimulatedServer, complain: Complain): void {
  for (const table of [clientBank.payments, clientBank.refunds]) {
    const standing = new Map<string, string>();
    for (const { id, merchantId, requestId, standingId } of table.rows()) {
      if (standingId !== null) continue;
      const request = `${merchantId} ${requestId}`;
      const other = standing.get(request);
      if (other !== undefined) complain(`${id} and ${other} both stand under ${request}`);
      standing.set(request, id);
    }
    for (const { id, merchantId, requestId, standingId, state, parametersHash } of table.rows()) {
      if (standingId === null) continue;
      const first = table.get(standingId);
      if (standing.get(`${merchantId} ${requestId}`) !== standingId) complain(`${standingId} does not stand for ${id}`);
      if (first?.parametersHash === parametersHash) complain(`${id} asked for what ${standingId} asked for`);
      if (state !== "DECLINED") complain(`${id} is ${state} although ${standingId} stands`);
    }
  }
}

function sum(entries: Table<EntryRow>, fits: (entry: EntryRow) => boolean): bigint {
  let total = 0n;
  for (const entry of entries.committed()) if (fits(entry)) total += entry.amount;
  return total;
}

/** Each balance is the opening balance and the entries, none is below zero, and each movement adds up to zero. */
export function checkBalances({ clientBank, merchantBank }: SimulatedServer, complain: Complain): void {
  const banks = [
    { entries: clientBank.entries, holders: clientBank.clients.rows(), clearing: clientBank.clearing.rows() },
    { entries: merchantBank.entries, holders: merchantBank.merchants.rows(), clearing: merchantBank.clearing.rows() },
  ];
  for (const { entries, holders, clearing } of banks) {
    for (const { id, balance, openingBalance } of holders) {
      const moved = sum(entries, ({ account }) => account === id);
      if (balance !== openingBalance + moved)
        complain(`${id} has ${balance}, its entries say ${openingBalance + moved}`);
      if (balance < 0n) complain(`${id} has ${balance}, which is less than nothing`);
    }
    for (const { currency, balance } of clearing) {
      const moved = sum(entries, (entry) => entry.account === "clearing" && entry.currency === currency);
      if (balance !== moved) complain(`clearing ${currency} has ${balance}, its entries say ${moved}`);
    }
    const movements = new Set(entries.rows().map(({ paymentId, refundId }) => `${paymentId} ${refundId}`));
    for (const movement of movements) {
      const total = sum(entries, ({ paymentId, refundId }) => `${paymentId} ${refundId}` === movement);
      if (total !== 0n) complain(`the entries of ${movement} add up to ${total}`);
    }
  }
}

/** Nothing is in flight: what was captured and not returned is what merchants have. */
function checkSums({ clientBank, merchantBank }: SimulatedServer, complain: Complain): void {
  const owed = sum(clientBank.entries, ({ account }) => account === "clearing");
  const owing = sum(merchantBank.entries, ({ account }) => account === "clearing");
  if (owed + owing !== 0n) complain(`the clients' bank holds ${owed}, the merchants' bank gave ${-owing}`);
}

function checkPayments({ clientBank, merchantBank }: SimulatedServer, complain: Complain): void {
  for (const payment of clientBank.payments.rows()) {
    const { id, state } = payment;
    const receipt = merchantBank.receipts.get(id);
    const captured = sum(clientBank.entries, (entry) => isOf(entry, id, "capture"));
    const returned = sum(clientBank.entries, (entry) => isOf(entry, id, "return"));
    const settled = sum(merchantBank.entries, (entry) => isOf(entry, id, "settlement"));
    if (state === "PENDING") complain(`${id} is still pending`);
    if (captured !== payment.capturedAmount || -returned !== payment.givenBackAmount) {
      complain(
        `${id} tells ${payment.capturedAmount} captured, ${payment.givenBackAmount} returned; its entries differ`,
      );
    }
    if (payment.refundedAmount > payment.capturedAmount) complain(`${id} was refunded more than was captured`);
    if (captured > 0n && (payment.authorizeTime ?? payment.captureTime) > payment.deadline)
      complain(`${id} was captured after its deadline`);
    if (receipt === undefined) {
      complain(`${id} has no receipt`);
      continue;
    }
    if (-settled !== (receipt.outcome === "credited" ? receipt.amount : 0n)) {
      complain(`${id} has a receipt of ${receipt.outcome} ${receipt.amount}, its entries say ${-settled}`);
    }
    const agree =
      receipt.amount === (captured > 0n ? captured : payment.amount) &&
      receipt.merchantId === payment.merchantId &&
      receipt.declineReason === payment.declineReason &&
      receipt.refundedAmount === payment.refundedAmount &&
      (receipt.outcome === "credited") === (state !== "DECLINED" && state !== "CANCELED");
    if (!agree) complain(`${id} is ${state} ${payment.amount}, its receipt is ${receipt.outcome} ${receipt.amount}`);
  }
  for (const { paymentId } of merchantBank.receipts.rows()) {
    if (clientBank.payments.get(paymentId) === undefined) complain(`${paymentId} has a receipt and no payment`);
  }
}

/** The clearing account's side of a movement, which is positive for what the clients' bank takes. */
function isOf({ account, paymentId, kind }: EntryRow, id: string, wanted: EntryRow["kind"]): boolean {
  return account === "clearing" && paymentId === id && kind === wanted;
}

function checkRefunds({ clientBank, merchantBank }: SimulatedServer, complain: Complain): void {
  for (const refund of merchantBank.refunds.rows()) {
    const other = clientBank.refunds.get(refund.id);
    const debited = sum(merchantBank.entries, (entry) => entry.refundId === refund.id && entry.account === "clearing");
    const credited = sum(clientBank.entries, (entry) => entry.refundId === refund.id && entry.account === "clearing");
    const amount = refund.outcome === "debited" ? (refund.amount ?? 0n) : 0n;
    if (debited !== amount || -credited !== amount) {
      complain(`refund ${refund.id} of ${amount} debited ${debited} and credited ${-credited}`);
    }
    if (other === undefined) complain(`refund ${refund.id} is unknown to the clients' bank`);
    else if (other.amount !== refund.amount || other.declineReason !== refund.declineReason) {
      complain(`refund ${refund.id} is told in two ways`);
    }
  }
  for (const { id } of clientBank.refunds.rows()) {
    if (merchantBank.refunds.get(id) === undefined) complain(`refund ${id} is unknown to the merchants' bank`);
  }
}

/** Whoever is notified of an end reads it: what is told is booked by then, as what it is told. */
export function checkToldEnds(server: SimulatedServer, complain: Complain): void {
  for (const row of server.notification.notifications.committed()) {
    const booked = bookedEnd(server, row);
    if (row.templateName !== booked) {
      const { paymentId, refundId, templateName } = row;
      complain(`${refundId || paymentId} is told as ${templateName}, and is booked as ${booked ?? "nothing final"}`);
    }
  }
}

/** The template that tells what is booked; undefined when nothing final is. */
function bookedEnd(
  { clientBank }: SimulatedServer,
  { paymentId, refundId }: { readonly paymentId: string; readonly refundId: string },
): string | undefined {
  const [kind, state] =
    refundId === ""
      ? ["payment", clientBank.payments.get(paymentId)?.state]
      : ["refund", clientBank.refunds.get(refundId)?.state];
  if (state === undefined || state === "PENDING" || state === "AUTHORIZED") return undefined;
  if (state === "CANCELED") return `${kind}-canceled`;
  return `${kind}-${state === "DECLINED" ? "declined" : "succeeded"}`;
}

/** Each end is told once on the log, and as it is booked. */
function checkNotifications(server: SimulatedServer, complain: Complain): void {
  const rows = server.notification.notifications.rows();
  const ends = [
    ...server.clientBank.payments.rows().map(({ id }) => ({ paymentId: id, refundId: "" })),
    ...server.clientBank.refunds.rows().map(({ id, paymentId }) => ({ paymentId, refundId: id })),
  ];
  for (const end of ends) {
    const { paymentId, refundId } = end;
    const told = rows.filter((row) => row.refundId === refundId && (refundId !== "" || row.paymentId === paymentId));
    const names = told.map(({ templateName }) => templateName).join(", ");
    const booked = bookedEnd(server, end) ?? "nothing final";
    if (names !== booked) complain(`${refundId || paymentId} is told as ${names || "nothing"} instead of ${booked}`);
  }
}
