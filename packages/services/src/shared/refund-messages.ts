/**
 * The messages of a refund (steps R1 to R4): JSON in JMS text messages, under the same rules as those of the payment
 * cycle in messages.ts.
 */
import { z } from "zod";
import { MAXIMUM_PAYMENT_ID_KEYS } from "../platform/key-ring.js";
import { REFUND_DECLINE_REASONS, reasonInMessages } from "./decline.js";
import { merchantDataFields, merchantDataView } from "./merchant-data.js";
import { ANSWERS_IN_A_MESSAGE, MESSAGE_VERSION, paymentView, wireTime } from "./messages.js";
import { wireMoney } from "./money.js";
import { PAYMENT_ID, REFUND_ID } from "./payment-id.js";
import { requestIdReuse } from "./request-id-reuse.js";

const version = z.literal(MESSAGE_VERSION);
const parametersHash = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const declineReason = reasonInMessages(REFUND_DECLINE_REASONS);

/** Step R1 -> R2, on `refund`. */
export const refundMessage = z.object({
  version,
  refundId: z.string().regex(REFUND_ID),
  paymentId: z.string().regex(PAYMENT_ID),
  requestId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  merchantId: z.string().min(1).max(64),
  /** Keyed hash of everything the caller chose; the refund's id is made of it, so that an id has one set of parameters. */
  parametersHash,
  /** While keys of payment ids change: the ids that the same request has under the other keys. One may be recorded. */
  alternateIds: z.array(z.string().regex(REFUND_ID)).max(MAXIMUM_PAYMENT_ID_KEYS).readonly().optional(),
  /** Absent when all that is left is to be refunded. */
  amount: wireMoney.optional(),
  ...merchantDataFields,
  acceptTime: wireTime,
  /**
   * So long a payment that was accepted before the refund may still be settled, and merchant-bank waits for it. Absent in
   * messages of releases in which it did not wait.
   */
  settleBy: wireTime.optional(),
});
export type RefundMessage = z.infer<typeof refundMessage>;

/** Step R2 -> R3, on `refund-result`. Without a decline reason the merchant was debited of `amount`. */
export const refundResultMessage = refundMessage.omit({ alternateIds: true }).extend({
  /** The id that the request has under another key than the one that it is recorded under. */
  otherId: z.string().regex(REFUND_ID).optional(),
  /** When merchant-bank decided. */
  debitTime: wireTime,
  declineReason: declineReason.optional(),
  /** When merchant-bank had settled the payment; there when it has a receipt that was credited. */
  settleTime: wireTime.optional(),
  /** Of a refund that was declined with `REQUEST_ID_REUSED`. */
  reuse: requestIdReuse.optional(),
});
export type RefundResultMessage = z.infer<typeof refundResultMessage>;

/** A refund as client-bank reads it out. */
export const refundView = z.object({
  id: z.string(),
  requestId: z.string(),
  paymentId: z.string(),
  amount: wireMoney.optional(),
  ...merchantDataView,
  state: z.enum(["SUCCEEDED", "DECLINED"]),
  declineReason: declineReason.optional(),
  reuse: requestIdReuse.optional(),
  acceptTime: wireTime,
  debitTime: wireTime,
  finishTime: wireTime,
});
export type RefundView = z.infer<typeof refundView>;

/** On `payment-update`, when a refund that is watched is final. JMS properties: `merchant` and `refund` for selectors. */
export const refundUpdateMessage = z.object({ version, refund: refundView });
export type RefundUpdateMessage = z.infer<typeof refundUpdateMessage>;

/** Step R3 -> R4, on `refund-result` with the properties of an end: the refund as it is booked, once that is committed. */
export const refundEndMessage = z.object({
  version,
  merchantId: z.string(),
  refund: refundView,
  /** As this refund, or a later one, left it; absent when client-bank has none. */
  payment: paymentView.optional(),
});
export type RefundEndMessage = z.infer<typeof refundEndMessage>;

const refundAnswer = z.object({
  refund: refundView,
  /** Absent when client-bank has none. */
  payment: paymentView.optional(),
});
export type RefundAnswerBody = z.infer<typeof refundAnswer>;

/** To the gateway whose caller waits (step R3), non-persistent: the refund is final. */
export const refundReply = refundAnswer.extend({ version });
export type RefundReply = z.infer<typeof refundReply>;

/** The same for several refunds of a batch, to a gateway whose notice says that it reads them. */
export const refundReplies = z.object({ version, answers: z.array(refundAnswer).max(ANSWERS_IN_A_MESSAGE) });
export type RefundReplies = z.infer<typeof refundReplies>;
