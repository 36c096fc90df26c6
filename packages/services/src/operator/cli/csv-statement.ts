/** A statement as CSV (RFC 4180): an entry a row, amounts as decimal numbers. */
import { decimal, type StatementFormat } from "./statement-format.js";

export const csvStatement: StatementFormat = {
  head: () => "time,kind,payment_id,refund_id,currency,amount,balance\n",
  // Nothing needs quotation marks: ids are checked where they are made.
  entry: ({ time, kind, paymentId, refundId, amount, balance }, { currency }) =>
    `${[time.toISOString(), kind, paymentId, refundId, currency, decimal(amount, currency), decimal(balance, currency)].join(",")}\n`,
  end: "",
};
