/** Every kind of message that the services exchange, by its JMSType: who writes it, who reads it, and where it travels. */
import { CHANNELS, type Channel, type ServiceName } from "./queue-map.js";

/** One kind of message. A topic carries several kinds where its readers read different ones. */
export interface MessageKindFacts {
  /** Undefined for answers, which go to the temporary queue that the asker named. */
  readonly channel: Channel | undefined;
  readonly writer: ServiceName;
  readonly reader: ServiceName;
}

export const MESSAGE_KINDS = {
  payment: { channel: CHANNELS.payment, writer: "gateway", reader: "card-validation" },
  "validation-result": { channel: CHANNELS.validationResult, writer: "card-validation", reader: "client-bank" },
  "bank-result": { channel: CHANNELS.bankResult, writer: "client-bank", reader: "merchant-bank" },
  "transaction-result": { channel: CHANNELS.transactionResult, writer: "merchant-bank", reader: "client-bank" },
  "payment-end": { channel: CHANNELS.transactionResult, writer: "client-bank", reader: "notification" },
  refund: { channel: CHANNELS.refund, writer: "gateway", reader: "merchant-bank" },
  "refund-result": { channel: CHANNELS.refundResult, writer: "merchant-bank", reader: "client-bank" },
  "refund-end": { channel: CHANNELS.refundResult, writer: "client-bank", reader: "notification" },
  "payment-update": { channel: CHANNELS.paymentUpdate, writer: "client-bank", reader: "gateway" },
  "gateway-reply": { channel: undefined, writer: "client-bank", reader: "gateway" },
  "refund-reply": { channel: undefined, writer: "client-bank", reader: "gateway" },
  "payment-read": { channel: CHANNELS.paymentRead, writer: "gateway", reader: "client-bank" },
  "payment-read-reply": { channel: undefined, writer: "client-bank", reader: "gateway" },
} as const satisfies Record<string, MessageKindFacts>;

/** A JMSType of the house. */
export type MessageKind = keyof typeof MESSAGE_KINDS;
