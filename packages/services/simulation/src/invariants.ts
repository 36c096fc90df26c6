/** What must be true when everything is quiet, whatever was killed; each offence is a sentence. */
import type { Call } from "./callers.js";
import type { Complain } from "./complain.js";
import type { EntryRow } from "./database/bank-tables.js";
import type { SimulatedServer } from "./database/simulated-server.js";
import type { Table } from "./database/table.js";

/** Judges the books of both banks, what notification recorded, and what callers were told. */
export function offencesOf(server: SimulatedServer, calls: readonly Call[]): string[] {
  const offences: string[] = [];
  const complain: Complain = (sentence) => offences.push(sentence);
  checkBalances(server, complain);
  checkSums(server, complain);
  checkPayments(server, complain);
  checkRefunds(server, complain);
  checkNotifications(server, complain);
  for (const call of calls) {
    checkTold(server, call, complain);
    if (call.answer !== "unknown" && recordOf(server, call) === undefined) {
      complain(`${call.id} was accepted, and is recorded nowhere`);
    }
  }
  return offences;
}

/** What a caller was told must be what is booked, at the moment when it is told and for ever after. */
export function checkTold(server: SimulatedServer, call: Call, complain: Complain): void {
  const { answer, id } = call;
  if (answer === "unknown" || answer === "accepted") return;
  if (answer === "reused") {
    checkReused(server, call, complain);
    return;
  }
  const record = recordOf(server, call);
  if (record === undefined) {
    complain(`${id} was told ${answer.state}, and is not recorded`);
    return;
  }
  if (!isSameRequest(call, record)) complain(`${id} was told final to a call with other parameters`);
  // A payment that succeeded may be given back later.
  const stands = record.state === answer.state || (answer.state === "SUCCEEDED" && record.state === "REFUNDED");
  if (!stands) complain(`${id} was told ${answer.state}, and is booked ${record.state}`);
  if (answer.amount !== undefined && record.amount !== answer.amount) {
    complain(`${id} was told ${answer.amount}, and is booked ${record.amount}`);
  }
}

/** Told by the bank that records first: the clients' bank of payments, the merchants' bank of refunds. */
function checkReused({ clientBank, merchantBank }: SimulatedServer, call: Call, complain: Complain): void {
  const { order, id } = call;
  const record = order.kind === "pay" ? clientBank.payments.get(id) : merchantBank.refunds.get(id);
  if (record === undefined) complain(`${id} was told reused, and is not recorded`);
  // A refund of all that is left and one of an amount that happens to be the same are two requests.
  else if (order.kind === "pay" && isSameRequest(call, record)) {
    complain(`${id} was told reused to the very call that made it`);
  }
}

function isSameRequest({ order }: Call, record: Recorded): boolean {
  if (order.kind === "pay") {
    return record.amount === order.amount && order.card.number.endsWith(record.cardLastFour ?? "none");
  }
  return record.paymentId === order.paymentId && (order.amount === undefined || record.amount === order.amount);
}

/** What is compared with a call: of a payment or of a refund. */
interface Recorded {
  readonly amount: bigint | null;
  readonly cardLastFour?: string;
  readonly paymentId?: string;
}

function recordOf({ clientBank }: SimulatedServer, { order, id }: Call) {
  return order.kind === "pay" ? clientBank.payments.get(id) : clientBank.refunds.get(id);
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

/** Nothing is in flight: what was captured and not given back is what merchants have. */
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
    if (captured > 0n && payment.captureTime > payment.deadline) complain(`${id} was captured after its deadline`);
    if (receipt === undefined) {
      complain(`${id} has no receipt`);
      continue;
    }
    if (-settled !== (receipt.outcome === "credited" ? receipt.amount : 0n)) {
      complain(`${id} has a receipt of ${receipt.outcome} ${receipt.amount}, its entries say ${-settled}`);
    }
    const agree =
      receipt.amount === payment.amount &&
      receipt.merchantId === payment.merchantId &&
      receipt.declineReason === payment.declineReason &&
      receipt.refundedAmount === payment.refundedAmount &&
      (receipt.outcome === "credited") === (state !== "DECLINED");
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

/** Each end is told once on the log, and as it is booked. */
function checkNotifications({ clientBank, notification }: SimulatedServer, complain: Complain): void {
  const rows = notification.notifications.rows();
  const judge = (id: string, refundId: string, expected: string) => {
    const told = rows.filter((row) => row.refundId === refundId && (refundId !== "" || row.paymentId === id));
    const names = told.map(({ templateName }) => templateName).join(", ");
    if (names !== expected) complain(`${refundId || id} is told as ${names || "nothing"} instead of ${expected}`);
  };
  for (const { id, state } of clientBank.payments.rows()) {
    judge(id, "", state === "DECLINED" ? "payment-declined" : "payment-succeeded");
  }
  for (const { id, paymentId, state } of clientBank.refunds.rows()) {
    judge(paymentId, id, state === "DECLINED" ? "refund-declined" : "refund-succeeded");
  }
}
