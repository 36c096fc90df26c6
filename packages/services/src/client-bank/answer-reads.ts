/** Answers the gateways' reads: each merchant sees its own payments, and nobody else's exist for it. */
import type { Message, OutgoingMessage } from "@quittance/sdk";
import type { Database } from "../platform/database.js";
import {
  MESSAGE_VERSION,
  type PaymentReadReply,
  type PaymentReadRequest,
  paymentReadRequest,
} from "../shared/messages.js";
import { getPayment } from "./operations/get-payment.js";
import { listPayments } from "./operations/list-payments.js";
import { type PaymentRecord, paymentViewOf } from "./payment-record.js";

/** The answer to one request on `payment-read`. @throws MessagingError `invalid-body` for a request of another shape. */
export async function answerRead(database: Database, request: Message): Promise<OutgoingMessage> {
  const payments = await readPayments(database, request.json(paymentReadRequest));
  const reply: PaymentReadReply = { version: MESSAGE_VERSION, payments: payments.map(paymentViewOf) };
  return { json: reply, type: "payment-read-reply" };
}

function readPayments(database: Database, request: PaymentReadRequest): Promise<PaymentRecord[]> {
  return database.read(async (client) => {
    if (request.operation === "list") return listPayments(client, request);
    const found = await getPayment(client, request);
    return found === undefined ? [] : [found];
  });
}
