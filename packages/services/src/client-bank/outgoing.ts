/** What client-bank tells gateways: volatile, for it can be read again. */
import type { Message, Outgoing } from "@quittance/sdk";
import type { Envelopes } from "../shared/envelope.js";
import { type GatewayReply, MESSAGE_VERSION, type PaymentUpdateMessage } from "../shared/messages.js";
import { type PaymentRecord, paymentViewOf } from "./payment-record.js";

/** Tells the gateway that waits that the payment is final. */
export function finalReply(envelopes: Envelopes, payment: PaymentRecord, input: Message): Outgoing[] {
  const reply: GatewayReply = {
    version: MESSAGE_VERSION,
    outcome: "final",
    payment: paymentViewOf(payment),
    parametersHash: payment.parametersHash,
  };
  return envelopes.reply("gateway-reply", reply, { correlationId: payment.id, input });
}

/** Tells the watches of a payment of its new state. */
export function paymentUpdate(envelopes: Envelopes, payment: PaymentRecord): Outgoing {
  const update: PaymentUpdateMessage = { version: MESSAGE_VERSION, payment: paymentViewOf(payment) };
  return envelopes.publication("payment-update", update, {
    correlationId: payment.id,
    properties: { merchant: payment.merchantId, payment: payment.id },
  });
}
