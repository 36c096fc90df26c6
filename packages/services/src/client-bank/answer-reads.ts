/** Answers the gateways' reads: each merchant sees its own payments and refunds, and nobody else's exist for it. */
import type { Message, OutgoingMessage } from "@quittance/sdk";
import type { Database } from "../platform/database.js";
import type { Envelopes } from "../shared/envelope.js";
import {
  MESSAGE_VERSION,
  type PaymentReadReply,
  type PaymentReadRequest,
  paymentReadRequest,
} from "../shared/messages.js";
import type { RefundReadReply } from "../shared/refund-messages.js";
import { findRefunds } from "./operations/find-refunds.js";
import { getPayment } from "./operations/get-payment.js";
import { listPayments } from "./operations/list-payments.js";
import { type PaymentRecord, paymentViewOf } from "./payment-record.js";
import { refundViewOf } from "./refund-record.js";

type OfPayments = Exclude<PaymentReadRequest, { readonly operation: "get-refund" }>;
type OfRefund = Extract<PaymentReadRequest, { readonly operation: "get-refund" }>;

/** The answer to one request on `payment-read`. @throws MessagingError `invalid-body` for a request of another shape. */
export async function answerRead(
  { database, envelopes }: { readonly database: Database; readonly envelopes: Envelopes },
  request: Message,
): Promise<OutgoingMessage> {
  const asked = request.json(paymentReadRequest);
  if (asked.operation === "get-refund") {
    return envelopes.message("refund-read-reply", await readRefund(database, asked), {});
  }
  const payments = await readPayments(database, asked);
  const reply: PaymentReadReply = { version: MESSAGE_VERSION, payments: payments.map(paymentViewOf) };
  return envelopes.message("payment-read-reply", reply, {});
}

async function readRefund(database: Database, { refundId, merchantId }: OfRefund): Promise<RefundReadReply> {
  const found = (await database.read((client) => findRefunds(client, [refundId]))).get(refundId);
  return { version: MESSAGE_VERSION, refunds: found?.merchantId === merchantId ? [refundViewOf(found)] : [] };
}

function readPayments(database: Database, request: OfPayments): Promise<PaymentRecord[]> {
  return database.read(async (client) => {
    if (request.operation === "list") return listPayments(client, request);
    const found = await getPayment(client, request);
    return found === undefined ? [] : [found];
  });
}
