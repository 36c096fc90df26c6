/**
 * Every kind of message that the services exchange, by its JMSType: who writes it, who reads it, where it travels, and
 * what proves to its reader who wrote it.
 */
import { CHANNELS, type Channel, type ServiceName } from "./queue-map.js";

/** One kind of message. A topic carries several kinds where its readers read different ones. */
export interface MessageKindFacts {
  /** Undefined for answers, which go to the temporary queue that the asker named. */
  readonly channel: Channel | undefined;
  readonly writer: ServiceName;
  readonly reader: ServiceName;
  /** A signature under a key of writer and reader; or the seal of the card, which is bound to the whole message. */
  readonly proof: "signature" | "seal";
}

function signed(channel: Channel | undefined, writer: ServiceName, reader: ServiceName): MessageKindFacts {
  return { channel, writer, reader, proof: "signature" };
}

export const MESSAGE_KINDS = {
  payment: { channel: CHANNELS.payment, writer: "gateway", reader: "card-validation", proof: "seal" },
  "validation-result": signed(CHANNELS.validationResult, "card-validation", "client-bank"),
  "bank-result": signed(CHANNELS.bankResult, "client-bank", "merchant-bank"),
  "transaction-result": signed(CHANNELS.transactionResult, "merchant-bank", "client-bank"),
  "payment-end": signed(CHANNELS.transactionResult, "client-bank", "notification"),
  refund: signed(CHANNELS.refund, "gateway", "merchant-bank"),
  "refund-result": signed(CHANNELS.refundResult, "merchant-bank", "client-bank"),
  "refund-end": signed(CHANNELS.refundResult, "client-bank", "notification"),
  "payment-update": signed(CHANNELS.paymentUpdate, "client-bank", "gateway"),
  "gateway-reply": signed(undefined, "client-bank", "gateway"),
  "refund-reply": signed(undefined, "client-bank", "gateway"),
  "payment-read": signed(CHANNELS.paymentRead, "gateway", "client-bank"),
  "payment-read-reply": signed(undefined, "client-bank", "gateway"),
} as const satisfies Record<string, MessageKindFacts>;

/** A JMSType of the house. */
export type MessageKind = keyof typeof MESSAGE_KINDS;

/** Every kind. */
export const ALL_MESSAGE_KINDS = Object.keys(MESSAGE_KINDS) as readonly MessageKind[];

/** The services with which a service exchanges signed messages, and so shares a key. */
export function neighboursOf(service: ServiceName): readonly ServiceName[] {
  const neighbours = Object.values(MESSAGE_KINDS).flatMap(({ proof, writer, reader }) => {
    if (proof !== "signature") return [];
    return writer === service ? [reader] : reader === service ? [writer] : [];
  });
  return [...new Set(neighbours)];
}
