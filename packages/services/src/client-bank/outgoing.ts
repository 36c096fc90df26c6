/** What client-bank tells gateways: volatile, for it can be read again. */
import type { Message, Outgoing } from "@quittance/sdk";
import { type GatewayReply, MESSAGE_VERSION, type PaymentUpdateMessage } from "../shared/messages.js";
import { CHANNELS, destinationOf } from "../shared/queue-map.js";
import { type PaymentRecord, paymentViewOf } from "./payment-record.js";

const PAYMENT_UPDATE = destinationOf(CHANNELS.paymentUpdate);
const VOLATILE = { deliveryMode: "non-persistent" } as const;

/** A reply to the gateway that `message` names; none when nobody waits. */
export function gatewayReply(reply: GatewayReply, paymentId: string, message: Message): Outgoing[] {
  if (message.replyTo === undefined) return [];
  return [
    {
      destination: message.replyTo,
      message: { json: reply, type: "gateway-reply", correlationId: paymentId },
      options: VOLATILE,
    },
  ];
}

/** Tells the gateway that waits that the payment is final. */
export function finalReply(payment: PaymentRecord, message: Message): Outgoing[] {
  const reply: GatewayReply = {
    version: MESSAGE_VERSION,
    outcome: "final",
    payment: paymentViewOf(payment),
    parametersHash: payment.parametersHash,
  };
  return gatewayReply(reply, payment.id, message);
}

/** Tells the watches of a payment of its new state. */
export function paymentUpdate(payment: PaymentRecord): Outgoing {
  const update: PaymentUpdateMessage = { version: MESSAGE_VERSION, payment: paymentViewOf(payment) };
  return {
    destination: PAYMENT_UPDATE,
    message: {
      json: update,
      type: "payment-update",
      correlationId: payment.id,
      properties: { merchant: payment.merchantId, payment: payment.id },
    },
    options: VOLATILE,
  };
}
