/** What client-bank tells: gateways, by volatile messages, for it can be read again; and the topics of results, of ends. */
import type { Message, Outgoing } from "@quittance/sdk";
import type { Envelopes } from "../shared/envelope.js";
import {
  type GatewayReply,
  MESSAGE_VERSION,
  type PaymentEndMessage,
  type PaymentUpdateMessage,
} from "../shared/messages.js";
import { type PaymentRecord, paymentViewOf } from "./payment-record.js";

/** Tells the gateway that waits that the payment is final. */
export function finalReply(envelopes: Envelopes, payment: PaymentRecord, input: Message): Outgoing[] {
  const reply: GatewayReply = { version: MESSAGE_VERSION, payment: paymentViewOf(payment) };
  return envelopes.reply("gateway-reply", reply, { correlationId: payment.id, input });
}

/** Tells how a payment ended, as it is booked. @throws Error when it has not. */
export function paymentEnd(envelopes: Envelopes, payment: PaymentRecord): Outgoing {
  const view = paymentViewOf(payment);
  const { state, settleTime, finishTime } = view;
  if (state === "PENDING" || settleTime === undefined || finishTime === undefined) {
    throw new Error(`${payment.id} has not ended.`);
  }
  const end: PaymentEndMessage = {
    version: MESSAGE_VERSION,
    payment: { ...view, state, settleTime, finishTime },
    ...(state === "DECLINED" && { declinedBy: payment.capturedAmount > 0n ? "merchant-bank" : "client-side" }),
  };
  return envelopes.end("payment-end", end, payment.id);
}

/** Tells the watches of a payment of its new state. */
export function paymentUpdate(envelopes: Envelopes, payment: PaymentRecord): Outgoing {
  const update: PaymentUpdateMessage = { version: MESSAGE_VERSION, payment: paymentViewOf(payment) };
  return envelopes.publication("payment-update", update, {
    correlationId: payment.id,
    properties: { merchant: payment.merchantId, payment: payment.id },
  });
}
