/** The tables of merchant-bank as `merchant-bank/schema.ts` defines them. */
import type { Receipt } from "../../../dist/merchant-bank/receipt.js";
import type { RefundRecord } from "../../../dist/merchant-bank/refund-record.js";
import { clearingAccounts, ledgerEntries, reuseIsWhole, standingRequest } from "./bank-tables.js";
import { Table } from "./table.js";

export interface MerchantRow {
  readonly id: string;
  readonly currency: string;
  readonly balance: bigint;
  readonly openingBalance: bigint;
  readonly state: "open" | "closed";
}

export type ReceiptRow = Receipt & { readonly refundedAmount: bigint };

export type MerchantBankTables = ReturnType<typeof merchantBankTables>;

export function merchantBankTables() {
  return {
    merchants: new Table<MerchantRow>({
      name: "merchant_bank.merchants",
      keyOf: ({ id }) => id,
      primaryKey: "merchants_pkey",
      checks: { merchants_balance: ({ balance }) => balance >= 0n },
    }),
    clearing: clearingAccounts("merchant_bank"),
    receipts: new Table<ReceiptRow>({
      name: "merchant_bank.receipts",
      keyOf: ({ paymentId }) => paymentId,
      primaryKey: "receipts_pkey",
      checks: {
        receipts_amount: ({ amount }) => amount > 0n,
        receipts_refunded_amount: ({ refundedAmount, outcome, amount }) =>
          refundedAmount >= 0n && refundedAmount <= (outcome === "credited" ? amount : 0n),
        receipts_verdict: ({ outcome, declineReason, declinedBy }) =>
          (outcome === "declined") === (declineReason !== null) && (declineReason === null) === (declinedBy === null),
      },
    }),
    refunds: new Table<RefundRecord>({
      name: "merchant_bank.refunds",
      keyOf: ({ id }) => id,
      primaryKey: "refunds_pkey",
      unique: { refunds_request: standingRequest },
      checks: {
        refunds_amount: ({ amount }) => amount === null || amount > 0n,
        refunds_reuse: reuseIsWhole,
        refunds_whole_amount: ({ amount, currency }) => (amount === null) === (currency === null),
        refunds_verdict: ({ outcome, declineReason, amount }) =>
          outcome === "debited" ? declineReason === null && amount !== null : declineReason !== null,
      },
    }),
    entries: ledgerEntries("merchant_bank", ["settlement"]),
  };
}
