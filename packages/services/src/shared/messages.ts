/**
 * The messages of the payment cycle: JSON in JMS text messages. Each step passes on what it was told and adds its own
 * verdict, so that a declined payment walks the same way as one that succeeds. A message of another version than these
 * schemas know is poison: it is set aside, never guessed at. Within a version a later release may add fields, which are
 * ignored here, and reasons to decline, which are passed on: docs/operating/upgrade.md.
 */
import { z } from "zod";
import { MAXIMUM_PAYMENT_ID_KEYS } from "../platform/key-ring.js";
import { CANCEL_REASONS, DECLINE_REASONS, PUBLIC_DECLINE_REASONS, reasonInMessages } from "./decline.js";
import { merchantDataFields, merchantDataView } from "./merchant-data.js";
import { wireMoney } from "./money.js";
import { PAYMENT_ID } from "./payment-id.js";
import { countCharacters } from "./plain-text.js";
import { requestIdReuse } from "./request-id-reuse.js";

/** The version that this release writes and reads. */
export const MESSAGE_VERSION = 1;

/** A moment in a message: RFC 3339 in UTC, with milliseconds. */
export const wireTime = z.iso.datetime({ precision: 3 });
const declineReason = reasonInMessages(DECLINE_REASONS);

/** What every message of the cycle carries. */
const base = {
  version: z.literal(MESSAGE_VERSION),
  paymentId: z.string().regex(PAYMENT_ID),
  requestId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  merchantId: z.string().min(1).max(64),
  /** Keyed hash of everything the caller chose; the payment's id is made of it, so that an id has one set of parameters. */
  parametersHash: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** While keys of payment ids change: the ids that the same request has under the other keys. One may be recorded. */
  alternateIds: z.array(z.string().regex(PAYMENT_ID)).max(MAXIMUM_PAYMENT_ID_KEYS).readonly().optional(),
  amount: wireMoney,
  description: z.string().refine((text) => countCharacters(text) <= 140),
  ...merchantDataFields,
  /** When the gateway accepted it: the moment at which the card's expiry is judged. */
  acceptTime: wireTime,
  /** After this moment the client's bank captures no more. */
  deadline: wireTime,
  /** There when the client's bank shall hold the money, and capture it when it is told to. */
  capture: z.literal("manual").optional(),
};

/** What is left of the card after step 2. */
const cardFacts = z.object({
  brand: z.string().min(1).max(32),
  lastFour: z.string().regex(/^[0-9]{4}$/),
  expiryMonth: z.int().min(1).max(12),
  expiryYear: z.int().min(1900).max(2200),
  /** HMAC-SHA256 of the number under a key that the broker never sees, base64url. */
  fingerprint: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** The same of the holder's name, shortened. Absent in messages of releases that did not tell it. */
  holder: z
    .string()
    .regex(/^[A-Za-z0-9_-]{12}$/)
    .optional(),
});

/** Step 1 -> 2, on `payment`. */
export const paymentMessage = z.object({
  ...base,
  /** JWE compact serialisation; only card-validation has the key. */
  sealedCard: z.string().min(1).max(4096),
});
export type PaymentMessage = z.infer<typeof paymentMessage>;

/** Step 2 -> 3, on `validation-result`. */
export const validationResultMessage = z.object({
  ...base,
  card: cardFacts,
  validateTime: wireTime,
  /** Absent when the card is good. */
  declineReason: declineReason.optional(),
});
export type ValidationResultMessage = z.infer<typeof validationResultMessage>;

/**
 * Step 3 -> 4, on `bank-result`; of a payment that held money, step H2 -> 4. Without a decline reason the amount is
 * captured: it is what was taken, which may be less than what was held.
 */
export const bankResultMessage = validationResultMessage
  // client-bank has recorded them: nobody after it needs them.
  .omit({ alternateIds: true, clientReference: true, metadata: true, capture: true })
  .extend({ captureTime: wireTime });
export type BankResultMessage = z.infer<typeof bankResultMessage>;

/** Step 4 -> 5b, on `transaction-result`. Without a decline reason the merchant is credited. */
export const transactionResultMessage = bankResultMessage.extend({
  settleTime: wireTime,
  /** Which bank declined: a capture is reversed only when the merchant's bank declined. */
  declinedBy: z.enum(["client-side", "merchant-bank"]).optional(),
});
export type TransactionResultMessage = z.infer<typeof transactionResultMessage>;

