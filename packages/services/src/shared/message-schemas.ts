/** The schema of each kind of message that a step reads. */
import type { z } from "zod";
import type { MessageKind } from "../topology/channel-table.js";
import { holdOrderMessage } from "./hold-order.js";
import {
  bankResultMessage,
  paymentEndMessage,
  paymentMessage,
  transactionResultMessage,
  validationResultMessage,
} from "./messages.js";
import { payoutMessage } from "./payout-message.js";
import { refundEndMessage, refundMessage, refundResultMessage } from "./refund-messages.js";

export const MESSAGE_SCHEMAS = {
  payment: paymentMessage,
  "validation-result": validationResultMessage,
  "bank-result": bankResultMessage,
  "transaction-result": transactionResultMessage,
  "payment-end": paymentEndMessage,
  "hold-order": holdOrderMessage,
  refund: refundMessage,
  "refund-result": refundResultMessage,
  "refund-end": refundEndMessage,
  payout: payoutMessage,
} as const satisfies Partial<Record<MessageKind, z.ZodType>>;

/** The kinds that have one. */
export type StepMessageKind = keyof typeof MESSAGE_SCHEMAS;

/** What a message of a kind says. */
export type MessageBody<Kind extends StepMessageKind> = z.output<(typeof MESSAGE_SCHEMAS)[Kind]>;
