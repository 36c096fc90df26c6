/** A statement as CSV (RFC 4180): an entry a row, amounts as decimal numbers. */
import { decimalAmount } from "../../shared/decimal-amount.js";
import type { StatementFormat } from "./statement-format.js";

export const csvStatement: StatementFormat = {
  head: () => "time,kind,payment_id,refund_id,currency,amount,balance\n",
  entry({ time, kind, paymentId, refundId, amount, balance }, { currency }) {
    const [moved, after] = [amount, balance].map((units) => decimalAmount(units.toString(), currency));
    // Nothing needs quotation marks: ids are checked where they are made.
    return `${[time.toISOString(), kind, paymentId, refundId, currency, moved, after].join(",")}\n`;
  },
  end: "",
};
