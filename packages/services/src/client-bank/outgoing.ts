/** What client-bank tells: gateways, by volatile messages, for it can be read again; and the topics of results, of ends. */
import type { Message, Outgoing } from "@quittance/sdk";
import type { Envelopes } from "../shared/envelope.js";
import { MESSAGE_VERSION, type PaymentEndMessage, type PaymentUpdateMessage } from "../shared/messages.js";
import type { RefundUpdateMessage } from "../shared/refund-messages.js";
import { answerWeight, type FinalAnswer, finalReplies } from "./final-replies.js";
import type { Gateways } from "./gateways.js";
import { type PaymentRecord, paymentViewOf } from "./payment-record.js";
import { type RefundRecord, refundViewOf } from "./refund-record.js";

/** What steps tell with. */
export interface Telling {
  readonly envelopes: Envelopes;
  readonly gateways: Gateways;
}

/** For each message of a batch: the payment that answers its caller, or nothing. */
export type FinalPayments = readonly ({ readonly payment: PaymentRecord; readonly message: Message } | undefined)[];

/** The answers to the gateways that wait for payments of a batch: what to send with each of its outcomes. */
export function paymentReplies(telling: Telling, final: FinalPayments): readonly (readonly Outgoing[])[] {
  const answers = final.map((one): FinalAnswer | undefined => {
    if (one === undefined) return undefined;
    const payment = paymentViewOf(one.payment);
    return { id: payment.id, input: one.message, body: { payment }, weight: answerWeight(payment) };
  });
  return finalReplies(telling, { one: "gateway-reply", several: "gateway-replies" }, answers);
}

/** Tells how a payment ended, as it is booked. @throws Error when it has not. */
export function paymentEnd(envelopes: Envelopes, payment: PaymentRecord): Outgoing {
  const view = paymentViewOf(payment);
  const { state, settleTime, finishTime } = view;
  if (state === "PENDING" || state === "AUTHORIZED" || settleTime === undefined || finishTime === undefined) {
    throw new Error(`${payment.id} has not ended.`);
  }
  const end: PaymentEndMessage = {
    version: MESSAGE_VERSION,
    payment: { ...view, state, settleTime, finishTime },
    ...(state === "DECLINED" && { declinedBy: payment.capturedAmount > 0n ? "merchant-bank" : "client-side" }),
  };
  return envelopes.end("payment-end", end, payment.id);
}

/** Tells the watches of a payment of its new state; nothing when nobody watches it. */
export function paymentUpdates({ envelopes, gateways }: Telling, payment: PaymentRecord): Outgoing[] {
  if (!gateways.mayWatch(payment.id)) return [];
  const update: PaymentUpdateMessage = { version: MESSAGE_VERSION, payment: paymentViewOf(payment) };
  const headers = {
    correlationId: payment.id,
    properties: { merchant: payment.merchantId, payment: payment.id },
  };
  return [envelopes.publication("payment-update", update, headers)];
}

/** Tells the watches of a refund that it is final; nothing when nobody watches it. */
export function refundUpdates({ envelopes, gateways }: Telling, refund: RefundRecord): Outgoing[] {
  if (!gateways.mayWatchRefund(refund.id)) return [];
  const update: RefundUpdateMessage = { version: MESSAGE_VERSION, refund: refundViewOf(refund) };
  const headers = { correlationId: refund.id, properties: { merchant: refund.merchantId, refund: refund.id } };
  return [envelopes.publication("refund-update", update, headers)];
}