/** A payment as client-bank reads it out: in replies, on `payment-update`, and in answers to reads. */
export const paymentView = z.object({
  id: z.string(),
  requestId: z.string(),
  merchantId: z.string(),
  amount: wireMoney,
  /** What was refunded so far; absent when nothing was. */
  refundedAmount: wireMoney.optional(),
  description: z.string(),
  ...merchantDataView,
  state: z.enum(["PENDING", "SUCCEEDED", "DECLINED", "REFUNDED", "AUTHORIZED", "CANCELED"]),
  /** As merchants are told it. */
  declineReason: reasonInMessages(PUBLIC_DECLINE_REASONS).optional(),
  /** Of a payment that was declined with `REQUEST_ID_REUSED`. */
  reuse: requestIdReuse.optional(),
  /** There when it is captured by hand. */
  capture: z.literal("manual").optional(),
  /** What was taken of a payment that is captured by hand; absent while nothing was. */
  capturedAmount: wireMoney.optional(),
  /** When its money was held; absent when it never was. */
  authorizeTime: wireTime.optional(),
  /** While it is held: until when. */
  holdExpireTime: wireTime.optional(),
  /** Of one that is canceled, or on its way to be. */
  cancelReason: reasonInMessages(Object.values(CANCEL_REASONS)).optional(),
  card: cardFacts.omit({ fingerprint: true, holder: true }),
  acceptTime: wireTime,
  validateTime: wireTime,
  captureTime: wireTime,
  settleTime: wireTime.optional(),
  finishTime: wireTime.optional(),
  /** When a refund changed it last; absent while none did, and when a release that did not keep it did so. */
  lastRefundTime: wireTime.optional(),
});
export type PaymentView = z.infer<typeof paymentView>;

/**
 * Step 5b -> 5a, on `transaction-result` with the properties of an end: the payment as it is booked. It is sent once
 * that is committed, so that whoever hears about an end can read it. A payment that was refunded before its end was
 * sent is reported as REFUNDED: it succeeded.
 */
export const paymentEndMessage = z.object({
  version: z.literal(MESSAGE_VERSION),
  payment: paymentView.extend({
    state: z.enum(["SUCCEEDED", "DECLINED", "REFUNDED", "CANCELED"]),
    settleTime: wireTime,
    finishTime: wireTime,
  }),
  /** There when it was declined: by which side. With `merchant-bank` the client's debit was reversed. */
  declinedBy: z.enum(["client-side", "merchant-bank"]).optional(),
});
export type PaymentEndMessage = z.infer<typeof paymentEndMessage>;

const paymentAnswer = z.object({ payment: paymentView });

/** To the gateway whose caller waits (step 5b), non-persistent, JMSCorrelationID = the payment's id: it is final. */
export const gatewayReply = paymentAnswer.extend({ version: z.literal(MESSAGE_VERSION) });
export type GatewayReply = z.infer<typeof gatewayReply>;

/** Answers that one message holds at most: less than 100 KiB, from where Artemis keeps a message in a file of its own. */
export const ANSWERS_IN_A_MESSAGE = 50;

/** The same for several payments of a batch, to a gateway whose {@link gatewayNotice} says that it reads them. */
export const gatewayReplies = z.object({
  version: z.literal(MESSAGE_VERSION),
  answers: z.array(paymentAnswer).max(ANSWERS_IN_A_MESSAGE),
});
export type GatewayReplies = z.infer<typeof gatewayReplies>;

/** On `payment-update`, at each change of a payment that is watched. JMS properties: `merchant` and `payment` for selectors. */
export const paymentUpdateMessage = z.object({ version: z.literal(MESSAGE_VERSION), payment: paymentView });
export type PaymentUpdateMessage = z.infer<typeof paymentUpdateMessage>;

/** How often a gateway repeats its notice. */
export const NOTICE_EVERY_MS = 5_000;
/** So long a notice counts: three may be lost. */
export const NOTICE_VALID_MS = 20_000;
/** Payments that one notice names. */
export const WATCHED_IN_A_MESSAGE = 500;

/**
 * On `gateway-notice`, from each gateway, for every client-bank. Whoever sends it reads several answers in one message at
 * its JMSReplyTo, and hears of the payments and refunds that it watches. A release that sends none needs single replies and
 * every update of a payment.
 */
export const gatewayNotice = z.object({
  version: z.literal(MESSAGE_VERSION),
  /** Ids of payments and refunds; those that an earlier notice named stay watched for as long as that counts. */
  watched: z.array(z.string()).max(WATCHED_IN_A_MESSAGE),
});
export type GatewayNotice = z.infer<typeof gatewayNotice>;
