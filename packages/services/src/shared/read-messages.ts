/** Reads of payments and refunds, asked on `payment-read`, under the same rules as the messages in messages.ts. */
import { z } from "zod";
import { MESSAGE_VERSION, paymentView, wireTime } from "./messages.js";
import { refundView } from "./refund-messages.js";

const version = z.literal(MESSAGE_VERSION);

/** Payments, and as many refunds, that one message may ask for by their ids. */
export const READS_IN_A_MESSAGE = 100;
/** Payments or refunds in one page. */
export const MAXIMUM_PAGE_SIZE = 1_000;

/** Something of a merchant's, by its id: nobody else's exists for it. */
const asked = z.object({ id: z.string(), merchantId: z.string() });

/** A place in a list: behind this payment or refund. */
const position = z.object({ acceptTime: wireTime, id: z.string() });

const page = {
  version,
  merchantId: z.string(),
  pageSize: z.int().min(1).max(MAXIMUM_PAGE_SIZE),
  /** Where the page before ended. */
  after: position.optional(),
  /** The reader knows `next` in the reply. Those of earlier releases take a page that is not full for the last one. */
  mayEndEarly: z.literal(true).optional(),
  /** The oldest first, instead of the newest. */
  oldestFirst: z.literal(true).optional(),
  /** Only those with this client_reference. */
  clientReference: z.string().optional(),
  /** Only those that were accepted from this time on, and before that one. */
  from: wireTime.optional(),
  before: wireTime.optional(),
  /** Only those that were asked for with this request_id: one that stands, and those that were refused as a reuse. */
  requestId: z.string().optional(),
  /** With a requestId: only the one that stands. */
  standing: z.literal(true).optional(),
};

/** A request on `payment-read`. */
export const paymentReadRequest = z.discriminatedUnion("operation", [
  z.object({
    version,
    operation: z.literal("get-many"),
    payments: z.array(asked).max(READS_IN_A_MESSAGE),
    refunds: z.array(asked).max(READS_IN_A_MESSAGE),
  }),
  z.object({
    ...page,
    operation: z.literal("list-payments"),
    /** Only those in this state. */
    state: paymentView.shape.state.optional(),
    /** Only those with a card whose number ends so. */
    lastFour: z.string().optional(),
  }),
  z.object({
    ...page,
    operation: z.literal("list-refunds"),
    /** Only those of this payment. */
    paymentId: z.string().optional(),
    /** Only those in this state. */
    state: refundView.shape.state.optional(),
  }),
]);
export type PaymentReadRequest = z.infer<typeof paymentReadRequest>;
/** One that asks for a page. */
export type PageRequest = Exclude<PaymentReadRequest, { readonly operation: "get-many" }>;

/** The answer to a read: what was found of what was asked for; pages are newest first unless they were asked for otherwise. */
export const paymentReadReply = z.object({
  version,
  payments: z.array(paymentView),
  refunds: z.array(refundView),
  /** Of what was asked for by an id that it has under another key: the id that it is recorded under. */
  recordedAs: z.record(z.string(), z.string()).optional(),
  /** Of a page that has fewer than were asked for although the list goes on: where the next one begins. */
  next: position.optional(),
});
export type PaymentReadReply = z.infer<typeof paymentReadReply>;
