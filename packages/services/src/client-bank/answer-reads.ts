/** Answers the gateways' reads: each merchant sees its own payments and refunds, and nobody else's exist for it. */
import type { Message, OutgoingMessage } from "@quittance/sdk";
import type { Database, Session } from "../platform/database.js";
import type { Envelopes } from "../shared/envelope.js";
import { MESSAGE_VERSION } from "../shared/messages.js";
import { type PaymentReadReply, type PaymentReadRequest, paymentReadRequest } from "../shared/read-messages.js";
import { findRefunds } from "./operations/find-refunds.js";
import { getPayments } from "./operations/get-payments.js";
import { listPayments, PAYMENTS } from "./operations/list-payments.js";
import { listRefunds, REFUNDS } from "./operations/list-refunds.js";
import { paymentViewOf } from "./payment-record.js";
import { readPage } from "./read-page.js";
import { refundViewOf } from "./refund-record.js";

type Found = Pick<PaymentReadReply, "payments" | "refunds" | "recordedAs" | "next">;
type GetMany = Extract<PaymentReadRequest, { readonly operation: "get-many" }>;

/** The answer to one request on `payment-read`. @throws MessagingError `invalid-body` for a request of another shape. */
export async function answerRead(
  { database, envelopes }: { readonly database: Database; readonly envelopes: Envelopes },
  request: Message,
): Promise<OutgoingMessage> {
  const asked = request.json(paymentReadRequest);
  const found = await database.autoCommit((session) => read(session, asked));
  const reply: PaymentReadReply = { version: MESSAGE_VERSION, ...found };
  return envelopes.answer("payment-read-reply", reply, request);
}

async function read(session: Session, asked: PaymentReadRequest): Promise<Found> {
  if (asked.operation === "get-many") return getMany(session, asked);
  if (asked.operation === "list-refunds") {
    const { rows, next } = await readPage(session, { table: REFUNDS, read: listRefunds }, asked);
    return { payments: [], refunds: rows.map(refundViewOf), ...(next !== undefined && { next }) };
  }
  const { rows, next } = await readPage(session, { table: PAYMENTS, read: listPayments }, asked);
  return { payments: rows.map(paymentViewOf), refunds: [], ...(next !== undefined && { next }) };
}

/** One statement for each kind, whoever's and however many they are, in one round trip. */
async function getMany(session: Session, { payments, refunds }: GetMany): Promise<Found> {
  const recordedAs: Record<string, string> = {};
  const [ownPayments, ownRefunds] = await Promise.all([
    own(payments, (ids) => getPayments(session, ids), paymentViewOf, recordedAs),
    own(refunds, (ids) => findRefunds(session, ids), refundViewOf, recordedAs),
  ]);
  return { payments: ownPayments, refunds: ownRefunds, ...(Object.keys(recordedAs).length > 0 && { recordedAs }) };
}

/** What is recorded of what was asked for, where the merchant is the one that it is asked for; each once. */
async function own<Recorded extends { readonly id: string; readonly merchantId: string }, View>(
  asked: GetMany["payments"],
  find: (ids: readonly string[]) => Promise<ReadonlyMap<string, Recorded>>,
  viewOf: (record: Recorded) => View,
  recordedAs: Record<string, string>,
): Promise<View[]> {
  if (asked.length === 0) return [];
  const found = await find(asked.map(({ id }) => id));
  const views = new Map<string, View>();
  for (const { id, merchantId } of asked) {
    const record = found.get(id);
    if (record?.merchantId !== merchantId) continue;
    views.set(record.id, viewOf(record));
    if (record.id !== id) recordedAs[id] = record.id;
  }
  return [...views.values()];
}
