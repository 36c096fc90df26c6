/** What must be true of holds, and of the answers to captures and cancellations. */
import type { HoldCall } from "./callers.js";
import type { Complain } from "./complain.js";
import type { SimulatedServer } from "./database/simulated-server.js";

/** Each account holds what its authorised payments hold, and never more than it has. After every commit. */
export function checkHolds({ clientBank }: SimulatedServer, complain: Complain): void {
  const held = new Map<string, bigint>();
  for (const { clientId, amount, state } of clientBank.payments.committed()) {
    if (state !== "AUTHORIZED" || clientId === null) continue;
    held.set(clientId, (held.get(clientId) ?? 0n) + amount);
  }
  for (const client of clientBank.clients.committed()) {
    const expected = held.get(client.id) ?? 0n;
    if (client.held !== expected) complain(`${client.id} holds ${client.held}, its payments hold ${expected}`);
    if (client.held > client.balance) complain(`${client.id} holds ${client.held} and has ${client.balance}`);
  }
}

/** The answer to an order is true when it is given, and stays true. */
export function checkToldHold(server: SimulatedServer, call: HoldCall, complain: Complain): void {
  const { id, action, amount, answer } = call;
  if (typeof answer === "string") return;
  const payment = paymentOf(server, id);
  const told = `${action} ${amount ?? "all"} of ${id}`;
  if (payment === undefined) {
    complain(`${told} was told ${JSON.stringify(answer, textOfBigint)}, and the payment is not recorded`);
    return;
  }
  const asked = amount ?? payment.amount;
  if ("refusal" in answer) {
    const isSo: Readonly<Record<string, boolean>> = {
      PAYMENT_NOT_AUTHORIZED: payment.authorizeTime === null,
      INVALID_FIELDS: asked > payment.amount,
      ALREADY_CAPTURED: payment.capturedAmount > 0n && (action === "cancel" || payment.capturedAmount !== asked),
      PAYMENT_CANCELED: payment.declineReason === "PAYMENT_CANCELED" && action === "capture",
      AUTHORIZATION_EXPIRED: payment.declineReason === "AUTHORIZATION_EXPIRED" && action === "capture",
    };
    if (isSo[answer.refusal] !== true) {
      complain(`${told} was refused as ${answer.refusal}; it is ${payment.state}, captured ${payment.capturedAmount}`);
    }
    return;
  }
  const stands = payment.state === answer.state || (answer.state === "SUCCEEDED" && payment.state === "REFUNDED");
  const isDone =
    action === "cancel" ? answer.state === "CANCELED" : answer.captured === asked && payment.capturedAmount === asked;
  if (!stands || !isDone) {
    complain(
      `${told} was told ${answer.state}, captured ${answer.captured}; it is ${payment.state}, ${payment.capturedAmount}`,
    );
  }
}

/** When all is quiet and the time of every hold is over: none is left, and each ended as somebody asked, or expired. */
export function checkEndedHolds(
  server: SimulatedServer,
  calls: readonly HoldCall[],
  { holdMs, complain }: { readonly holdMs: number; readonly complain: Complain },
): void {
  const ordersOf = (id: string) => calls.filter((call) => paymentOf(server, call.id)?.id === id);
  for (const payment of server.clientBank.payments.rows()) {
    const { id, state, authorizeTime, captureTime, capturedAmount, declineReason, holdExpireTime } = payment;
    if (authorizeTime === null) continue;
    if (state === "AUTHORIZED") complain(`${id} still holds money`);
    if (holdExpireTime !== null) complain(`${id} is ${state}, and something is still due of its hold`);
    const orders = ordersOf(id);
    if (capturedAmount > 0n) {
      const isAsked = orders.some(
        ({ action, amount }) => action === "capture" && (amount ?? payment.amount) === capturedAmount,
      );
      if (!isAsked) complain(`${capturedAmount} of ${id} was captured, and nobody asked for that`);
      if (Date.parse(captureTime) >= Date.parse(authorizeTime) + holdMs) complain(`${id} was captured after its hold`);
    } else if (declineReason === "PAYMENT_CANCELED") {
      if (!orders.some(({ action }) => action === "cancel")) complain(`${id} was canceled, and nobody asked for that`);
    } else if (Date.parse(captureTime) < Date.parse(authorizeTime) + holdMs) {
      complain(`${id} expired before its time`);
    }
  }
}

/** By whichever id it was told. */
function paymentOf({ clientBank }: SimulatedServer, id: string) {
  return clientBank.payments.get(clientBank.otherIds.get(id)?.recordedAs ?? id);
}

function textOfBigint(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
